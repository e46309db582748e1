package requestdir

import (
	"io/fs"
	"sync"
	"time"
)

const (
	maxNotes     = 4096             // requests in service, failed or stuck; and once more, those that are waited for
	longestPause = 30 * time.Second // between two attempts on a file that cannot be read, served or removed
)

// version tells a file from a later one of the same name.
type version struct {
	size     int64
	modified int64 // nanoseconds since 1970; file systems keep it to a hundred of them, or to seconds
}

func versionOf(info fs.FileInfo) version { return version{info.Size(), info.ModTime().UnixNano()} }

// state is how far a file is.
type state int

const (
	halfWritten state = iota
	unreadable
	inService // returned by Scan
	toRetry   // not served: to be returned again
	stuck     // served and not removed
)

// held says that Scan has returned the request.
func (s state) held() bool { return s >= inService }

// note is what is known of a file.
type note struct {
	version version
	state   state
	until   time.Time // nothing is tried before
	pause   time.Duration
	seen    bool // by the present scan
}

// wait begins the next pause, which is longer than the one before.
func (n *note) wait(now time.Time) {
	n.pause = min(max(2*n.pause, SettleTime), longestPause)
	n.until = now.Add(n.pause)
}

// notes are those of all files, by name. The lock is never held during I/O.
type notes struct {
	mu            sync.Mutex
	known         map[string]*note
	held, watched int // counted by the last scan, and added to since
}

// due says whether a file that was listed is to be opened. A listing can be older than the file, so it decides only
// what need not be opened.
func (s *notes) due(name string, listed version, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.known[name]
	if n == nil {
		return true
	}
	n.seen = true
	switch over := !now.Before(n.until); {
	case n.state == unreadable:
		return over
	case n.version != listed:
		return true
	default:
		return over && (n.state == halfWritten || n.state == toRetry)
	}
}

// take says whether a request that was read is to be served now, and notes that, or why it has to wait.
func (s *notes) take(name string, v version, whole bool, now time.Time, stats *Stats) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.known[name]
	same := n != nil && n.state != unreadable && n.version == v
	switch {
	case same && (n.state == inService || n.state == stuck || now.Before(n.until) && (n.state == toRetry || !whole)):
		return false
	case !same && !whole:
		s.watch(name, v, halfWritten).wait(now)
		return false
	case (n == nil || !n.state.held()) && s.held >= maxNotes:
		stats.More++
		return false
	}
	if n == nil || !n.state.held() {
		s.held++
	}
	if !same || n.state == halfWritten {
		n = &note{version: v, seen: true}
		s.known[name] = n
	}
	n.state = inService
	n.wait(now)
	return true
}

// unreadable notes that a file cannot be read now.
func (s *notes) unreadable(name string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.known[name]
	if n == nil || n.state != unreadable {
		n = s.watch(name, version{}, unreadable)
	}
	n.wait(now)
}

// watch notes that a file is to be looked at later. When there are too many such notes it is looked at every time.
func (s *notes) watch(name string, v version, state state) *note {
	n := &note{version: v, state: state, seen: true}
	if old := s.known[name]; old == nil && s.watched >= maxNotes {
		return n
	} else if old == nil {
		s.watched++
	}
	s.known[name] = n
	return n
}

// served forgets a request whose file was removed, or notes that it could not be.
func (s *notes) served(name string, v version, removed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.known[name]
	if n == nil || !n.state.held() || n.version != v {
		return
	}
	if n.state = stuck; removed {
		delete(s.known, name)
		s.held--
	}
}

func (s *notes) failed(name string, v version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.known[name]; n != nil && n.state == inService && n.version == v {
		n.state = toRetry
	}
}

type named struct {
	name    string
	version version
}

// tidy forgets the files that are gone, counts, and returns those that were served and are to be removed now.
func (s *notes) tidy(now time.Time, stats *Stats) (again []named) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held, s.watched = 0, 0
	for name, n := range s.known {
		if !n.seen && n.state != inService {
			delete(s.known, name)
			continue
		}
		n.seen = false
		if n.state.held() {
			s.held++
		} else {
			s.watched++
		}
		switch n.state {
		case unreadable:
			stats.Unreadable++
		case halfWritten:
			stats.Waiting++
		case stuck:
			stats.Stuck++
			if !now.Before(n.until) {
				n.wait(now)
				again = append(again, named{name, n.version})
			}
		}
	}
	return again
}
