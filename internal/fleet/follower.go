package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/patience"
)

// Copy is the hub's copy of a site's log. Only its follower changes it.
type Copy interface {
	ID() string // of the log; "" where there is none yet
	// End is the newest event and the checksum of its batch; 0 for none.
	End() (seq uint64, sum uint32)
	// SumAt is the checksum of the batch that ends with that event; ok is false where none does.
	SumAt(seq uint64) (sum uint32, ok bool, err error)
	// Follow appends the links, all or none, and returns when they are on the disk. An error that wraps ErrUnjoined
	// says that they are not what follows.
	Follow(links []jobmon.Link) error
	// BeginAnew sets the log aside, if there is one, and begins an empty one of that id. why is a sentence.
	BeginAnew(id, dsName, why string) error
}

// ErrUnjoined says that links do not follow what a copy holds, or are not what their checksums say.
var ErrUnjoined = errors.New("the batches do not follow")

// FollowerOptions say what a follower works on.
type FollowerOptions struct {
	Site    string
	Copy    Copy
	GapWait time.Duration // how long to wait for batches that nobody has, before the copy goes on without them
	Logger  zerolog.Logger
	Ahead   time.Duration // how far ahead of this clock a server's may be; 0 for a day
	Beat    func(*Beat)   // where set, gets each beat of the site's daemon
}

// Follower brings a site's stream into the hub's copy of its log: each batch once, in order, whatever arrives twice,
// late or not at all. What the stream lacks it asks the site's daemon for.
type Follower struct {
	FollowerOptions
	hub   *Hub
	poke  chan struct{} // holds one: the site was heard
	check time.Duration

	// Of the goroutine that follows.
	position uint64    // the newest message of the stream that was dealt with
	lacking  time.Time // since when batches are missing that nobody has had; zero for none
	moved    time.Time // when that was
	turn     bool      // it has one of the hub's turns
	begun    time.Time // when the copy began anew; see begin
	idleAt   uint64    // the copy's end at the last check, where the stream had nothing more

	mu     sync.Mutex
	state  FollowerState
	unled  bool // its Trouble is that the servers have no majority
	beat   Beat
	beatA  time.Time // when the beat arrived
	rival  Beat      // the newest one of another daemon that is refused, while this site's own is heard
	rivalA time.Time // when that arrived
	since  time.Time // when the follower began to listen
}

// FollowerState is how it stands with following a site.
type FollowerState struct {
	Heard     bool          // a beat arrived
	Beat      Beat          // the newest one, without those that are refused
	Up        time.Time     // when the connection to NATS was made last; zero for never
	Published uint64        // newest event known to be in the stream; 0 for unknown
	Delay     time.Duration // from the site's commit of the newest batch to here; -1 for unknown
	Away      string        // "nats", "site" or "refused"; "" for none of them
	Trouble   string        // a sentence: why nothing goes on; "" for nothing
	Refused   uint64        // messages and beats that are not what the site's log says
	Twice     uint64        // messages whose batches were there already
	Asked     uint64        // events that the site was asked for, and sent
}

// AwayAfter is how long a site's beats, or events that it has, may stay away.
const AwayAfter = 3 * beatEvery

// Pauses of a follower.
const (
	stuckAfter = time.Minute // without a message, where the stream has some
	againLeast = 250 * time.Millisecond
	againMost  = 10 * time.Second
)

// Follow makes the follower of a site; Run it once.
func (h *Hub) Follow(o FollowerOptions) *Follower {
	f := &Follower{FollowerOptions: o, hub: h, poke: make(chan struct{}, 1), check: checkEvery, since: time.Now()}
	f.state.Delay = -1
	f.GapWait, f.Ahead = cmp.Or(f.GapWait, time.Hour), cmp.Or(f.Ahead, mostAhead)
	h.mu.Lock()
	h.followers[o.Site] = f
	h.mu.Unlock()
	return f
}

// Run follows until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	wait := againLeast
	for ctx.Err() == nil {
		before, _ := f.Copy.End()
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if end, _ := f.Copy.End(); end != before || !f.hub.Connected() {
			wait = againLeast // it goes on soon after the connection is there
		}
		if !errors.Is(err, errAgain) {
			f.trouble(err)
		}
		sleep(ctx, againLeast, nil)
		sleep(ctx, wait-againLeast, f.poke) // a site that is heard can be asked
		wait = min(2*wait, againMost)
	}
}

// trouble records why nothing goes on, nil for nothing, and logs it once. While there is no connection, that is why.
func (f *Follower) trouble(err error) {
	if err != nil && (cut(err) || !f.hub.Connected()) {
		return
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	f.mu.Lock()
	was := f.state.Trouble
	f.state.Trouble, f.unled = text, errors.Is(err, errUnled)
	f.mu.Unlock()
	switch {
	case text == was:
	case text != "":
		f.Logger.Warn().Err(err).Msg("the site's log cannot be followed; trying again")
	case text == "":
		f.Logger.Info().Msg("the site's log is followed")
	}
}

// refuse counts a message that is not the site's, and reports the first one of many.
func (f *Follower) refuse(err error) {
	f.mu.Lock()
	f.state.Refused++
	n := f.state.Refused
	f.mu.Unlock()
	if n&(n-1) == 0 { // 1, 2, 4, 8 and so on
		f.Logger.Error().Err(err).Uint64("refused", n).Msg("a message is refused: it is not what this site's log says")
	}
}

const secondDaemon = "a second daemon calls itself this site, and is refused"

// heard takes a beat.
func (f *Follower) heard(b *Beat) {
	f.mu.Lock()
	same := b.Instance != "" && b.Instance == f.beat.Instance
	if b.Refused == "" || same || f.beat.LogID == "" || f.beat.Refused != "" || time.Since(f.beatA) > AwayAfter {
		f.beat, f.beatA = *b, time.Now()
	} else {
		if f.rivalA.IsZero() || time.Since(f.rivalA) > AwayAfter {
			f.Logger.Error().Str("error", b.Refused).Str("log", b.LogID).Msg(secondDaemon)
		}
		f.rival, f.rivalA = *b, time.Now()
	}
	f.mu.Unlock()
	patience.Wake(f.poke)
	if f.Beat != nil && b.Refused == "" {
		f.Beat(b)
	}
}

// newest is the newest beat, if it is fresh; ok is false where the site is not heard or may not publish.
func (f *Follower) newest() (b Beat, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.beat, !f.beatA.IsZero() && time.Since(f.beatA) <= AwayAfter && f.beat.Refused == ""
}

// State may be asked at any time.
func (f *Follower) State() FollowerState { return f.stands(f.hub.Lost(), f.hub.conn.upSince()) }

// stands is State while nothing comes from NATS for that reason, "" for none, over a connection that was made then.
func (f *Follower) stands(lost string, up time.Time) FollowerState {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Beat, s.Heard, s.Up = f.beat, !f.beatA.IsZero(), up
	last := f.since
	if s.Heard {
		last = f.beatA
	}
	quiet := min(time.Since(last), time.Since(up)) // nothing is heard without a connection
	switch {
	case lost != "":
		s.Away, s.Trouble = "nats", lost
	case f.unled:
		s.Away = "nats"
	case quiet > AwayAfter:
		s.Away = "site"
	case s.Beat.Refused != "":
		s.Away, s.Trouble = "refused", s.Beat.Refused
	case s.Trouble == "" && !f.rivalA.IsZero() && time.Since(f.rivalA) <= AwayAfter:
		s.Trouble = secondDaemon + ": " + f.rival.Refused
	}
	return s
}

// holds records what the stream ends with, when that was looked at.
func (f *Follower) holds(last uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Published = last
}

// published records that the stream holds the batches of a message, and, where it says so, how long they took to here.
func (f *Follower) published(a *arrival) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Published = max(f.state.Published, a.last())
	if !a.committed.IsZero() {
		f.state.Delay = max(0, time.Since(a.committed))
	}
}

func (f *Follower) count(n *uint64, add uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*n += add
}

// anew has the copy begin anew.
func (f *Follower) anew(id, dsName, why string) error {
	if why != "" {
		f.Logger.Warn().Str("log", id).Msg(why)
	}
	f.lacking, f.idleAt = time.Time{}, 0
	f.mu.Lock()
	f.state.Published = 0
	f.mu.Unlock()
	if err := f.Copy.BeginAnew(id, dsName, why); err != nil {
		return fmt.Errorf("begin the site's log anew: %w", err)
	}
	return nil
}
