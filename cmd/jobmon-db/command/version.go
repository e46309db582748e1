package command

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/projector"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version of the program, of the pictures it draws (the same events give the same pictures as
long as that number stays) and of the .evt files it writes.`,
		Example: `  jobmon-db version`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(a.stdout, "jobmon-db %s, projection %d, evt format %d, %s %s/%s\n",
				programVersion(), projector.Version, evt.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
