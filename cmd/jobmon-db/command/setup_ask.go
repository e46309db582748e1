package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jobmon-db/jobmon-db/configs"
)

// asker asks somebody.
type asker interface {
	// line asks for a line; an empty one is the default.
	line(ctx context.Context, prompt, def string) (string, error)
	// secret asks for a line without showing it; it may be empty.
	secret(ctx context.Context, prompt string) (string, error)
}

// console asks on the terminal.
type console struct{ *app }

var errStopped = errors.New("stopped, nothing was written")

func (c *console) line(ctx context.Context, prompt, def string) (string, error) {
	if def != "" {
		prompt += " [" + def + "]"
	}
	fmt.Fprint(c.stderr, prompt+": ")
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := lineOf(c.stdin)
		answered <- answer{line, err}
	}()
	select {
	case got := <-answered:
		if got.err != nil {
			return "", errStopped
		}
		return cmp.Or(strings.TrimSpace(got.line), def), nil
	case <-ctx.Done():
		return "", errStopped
	}
}

func (c *console) secret(ctx context.Context, prompt string) (string, error) {
	return c.app.ask(ctx, int(c.stdin.(*os.File).Fd()), prompt+": ")
}

// lineOf reads a line and nothing behind it, which may be a password.
func lineOf(in io.Reader) (string, error) {
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := in.Read(b)
		switch {
		case n == 1 && b[0] == '\n':
			return string(line), nil
		case n == 1:
			line = append(line, b[0])
		case err != nil:
			return string(line), err
		}
	}
}

// none is the answer that takes a value away.
const none = "-"

// askFor asks for a setting; what is in force is the default.
func (s *setup) askFor(ctx context.Context, key, prompt, now string) error {
	given, answered := s.settings[key]
	if answered { // it may have been wrong
		now = given
	}
	answer, err := s.ask.line(ctx, prompt, now)
	if err != nil {
		return err
	}
	if answer == none {
		answer = ""
	}
	if strings.HasSuffix(key, "dir") && answer != "" && answer != now { // it begins here, and not at the file's folder
		if answer, err = filepath.Abs(answer); err != nil {
			return err
		}
	}
	if answered || answer != now {
		s.settings[key] = answer
	}
	return nil
}

func (s *setup) askDatabase(ctx context.Context) error {
	source := &s.config.Source
	if source.DSN != "" && s.settings["source.server"] == "" {
		fmt.Fprintf(s.stderr, "The database is named by source.dsn: %s\n", source.DSN)
	}
	if err := s.askFor(ctx, "source.server", `SQL Server of the DS database (host, host,port or host\INSTANCE)`, source.Server); err != nil {
		return err
	}
	if s.settings["source.server"] == "" && source.Server == "" {
		if source.DSN == "" {
			return s.askDatabase(ctx)
		}
		return nil
	}
	login := "SQL login that may read it"
	if runtime.GOOS == "windows" {
		login += " (- for the Windows account of the service)"
	}
	encrypt := cmp.Or(source.TLS.Encrypt, "true")
	for _, q := range []struct{ key, prompt, now string }{
		{"source.database", "Database", cmp.Or(source.Database, "eXpress")},
		{"source.tls.encrypt", "Encryption: true, false, strict, or disable for a server on this computer", encrypt},
		{"source.user", login, source.User},
	} {
		if err := s.askFor(ctx, q.key, q.prompt, q.now); err != nil {
			return err
		}
	}
	if cmp.Or(s.settings["source.tls.encrypt"], encrypt) != "disable" && source.TLS.CA == "" {
		if err := s.askFor(ctx, "source.tls.trust", "Take any certificate, also one that nobody signed? (true or false)", fmt.Sprint(source.TLS.Trust)); err != nil {
			return err
		}
	}
	user, answered := s.settings["source.user"]
	if !answered {
		user = source.User
	}
	if user == "" {
		s.password = ""
		return nil
	}
	return s.askPassword(ctx)
}

// askPassword asks once: the test shows whether it is the right one.
func (s *setup) askPassword(ctx context.Context) error {
	prompt, known := "Password", s.password != ""
	if _, err := s.config.Password(); err == nil && s.config.Source.User != "" {
		known = true
	}
	if known {
		prompt += " (empty for the one that is known)"
	}
	for {
		text, err := s.ask.secret(ctx, prompt)
		switch {
		case err != nil:
			return err
		case text != "":
			s.password = text
			return nil
		case known:
			return nil
		}
	}
}

func (s *setup) askFolders(ctx context.Context) error {
	if err := s.askFor(ctx, "data_dir", "Folder of the history, on a local disk", s.config.DataDir); err != nil {
		return err
	}
	now := s.config.Evt.Dir
	if dir := s.settings["data_dir"]; dir != "" && s.settings["evt.dir"] == "" {
		if content, err := configs.Edit(s.path, s.before, s.list()); err == nil {
			if config, err := s.load(content); err == nil {
				now = config.Evt.Dir // which follows the data folder unless it is configured
			}
		}
	}
	return s.askFor(ctx, "evt.dir", "Folder of the .evt files, from which DS copies them (the temp folder of the eXpress share)", now)
}
