package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	xterm "golang.org/x/term"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/secretfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// secretKey is the key whose value set-secret writes, and secretName the default name of its file.
const (
	secretKey  = "source.password"
	secretName = "source.password"
)

func (a *app) configSetSecret() *cobra.Command {
	var file, account string
	c := &cobra.Command{
		Use:   "set-secret " + secretKey,
		Short: "Write the password of the database into a file of its own, on Windows protected",
		Long: `Write the password of the database into a file of its own, for source.password_file. The command asks for
the password twice without showing it, or reads it from standard input if that is no terminal; the password is
never given on the command line.

On Windows the password is protected for this computer, and only SYSTEM, Administrators and the account named
with --account can read the file: name the account of the service, unless that is SYSTEM. Run this elevated
(as administrator). Elsewhere the file holds the plain password, and only the user that runs this, or the one
named with --account, can read it.`,
		Example: `  jobmon-db config set-secret source.password
  jobmon-db config set-secret source.password --account EXAMPLE\jobmon --config jobmon-db.yaml
  jobmon-db config set-secret source.password --file /etc/jobmon-db/password < password.txt`,
		Args:      onlySecretKey,
		ValidArgs: []string{secretKey},
	}
	configured := a.configured(c, "data_dir", "source.password_file")
	c.Flags().StringVar(&file, "file", "",
		"file to write (default: the one in source.password_file, or "+secretName+" in data_dir)")
	c.Flags().StringVar(&account, "account", "", "account that reads the file, by name or SID: the one of the service")
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		path := cmp.Or(file, config.Source.PasswordFile, filepath.Join(config.DataDir, secretName))
		if path, err = filepath.Abs(path); err != nil {
			return &usageError{err}
		}
		return a.setSecret(c.Context(), config, path, account)
	}
	return c
}

// onlySecretKey accepts only the key as an argument. Its error repeats nothing: an argument may be the password itself.
func onlySecretKey(_ *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] != secretKey {
		return &usageError{fmt.Errorf("name the key, and nothing else: jobmon-db config set-secret %s", secretKey)}
	}
	return nil
}

// setSecret asks for the secret, writes it and prints what to do next.
func (a *app) setSecret(ctx context.Context, config *configs.Config, path, account string) error {
	secret, err := a.readSecret(ctx)
	if err != nil {
		return err
	}
	if strings.TrimSpace(secret) != secret {
		fmt.Fprintln(a.stderr, "The password begins or ends with a space, which is kept.")
	}
	if filepath.Dir(path) == config.DataDir { // made as the daemon would make it
		if err := trust.MakeFolder(config.DataDir); err != nil {
			return fmt.Errorf("make the folder: %w", err)
		}
	}
	if err := secretfile.Write(path, secret, account); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s holds the password, %s.\n%s", path, secretfile.Protection(account),
		nextStep(config, path))
	return err
}

// nextStep describes what the configuration needs so that the file is used.
func nextStep(config *configs.Config, path string) string {
	const restart = "A running daemon uses the old one until it is restarted.\n"
	named := "Put this into the configuration:\n\n  source:\n    password_file: '" +
		strings.ReplaceAll(path, "'", "''") + "'\n\n"
	var origin, plain configs.Origin
	for _, v := range config.Values() {
		switch v.Key {
		case "source.password_file":
			origin = v.Origin
		case "source.password":
			plain = v.Origin
		}
	}
	switch {
	case config.Source.PasswordFile == path && origin.Layer != configs.FromFlag:
		return fmt.Sprintf("source.password_file names it already (%s).\n", origin) + restart
	case config.Source.Password != "":
		return named + fmt.Sprintf("and remove source.password (%s).\n", plain) + restart
	}
	return named + restart
}

// readSecret asks for the secret on a terminal, and otherwise reads it from standard input.
func (a *app) readSecret(ctx context.Context) (string, error) {
	if f, ok := a.stdin.(*os.File); ok && xterm.IsTerminal(int(f.Fd())) {
		return askTwice(func(prompt string) (string, error) { return a.ask(ctx, int(f.Fd()), prompt) })
	}
	content, err := io.ReadAll(io.LimitReader(a.stdin, 4*secretfile.Longest))
	if err != nil {
		return "", fmt.Errorf("read the secret from standard input: %w", err)
	}
	secret, err := secretfile.Text(content)
	if err != nil {
		return "", &usageError{fmt.Errorf("standard input: %w; nothing was written", err)}
	}
	return secret, nil
}

// askTwice asks for the secret twice, to catch a typing error.
func askTwice(ask func(prompt string) (string, error)) (string, error) {
	secret, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	if err := secretfile.Check(secret); err != nil {
		return "", &usageError{fmt.Errorf("%w; nothing was written", err)}
	}
	again, err := ask("Once more: ")
	if err != nil {
		return "", err
	}
	if again != secret {
		return "", &usageError{errors.New("these were two different passwords; nothing was written")}
	}
	return secret, nil
}

// ask reads a line from the terminal without showing it. When ctx ends, the terminal is restored.
func (a *app) ask(ctx context.Context, terminal int, prompt string) (string, error) {
	before, err := xterm.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("ask for the secret: %w", err)
	}
	fmt.Fprint(a.stderr, prompt)
	defer fmt.Fprintln(a.stderr)
	line, err := patience.For(ctx, func() ([]byte, error) { return xterm.ReadPassword(terminal) })
	switch {
	case ctx.Err() != nil:
		return "", errors.Join(fmt.Errorf("stopped, nothing was written: %w", ctx.Err()),
			xterm.Restore(terminal, before))
	case err != nil:
		return "", fmt.Errorf("ask for the secret: %w", err)
	}
	return string(line), nil
}
