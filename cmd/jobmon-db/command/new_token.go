package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/configs"
)

func (a *app) configNewToken() *cobra.Command {
	var name, scope string
	c := &cobra.Command{
		Use:   "new-token",
		Short: "Make a token for the HTTP server, and its entry for the configuration",
		Long: `Make a token by which others may ask the HTTP server, and print it with its digest (SHA-256) and the
entry for http.tokens. The token is given to those who ask, and kept nowhere else: if it is lost, make a new one.
A browser asks for it once; programs send it as "Authorization: Bearer ...". Removing the entry takes the token back.

The name stands in the daemon's messages. A token of the scope read opens everything; one of the scope screen opens
one computer's picture at a time and nothing else, for monitors, whose settings users can read.`,
		Example: `  jobmon-db config new-token --name helpdesk
  jobmon-db config new-token --name monitors --scope screen`,
		Args: noArgs,
	}
	c.Flags().StringVar(&name, "name", "", "what the token is called in messages; needed where --scope is given")
	c.Flags().StringVar(&scope, "scope", string(configs.ScopeRead), "what the token opens: read or screen")
	c.RunE = func(c *cobra.Command, _ []string) error {
		token := configs.NewToken()
		entry := configs.Token{Name: name, Digest: configs.DigestOf(token)}
		var err error
		if entry.Scope, err = configs.ParseScope(scope); err != nil {
			return &usageError{fmt.Errorf("--scope %q: %w", scope, err)}
		}
		if name == "" && entry.Scope != configs.ScopeRead {
			return &usageError{fmt.Errorf("--scope %s needs a --name, such as monitors", scope)}
		}
		if name != "" {
			if err := configs.CheckTokenName(name); err != nil {
				return &usageError{fmt.Errorf("--name %q: %w", name, err)}
			}
		}
		text := fmt.Sprintf("token   %s\ndigest  %s\n", token, entry.Digest)
		if name != "" {
			text += fmt.Sprintf("entry   %s\n", entry)
		}
		_, err = fmt.Fprint(a.stdout, text)
		return err
	}
	return c
}
