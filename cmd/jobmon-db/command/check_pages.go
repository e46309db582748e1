package command

import (
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/store"
)

// checkPagesName is the command with which the daemon runs this program anew, for what can kill a process.
const checkPagesName = "check-pages"

func (a *app) checkPages() *cobra.Command {
	return &cobra.Command{
		Use:     checkPagesName + " FILE",
		Example: "  jobmon-db check-pages log-000001.db",
		Short:   "Check the pages of a log, for the daemon",
		Hidden:  true,
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return store.CheckPages(args[0], a.stdin, a.stdout) },
	}
}
