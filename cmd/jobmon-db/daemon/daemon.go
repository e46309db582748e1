// Package daemon wires the parts of the running program together.
//
//	(1) lock         instance.Lock       one daemon for a data dir
//	(2) log          store.Open          the event log, locked against other writers
//	(3) state        history.Keeper      tables and pictures, from the log's caches and the events behind them
//	(4) evt folder   evtdir.Dir          writes the files, on a goroutine of its own
//	(5) journal      journal             log, then state, then files: durable before visible
//	(6) poller       ingest.Poller       reads the source, hands what changed to the journal
//	(7) refresher    refresher           serves requests for files: a fresh read, one commit for all who wait
//	(8) endpoint     Options.Serve       asks (7) for other processes, and answers questions; HTTP gives files of (5)
//	(9) requests     requests            asks (7) for the files in the request folder
//	(10) upkeep      backups, compactor  copies of (2) by the clock, and new generations of it
//
// They start in this order and stop in the other one. The source is the caller's.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/inuse"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// Options say what a daemon works on.
type Options struct {
	DataDir   string // of the log; created when missing
	EvtDir    string // of the .evt files; created when missing
	Takeover  bool   // replace files in EvtDir that are not ours
	Settings  jobmon.Settings
	Interval  time.Duration // of polling, by our clock
	Timeout   time.Duration // for one read
	Reconcile time.Duration // between passes that read everything; 0 means 5 min
	Speed     float64       // how many times faster than ours the source's clock runs; 0 means 1
	Clocks    ingest.Clocks // this machine's; nil for a source whose clock is made up
	Local     bool          // the source runs on this machine
	Version   string
	Command   string // the command line, for those who find the data dir in use; without secrets
	Logger    zerolog.Logger

	// Serve, where set, answers other processes until ctx ends. Requests says whether to serve the request folder.
	Serve    func(ctx context.Context, d control.Daemon) error
	Requests bool
	Backups  Backups
	Keep     time.Duration // history older than that is cut off; 0 keeps it for ever

	// Heard, where set, gets each batch once it is durable and its pictures are drawn. It must not wait: the next batch
	// does. found returns what in the batch is worth a message; only Heard itself may call it, and only once. When the
	// log cannot be written, and when it can be again, the batch holds no events, and found returns that notice.
	Heard func(b *jobmon.Batch, found func() []*notices.Notice)

	// Targets, where set, says how it stands with those who get messages.
	Targets func() []control.Target

	// Fleet, where set, says how it stands with the fleet that this site is part of.
	Fleet func() []control.FleetSite

	// Reload, where set, reads the configuration again; see control.Daemon. It uses Change.
	Reload func(ctx context.Context, r control.ReloadRequest) control.Reload

	// Alive and Cycled, where set, receive the progress of the polling, see ingest.Options.
	Alive  func(within time.Duration)
	Cycled func(lost string)
}

// How often the file that says until when we watched is written, and how long the last files may take at the end.
const (
	coverageEvery = 5 * time.Second
	lastFiles     = 3 * time.Second
)

// Daemon is one running program. Create it with Open, call Run once, then Close.
type Daemon struct {
	inuse.Log // see current
	options   Options
	held      *instance.Lock
	compactor *compactor
	files     *evtdir.Dir
	journal   *journal
	refresher *refresher    // once running
	running   chan struct{} // closed when Run has begun
	covered   Coverage      // as the previous run left it
	started   time.Time
	pulse     pulse

	mu          sync.Mutex
	poller      *ingest.Poller // once running
	coverage    Coverage       // the newest, by the poller
	readLast    time.Time      // when that was, by our clock
	writtenLast time.Time
}

// Open takes the lock, opens or creates the log and folds it. A log that is damaged beyond use is moved aside, see
// store.Quarantine. Errors are those of store.Open and *instance.HeldError.
func Open(o Options) (*Daemon, error) {
	if err := store.Usable(o.DataDir); err != nil {
		return nil, err // before anything is written into a folder that is not ours
	}
	d := &Daemon{options: o, running: make(chan struct{}), started: time.Now(), covered: ReadCoverage(o.DataDir)}
	d.compactor = newCompactor(d)
	if err := d.open(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Daemon) open() (err error) {
	o := &d.options
	if err := d.lock(); err != nil {
		return err
	}
	err = d.Exchange(func() (*store.Log, error) { return d.openLog(context.Background()) })
	if err != nil {
		return err
	}
	log := d.current()
	keeper := &history.Keeper{Log: log}
	state, err := keeper.Load(func(err error) { o.Logger.Warn().Err(err).Msg("the next start will take longer") })
	if err != nil {
		return err
	}
	d.files = evtdir.New(evtdir.Options{
		Dir: o.EvtDir, Takeover: o.Takeover, Ours: evt.Ours, Ledger: filepath.Join(o.DataDir, evtdir.LedgerName),
		Durable: d.promise, Log: o.Logger,
	})
	state.Shed(history.MostTold)
	d.journal = &journal{
		log: log, files: d.files, logger: o.Logger, heard: o.Heard, changed: make(chan struct{}, 1),
		links: o.loadLinks(log.ID()), state: state, keeper: keeper,
	}
	return nil
}

// Run reads the source until ctx ends, then records that and lets the last files be written. It returns nil on a clean
// end, or why other processes could not be served.
func (d *Daemon) Run(ctx context.Context, source ingest.Source) error {
	published, err := ReadPublished(d.options.DataDir)
	if err != nil {
		d.options.Logger.Warn().Err(err).Msg("whether the log lost its last batches is not known")
	}
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	var writer sync.WaitGroup
	writer.Go(func() { d.files.Run(writing) })

	d.journal.goBehind(d.current().Next())
	d.journal.compareWith(published)
	d.journal.publishOpen()
	state := d.journal.state
	poller := ingest.New(source, d.journal, ingest.Options{
		Interval: d.options.Interval, Timeout: d.options.Timeout, Reconcile: d.options.Reconcile,
		Speed:   d.options.Speed,
		Version: d.options.Version, Projection: projector.Version, Settings: d.options.Settings,
		Logger: d.options.Logger,
		Clocks: d.options.Clocks, Local: d.options.Local,
		Previous: ingest.Previous{
			At: state.At, Read: state.Read, Offset: state.Projection.Offset(), Settings: state.Settings,
			SourceLost: state.SourceLost,
			// A batch may be of a time at which nothing could be read: it counts when nothing better is known.
			Covered: d.complete(), Ahead: d.covered.Ahead(), AheadKnown: d.covered.Until != 0,
		},
		Covered: d.cover, Alive: both(d.pulse.alive, d.options.Alive),
		Cycled: both(func(lost string) { d.pulse.cycled(lost); d.journal.hearRoom() }, d.options.Cycled),
	})
	d.mu.Lock()
	d.poller = poller
	d.refresher = newRefresher(d.journal, poller)
	d.mu.Unlock()
	close(d.running)
	d.options.Logger.Info().Str("log", d.current().Path()).Uint64("events", state.Seq).Str("evt_dir", d.options.EvtDir).
		Str("version", d.options.Version).Msg("watching")
	err = d.watch(ctx, poller)

	d.journal.stop()
	d.saveCoverage()
	flushing, cancel := context.WithTimeout(writing, lastFiles)
	defer cancel()
	if late := d.files.Flush(flushing); late != nil {
		// the files are not lost: the next start writes them
		d.options.Logger.Warn().Err(late).Msg("some files could not be written before the end")
	}
	stopWriting()
	writer.Wait()
	return err
}

// both tells the second one too, where there is one.
func both[T any](first, second func(T)) func(T) {
	if second == nil {
		return first
	}
	return func(v T) { first(v); second(v) }
}

// complete is until when the log tells everything that its daemon saw: what it lost is not covered.
func (d *Daemon) complete() jobmon.Instant {
	if at := d.journal.state.At; d.journal.lost != nil || d.covered.Until == 0 {
		return at
	}
	return d.covered.Until
}

// watch polls, and serves those who ask, until ctx ends or nobody can be served.
func (d *Daemon) watch(ctx context.Context, poller *ingest.Poller) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var serving sync.WaitGroup
	serving.Go(func() { d.refresher.run(ctx) })
	serving.Go(func() { d.scrub(ctx) })
	var refused error
	if d.options.Serve != nil {
		serving.Go(func() {
			if refused = d.options.Serve(ctx, d); refused != nil {
				stop()
			}
		})
	}
	if d.options.Requests {
		serving.Go(func() { newRequests(d.options.EvtDir, d.refresher, d.options.Logger).run(ctx) })
	}
	serving.Go(func() { d.compactor.run(ctx) })
	if o := d.options.Backups; o.Every > 0 {
		b := &backups{Backups: o, source: d, id: d.current().ID(), logger: d.options.Logger}
		serving.Go(func() { b.run(ctx) })
	}
	err := poller.Run(ctx)
	stop()
	serving.Wait()
	return errors.Join(err, refused)
}

// cover records a good read, and writes it to the disk from time to time.
func (d *Daemon) cover(until jobmon.Instant, ahead time.Duration) {
	d.mu.Lock()
	d.readLast = time.Now()
	d.coverage = Coverage{Until: until, AheadMS: ahead.Milliseconds()}
	due := time.Since(d.writtenLast) >= coverageEvery
	d.mu.Unlock()
	if due {
		d.saveCoverage()
	}
}

func (d *Daemon) saveCoverage() {
	d.mu.Lock()
	c := d.coverage
	d.writtenLast = time.Now()
	d.mu.Unlock()
	if c.Until == 0 {
		return
	}
	if err := WriteCoverage(d.options.DataDir, c); err != nil {
		d.options.Logger.Warn().Err(err).Msg("cannot write down until when the source was watched")
	}
}

// Pictures are all computers' pictures after the last batch, by id. Nobody changes them. Safe for concurrent use.
func (d *Daemon) Pictures() []jobmon.Progress {
	list, _, _ := d.journal.pictures()
	return list
}

// Changed receives after commits that changed a picture, for one goroutine that looks at them again. A commit never
// waits for it: several commits may be one.
func (d *Daemon) Changed() <-chan struct{} { return d.journal.changed }

// Durable returns all computers' pictures after the last batch, by id, and the last event that they show. It fails
// where they may show what the log does not hold. Safe for concurrent use.
func (d *Daemon) Durable() ([]jobmon.Progress, uint64, error) {
	list, seq, durable := d.journal.pictures()
	if !durable {
		return nil, 0, errors.New("the log cannot be written, so nothing new is shown")
	}
	return list, seq, nil
}

// promise records that files may show pictures up to that event; it records all that the log holds, so that it need not
// be asked for each batch.
func (d *Daemon) promise(seq uint64) (upTo uint64, err error) {
	log := d.current()
	last, _, _ := log.Last()
	upTo = max(seq, last)
	return upTo, WritePublished(d.options.DataDir, Published{LogID: log.ID(), Seq: upTo})
}

// Close closes the log and gives up the lock; Run must have returned.
func (d *Daemon) Close() error {
	var errs []error
	if log := d.current(); log != nil {
		if err := log.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close the log: %w", err))
		}
	}
	if d.held != nil {
		errs = append(errs, d.held.Release())
	}
	return errors.Join(errs...)
}
