package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-colorable"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/message"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

type demoOptions struct {
	settings map[string]string // by key
	length   time.Duration
	noHTTP   bool
	notify   string // where messages go; "" for none
	sites    int    // of a fleet; 0 for one server without
}

// How often the demo reads its made-up server and redraws, and how long it lasts where nobody can stop it.
const (
	demoPoll   = "250ms"
	demoRedraw = 500 * time.Millisecond
	demoInPipe = 60 * time.Second
)

// demoFlags are the settings that the demo takes as flags: their keys, defaults and help.
var demoFlags = []struct{ key, flag, def, usage string }{
	{"simulator.computers", "computers", "8", "how many computers are deployed, 1 to 10000"},
	{"simulator.speed", "speed", "60", "how many times faster than real time, 0.1 to 10000"},
	{"simulator.seed", "seed", "1", "decides all that is left to chance"},
	{"data_dir", "data-dir", "", "where the log is kept; without it a new folder among the temporary files"},
	{"evt.dir", "evt-dir", "", "where the .evt files are written; without it evt in the data dir"},
}

func (a *app) demo() *cobra.Command {
	o := demoOptions{settings: map[string]string{
		"site": "DEMO", "source.kind": configs.KindSimulator, "source.poll_interval": demoPoll, "log.level": "warn",
	}}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch a made-up Deployment Server, in fast motion",
		Long: `Run a made-up Deployment Server and the daemon that watches it in one process, with time running faster,
and show where each computer's deployment stands: here, and on the board in a browser, whose address is printed
first. Only this computer reaches it. The log and the files stay, so that replay can be tried on them.
With --notify, messages about it go to an address: about each job that fails, and each deployment that is ready
or stands still.

With --sites it is a fleet: so many made-up servers in different zones, each with its daemon, a hub with a NATS
server inside it, and one board of all of them.

On a terminal it lasts until Ctrl-C; in a pipe it prints a line for each change and ends by itself after 60 s.`,
		Example: `  jobmon-db demo
  jobmon-db demo --speed 120 --for 20s --data-dir ./demo
  jobmon-db demo --sites 3
  jobmon-db demo --notify http://127.0.0.1:9000/hook
  jobmon-db replay --data-dir ./demo --computer PC-0003`,
		Args: noArgs,
	}
	for _, f := range demoFlags {
		c.Flags().String(f.flag, f.def, f.usage)
	}
	c.Flags().DurationVar(&o.length, "for", 0, "end after this time; 0: until Ctrl-C, or after 60 s in a pipe")
	c.Flags().BoolVar(&o.noHTTP, "no-http", false, "do not serve the board")
	c.Flags().StringVar(&o.notify, "notify", "", "send messages to this address: a webhook, or that of Slack, Teams, "+
		"Discord or ntfy.sh")
	c.Flags().IntVar(&o.sites, "sites", 0, fmt.Sprintf("run a fleet of so many sites, 2 to %d, with a hub",
		len(demoSites)))
	c.RunE = func(c *cobra.Command, _ []string) error {
		if c.Flags().Changed("sites") {
			return a.demoFleet(c, &o)
		}
		if !o.noHTTP {
			o.settings["http.listen"] = "127.0.0.1:0"
		}
		config, err := o.config(c)
		if err != nil {
			return err
		}
		return a.playDemo(c.Context(), o, config)
	}
	return c
}

// config is the configuration of the demo, as the flags say.
func (o *demoOptions) config(c *cobra.Command) (*configs.Config, error) {
	if o.length < 0 {
		return nil, &usageError{fmt.Errorf("--for %v: it cannot be negative", o.length)}
	}
	for _, f := range demoFlags {
		text := c.Flags().Lookup(f.flag).Value.String()
		if f.key == "data_dir" && text == "" {
			dir, err := os.MkdirTemp("", "jobmon-db-demo-")
			if err != nil {
				return nil, fmt.Errorf("make a folder for the demo's log: %w", err)
			}
			text = dir
		}
		if text == "" {
			continue
		}
		if err := configs.Check(configs.Setting{Key: f.key, Text: text}); err != nil {
			return nil, &usageError{fmt.Errorf("--%s: %w", f.flag, err)}
		}
		if strings.HasSuffix(f.key, "dir") {
			var err error
			if text, err = filepath.Abs(text); err != nil {
				return nil, &usageError{err}
			}
		}
		o.settings[f.key] = text
	}
	var list []configs.Setting
	for key, text := range o.settings {
		list = append(list, configs.Setting{Key: key, Text: text})
	}
	content, err := configs.Edit("the demo", nil, list)
	if err != nil {
		return nil, err
	}
	if o.notify != "" {
		target, err := demoTarget(o.notify)
		if err != nil {
			return nil, &usageError{fmt.Errorf("--notify: %w", err)}
		}
		content = append(content, target...)
	}
	return configs.Load(configs.LoadOptions{File: "the demo", Content: content})
}

func (a *app) playDemo(ctx context.Context, o demoOptions, config *configs.Config) (err error) {
	terminal, logger, err := a.stage(&o, config.Log.Level)
	if err != nil {
		return err
	}
	heading := fmt.Sprintf("A made-up Deployment Server with %s, %v times faster than real time. %s.\n",
		words.Count(config.Simulator.Computers, "computer"), config.Simulator.Speed, o.ending())
	if o.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.length)
		defer cancel()
	}
	var drawn error
	var targets []control.Target
	begun := func(d *daemon.Daemon, board string) (stop func()) {
		if board != "" {
			heading = "The board, in a browser:  " + board + "\n" + heading
		}
		fmt.Fprint(a.stdout, heading)
		drawing, stopDrawing := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan error, 1)
		go func() { done <- a.draw(drawing, d.Pictures, heading, terminal) }()
		return func() {
			stopDrawing()
			drawn, targets = <-done, d.Targets()
		}
	}
	same := again{load: func() (*configs.Config, error) { return config, nil }}
	err = run(ctx, config, same, "jobmon-db demo", overseer{begun: begun}, logger)
	if err = errors.Join(err, drawn); err != nil {
		return err
	}
	for _, t := range targets {
		fmt.Fprintf(a.stdout, "\n%s sent, %d wait, %s failed. %s\n", words.Count(int(t.Sent), "message"), t.Waiting,
			words.Count(int(t.Failed), "try", "tries"), t.Error)
	}
	fmt.Fprintf(a.stdout, `
The log is in      %s
The .evt files in  %s
What clients got   %s
Try:  %[4]s replay --data-dir %[5]s --computer PC-0001
      %[4]s replay show PC-0001 --data-dir %[5]s
`, config.DataDir, config.Evt.Dir, clientsOf(config), calledAs(), quotedArg(config.DataDir))
	return nil
}

// stage says where the demo plays, and where its messages go.
func (a *app) stage(o *demoOptions, level string) (terminal bool, logger zerolog.Logger, err error) {
	if isTerminal(a.stdout) {
		return true, zerolog.Nop(), nil // messages would tear the table apart; what matters is in the log
	}
	o.length = cmp.Or(o.length, demoInPipe)
	logger, err = newLogger(a.stderr, level, "console")
	return false, logger, err
}

// demoTarget is the part of the configuration that sends messages to an address.
func demoTarget(address string) (string, error) {
	kind := notify.Webhook
	for part, service := range map[string]string{
		"//hooks.slack.com/": notify.Slack, "//discord.com/api/webhooks/": notify.Discord, "//ntfy.sh/": notify.Ntfy,
		".webhook.office.com/": notify.Teams, ".logic.azure.com": notify.Teams, ".api.powerplatform.com": notify.Teams,
	} {
		if strings.Contains(address, part) {
			kind = service
		}
	}
	if _, err := notify.New(&notify.Settings{Kind: kind, URL: address}, &message.Writer{}, ""); err != nil {
		return "", err
	}
	quoted := plain.AppendJSON(nil, address) // which YAML reads too
	return fmt.Sprintf("\ntargets:\n  demo: {kind: %s, url: %s}\nnotify:\n"+
		"  - {on: [failed, ready, ended-early, standing-still, source-lost, damaged, disk-full], to: demo}\n",
		kind, quoted), nil
}

// ending says when the demo ends.
func (o *demoOptions) ending() string {
	if o.length > 0 {
		return fmt.Sprintf("It ends after %s, or with Ctrl-C", jobmon.Span(o.length))
	}
	return "Ctrl-C ends it"
}

// calledAs is how this program is called in the current folder.
func calledAs() string {
	const name = "jobmon-db"
	self, err := os.Executable()
	if err != nil {
		return name
	}
	// .../go-build123/b001/exe/jobmon-db
	if strings.HasPrefix(filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(self)))), "go-build") {
		return "go run ./cmd/" + name
	}
	if found, err := exec.LookPath(name); err == nil && found == self {
		return name
	}
	if here, err := os.Getwd(); err == nil {
		if below, err := filepath.Rel(here, self); err == nil && !strings.HasPrefix(below, "..") {
			self = "." + string(filepath.Separator) + below
		}
	}
	return quotedArg(self)
}

// draw shows pictures until ctx ends: a live table on a terminal, otherwise a line for each change.
func (a *app) draw(ctx context.Context, pictures func() []jobmon.Progress, heading string, terminal bool) error {
	ticker := time.NewTicker(demoRedraw)
	defer ticker.Stop()
	var show view = &changeLines{out: a.stdout, last: map[jobmon.ComputerKey]string{}}
	if terminal {
		defer colorable.EnableColorsStdout(nil)()
		show = &liveTable{a, heading}
	}
	for {
		err := show.Show(pictures())
		select {
		case <-ctx.Done():
			return errors.Join(err, show.Show(pictures()))
		case <-ticker.C:
		}
		if err != nil {
			return err
		}
	}
}

// simulated scales what counts in real time to a simulated clock.
func simulated(settings jobmon.Settings, speed float64) jobmon.Settings {
	settings.PollInterval = time.Duration(float64(settings.PollInterval) * speed)
	return settings
}

// clientsOf is the folder that stands for the disks of the made-up computers.
func clientsOf(config *configs.Config) string { return filepath.Join(config.DataDir, "clients") }

// deliverer plays the tasks of the simulated markers: a script asks for the computer's file, a copy task brings it to
// the folder that stands for the computer's disk.
func deliverer(d control.Daemon, evtDir, clientsDir string) simulator.Hook {
	return simulator.Deliverer{
		EvtDir: evtDir, ClientsDir: clientsDir,
		Refresh: func(ctx context.Context, computer jobmon.ComputerID, job string) {
			// like a script that must not fail a deployment: without an answer the copy task takes what is there
			_, _ = d.Refresh(ctx, control.RefreshRequest{Computer: computer, Job: job})
		},
	}
}
