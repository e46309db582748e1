package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/configs"
)

// setupKeys are the settings that setup takes as flags; it asks for some of them.
var setupKeys = [...]string{"data_dir", "site", "evt.dir", "evt.takeover", "endpoint.allow", "source.server",
	"source.database", "source.user",
	"source.tls.encrypt", "source.tls.trust", "source.tls.ca", "source.tls.host_name", "source.tls.min"}

func (a *app) setup() *cobra.Command {
	s := setup{app: a}
	c := &cobra.Command{
		Use:   "setup",
		Short: "Point it at a Deployment Server: ask, test, write the configuration, install and start the service",
		Long: `Ask where the DS database and the eXpress share are, test each answer at once, write the configuration
and the password's file, install the service (on Windows, and under systemd when run as root), start it and
show what it read first.

It can be run again at any time: it begins with what is configured, shows what would change, and leaves the
rest of the file as it is. A step that fails says so and is undone; nothing is written before all tests have
passed.

Without a terminal nothing is asked: the flags, or a configuration that is there, must say it, and --yes that
all shall be done. The password comes from a file or standard input, never from the command line. The service
reads the configuration file alone; JOBMON_ variables of this console do not count here either.`,
		Example: `  jobmon-db setup
  jobmon-db setup --dry-run
  jobmon-db setup --yes --source-server ds01 --source-user reader --password-file pw.txt --evt-dir \\ds01\eXpress\temp
  jobmon-db setup --yes --no-service --config /etc/jobmon-db/jobmon-db.yaml --data-dir /srv/jobmon-db`,
		Args: noArgs,
	}
	c.Flags().StringVar(&s.path, "config", "",
		"configuration file to write (default: "+configs.FileName+" in the standard place)")
	c.Flags().StringVar(&s.passwordFrom, "password-file", "",
		"file with the password of source.user, to be kept where the service finds it; - reads it from standard input")
	c.Flags().BoolVar(&s.yes, "yes", false, "ask nothing, and do it")
	c.Flags().BoolVar(&s.dryRun, "dry-run", false, "test, and only show what would be done")
	c.Flags().BoolVar(&s.noService, "no-service", false, "write the configuration only")
	configs.AddFlags(c.Flags(), setupKeys[:]...)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := s.begin(c); err != nil {
			return err
		}
		return s.run(c.Context())
	}
	return c
}

// setup is one run of it.
type setup struct {
	*app
	path         string // of the configuration
	passwordFrom string
	yes, dryRun  bool
	noService    bool

	ask      asker // nil: nobody can be asked
	host     host  // nil: nothing is installed
	before   []byte
	settings map[string]string // what was given or answered
	password string            // that was given or answered, "" for the one that is configured
	config   *configs.Config   // with all of it
	content  []byte            // of its file
}

// begin reads what is there and what was given.
func (s *setup) begin(c *cobra.Command) error {
	path, err := filepath.Abs(cmp.Or(s.path, configs.StandardPlaces(s.env)[0]))
	if err != nil {
		return &usageError{err}
	}
	s.path = path
	s.before, err = os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the configuration that is there: %w", err)
	}
	s.settings = map[string]string{}
	for _, k := range configs.Keys() {
		flag := c.Flags().Lookup(k.Flag())
		if !slices.Contains(setupKeys[:], k.Name) || flag == nil || !flag.Changed {
			continue
		}
		text := flag.Value.String()
		if k.Type == "path" && text != "" {
			if err := configs.Check(configs.Setting{Key: k.Name, Text: text}); err != nil {
				return &usageError{fmt.Errorf("flag --%s: %w", k.Flag(), err)}
			}
			if text, err = filepath.Abs(text); err != nil {
				return &usageError{err}
			}
		}
		s.settings[k.Name] = text
	}
	if s.passwordFrom != "" {
		if s.password, err = s.accountPassword(c.Context(), s.passwordFrom); err != nil {
			return err
		}
	}
	if !s.yes && readsTerminal(s.stdin) {
		s.ask = &console{app: s.app}
	}
	if !s.noService {
		s.host = s.hostHere()
	}
	return nil
}

// run asks, tests, and then does all of it.
func (s *setup) run(ctx context.Context) error {
	if err := s.compose(); err != nil {
		return err
	}
	if missing := s.missing(); len(missing) > 0 && s.ask == nil {
		return &usageError{fmt.Errorf("setup cannot ask here: give %s", strings.Join(missing, ", "))}
	}
	if err := s.agree(ctx, "the database", s.askDatabase, s.checkDatabase); err != nil {
		return err
	}
	if err := s.agree(ctx, "the folders", s.askFolders, s.checkFolders); err != nil {
		return err
	}
	s.plan()
	if s.dryRun {
		_, err := fmt.Fprintln(s.stdout, "\nNothing was done, as --dry-run says.")
		return err
	}
	if s.ask != nil {
		if yes, err := s.agreed(ctx); err != nil || !yes {
			fmt.Fprintln(s.stderr, "Nothing was done.")
			return err
		}
	}
	return s.do(ctx)
}

// agree asks until the test passes; without anybody to ask the first failure is the last.
func (s *setup) agree(ctx context.Context, what string, ask func(context.Context) error,
	test func(context.Context) []check.Line) error {
	for {
		if s.ask != nil {
			if err := ask(ctx); err != nil {
				return err
			}
			if err := s.compose(); err != nil {
				fmt.Fprintf(s.stderr, "%v\n\n", err)
				continue
			}
		}
		fmt.Fprintf(s.stderr, "Testing %s ...\n", what)
		lines := test(ctx)
		if check.Failed(lines) != nil {
			lines = slices.DeleteFunc(lines, func(l check.Line) bool { return l.State == check.Skip })
		}
		if err := check.Print(s.stdout, lines, s.termOptions()); err != nil {
			return err
		}
		err := check.Failed(lines)
		switch {
		case err == nil:
			return nil
		case s.ask == nil || ctx.Err() != nil:
			next := ""
			for _, l := range lines {
				if l.State == check.Fail && next == "" {
					next = fmt.Sprintf(" (%s; %s)", l.Found, l.Next)
				}
			}
			return fmt.Errorf("setup stopped when it tested %s, and nothing was written: %w%s", what, err, next)
		}
		fmt.Fprint(s.stderr, "\nGive other answers, or end with Ctrl-C; nothing is written yet.\n\n")
	}
}

// compose makes the configuration of what is there and what was given.
func (s *setup) compose() error {
	content, err := configs.Edit(s.path, s.before, s.list())
	if err != nil {
		return &usageError{err}
	}
	config, err := s.load(content)
	if err != nil {
		return err
	}
	s.content, s.config = content, config
	if s.password != "" && config.Source.User != "" {
		s.settings["source.password_file"] = cmp.Or(config.Source.PasswordFile, s.secretPath())
		s.settings["source.password"] = ""
		if s.content, err = configs.Edit(s.path, s.before, s.list()); err != nil {
			return &usageError{err}
		}
		s.config, err = s.load(s.content)
	}
	return err
}

func (s *setup) load(content []byte) (*configs.Config, error) {
	return configs.Load(configs.LoadOptions{File: s.path, Content: content, Env: withoutSettings(s.env)})
}

// list are the settings in the order of the example, with what they bring along.
func (s *setup) list() (list []configs.Setting) {
	given := s.settings
	if given["source.server"] != "" {
		given["source.kind"], given["source.dsn"] = configs.KindSQLServer, ""
	}
	if user, ok := given["source.user"]; ok && user == "" {
		given["source.password"], given["source.password_file"] = "", ""
	}
	for _, k := range configs.Keys() {
		if text, ok := given[k.Name]; ok {
			list = append(list, configs.Setting{Key: k.Name, Text: text})
		}
	}
	return list
}

// secretPath is where the password goes where nothing else is configured: it must be readable for the service.
func (s *setup) secretPath() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(s.config.DataDir, secretKey)
	}
	return filepath.Join(filepath.Dir(s.path), secretKey)
}

// missing names the flags without which nothing can be done unattended.
func (s *setup) missing() (flags []string) {
	source := &s.config.Source
	if source.Kind == "" {
		flags = append(flags, "--source-server")
	}
	if source.DSN == "" && (source.Kind == configs.KindSQLServer || source.Kind == "") {
		windows := runtime.GOOS == "windows" && source.User == ""
		if source.User == "" && !windows {
			flags = append(flags, "--source-user")
		}
		if _, err := s.config.Password(); !windows && s.password == "" &&
			(source.User != "" && err != nil || len(flags) > 0) {
			flags = append(flags, "--password-file (- for standard input)")
		}
	}
	if !s.yes && !s.dryRun {
		flags = append(flags, "--yes")
	}
	return flags
}

func (s *setup) checkDatabase(ctx context.Context) []check.Line {
	o := check.Options{Config: s.config}
	if s.config.Source.Kind == configs.KindSQLServer {
		password, err := configs.Secret(s.password), error(nil)
		if password == "" {
			password, err = s.config.Password()
		}
		if err == nil {
			source, unusable := newDatabaseWith(s.config, password, zerolog.Nop())
			if err = unusable; err == nil {
				o.Source = check.Database{Source: source}
			}
		}
		o.Unusable = err
	}
	return check.OfSource(ctx, o)
}

func (s *setup) checkFolders(ctx context.Context) []check.Line {
	return check.OfFolders(ctx, check.Options{
		Config:   s.config,
		Running:  func(ctx context.Context) (string, bool, error) { return running(ctx, s.config.DataDir) },
		Apart:    func() error { return apart(s.config) },
		DataLock: filepath.Join(s.config.DataDir, daemon.DataLock),
	})
}

// changes says what is new in the file; nothing when it is as it was.
func (s *setup) changes() (list []string) {
	if s.before == nil {
		for _, v := range s.config.Values() {
			if v.Origin.Layer == configs.FromFile {
				list = append(list, fmt.Sprintf("%s: %s", v.Key, v.Text))
			}
		}
		return list
	}
	old, err := s.load(s.before)
	if err != nil {
		return []string{"what is there now cannot be used: " + err.Error()}
	}
	for _, c := range old.Changes(s.config) {
		list = append(list, fmt.Sprintf("%s: %s, now %s", c.Key, cmp.Or(c.New, "none"), cmp.Or(c.Old, "none")))
	}
	return list
}

// plan shows what will be done.
func (s *setup) plan() {
	heading := "\nTo do:\n"
	if s.dryRun {
		heading = "\nWithout --dry-run, setup would:\n"
	}
	fmt.Fprint(s.stdout, heading)
	changes := s.changes()
	switch {
	case s.before == nil:
		fmt.Fprintf(s.stdout, "  write %s, with the default for all else:\n", s.path)
	case s.unchanged():
		fmt.Fprintf(s.stdout, "  leave %s as it is\n", s.path)
	default:
		fmt.Fprintf(s.stdout, "  change %s, and leave all else in it as it is:\n", s.path)
	}
	for _, line := range changes {
		fmt.Fprintf(s.stdout, "    %s\n", line)
	}
	if s.password != "" && s.config.Source.PasswordFile != "" {
		fmt.Fprintf(s.stdout, "  write the password into %s\n", s.config.Source.PasswordFile)
	}
	if s.host != nil {
		fmt.Fprintf(s.stdout, "  install and start %s\n", s.host.name())
	}
	if variables := settingsIn(s.env); len(variables) > 0 {
		fmt.Fprintf(s.stdout, "Note: %s of this console does not reach the service and did not count here.\n",
			strings.Join(variables, ", "))
	}
}

func (s *setup) unchanged() bool { return string(s.before) == string(s.content) }
