package command

import (
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

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

type demoOptions struct {
	computers       int
	speed           float64
	seed            uint64
	length          time.Duration
	dataDir, evtDir string
}

// How often the demo reads its made-up server and redraws, and how long it lasts where nobody can stop it.
const (
	demoPoll   = 250 * time.Millisecond
	demoRedraw = 500 * time.Millisecond
	demoInPipe = 60 * time.Second
)

func (a *app) demo() *cobra.Command {
	o := demoOptions{computers: 8, speed: 60, seed: 1}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch a made-up Deployment Server, in fast motion",
		Long: `Run a made-up Deployment Server and the daemon that watches it in one process, with time running faster,
and show where each computer's deployment stands. The log and the files stay, so that replay can be tried on
them.

On a terminal it lasts until Ctrl-C; in a pipe it prints a line for each change and ends by itself after 60 s.`,
		Example: `  jobmon-db demo
  jobmon-db demo --speed 120 --for 20s --data-dir ./demo
  jobmon-db replay --data-dir ./demo --computer PC-0003`,
		Args: noArgs,
	}
	c.Flags().IntVar(&o.computers, "computers", o.computers, "how many computers are deployed, 1 to 10000")
	c.Flags().Float64Var(&o.speed, "speed", o.speed, "how many times faster than real time, 0.001 to 3600")
	c.Flags().Uint64Var(&o.seed, "seed", o.seed, "decides all that is left to chance")
	c.Flags().DurationVar(&o.length, "for", 0, "end after this time; 0: until Ctrl-C, or after 60 s in a pipe")
	c.Flags().StringVar(&o.dataDir, "data-dir", "",
		"where the log is kept; without it a new folder among the temporary files")
	c.Flags().StringVar(&o.evtDir, "evt-dir", "", "where the .evt files are written; without it evt in the data dir")
	c.RunE = func(c *cobra.Command, _ []string) error { return a.playDemo(c.Context(), o) }
	return c
}

func (o *demoOptions) complete(terminal bool) error {
	switch {
	case o.computers < 1 || o.computers > 10000:
		return &usageError{fmt.Errorf("--computers %d: it can be 1 to 10000", o.computers)}
	case !(o.speed >= 0.001 && o.speed <= 3600):
		return &usageError{fmt.Errorf("--speed %v: it can be 0.001 to 3600", o.speed)}
	case o.length < 0:
		return &usageError{fmt.Errorf("--for %v: it cannot be negative", o.length)}
	}
	if o.length == 0 && !terminal {
		o.length = demoInPipe
	}
	if o.dataDir == "" {
		dir, err := os.MkdirTemp("", "jobmon-db-demo-")
		if err != nil {
			return fmt.Errorf("make a folder for the demo's log: %w", err)
		}
		o.dataDir = dir
	}
	if o.evtDir == "" {
		o.evtDir = filepath.Join(o.dataDir, "evt")
	}
	return nil
}

func (a *app) playDemo(ctx context.Context, o demoOptions) (err error) {
	for key, dir := range map[string]string{"data_dir": o.dataDir, "evt.dir": o.evtDir} {
		if dir == "" {
			continue
		}
		if err := configs.Check(configs.Setting{Key: key, Text: dir}); err != nil {
			return &usageError{err}
		}
	}
	terminal := isTerminal(a.stdout)
	if err := o.complete(terminal); err != nil {
		return err
	}
	settings := jobmon.DefaultSettings()
	settings.Site, settings.PollInterval = "DEMO", demoPoll
	// On a terminal messages would tear the table apart; what matters is in the log.
	logger := zerolog.Nop()
	if !terminal {
		if logger, err = newLogger(a.stderr, "warn", "console"); err != nil {
			return err
		}
	}
	if err := filesApart(o.evtDir, o.dataDir, configs.KindSimulator); err != nil {
		return err
	}
	d, err := openDaemon(daemon.Options{
		DataDir: o.dataDir, EvtDir: o.evtDir, Settings: simulated(settings, o.speed),
		Interval: demoPoll, Timeout: 10 * time.Second, Speed: o.speed, Command: "jobmon-db demo", Logger: logger,
	}, nil, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := sameKind(o.dataDir, configs.KindSimulator, d.Info().Last > 0); err != nil {
		return err
	}
	if err := markFiles(o.evtDir, configs.KindSimulator); err != nil {
		return err
	}
	clients := filepath.Join(o.dataDir, "clients")
	source, err := simulator.New(simulator.Options{
		Seed: o.seed, Speed: o.speed, Computers: o.computers, Dir: o.dataDir, Hook: deliverer(d, o.evtDir, clients),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()

	heading := fmt.Sprintf("A made-up Deployment Server with %s, %v times faster than real time. %s.\n",
		words.Count(o.computers, "computer"), o.speed, o.ending())
	fmt.Fprint(a.stdout, heading)
	if o.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.length)
		defer cancel()
	}
	drawing, stopDrawing := context.WithCancel(context.WithoutCancel(ctx))
	drawn := make(chan error, 1)
	go func() { drawn <- a.draw(drawing, d.Daemon, heading, terminal) }()
	err = alongside(ctx, source.Run, func(ctx context.Context) error { return d.Run(ctx, source) })
	stopDrawing()
	err = errors.Join(err, <-drawn)
	fmt.Fprintf(a.stdout, `
The log is in      %s
The .evt files in  %s
What clients got   %s
Try:  %[4]s replay --data-dir %[5]s --computer PC-0001
      %[4]s replay show PC-0001 --data-dir %[5]s
`, o.dataDir, o.evtDir, clients, calledAs(), quotedArg(o.dataDir))
	return err
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

// draw shows the daemon's pictures until ctx ends: a live table on a terminal, otherwise a line for each change.
func (a *app) draw(ctx context.Context, d *daemon.Daemon, heading string, terminal bool) error {
	ticker := time.NewTicker(demoRedraw)
	defer ticker.Stop()
	var show view = &changeLines{out: a.stdout, last: map[jobmon.ComputerID]string{}}
	if terminal {
		defer colorable.EnableColorsStdout(nil)()
		show = &liveTable{a, heading}
	}
	for {
		err := show.Show(d.Pictures())
		select {
		case <-ctx.Done():
			return errors.Join(err, show.Show(d.Pictures()))
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
