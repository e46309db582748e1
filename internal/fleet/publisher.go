package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Log is what a site publishes. Its methods may be called by several goroutines.
type Log interface {
	ID() string
	Last() (uint64, jobmon.Instant, bool)
	Links(from uint64) iter.Seq2[jobmon.Link, error]
	SumAt(seq uint64) (sum uint32, ok bool, err error)
}

// PublisherOptions say what is published, and as whom.
type PublisherOptions struct {
	Site     string // in the fleet
	DSName   string // of the Deployment Server
	Program  string // version
	Log      Log
	Settings Settings
	Beat     func() Beat // how the daemon fares now; Site, Program and Refused are filled in here. nil for no beats
	Logger   zerolog.Logger
}

// When the publisher looks and tries again.
const (
	checkEvery = time.Minute // whether the stream is still as it was left
	leastWait  = 200 * time.Millisecond
	mostWait   = 30 * time.Second

	manyAttempts = 8
)

// Publisher carries a site's log to its stream. The daemon never waits for it: it only reports that there is something
// new. A batch whose text is longer than largestText is not published, and its State says so: a hub takes no longer
// one.
type Publisher struct {
	o         PublisherOptions
	wake      chan struct{} // holds one
	committed atomic.Int64  // when the oldest batch that was not looked at was committed, ms since 1970; 0 for none
	beat      chan struct{} // holds one: a beat is due
	wait      func(attempt int) time.Duration
	check     time.Duration

	// Of the goroutine that publishes.
	storedAt   time.Time       // when a message was acknowledged last in this run
	storedSeq  uint64          // its place in the stream
	emptySince time.Time       // since when the stream is empty for a refused publisher
	begun      bool            // the log was published once
	instance   string          // of this publisher, see Beat
	said       map[string]bool // what was in the way since the log was published last, and was logged

	mu    sync.Mutex
	state State
}

// State is how it stands with publishing.
type State struct {
	Connected bool
	Published uint64        // newest event that the stream holds; 0 for unknown
	Lag       uint64        // events that it does not hold yet
	Delay     time.Duration // from the newest commit to its acknowledgement; -1 for unknown
	Lost      uint64        // events of this run that the engine acknowledged and lost, and that were published anew
	Unled     bool          // Trouble is that the NATS servers have no majority
	Refused   string        // why this log must not be published, "" while it may
	Trouble   string        // what is in the way now, "" for nothing; also when Refused
}

// NewPublisher makes a publisher; Run lets it work.
func NewPublisher(o PublisherOptions) *Publisher {
	return &Publisher{
		o: o, wake: make(chan struct{}, 1), beat: make(chan struct{}, 1), wait: waiting, check: checkEvery,
		state: State{Delay: -1}, said: map[string]bool{}, instance: rand.Text(),
	}
}

func waiting(attempt int) time.Duration { return min(leastWait<<min(attempt, 16), mostWait) }

// Committed says that the log has something new. It never waits.
func (p *Publisher) Committed() {
	p.committed.CompareAndSwap(0, time.Now().UnixMilli())
	patience.Wake(p.wake)
}

// Finish waits until the stream holds all of the log, unless that cannot be soon.
func (p *Publisher) Finish(within time.Duration) {
	ctx, stop := context.WithTimeout(context.Background(), within)
	defer stop()
	const look = 10 * time.Millisecond
	for sleep(ctx, look, nil) {
		if s := p.State(); s.Lag == 0 || !s.Connected || s.Refused != "" {
			return
		}
	}
}

// State may be asked for at any time.
func (p *Publisher) State() State {
	p.mu.Lock()
	s := p.state
	p.mu.Unlock()
	if last, _, ok := p.o.Log.Last(); ok && last > s.Published {
		s.Lag = last - s.Published
	}
	return s
}

func (p *Publisher) change(by func(s *State)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	by(&p.state)
}

// Run publishes until ctx ends. Whatever goes wrong is a state and a line of the logger, and is tried again.
func (p *Publisher) Run(ctx context.Context) {
	c, ok := p.connect(ctx)
	if !ok {
		return
	}
	defer c.Close()
	r := newResponder(p.o.Site, p.header(), p.o.Log, c, p.o.Logger)
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { p.beats(ctx, c) })
	beside.Go(func() { r.run(ctx) })
	p.publish(ctx, c, r)
}

// connect connects as soon as the settings can be used: a file may be missing today.
func (p *Publisher) connect(ctx context.Context) (*Conn, bool) {
	for attempt := 8; ; {
		c, err := Connect(ctx, p.o.Settings, "jobmon-db site "+p.o.Site, InboxOf(p.o.Site), p.o.Logger)
		if err == nil {
			return c, true
		}
		p.trouble(err)
		if !sleep(ctx, p.wait(attempt), nil) {
			return nil, false
		}
	}
}

// publish works through sessions until ctx ends.
func (p *Publisher) publish(ctx context.Context, c *Conn, r *responder) {
	for attempt := 0; ctx.Err() == nil; {
		if !c.Connected() {
			p.change(func(s *State) { s.Connected, s.Trouble, s.Unled = false, c.away(), false })
			sleep(ctx, mostWait, c.changed)
			attempt = 0
			continue
		}
		p.change(func(s *State) {
			if !s.Connected {
				s.Connected, s.Trouble = true, "" // it was why there was no connection
			}
		})
		s := &session{p: p, c: c, r: r}
		err := s.run(ctx)
		if s.stored > 0 {
			attempt = 0
		}
		var refused *refusal
		switch {
		case ctx.Err() != nil || !c.Connected() || cut(err):
			continue
		case errors.As(err, &refused):
			r.pause()
			p.refuse(refused)
			sleep(ctx, p.check, c.changed)
			continue
		case !errors.Is(err, errAgain):
			p.trouble(err)
		case attempt >= manyAttempts:
			p.trouble(fmt.Errorf("the stream %s changes whenever the log is published: something else publishes "+
				"into it", StreamOf(p.o.Site)))
		}
		sleep(ctx, p.wait(attempt), nil)
		attempt++
	}
}

// sleep waits; it returns false when ctx has ended. Something on early ends it.
func sleep(ctx context.Context, d time.Duration, early <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-early:
	case <-t.C:
	}
	return true
}

// trouble records what is in the way, and logs it once.
func (p *Publisher) trouble(err error) {
	text := plain.Text(err.Error())
	p.change(func(s *State) { s.Trouble, s.Unled = text, errors.Is(err, errUnled) })
	if p.news(text) {
		p.o.Logger.Warn().Str("error", text).Msg("the log cannot be published to the fleet now; trying again")
	}
}

func (p *Publisher) refuse(r *refusal) {
	p.change(func(s *State) { s.Refused, s.Trouble, s.Unled = r.text, r.text, false })
	if !p.said[r.kind] {
		p.said[r.kind] = true
		p.o.Logger.Error().Str("error", r.text).
			Msg("this log is not published to the fleet; everything else goes on")
	}
	patience.Wake(p.beat)
}

// news says whether the text was not logged since the log was published last.
func (p *Publisher) news(text string) bool {
	if p.said[text] || len(p.said) >= mostReasons {
		return false
	}
	p.said[text] = true
	return true
}

// may records that the log may be published. Whether it can be shows when the stream has stored something.
func (p *Publisher) may() {
	p.change(func(s *State) {
		if s.Refused != "" {
			s.Refused, s.Trouble = "", ""
		}
	})
	patience.Wake(p.beat)
	if p.begun {
		return
	}
	p.begun = true
	clear(p.said)
	s := p.State()
	p.o.Logger.Info().Str("site", p.o.Site).Uint64("published", s.Published).Uint64("behind", s.Lag).
		Msg("publishing the log to the fleet")
}

// well records that publishing goes on: what the log had is stored, or much of it.
func (p *Publisher) well() {
	p.change(func(s *State) { s.Trouble, s.Unled = "", false })
	if len(p.said) > 0 {
		p.o.Logger.Info().Uint64("behind", p.State().Lag).Msg("the log is published to the fleet again")
	}
	clear(p.said)
}

// beats says how the site fares, as long as there is a connection.
func (p *Publisher) beats(ctx context.Context, c *Conn) {
	if p.o.Beat == nil {
		return
	}
	for sleep(ctx, beatEvery, p.beat) {
		if !c.Connected() {
			continue
		}
		b := p.o.Beat()
		b.Site, b.Program, b.Instance, b.Refused = p.o.Site, p.o.Program, p.instance, p.State().Refused
		_ = c.nc.Publish(BeatSubjectOf(p.o.Site), b.encode()) // the next one says the same
	}
}

// header is that of each text.
func (p *Publisher) header() ndjson.Header {
	return ndjson.Header{LogID: p.o.Log.ID(), Site: p.o.DSName, Program: p.o.Program}
}

// readAck reads what JetStream answers to a message.
func readAck(site string, data []byte) (seq uint64, err error) {
	var ack struct {
		Stream string    `json:"stream"`
		Seq    uint64    `json:"seq"`
		Error  *apiError `json:"error"`
	}
	if err := json.Unmarshal(data, &ack); err != nil {
		return 0, fmt.Errorf("read an acknowledgement of JetStream: %w", err)
	}
	switch {
	case ack.Error != nil:
		return 0, ack.Error
	case ack.Stream != StreamOf(site):
		return 0, fmt.Errorf("the subject %s belongs to the stream %s, and must be that of %s", SubjectOf(site),
			ack.Stream, StreamOf(site))
	}
	return ack.Seq, nil
}
