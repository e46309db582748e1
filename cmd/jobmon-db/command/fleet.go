package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/secretfile"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// reachWithin is how long a command waits for NATS.
const reachWithin = 10 * time.Second

func (a *app) fleet() *cobra.Command {
	c := &cobra.Command{
		Use:   "fleet",
		Short: "Set up a site of a fleet, and see how the sites fare",
		Long: `A fleet is many Deployment Servers, each with its own daemon, whose logs a hub follows over NATS
JetStream. docs/fleet.md takes two sites to one board.`,
		Example: `  jobmon-db fleet init --site DS01 --key ds01.nk
  jobmon-db fleet status`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.fleetInit(), a.fleetStatus())
	return c
}

// fleetSetup is what fleet init was called with.
type fleetSetup struct {
	*app
	config    *configs.Config
	site      string
	hub       bool   // the hub's key is meant, and no site
	key       string // file; "" for none
	account   string
	keep      time.Duration // 0 for as it is
	anew, yes bool
}

func (a *app) fleetInit() *cobra.Command {
	s := &fleetSetup{app: a}
	c := &cobra.Command{
		Use:   "init",
		Short: "Make a site's key and stream, or check them, and print the permissions for NATS",
		Long: `Make the stream of a site, or check the one that is there and set it right: kept in files, by three
servers where the cluster has three, for 30 days. Print the site's entry for the users of a NATS server, whose
permissions are all that the site needs. It may be run again and again.

With --key it first makes the site's key, unless the file is there, and prints its public half: the hub's or
the server's administrator needs that. On Linux "--account jobmon-db", as root, gives the key to the account
of the service, which must read it. The server is asked where the configuration names one: with fleet.*, else
with hub.*. A site's own credential can check the stream, but not make it. The hub makes the streams of the sites
in hub.sites by itself.

--hub makes the key of a hub and prints its entry. Only a hub that uses a NATS server of its own needs that: with
hub.nats embedded it has none.

--anew empties the stream. The daemon then publishes its log from the beginning, within three minutes, and the
hub sets aside what it has of another one. It is needed when the daemon says that its stream holds another log.`,
		Example: `  jobmon-db fleet init --site DS01 --key ds01.nk
  jobmon-db fleet init --hub --key hub.nk
  jobmon-db fleet init --site DS01 --fleet-nats tls://nats1:4222 --fleet-credentials admin.creds
  jobmon-db fleet init --site DS01 --anew`,
		Args: noArgs,
	}
	flags := c.Flags()
	flags.StringVar(&s.site, "site", "", "the site's name in the fleet (default: fleet.site)")
	flags.BoolVar(&s.hub, "hub", false, "make the key of the hub and print its permissions, for a NATS server of "+
		"your own")
	flags.StringVar(&s.key, "key", "", "file of the key, which is made unless it is there")
	flags.StringVar(&s.account, "account", "", "account that reads a new key, by name or SID: the one of the service")
	flags.BoolVar(&s.anew, "anew", false, "empty the stream, so that this log is published from its beginning")
	flags.BoolVar(&s.yes, "yes", false, "ask nothing before --anew")
	configured := a.configured(c, "fleet.nats", "fleet.credentials", "fleet.tls.ca", "fleet.tls.cert", "fleet.tls.key",
		"fleet.domain", "hub.keep")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if s.config, err = configured(); err != nil {
			return err
		}
		if c.Flags().Changed("hub-keep") || len(s.config.Hub.NATS) > 0 {
			s.keep = s.config.Hub.Keep
		}
		return s.run(c.Context())
	}
	return c
}

func (s *fleetSetup) run(ctx context.Context) error {
	if s.hub {
		return s.ofHub()
	}
	s.site = cmp.Or(s.site, s.config.Fleet.Site)
	if s.site == "" {
		return &usageError{errors.New("name the site: --site NAME, or fleet.site in the configuration")}
	}
	if err := fleet.CheckSite(s.site); err != nil {
		return &usageError{err}
	}
	settings, where := s.settings()
	if s.anew && where == "" {
		return &usageError{errors.New("--anew empties a stream, and no server is named: give the site's " +
			"configuration, or name the server with --fleet-nats")}
	}
	public, made, err := s.makeKey()
	if err != nil {
		return err
	}
	if made || where == "" {
		fmt.Fprintln(s.stdout, s.later(made))
	} else if err := s.stream(ctx, settings); err != nil {
		return err
	}
	if s.config.Hub.Embedded {
		return nil // its server knows the permissions itself
	}
	publish, subscribe := fleet.SiteSubjects(s.site, cmp.Or(s.config.Fleet.Domain, s.config.Hub.Domain))
	return s.printRights("A hub whose hub.nats is embedded needs no more than that. ",
		fleet.Permissions("the site "+s.site, cmp.Or(public, "U"+strings.ToUpper(s.site)), publish, subscribe))
}

// ofHub makes the hub's key where one is asked for, and prints what a NATS server needs to know of the hub.
func (s *fleetSetup) ofHub() error {
	if s.site != "" || s.anew {
		return &usageError{errors.New("--hub makes the key of the hub: leave out --site and --anew, which are " +
			"about a site")}
	}
	public, _, err := s.makeKey()
	if err != nil {
		return err
	}
	if s.key != "" {
		fmt.Fprintln(s.stdout, "Name the file as hub.credentials at the hub.")
	}
	publish, subscribe := fleet.HubSubjects(s.config.Hub.Domain)
	return s.printRights("", fleet.Permissions("the hub, which also makes the streams", cmp.Or(public, "UHUB"), publish,
		subscribe))
}

// makeKey makes the key where one is asked for, and returns the public half of the site's or the hub's, "" where it is
// not known.
func (s *fleetSetup) makeKey() (public string, made bool, err error) {
	if s.key == "" {
		credentials := s.config.Hub.Credentials
		if !s.hub {
			credentials = ""
			if s.config.Fleet.Site == s.site {
				credentials = s.config.Fleet.Credentials
			}
		}
		if credentials != "" {
			if public, err = fleet.PublicKey(credentials); err != nil {
				return "", false, &usageError{err}
			}
		}
		return public, false, nil
	}
	path, err := filepath.Abs(s.key)
	if err == nil {
		public, made, err = fleet.MakeKey(path, s.account)
	}
	if err != nil {
		return "", false, err
	}
	return public, made, s.printKey(path, public, made)
}

// printKey prints where the key is, who can read it, and its public half.
func (s *fleetSetup) printKey(path, public string, made bool) error {
	whose, goes, line := s.site, "hub.sites of the hub, or for the NATS server", s.site+" "+public
	if s.hub {
		whose, goes, line = "the hub", "the NATS server", public
	}
	var b strings.Builder
	if made {
		fmt.Fprintf(&b, "%s holds the key of %s, %s.\n", path, whose, secretfile.Protection(s.account))
		if s.account == "" {
			next := "chown jobmon-db " + path
			if runtime.GOOS == "windows" {
				next = `"jobmon-db service install" gives it that right`
			}
			fmt.Fprintf(&b, "The account of the service must be able to read it too: %s\n", next)
		}
	} else {
		fmt.Fprintf(&b, "%s is there already and stays the key of %s.\n", path, whose)
	}
	fmt.Fprintf(&b, "Its public half, which is no secret, is for %s:\n\n    %s\n\n", goes, line)
	_, err := io.WriteString(s.stdout, b.String())
	return err
}

// settings say how to reach the server; where is "" for no server.
func (s *fleetSetup) settings() (settings fleet.Settings, where string) {
	f, h := &s.config.Fleet, &s.config.Hub
	if len(h.NATS) > 0 && len(f.NATS) == 0 {
		return hubSettings(h), strings.Join(h.NATS, ", ")
	}
	settings = siteSettings(f)
	settings.Credentials = cmp.Or(settings.Credentials, s.key)
	return settings, strings.Join(f.NATS, ", ")
}

// later says what to do before the stream can be looked at.
func (s *fleetSetup) later(made bool) string {
	switch {
	case made:
		return fmt.Sprintf("Give the public half to the administrator of the hub, name the file as fleet.credentials, "+
			"and run \"jobmon-db fleet init --site %s\" again: it checks the stream.", s.site)
	case s.config.Hub.Embedded:
		return "The hub makes the stream itself when it runs: hub.nats is embedded."
	}
	return "No server is named (fleet.nats, or hub.nats at a hub): nothing was asked."
}

// stream makes or checks the stream.
func (s *fleetSetup) stream(ctx context.Context, settings fleet.Settings) error {
	if s.anew {
		if err := s.agreed(ctx); err != nil {
			return err
		}
	}
	ctx, stop := context.WithTimeout(ctx, reachWithin)
	defer stop()
	inbox := fleet.HubInbox
	if s.own(settings.Credentials) {
		inbox = fleet.InboxOf(s.site)
	}
	got, err := s.ask(ctx, settings, inbox)
	if errors.Is(err, fleet.ErrDenied) && inbox == fleet.HubInbox { // the key of a site that is not named there
		got, err = s.ask(ctx, settings, fleet.InboxOf(s.site))
	}
	if err != nil {
		return err
	}
	return s.report(&got)
}

// ask makes or checks the stream over a connection whose answers come to such an inbox.
func (s *fleetSetup) ask(ctx context.Context, settings fleet.Settings, inbox string) (got fleet.Initialized,
	err error) {
	c, err := fleet.Connect(ctx, settings, "jobmon-db fleet init", inbox, zerolog.Nop())
	if err != nil {
		return got, &usageError{err}
	}
	defer c.Close()
	done := s.notice("Waiting for NATS at %s.", strings.Join(settings.Servers, ", "))
	err = c.Await(ctx)
	done()
	if err != nil {
		return got, err
	}
	return c.Init(ctx, fleet.InitOptions{Site: s.site, Keep: s.keep, Anew: s.anew})
}

// own says whether the credential is the site's own, which needs its own inboxes.
func (s *fleetSetup) own(credentials string) bool {
	return credentials != "" && (credentials == s.key ||
		credentials == s.config.Fleet.Credentials && s.site == s.config.Fleet.Site)
}

func (s *fleetSetup) agreed(ctx context.Context) error {
	if s.yes {
		return nil
	}
	if !readsTerminal(s.stdin) {
		return &usageError{errors.New("--anew empties the stream: say so with --yes, as nobody can be asked here")}
	}
	question := fmt.Sprintf("Empty the stream of %s? A hub then sets aside what it has and follows the log of the "+
		"daemon that publishes (yes or no)", s.site)
	answer, err := (&console{s.app}).line(ctx, question, "no")
	if err != nil {
		return err
	}
	if answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

func (s *fleetSetup) report(got *fleet.Initialized) error {
	var b strings.Builder
	fmt.Fprintf(&b, "The stream %s is ", fleet.StreamOf(s.site))
	switch {
	case got.Made:
		b.WriteString("made: ")
	case len(got.Changed) > 0:
		b.WriteString("set right: ")
	default:
		b.WriteString("as it must be: ")
	}
	fmt.Fprintf(&b, "kept in files by %s for %s, %s in it.\n", words.Count(got.Replicas, "server"),
		ageLimit(got.Keep), words.Count(int(got.Messages), "message"))
	for _, changed := range got.Changed {
		fmt.Fprintf(&b, "  changed %s\n", changed)
	}
	if s.anew {
		fmt.Fprintf(&b, "%s removed: the daemon publishes its log from the beginning, within three minutes.\n",
			words.Count(int(got.Emptied), "message"))
	}
	for _, note := range got.Notes {
		b.WriteString(note + "\n")
	}
	_, err := io.WriteString(s.stdout, b.String())
	return err
}

// ageLimit is how old messages get, in words.
func ageLimit(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "ever"
	case d%day == 0:
		return words.Count(int(d/day), "day")
	}
	return jobmon.Span(d)
}

// printRights prints what the administrator of a NATS server needs.
func (s *fleetSetup) printRights(before, entry string) error {
	_, err := fmt.Fprintf(s.stdout, `
%sA NATS server of its own needs this user:

%s
The promise that nothing acknowledged is lost needs this line in the configuration of each server. Without it a
power cut takes what came since the last sync, two minutes by default, from all servers that lose power together:

    jetstream { sync_interval: always }
`, before, entry)
	return err
}
