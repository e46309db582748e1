package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/configs"
)

func (a *app) configNewToken() *cobra.Command {
	return &cobra.Command{
		Use:   "new-token",
		Short: "Make a token for the HTTP server, and its digest for the configuration",
		Long: `Make a token by which others may ask the HTTP server, and print it with its digest (SHA-256). The digest
belongs into http.tokens; the token is given to those who ask, and kept nowhere else: who loses it makes a new
one. Each line of http.tokens lets one token in, so that one of them can be taken back. It is sent as
"Authorization: Bearer ...".`,
		Example: `  jobmon-db config new-token`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			token := configs.NewToken()
			_, err := fmt.Fprintf(a.stdout, "token   %s\ndigest  %s\n", token, configs.DigestOf(token))
			return err
		},
	}
}
