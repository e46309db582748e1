package command

import (
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/configs"
)

func (a *app) config() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Begin a configuration, show it, have the daemon take it up, write its password, or make a token",
		Long: `The configuration comes from defaults, a file, the environment (JOBMON_...) and flags; each overrides
those before it. A path that is not absolute begins at the file's folder if it stands in the file, else at the
current folder. The file can be UTF-8 or UTF-16, as Windows PowerShell writes it.`,
		Example: `  jobmon-db config init > jobmon-db.yaml
  jobmon-db config show --config jobmon-db.yaml
  jobmon-db config reload
  jobmon-db config set-secret source.password`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.configInit(), a.configShow(), a.configSetSecret(), a.configNewToken(), a.configReload())
	return c
}

func (a *app) configInit() *cobra.Command {
	return &cobra.Command{
		Use:     "init",
		Short:   "Print a configuration file with every key, its default and what it means",
		Example: `  jobmon-db config init > jobmon-db.yaml`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(configs.Example())
			return err
		},
	}
}

func (a *app) configShow() *cobra.Command {
	c := &cobra.Command{
		Use:   "show",
		Short: "Show the configuration, and where each value comes from; secrets are not printed",
		Long: `Show the configuration as a daemon that starts now would have it, and where each value comes from.
Secrets are not printed. jobmon-db check says whether a daemon that runs has another one.`,
		Example: `  jobmon-db config show
  JOBMON_SOURCE_KIND=sqlserver jobmon-db config show --config jobmon-db.yaml`,
		Args: noArgs,
	}
	configured := a.configured(c)
	c.RunE = func(*cobra.Command, []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		return showConfig(a.stdout, config)
	}
	return c
}
