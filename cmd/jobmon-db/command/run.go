package command

import (
	"context"
	"errors"
	"net"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/internal/systemd"
)

func (a *app) run() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Watch the Deployment Server until stopped",
		Long: `Read the source again and again, record its changes in the log, and write the computers' files.

The configuration names the source; no file is needed if the environment holds all settings. Without a source
the command ends with exit code 2: it watches a made-up Deployment Server only when source.kind is simulator,
and never in the folder of a real one. While the source is away, the daemon waits, and it recovers by itself.
Stop it with Ctrl-C or a termination signal.`,
		Example: `  jobmon-db run --config jobmon-db.yaml
  JOBMON_SOURCE_DSN='sqlserver://reader:secret@ds01?database=eXpress&encrypt=true' jobmon-db run
  jobmon-db run --source-kind simulator --data-dir ./try
  jobmon-db run --source-kind recording --source-recording site.ndjson --data-dir ./played`,
		Args: noArgs,
	}
	configured := a.configured(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := noCoreDump(); err != nil {
			return err
		}
		config, err := configured()
		if err != nil {
			return err
		}
		logger, closeLog, err := a.messages(&config.Log)
		if err != nil {
			return err
		}
		defer closeLog()
		return a.supervised(c.Context(), runStatus, logger, func(ctx context.Context, manager overseer) error {
			return run(ctx, config, a.again(configured), "jobmon-db run", manager, logger)
		})
	}
	return c
}

// runStatus is what systemd shows of a daemon.
func runStatus(lost string) string {
	if lost == "" {
		return "watching the Deployment Server"
	}
	return "the source is lost, trying again: " + lost
}

// supervised runs the work, and reports to systemd if that started the program. status makes the text of its line from
// why the work is held up, "" for no reason.
func (a *app) supervised(ctx context.Context, status func(lost string) string, logger zerolog.Logger,
	work func(context.Context, overseer) error) error {
	manager, err := systemd.New(a.env, os.Getpid(), logger)
	if err != nil {
		return err
	}
	report := func(ctx context.Context) error { manager.Run(ctx); return nil }
	err = alongside(ctx, report, func(ctx context.Context) error {
		return work(ctx, overseer{alive: manager.Alive, cycled: func(lost string) { manager.Status(status(lost)) }})
	})
	return errors.Join(err, manager.Close())
}

// messages opens the log of messages: the configured file, else standard error.
func (a *app) messages(config *configs.Log) (logger zerolog.Logger, closeLog func() error, err error) {
	if config.File != "" {
		return openMessages(config.File, config)
	}
	logger, err = newLogger(a.stderr, config.Level, config.Format)
	return logger, func() error { return nil }, err
}

// overseer is the service manager that started the program, if any. daemon.Options describes the calls; each may be
// nil.
type overseer struct {
	alive  func(within time.Duration)
	cycled func(lost string)
	heard  func(*jobmon.Batch) // called with each batch that is durable
	risk   func(text string)   // called for each risk of the connection to the database
	// place is called when the local endpoint's place is taken, and with nil when the daemon has it again.
	place func(err error)
	zone  *time.Location // of a made-up server; nil for this machine's
	// begun is called when the daemon is open, with the board's address, "" for none; stop is called before it closes.
	begun func(d *daemon.Daemon, board string) (stop func())
}

// hear hands on a batch that is durable.
func (o overseer) hear(b *jobmon.Batch) {
	if o.heard != nil {
		o.heard(b)
	}
}

// meet reports the risks of the source. It returns the clocks that the source's clock is compared with, nil for a
// source that is made up. local reports that the source runs on this machine.
func (o overseer) meet(source ingest.Source) (clocks ingest.Clocks, local bool) {
	database, ok := source.(*mssql.Source)
	if !ok {
		return nil, false
	}
	if o.risk != nil {
		for _, risk := range database.Risks() {
			o.risk(risk)
		}
	}
	return ingest.MachineClocks(), database.Local()
}

// run watches the configured source until ctx ends. command is the running command, for messages to others that find
// the folder in use.
func run(ctx context.Context, config *configs.Config, again again, command string, manager overseer,
	logger zerolog.Logger) (err error) {
	form, err := siteForm(config)
	if err != nil {
		return err
	}
	if err := notHub(config.DataDir, "`jobmon-db hub` works there; name another one in data_dir"); err != nil {
		return err
	}
	level := newLogLevel(config.Log.Level)
	logger = level.governs(logger)
	source, err := newSource(config, logger) // first: a wrong configuration must leave nothing behind
	if err != nil {
		return err
	}
	if err := filesApart(config.Evt.Dir, config.DataDir, config.Source.Kind); err != nil {
		return err
	}
	targets, err := specsOf(config, "")
	if err != nil {
		return &usageError{err}
	}
	reloader := &reloader{again: again, running: config, file: config.File, form: form, level: level, logger: logger}
	d, err := manager.open(source, reloader, command)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := continueRecording(source, config, logger); err != nil {
		return err
	}
	var play func(context.Context) error // runs a simulated world
	if source == nil {
		world, err := newWorld(config, d.Daemon, manager.zone, logger)
		if err != nil {
			return err
		}
		source, play = world, world.Run
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if manager.begun != nil {
		defer manager.begun(d.Daemon, d.board)()
	}
	reloader.change, reloader.access = d.Change, d.access
	reloader.messages.take(targets)
	return alongside(ctx, reloader.run, func(ctx context.Context) error {
		return alongside(ctx, play, func(ctx context.Context) error {
			return reloader.fleet.beside(ctx, func(ctx context.Context) error { return d.Run(ctx, source) })
		})
	})
}

// continueRecording continues a recording where the log ends, if the source is one.
func continueRecording(source ingest.Source, config *configs.Config, logger zerolog.Logger) error {
	played, ok := source.(*recording.Source)
	if !ok {
		return nil
	}
	logger.Warn().Str("file", config.Source.Recording).
		Msg("playing a recording back: no Deployment Server is watched")
	if err := played.Continue(config.DataDir); err != nil {
		return &usageError{err}
	}
	return nil
}

// open opens the daemon over its folders, unless they hold the history of another kind of source.
func (o overseer) open(source ingest.Source, r *reloader, command string) (d *served, err error) {
	config := r.running
	pace, speed := paceOf(config, r.form), 1.0
	if config.Source.Kind == configs.KindSimulator {
		speed = config.Simulator.Speed
	}
	clocks, local := o.meet(source)
	d, err = openDaemon(daemon.Options{
		DataDir: config.DataDir, EvtDir: config.Evt.Dir, Takeover: config.Evt.Takeover, Reload: r.reload,
		Settings: pace.Settings, Interval: pace.Interval, Timeout: config.Source.Timeout, Reconcile: pace.Reconcile,
		Speed: speed, Clocks: clocks, Local: local, Command: command, Logger: r.logger,
		Alive: o.alive, Cycled: o.cycled,
		Heard: func(b *jobmon.Batch, found func() []*notices.Notice) {
			o.hear(b)
			r.messages.Heard(b, found)
			r.fleet.hear(b)
		},
		Targets: func() []control.Target { return r.messages.Targets() },
		Fleet:   func() []control.FleetSite { return r.fleet.sites() },
		Backups: daemon.Backups{Dir: config.Backup.Dir, Every: config.Backup.Every, Keep: config.Backup.Keep},
		Keep:    config.History.Keep,
	}, config.Endpoint.Allow, o.place)
	if err != nil {
		return nil, err
	}
	r.messages = newMessenger(d.Daemon, config.DataDir, speed, r.logger)
	r.fleet = newCarrier(config, d.Daemon, r.logger)
	if err = d.listen(&config.HTTP, config.DataDir, r.logger); err == nil {
		err = sameKind(config.DataDir, config.Source.Kind, d.Info().Last > 0)
	}
	if err == nil {
		err = markFiles(config.Evt.Dir, config.Source.Kind)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// served is a daemon that answers on the local endpoint and, if configured, over HTTP, and serves the request folder.
type served struct {
	*daemon.Daemon
	place    endpoint.Options
	listener net.Listener // nil while place is taken
	placed   func(error)  // see overseer.place
	webSide
}

// openDaemon opens the daemon, which takes the locks, and then its endpoint, also for these Windows accounts. If
// another program has the place of the endpoint, the daemon watches without it, and placed is called unless it is nil.
func openDaemon(o daemon.Options, allow []string, placed func(error)) (*served, error) {
	s := &served{placed: placed}
	if placed == nil {
		s.placed = func(error) {}
	}
	o.Version, o.Requests = programVersion(), true
	o.Serve = func(ctx context.Context, d control.Daemon) error {
		return s.serve(ctx, func(ctx context.Context) http.Routes { return s.routes(ctx, o.Logger) },
			func(ctx context.Context) error { return s.answer(ctx, control.Handler(d), o.Logger) }, o.Logger)
	}
	var err error
	if s.Daemon, err = daemon.Open(o); err != nil {
		return nil, err
	}
	s.place = endpoint.Options{
		DataDir: o.DataDir, Allow: allow, Greeting: endpoint.Greeting{Log: s.Info().LogID, Program: o.Version},
	}
	s.listener, err = endpoint.Listen(s.place)
	if errors.Is(err, endpoint.ErrTaken) {
		o.Logger.Error().Err(err).Msg("commands cannot reach this daemon; it watches without them, and tries again")
		s.placed(err)
		return s, nil
	}
	if err != nil {
		return nil, errors.Join(err, s.Daemon.Close())
	}
	return s, nil
}

// Close closes the listeners and the daemon; Run must have returned.
func (s *served) Close() error {
	if s.feed != nil {
		s.feed.Close()
	}
	if s.listener != nil {
		s.listener.Close() // Serve may have closed it already
	}
	return s.Daemon.Close()
}

// alongside runs main, and play beside it unless that is nil.
func alongside(ctx context.Context, play, main func(context.Context) error) error {
	if play == nil {
		return main(ctx)
	}
	playing, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- play(playing) }()
	err := main(ctx)
	stop()
	return errors.Join(err, <-done)
}
