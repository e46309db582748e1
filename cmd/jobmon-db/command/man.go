package command

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// man writes the manual pages. It is hidden, as those who make packages need it and nobody else.
func (a *app) man() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write a manual page for each command into a folder",
		Long: `Write a manual page (section 1) for each command into a folder, which is made where it is missing. They
say what --help says. SOURCE_DATE_EPOCH is the date in them, where it is set.`,
		Example: `  jobmon-db man ./man && man ./man/jobmon-db-replay.1`,
		Hidden:  true,
		Args:    exactly("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fmt.Errorf("make the folder for the manual pages: %w", err)
			}
			root := c.Root()
			root.DisableAutoGenTag = true
			root.InitDefaultCompletionCmd()
			header := &doc.GenManHeader{Section: "1", Source: "jobmon-db " + programVersion(), Manual: "jobmon-db"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("write the manual pages: %w", err)
			}
			return nil
		},
	}
}

// exactly wants one argument and calls it by that name when it is missing.
func exactly(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return &usageError{fmt.Errorf("%s is missing; see %s --help", name, c.CommandPath())}
		}
		return atMost(1)(c, args)
	}
}
