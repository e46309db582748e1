package simulator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Options say what world a Source simulates.
type Options struct {
	// Seed decides all that is left to chance.
	Seed uint64
	// Speed is how many simulated seconds pass in a real one; from 0.001 to 100,000.
	Speed float64
	// Computers is how many are deployed; from 1 to 10,000.
	Computers int
	// Start is the simulated time at which a new world begins; its zone is the DS server's. Zero: the real time.
	// A world that goes on has its own.
	Start time.Time
	// Dir is an existing folder for the file (StateFile) from which a later process goes on with this world. "":
	// the world ends with the process.
	Dir string
	// Hook is what build jobs and markers do; it is called by Run alone. nil: nothing.
	Hook Hook
	// History keeps the truth for DS.History; without it a long life needs no more memory than its tables.
	History bool
	// Now is the real time. nil: time.Now.
	Now func() time.Time
}

func (o *Options) check() error {
	var errs []error
	if !(o.Speed >= 0.001 && o.Speed <= 100_000) { // false for NaN too
		errs = append(errs, fmt.Errorf(
			"simulator: speed %v: give simulated seconds per real second, from 0.001 to 100000", o.Speed))
	}
	if o.Computers < 1 || o.Computers > 10_000 {
		errs = append(errs, fmt.Errorf("simulator: %d computers: give a number from 1 to 10000", o.Computers))
	}
	return errors.Join(errs...)
}

// Source is an ingest.Source over a simulated Deployment Server whose clock runs by itself: from Options.Start,
// Options.Speed times as fast as the real one, also while no process looks at it. Each read brings the world up to the
// present first. It is safe for concurrent use.
type Source struct {
	*Reader
	options Options
	state   *state // nil without Options.Dir

	began jobmon.Instant // what the simulated clock showed
	real  time.Time      // at this real time

	mu     sync.Mutex // held while the clock is moved
	closed bool
}

// errClosed is what a closed Source answers.
var errClosed = errors.New("simulator: the source is closed")

// New begins a simulated world, or goes on with the one in Options.Dir: it catches up with what happened since, which
// it works out anew from the seed, without calling the hook. An error wraps ErrOtherWorld when that world was begun
// with other options, and ErrDamaged when its file cannot be understood.
func New(o Options) (*Source, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	now := o.Now()
	if o.Start.IsZero() {
		o.Start = now
	}
	w := world{Version: worldVersion, Seed: o.Seed, Computers: o.Computers, Speed: o.Speed, Start: o.Start, Began: now}
	s := &Source{options: o}
	var replies map[replyKey]reply
	if o.Dir != "" {
		var err error
		if s.state, w, replies, err = openState(o.Dir, w); err != nil {
			return nil, err
		}
	}
	_, offset := w.Start.Zone()
	s.Reader = NewDS(jobmon.InstantOf(w.Start), jobmon.Offset(offset), o.Seed).source(s.advance)
	s.ds.forget = !o.History
	Play(s.ds, o.Computers)

	// From here on the clock follows the real one's progress, not its settings.
	s.began, s.real = passed(jobmon.InstantOf(w.Start), now.Sub(w.Began), o.Speed), now
	s.ds.replies = replies
	s.ds.AdvanceTo(s.began)
	s.ds.replies = nil
	if s.state != nil {
		s.ds.noted = s.state.note
	}
	return s, nil
}

// passed is the simulated time after so much real time; a clock that was set back lets none pass.
func passed(since jobmon.Instant, elapsed time.Duration, speed float64) jobmon.Instant {
	return since + jobmon.Instant(max(0, elapsed.Seconds()*speed*1000))
}

// DS is the simulated server. What is done to it by hand is not part of the world that a later process goes on with.
func (s *Source) DS() *DS { return s.ds }

// Now is the simulated time that belongs to the present, UTC. The tables may not have come so far.
func (s *Source) Now() jobmon.Instant {
	return passed(s.began, s.options.Now().Sub(s.real), s.options.Speed)
}

// advance brings the world up to the present.
func (s *Source) advance() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	s.ds.AdvanceTo(s.Now())
	return nil
}

// Run lets the world go on between reads and calls the hook on time, beside the clock: a computer whose script has
// not been answered waits, the others go on. It returns when ctx ends and all calls have returned, with nil, or with
// the error that kept it from writing down what a later process needs. It may be called once.
func (s *Source) Run(ctx context.Context) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	if hook := s.options.Hook; hook != nil {
		s.ds.connect(hook, func(c call) {
			calls.Go(func() { s.ds.answered(c, c.do(ctx, hook)) })
		})
		defer s.ds.connect(nil, nil)
	}
	for {
		err := s.advance()
		if s.state != nil {
			err = errors.Join(err, s.state.failure())
		}
		if err != nil {
			return err
		}
		timer := time.NewTimer(s.pause())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// pause is how long nothing will happen, in real time, within limits: a test may do something meanwhile.
func (s *Source) pause() time.Duration {
	const shortest, longest = 5 * time.Millisecond, 250 * time.Millisecond
	next, ok := s.ds.next()
	if !ok {
		return longest
	}
	ahead := float64(next.Sub(s.Now())) / s.options.Speed
	return time.Duration(min(max(ahead, float64(shortest)), float64(longest)))
}

// Close implements ingest.Source; end Run first. Closing again does nothing.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.state == nil {
		return nil
	}
	return s.state.close()
}
