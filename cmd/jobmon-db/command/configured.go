package command

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/configs"
)

// configured gives a command --config and the flags of these keys, or of all keys. What it returns loads the
// configuration once the flags are parsed.
func (a *app) configured(c *cobra.Command, keys ...string) func() (*configs.Config, error) {
	var file string
	c.Flags().StringVar(&file, "config", "",
		"configuration file (default: "+configs.FileName+" in the standard places, or "+configs.FileVariable+")")
	configs.AddFlags(c.Flags(), keys...)
	return func() (*configs.Config, error) {
		return configs.Load(configs.LoadOptions{File: file, Env: a.env, Flags: c.Flags()})
	}
}

// showConfig prints every value and where it comes from.
func showConfig(out io.Writer, config *configs.Config) error {
	var rows [][]string
	for _, v := range config.Values() {
		rows = append(rows, []string{v.Key, v.Text, v.Origin.String()})
	}
	return printTable(out, []string{"KEY", "VALUE", "FROM"}, rows)
}
