package command

import "github.com/spf13/cobra"

func (a *app) client() *cobra.Command {
	c := &cobra.Command{
		Use:   "client",
		Short: "Bring the screen to the computers: the monitor's folder and the DS tasks, and showing it",
		Example: `  jobmon-db client pack --out "\\DS01\eXpress\jobmon-db"
  jobmon-db client show --dir C:\Windows\JobMon
  jobmon-db client view C:\Windows\Temp --follow`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.clientPack(), a.clientShow(), a.clientView())
	return c
}
