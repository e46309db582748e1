package projector

import (
	"cmp"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// ordered lists the session's rows as they run: those that started, in the order they started, then those that
// wait, by start_time and schedule_id. A cancelled row stays where it would have run. Later attempts are not
// listed: they stand where the first one stands.
func (s *session) ordered() []*row {
	var started, planned, cancelled []*row
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
	list := append(started, planned...)
	for _, r := range cancelled {
		at := len(list)
		for at > 0 && !before(list[at-1], r) {
			at--
		}
		list = slices.Insert(list, at, r)
	}
	return list
}

// before says whether q stands before the cancelled row r: it had started when r was cancelled, or was to run earlier.
func before(q, r *row) bool {
	return q.startedSeq != 0 && q.startedSeq < r.endedSeq || byStart(q, r) < 0
}

// nothingBehind says whether no unfinished row stands behind r. What came late behind a marker that was there from the
// start does not count: it makes no stage of a closing marker (docs/adr/0002).
func nothingBehind(list []*row, r *row) bool {
	root := r.root()
	for i := len(list) - 1; i >= 0 && list[i] != root; i-- {
		q := list[i]
		if q.late && !root.late {
			continue
		}
		switch q.effective().state {
		case jobmon.StateWaiting, jobmon.StateRunning:
			return false
		}
	}
	return true
}
