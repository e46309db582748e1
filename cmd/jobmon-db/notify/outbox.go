package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// Log is the daemon's log, as far as messages come from it. Its methods are safe for concurrent use.
type Log interface {
	ID() string
	Last() uint64 // newest event
	// Notices yields what the events behind that one are worth, in order, up to the end of the log. It holds no
	// transaction while the caller's code runs.
	Notices(ctx context.Context, behind uint64) iter.Seq2[*notices.Notice, error]
}

// Window joins the notices of one target into messages. It is used from one goroutine.
type Window interface {
	Add(n *notices.Notice) []*notices.Message
	// Tick returns what is due at that time, and Next when there is something, 0 for never: by the server's clock.
	Tick(now jobmon.Instant) []*notices.Message
	Next() jobmon.Instant
	Held() int // notices that a later message is about
	// Place is from where on notices must be added to a new window with that state, to go on as this one does, when
	// all up to seq were added to it.
	Place(seq uint64) (from uint64, state json.RawMessage)
}

// Spec is a target as it is configured.
type Spec struct {
	Kind   string
	Target Target
	Wants  func(*notices.Notice) bool // what the rules send to it
}

// Options say what an outbox works with.
type Options struct {
	Folder string // of the places; made where it is missing
	Log    Log
	// Window makes a new one; state is nil, or what Window.Place gave
	Window func(target string, state json.RawMessage) Window
	Now    func() jobmon.Instant // the SQL Server's time, as far as it is known
	Speed  float64               // how many times faster than ours that clock runs; 0 means 1
	Logger zerolog.Logger
}

const (
	lastTry = 3 * time.Second // that a try may take when the outbox ends
	atOnce  = 2               // couriers that read the log at the same time
)

// Outbox brings messages to targets. Run it once; the other methods are safe for concurrent use.
type Outbox struct {
	Options
	logID string
	turns turns

	changing sync.Mutex // held while Set works

	mu       sync.Mutex      // held for moments only: a commit waits for it
	ctx      context.Context // nil: it does not run yet
	running  sync.WaitGroup
	couriers map[string]*courier
	upto     uint64 // the newest event that was put
}

// NewOutbox makes an outbox without targets. All events of the log are in its past.
func NewOutbox(o Options) *Outbox {
	if o.Speed <= 0 {
		o.Speed = 1
	}
	return &Outbox{
		Options: o, logID: o.Log.ID(), turns: make(turns, atOnce), couriers: map[string]*courier{}, upto: o.Log.Last(),
	}
}

// Run delivers until ctx ends. Tries that are under way then have a moment to end.
func (o *Outbox) Run(ctx context.Context) {
	o.mu.Lock()
	o.ctx = ctx
	for _, c := range o.couriers {
		o.start(c)
	}
	o.mu.Unlock()
	<-ctx.Done()
	o.changing.Lock() // nothing is started from here on
	defer o.changing.Unlock()
	o.running.Wait()
}

// start must be called with mu held.
func (o *Outbox) start(c *courier) {
	ctx, cancel := context.WithCancel(o.ctx)
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.end = func() { cancel(); stop() }
	o.running.Go(func() {
		defer stop()
		defer cancel()
		defer context.AfterFunc(ctx, func() { time.AfterFunc(lastTry, stop) })()
		c.run(ctx, sending)
	})
}

// Set takes up these targets in place of those before. One that stays goes on where it is, a new one begins with its
// place, or else with the present.
func (o *Outbox) Set(targets map[string]Spec) error {
	o.changing.Lock()
	defer o.changing.Unlock()
	o.dismiss(targets)
	if err := inherit.MkdirAll(o.Folder, 0o750); err != nil {
		return fmt.Errorf("make the folder for what targets have got: %w", err)
	}
	if len(o.couriers) == 0 { // nobody writes there
		if _, err := atomicfile.Sweep(o.Folder); err != nil {
			o.Logger.Warn().Err(err).Msg("what a crash left of a write cannot be removed")
		}
	}
	err := forget(o.Folder, func(name string) bool { _, stays := targets[name]; return stays })
	if err != nil {
		o.Logger.Warn().Err(err).Msg("the place of a target that is no more cannot be removed")
	}
	for name, spec := range targets {
		if c := o.couriers[name]; c != nil { // it knows its place better than the file
			c.status.change(spec)
			continue
		}
		p, known, err := ReadPlace(o.Folder, name)
		if err != nil {
			o.Logger.Error().Err(err).Str("target", name).
				Msg("how far the target has got is not known: it gets what happens from now on")
		}
		o.mu.Lock()
		c := o.newCourier(name, spec, p, known)
		if o.couriers[name] = c; o.ctx != nil && o.ctx.Err() == nil {
			o.start(c)
		}
		o.mu.Unlock()
	}
	return nil
}

// dismiss ends the couriers of targets that are no more, and waits for them: what they have written is removed.
func (o *Outbox) dismiss(targets map[string]Spec) {
	var gone []*courier
	o.mu.Lock()
	for name, c := range o.couriers {
		if _, stays := targets[name]; !stays {
			delete(o.couriers, name)
			if c.end != nil {
				gone = append(gone, c)
			}
		}
	}
	o.mu.Unlock()
	for _, c := range gone {
		c.end()
		<-c.ended
	}
}

// newCourier must be called with mu held.
func (o *Outbox) newCourier(name string, spec Spec, p Place, known bool) *courier {
	if !known || p.LogID != o.logID || p.Seq > o.upto {
		p.LogID, p.Seq, p.Window = o.logID, o.upto, nil
	}
	c := &courier{
		Outbox: o, name: name, queue: newQueue(o.upto), status: newStatus(name, spec, &p), ended: make(chan struct{}),
		logger: o.Logger.With().Str("target", name).Logger(),
		window: o.Window(name, p.Window), at: place{seq: p.Seq}, pause: backoff.NewExponentialBackOff(),
		began: o.upto, reached: p, written: p, moved: !known,
	}
	c.pause.InitialInterval, c.pause.MaxInterval, c.pause.Multiplier = firstPause, longestPause, 2
	c.pause.Reset()
	return c
}

// Put hands on what the events up to that one are worth, which must follow those of the last call. It never waits.
func (o *Outbox) Put(upto uint64, found []*notices.Notice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.upto = upto
	for _, c := range o.couriers {
		var wanted []*notices.Notice
		for _, n := range found {
			if c.status.wants(n) {
				wanted = append(wanted, n)
			}
		}
		c.queue.put(upto, wanted)
	}
}

// PutLoose hands on a message about no event of the log to those targets that want its notice.
func (o *Outbox) PutLoose(m *notices.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.couriers {
		if c.status.wants(m.Notices[0]) {
			c.queue.putLoose(m)
		}
	}
}

// Status is how it stands with each target, by name.
func (o *Outbox) Status() []Status {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []Status
	for _, name := range slices.Sorted(maps.Keys(o.couriers)) {
		c := o.couriers[name]
		list = append(list, c.status.snapshot(c.queue))
	}
	return list
}

// turns are places for those who do something at the same time.
type turns chan struct{}

// take waits for a place, which release gives back.
func (t turns) take(ctx context.Context) (release func(), err error) {
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Idle reports whether there is no target.
func (o *Outbox) Idle() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.couriers) == 0
}
