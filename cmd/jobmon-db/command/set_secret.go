package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	xterm "golang.org/x/term"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/secretfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// secretKey is the key of the database's password, and the default name of its file.
const secretKey = "source.password"

// secretNouns are what the secrets are called, by the last part of their keys.
var secretNouns = map[string]string{
	"password": "password", "url": "address", "secret": "signing secret", "old_secret": "old signing secret",
	"token": "token",
}

// secretNoun is what the secret of a key is called.
func secretNoun(key string) string { return secretNouns[key[strings.LastIndexByte(key, '.')+1:]] }

func (a *app) configSetSecret() *cobra.Command {
	var file, account string
	c := &cobra.Command{
		Use:   "set-secret KEY",
		Short: "Write a password or another secret into a file of its own, on Windows protected",
		Long: `Write a secret into a file of its own: the password of the database (source.password), or the url,
secret, old_secret, token or password of a target of messages (targets.NAME.url). The configuration names the
file with the same key and _file behind it. The command asks for the secret twice without showing it, or reads
it from standard input if that is no terminal; it is never given on the command line.

On Windows the secret is protected for this computer, and only SYSTEM, Administrators and the account named
with --account can read the file: name the account of the service, unless that is SYSTEM. Run this elevated
(as administrator). Elsewhere the file holds the plain secret, and only the user that runs this, or the one
named with --account, can read it.`,
		Example: `  jobmon-db config set-secret source.password
  jobmon-db config set-secret source.password --account EXAMPLE\jobmon --config jobmon-db.yaml
  jobmon-db config set-secret source.password --file /etc/jobmon-db/password < password.txt
  jobmon-db config set-secret targets.helpdesk.url`,
		Args:      onlySecretKey,
		ValidArgs: []string{secretKey},
	}
	configured := a.configured(c, "data_dir", "source.password_file")
	c.Flags().StringVar(&file, "file", "",
		"file to write (default: the one that the configuration names, or one named as the key, in data_dir)")
	c.Flags().StringVar(&account, "account", "", "account that reads the file, by name or SID: the one of the service")
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configured()
		if err != nil {
			return err
		}
		key := args[0]
		path := cmp.Or(file, valueOf(config, key+"_file").Text, filepath.Join(config.DataDir, key))
		if path, err = filepath.Abs(path); err != nil {
			return &usageError{err}
		}
		return a.setSecret(c.Context(), config, key, path, account)
	}
	return c
}

// onlySecretKey accepts only the key of a secret as an argument. Its error repeats nothing: an argument may be the
// secret itself.
func onlySecretKey(_ *cobra.Command, args []string) error {
	if len(args) == 1 {
		target, isTarget := strings.CutPrefix(args[0], "targets.")
		name, field, _ := strings.Cut(target, ".")
		if args[0] == secretKey ||
			isTarget && configs.CheckTargetName(name) == nil && secretNouns[field] != "" {
			return nil
		}
	}
	return &usageError{fmt.Errorf("name the key, and nothing else: jobmon-db config set-secret %s, or "+
		"targets.NAME. and one of %s", secretKey, words.Or(slices.Sorted(maps.Keys(secretNouns))...))}
}

// valueOf is the value in force of a key; the zero value where the configuration has no such key.
func valueOf(config *configs.Config, key string) configs.Value {
	for _, v := range config.Values() {
		if v.Key == key {
			return v
		}
	}
	return configs.Value{}
}

// setSecret asks for the secret, writes it and prints what to do next.
func (a *app) setSecret(ctx context.Context, config *configs.Config, key, path, account string) error {
	secret, err := a.readSecret(ctx, secretNoun(key))
	if err != nil {
		return err
	}
	if strings.TrimSpace(secret) != secret {
		fmt.Fprintf(a.stderr, "The %s begins or ends with a space, which is kept.\n", secretNoun(key))
	}
	if filepath.Dir(path) == config.DataDir { // made as the daemon would make it
		if err := trust.MakeFolder(config.DataDir); err != nil {
			return fmt.Errorf("make the folder: %w", err)
		}
	}
	if err := secretfile.Write(path, secret, account); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s holds the %s, %s.\n%s", path, secretNoun(key), secretfile.Protection(account),
		nextStep(config, key, path))
	return err
}

// nextStep describes what the configuration needs so that the file is used.
func nextStep(config *configs.Config, key, path string) string {
	takenUp := "A running daemon uses the old one until it is restarted.\n"
	if key != secretKey {
		takenUp = "A running daemon uses it from the next `jobmon-db config reload` on.\n"
	}
	named, indent := "Put this into the configuration:\n\n", "  "
	for part := range strings.SplitSeq(key, ".") {
		named += indent + part + ":\n"
		indent += "  "
	}
	named = strings.TrimSuffix(named, ":\n") + "_file: '" + strings.ReplaceAll(path, "'", "''") + "'\n\n"
	file, plain := valueOf(config, key+"_file"), valueOf(config, key)
	switch {
	case file.Text == path && file.Origin.Layer != configs.FromFlag:
		return fmt.Sprintf("%s_file names it already (%s).\n", key, file.Origin) + takenUp
	case plain.Text != "":
		return named + fmt.Sprintf("and remove %s (%s).\n", key, plain.Origin) + takenUp
	}
	return named + takenUp
}

// readSecret asks for the secret on a terminal, and otherwise reads it from standard input.
func (a *app) readSecret(ctx context.Context, noun string) (string, error) {
	if f, ok := a.stdin.(*os.File); ok && xterm.IsTerminal(int(f.Fd())) {
		return askTwice(noun, func(prompt string) (string, error) { return a.ask(ctx, int(f.Fd()), prompt) })
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
func askTwice(noun string, ask func(prompt string) (string, error)) (string, error) {
	secret, err := ask(strings.ToUpper(noun[:1]) + noun[1:] + ": ")
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
		return "", &usageError{errors.New("the two entries are different; nothing was written")}
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
