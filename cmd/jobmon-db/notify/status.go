package notify

import (
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// Status is how it stands with a target.
type Status struct {
	Name string
	Kind string

	Waiting int            // messages; a digest may make fewer of them
	Oldest  jobmon.Instant // when what the oldest is about happened, by the SQL Server's clock; 0 for none
	// in this run of the daemon
	SentCount, FailedCount, GivenUp uint64

	Sent    time.Time // when the last message arrived, by our clock; zero for never
	Error   string    // of the last try, "" when it went well
	ErrorAt time.Time
}

// status is what of a courier others see and change. Safe for concurrent use.
type status struct {
	changed chan struct{} // holds one: the target is another one than before

	mu     sync.Mutex
	spec   Spec
	now    Status
	oldest jobmon.Instant
	held   int // notices that the window has for a digest
}

func newStatus(name string, spec Spec, p *Place) *status {
	s := &status{changed: make(chan struct{}, 1), spec: spec, now: Status{Name: name, Error: p.Error}}
	if p.Sent != 0 {
		s.now.Sent = p.Sent.Time()
	}
	if p.ErrorAt != 0 {
		s.now.ErrorAt = p.ErrorAt.Time()
	}
	return s
}

func (s *status) target() Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spec.Target
}

func (s *status) wants(n *notices.Notice) bool {
	s.mu.Lock()
	wants := s.spec.Wants
	s.mu.Unlock()
	return wants(n)
}

// change gives the courier another target, which it tries at once.
func (s *status) change(spec Spec) {
	s.mu.Lock()
	s.spec = spec
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// tries records how old the message is that is tried. One from ahead of the clock counts from its first try.
func (s *status) tries(at, now jobmon.Instant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oldest == 0 || at <= now || s.oldest > now {
		s.oldest = min(at, now)
	}
}

// sent records that a message arrived, and says whether the one before had not.
func (s *status) sent() (again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	again = s.now.Error != ""
	s.now.Sent, s.now.Error, s.now.ErrorAt, s.oldest = time.Now(), "", time.Time{}, 0
	s.now.SentCount++
	return again
}

// failed records why a try failed, and says whether that is new.
func (s *status) failed(err error) (isNew bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	isNew = s.now.Error != err.Error()
	s.now.Error, s.now.ErrorAt = err.Error(), time.Now()
	s.now.FailedCount++
	return isNew
}

// holds records how many notices wait in the window.
func (s *status) holds(held int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = held
}

func (s *status) gaveUp(messages uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.GivenUp += messages
	s.oldest = 0
}

// describe writes into a place what people ask for.
func (s *status) describe(p *Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Error = s.now.Error
	if !s.now.Sent.IsZero() {
		p.Sent = jobmon.InstantOf(s.now.Sent)
	}
	if !s.now.ErrorAt.IsZero() {
		p.ErrorAt = jobmon.InstantOf(s.now.ErrorAt)
	}
}

func (s *status) snapshot(q *queue) Status {
	waiting := q.length()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now
	now.Kind = s.spec.Kind
	if now.Waiting, now.Oldest = waiting+s.held, s.oldest; s.oldest != 0 {
		now.Waiting++ // the one that is tried
	}
	return now
}
