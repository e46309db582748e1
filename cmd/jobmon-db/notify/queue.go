package notify

import (
	"sync"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// queueLength bounds what is kept in memory for a target; what has no room is read from the log again.
const queueLength = 256

// queue is what a target has yet to get, as the daemon hands it on without ever waiting. Safe for concurrent use.
type queue struct {
	wake chan struct{} // holds one: something has come

	mu    sync.Mutex
	list  []*notices.Notice  // all that came behind since
	since uint64             // what came up to this event is in the log alone
	upto  uint64             // the newest event that was handed on
	had   place              // what the courier has from the log
	loose []*notices.Message // about no event of the log: nothing but memory has them
	gone  int                // how many came since the queue was made that are in the log alone, and were not read
}

func newQueue(since uint64) *queue {
	return &queue{wake: make(chan struct{}, 1), since: since, upto: since}
}

// put adds what came of the events up to that one. Without room for all of it, the log keeps it, and all before.
func (q *queue) put(upto uint64, found []*notices.Notice) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.upto = max(q.upto, upto)
	if len(q.list)+len(found) > queueLength {
		q.gone += len(q.list) + len(found)
		q.list, q.since = nil, q.upto
	} else {
		q.list = append(q.list, found...)
	}
	if len(found) > 0 {
		q.alarm()
	}
}

// putLoose adds a message about no event; beyond the bound the oldest goes.
func (q *queue) putLoose(m *notices.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	const most = 16
	if q.loose = append(q.loose, m); len(q.loose) > most {
		q.loose = q.loose[1:]
	}
	q.alarm()
}

func (q *queue) takeLoose() (m *notices.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.loose) > 0 {
		m, q.loose = q.loose[0], q.loose[1:]
	}
	return m
}

// read counts a notice that was read from the log.
func (q *queue) read() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.gone = max(q.gone-1, 0)
}

// add counts notices that are in the log alone.
func (q *queue) add(found int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.gone += found
}

// length is how many notices wait.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.list) + len(q.loose) + q.gone
}

func (q *queue) alarm() {
	select {
	case q.wake <- struct{}{}:
	default: // it has not looked since
	}
}

// place is how far a courier has come: it has all of the events up to seq, and of the next one the first few notices.
type place struct {
	seq uint64
	few int
}

// after is the place behind the next notice.
func (p place) after(n *notices.Notice) place {
	seq := n.Event.Seq
	if p.seq+1 == seq {
		return place{p.seq, p.few + 1}
	}
	return place{seq - 1, 1}
}

// resume says that the courier has come to that place in the log: it takes no notice twice.
func (q *queue) resume(had place) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.had = had
}

// take returns the next notice behind a place. Without one, behind says that it is in the log alone. now is the
// place that the courier has reached with it.
func (q *queue) take(from place) (n *notices.Notice, now place, behind bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if from.seq < q.since {
		return nil, from, true
	}
	q.gone = 0 // also what was counted and is no longer wanted
	for len(q.list) > 0 {
		n := q.list[0]
		q.list[0] = nil
		q.list = q.list[1:]
		switch seq := n.Event.Seq; {
		case seq <= q.had.seq:
		case seq == q.had.seq+1 && q.had.few > 0:
			q.had.few--
		default:
			return n, from.after(n), false
		}
	}
	if from.seq < q.upto {
		from = place{seq: q.upto}
	}
	return nil, from, false
}
