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
	"github.com/jobmon-db/jobmon-db/internal/patience"
)

// asker asks the administrator.
type asker interface {
	// line asks for a line; an empty one means the default.
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
	line, err := patience.For(ctx, func() (string, error) { return lineOf(c.stdin) })
	if err != nil {
		return "", errStopped
	}
	return cmp.Or(strings.TrimSpace(line), def), nil
}

func (c *console) secret(ctx context.Context, prompt string) (string, error) {
	return c.app.ask(ctx, int(c.stdin.(*os.File).Fd()), prompt+": ")
}

// lineOf reads one line and nothing after it: the next line may be a password.
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

// none is the answer that removes a value.
const none = "-"

// prompted is a question for a setting. Its present value is the default.
type prompted struct {
	key, prompt, now string
	needed           string // why an answer is needed; "" if none is
}

// askFor asks until the answer is valid for the setting.
func (s *setup) askFor(ctx context.Context, q prompted) error {
	given, answered := s.settings[q.key]
	if answered { // the earlier answer may be wrong together with others
		q.now = given
	}
	for {
		answer, err := s.ask.line(ctx, q.prompt, q.now)
		if err != nil {
			return err
		}
		if answer == none {
			answer = ""
		}
		switch {
		case answer == "" && q.needed != "":
			fmt.Fprintf(s.stderr, "%s Ctrl-C ends setup.\n", q.needed)
			continue
		case answer != "":
			err = configs.Check(configs.Setting{Key: q.key, Text: answer})
		}
		if err != nil {
			fmt.Fprintf(s.stderr, "%v\n", err)
			continue
		}
		// relative to the present folder, not to the file's
		if strings.HasSuffix(q.key, "dir") && answer != "" && answer != q.now {
			if answer, err = filepath.Abs(answer); err != nil {
				return err
			}
		}
		if answered || answer != q.now {
			s.settings[q.key] = answer
		}
		return nil
	}
}

// keepable describes a source that is configured without source.server; "" when there is none.
func (s *setup) keepable() string {
	source := &s.config.Source
	switch {
	case s.settings["source.server"] != "" || source.Server != "":
		return ""
	case source.DSN != "":
		return fmt.Sprintf("The database is named by source.dsn: %s.", source.DSN)
	case source.Kind != configs.KindSQLServer && source.Kind != "":
		return fmt.Sprintf("source.kind is %s, so that %s is watched.", source.Kind, nameOf(source.Kind))
	}
	return ""
}

// askServer asks for the server. kept reports that the source stays as it is configured.
func (s *setup) askServer(ctx context.Context) (kept bool, err error) {
	server := prompted{"source.server", `SQL Server of the DS database (host, host,port or host\INSTANCE)`,
		s.config.Source.Server, `A server is needed, such as DS01 or DS01\SQLEXPRESS.`}
	if keep := s.keepable(); keep != "" {
		fmt.Fprintf(s.stderr, "%s Press Enter to keep that.\n", keep)
		server.needed = ""
	}
	if err := s.askFor(ctx, server); err != nil {
		return false, err
	}
	return s.settings["source.server"] == "" && server.needed == "", nil
}

func (s *setup) askDatabase(ctx context.Context) error {
	if kept, err := s.askServer(ctx); kept || err != nil {
		return err
	}
	source := &s.config.Source
	login := prompted{"source.user", "SQL login that may read it", source.User,
		"A login is needed; configs/readonly-login.sql makes one that can only read."}
	if runtime.GOOS == "windows" {
		login.prompt, login.needed = login.prompt+" (- for the Windows account of the service)", ""
	}
	encrypt := cmp.Or(source.TLS.Encrypt, "true")
	for _, q := range []prompted{
		{"source.database", "Database", cmp.Or(source.Database, "eXpress"), ""},
		{"source.tls.encrypt", "Encryption: true, false, strict, or disable for a server on this computer", encrypt,
			""},
		login,
	} {
		if err := s.askFor(ctx, q); err != nil {
			return err
		}
	}
	if cmp.Or(s.settings["source.tls.encrypt"], encrypt) != "disable" && source.TLS.CA == "" {
		prompt := "Accept any certificate, even one that nobody signed? (true or false)"
		if err := s.askFor(ctx, prompted{"source.tls.trust", prompt, fmt.Sprint(source.TLS.Trust), ""}); err != nil {
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

// askPassword asks once: the test shows whether the password is right.
func (s *setup) askPassword(ctx context.Context) error {
	prompt, known := "Password", s.password != ""
	if _, err := s.config.Password(); err == nil && s.config.Source.User != "" {
		known = true
	}
	if known {
		prompt += " (empty keeps the present one)"
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
		fmt.Fprintln(s.stderr, "The login's password is needed; it is not shown while you type. Ctrl-C ends setup.")
	}
}

func (s *setup) askFolders(ctx context.Context) error {
	if err := s.askFor(ctx, prompted{"data_dir", "Folder of the history, on a local disk", s.config.DataDir,
		"A folder is needed."}); err != nil {
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
	prompt := "Folder of the .evt files, from which DS copies them (the temp folder of the eXpress share)"
	return s.askFor(ctx, prompted{"evt.dir", prompt, now, "A folder is needed."})
}

// agreed asks whether to go on, until the answer is yes or no.
func (s *setup) agreed(ctx context.Context) (bool, error) {
	for {
		answer, err := s.ask.line(ctx, "\nDo it?", "yes")
		if err != nil {
			return false, err
		}
		switch strings.ToLower(answer) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		fmt.Fprintln(s.stderr, "Answer yes or no.")
	}
}
