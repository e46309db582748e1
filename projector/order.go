package projector

import (
	"cmp"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// ordered lists the session's rows as they run: those that started, in the order they started, then those that
// wait, by start_time and schedule_id. A cancelled row stays where it would have run. Later attempts are not
// listed: they stand where the first one stands. The list is kept until the order changes, and must not be changed.
func (s *session) ordered() []*row {
	if s.order == nil {
		s.order, s.begun = s.sorted()
	}
	return s.order
}

// disorder records that the order of the rows may have changed, and with it the stages.
func (s *session) disorder() {
	if s != nil {
		s.order, s.altered = nil, true
	}
}

// begin records that a row has started, later than all others: mostly the one that came next, and the order stays.
func (s *session) begin(r *row) {
	if s != nil && s.order != nil && s.begun >= 0 && s.begun < len(s.order) && s.order[s.begun] == r {
		s.begun++
		return
	}
	s.disorder()
}

// sorted makes the list of ordered. Begun is how many rows have started, all of them before the others; -1 when
// cancelled rows stand among them.
func (s *session) sorted() (list []*row, begun int) {
	started, planned, cancelled := make([]*row, 0, len(s.rows)), make([]*row, 0, len(s.rows)), []*row(nil)
	for _, r := range s.rows {
		switch {
		case r.replaces != nil:
		case r.startedSeq != 0:
			started = append(started, r)
		case r.state == jobmon.StateCancelled:
			cancelled = append(cancelled, r)
		default:
			planned = append(planned, r)
		}
	}
	slices.SortFunc(started, func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.startedSeq, b.startedSeq), byStart(a, b))
	})
	slices.SortFunc(planned, byStart)
	slices.SortFunc(cancelled, byStart)
	list = append(started, planned...)
	if begun = len(started); len(cancelled) > 0 {
		begun = -1
	}
	for _, r := range cancelled {
		at := len(list)
		for at > 0 && !before(list[at-1], r) {
			at--
		}
		list = slices.Insert(list, at, r)
	}
	return list, begun
}

// before reports whether q stands before the cancelled row r: it had started when r was cancelled, or was to run
// earlier.
func before(q, r *row) bool {
	return q.startedSeq != 0 && q.startedSeq < r.endedSeq || byStart(q, r) < 0
}

// nothingBehind reports whether no unfinished row stands behind r. What came late behind a marker that was there from
// the start does not count: it makes no stage of a closing marker (docs/adr/0002).
func nothingBehind(list []*row, r *row) bool {
	root := r.root()
	for i := len(list) - 1; i >= 0 && list[i] != root; i-- {
		q := list[i]
		if q.late && !root.late || q.recurring && q.state == jobmon.StateWaiting {
			continue
		}
		switch q.effective().state {
		case jobmon.StateWaiting, jobmon.StateRunning:
			return false
		}
	}
	return true
}
