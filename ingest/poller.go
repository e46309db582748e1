package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Journal is what the poller needs of the log. Its methods are called from the goroutine of Poller.Run alone.
type Journal interface {
	// Mirror is the last known content of the DS tables: the fold of the log. The poller reads it between commits and
	// never changes it.
	Mirror() *jobmon.Mirror

	// Watching lists the computers with an open session: the agents of these are asked for.
	Watching() []jobmon.ComputerID

	// Judge returns the events that time alone causes at a read: rows that become due, deployments that
	// stand still, the clock of start_time. At and offset are the server's clock. What it returns stays so until it is
	// committed. It is not called when the server's clock is in doubt.
	Judge(at jobmon.Instant, offset jobmon.Offset) []jobmon.Event

	// Commit appends a batch and folds it into the mirror. When it returns nil the batch is durable, when it returns an
	// error nothing of it was committed. Seq and At are left to it. It may add events of its own and keeps the slice.
	Commit(ctx context.Context, at jobmon.Instant, events []jobmon.Event) error
}

// Previous is what the log knows when a run begins. The zero value is that of an empty log.
type Previous struct {
	Read       bool           // a read was ever recorded, whole: the log holds a clock event that says so
	Offset     jobmon.Offset  // the server's UTC offset as last recorded
	Settings   string         // the settings as last recorded (Settings.Encode), "" for never
	SourceLost bool           // the log's last word on the source is that it is lost
	At         jobmon.Instant // of the last batch, 0 for an empty log
	Covered    jobmon.Instant // until when the previous run's reads covered, 0 when that is not known
	Ahead      time.Duration  // how far the server's clock was ahead of ours
	AheadKnown bool           // the previous run left Ahead; otherwise it is 0
}

// Options say how to poll.
type Options struct {
	Interval time.Duration // from start to start of two reads; 0 means 5 s
	// limit for one cycle's quick read, repeats and look-up included, and for each page; 0 means 15 s
	Timeout    time.Duration
	Reconcile  time.Duration // from end to start of two passes that read everything; 0 means 5 min
	Most       int           // bytes that a batch of the very first read has at most, about; 0 means 6 MiB
	Speed      float64       // how many times faster than ours the source's clock runs (simulator); 0 means 1
	Version    string        // of this program
	Projection int           // number of the projection, recorded with the version
	Settings   jobmon.Settings
	Previous   Previous
	Logger     zerolog.Logger
	Clocks     Clocks // this machine's; nil for a source whose clock is made up and has nothing to do with ours
	Local      bool   // the source runs on this machine: a sleep or a new wall clock is the source's as well

	// Covered, where set, is called after each good read whose events are durable: until when the log is now complete,
	// by the server's clock, and how far that clock is ahead of ours. Given back as Previous, it lets the next run know
	// how long the source was not read. Polling waits until it returns.
	Covered func(until jobmon.Instant, ahead time.Duration)

	// Alive, where set, is called at every step: the next call comes within that time, or the poller hangs.
	Alive func(within time.Duration)
	// Cycled, where set, is called after each cycle that is on record: the source was read (""), or why it is lost.
	Cycled func(lost string)
}

const (
	defaultTimeout = 15 * time.Second

	// intervals vary by this part either way, so that several daemons do not march in step
	jitter     = 0.1
	maxBackOff = 60 * time.Second // longest pause between two tries while something fails
	farewell   = 5 * time.Second  // how long daemon-stopped may take to commit
	committing = 2 * time.Minute  // how long a commit takes at most; the first one can hold a million rows
)

// Poller reads the source again and again and commits what changed, one batch a cycle. Create it with New, call Run
// once. Refresh and Now are safe for concurrent use while it runs.
type Poller struct {
	reader   *reader
	journal  Journal
	options  Options
	settings string                      // Options.Settings as they stand in the log
	pauses   *backoff.ExponentialBackOff // while something fails

	passes passes
	agents agents
	doubt  doubt         // about the server's clock; of no reads when there is none
	slept  time.Duration // Clocks when the run began
	seen   *moment       // of the last good read that is durable, nil before the first of this run

	// What the log holds. It moves only when a commit succeeded, so what could not be committed is reported again by
	// the next cycle.
	started    bool           // this run's daemon-started
	unwritable bool           // the last commit failed, and that was said
	unwritten  jobmon.Instant // until when reads are on record, while commits fail; 0 otherwise
	unsaid     bool           // the source is lost, which was said, as the log does not say so
	log        Previous       // the last word on reads, settings, offset and source

	asked     chan struct{} // a token for Run when waiting is set
	refreshed time.Time     // when the last read caused by a Refresh began

	mu      sync.Mutex
	waiting *round  // requests that wait for the next read to begin, nil for none
	next    *Pace   // the pace that the next read adopts, nil for no change
	ended   bool    // Run has returned
	last    *moment // when the server's clock was last believed, or what is known of it before the first good read
	metrics Metrics
	begun   time.Time
}

// New makes a poller; it does nothing before Run. It does not close the source.
func New(source Source, journal Journal, options Options) *Poller {
	if options.Interval <= 0 {
		options.Interval = 5 * time.Second
	}
	if options.Timeout <= 0 {
		options.Timeout = defaultTimeout
	}
	if options.Reconcile <= 0 {
		options.Reconcile = 5 * time.Minute
	}
	if options.Most <= 0 {
		options.Most = defaultMost
	}
	if options.Speed <= 0 {
		options.Speed = 1
	}
	if options.Alive == nil {
		options.Alive = func(time.Duration) {}
	}
	if options.Cycled == nil {
		options.Cycled = func(string) {}
	}
	p := &Poller{
		journal: journal,
		options: options,
		log:     options.Previous,
		asked:   make(chan struct{}, 1),
		begun:   time.Now(),
	}
	p.slept, _ = p.clocks()
	p.last = &moment{began: p.begun, ended: p.begun, server: max(p.expected(), p.log.At), slept: p.slept}
	p.pace(Pace{Settings: options.Settings, Interval: options.Interval, Reconcile: options.Reconcile})
	p.reader = &reader{source: source, timeout: options.Timeout, retried: p.retried, alive: options.Alive}
	return p
}

// Run polls until ctx ends, then records daemon-stopped, for which it takes 5 s at most, and returns nil, or an
// error when that could not be recorded. Neither a lost source nor a log that cannot be written ends it: it waits
// longer and longer, up to a minute, and tries again.
func (p *Poller) Run(ctx context.Context) error {
	defer p.end()
	next := time.Now()
	for ctx.Err() == nil {
		p.options.Alive(time.Until(next))
		caused, ok := p.wait(ctx, next)
		if !ok {
			break
		}
		if p.change() {
			caused = false // the pause until the next read may be another one now
		}
		began := time.Now()
		switch err := p.cycle(ctx, caused); {
		case err == nil:
			p.pauses.Reset()
			next = p.after(began)
		case !caused: // those who ask neither hurry nor slow down the tries while something fails
			next = time.Now().Add(p.pauses.NextBackOff())
		}
	}
	return p.stop(ctx)
}

// after is when the read after the one that began then is due: an interval later, yet a server that takes long to
// answer is left alone for at least a quarter of it.
func (p *Poller) after(began time.Time) time.Time {
	interval := time.Duration(float64(p.options.Interval) * (1 + jitter*(2*rand.Float64()-1)))
	next := began.Add(interval)
	if rested := time.Now().Add(interval / 4); next.Before(rested) {
		return rested
	}
	return next
}

// stop records the end of the run, if its beginning is on record.
func (p *Poller) stop(ctx context.Context) error {
	if !p.started {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	stopped := []jobmon.Event{{Kind: jobmon.KindDaemonStopped}}
	if err := p.journal.Commit(ctx, max(p.Now(), p.log.At), stopped); err != nil {
		return fmt.Errorf("record that the daemon stops: %w", err)
	}
	return nil
}
