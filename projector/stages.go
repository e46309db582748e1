package projector

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Preparation is the name of the stage of the real jobs that stand before the first marker.
const Preparation = "Preparation"

// stage is one line of the screen: a marker and the real jobs behind it, or jobs without a marker.
type stage struct {
	name   string
	late   bool
	marker *row   // nil for jobs without one
	jobs   []*row // real jobs, first attempts
	single bool   // one job that is a stage of its own: nothing joins it
}

// stages forms the stages of the session. They are steady when a row that starts or ends can change no more than their
// state: no marker without jobs is shown or hidden by what runs or waits behind it.
func (s *session) stages() (list []*stage, steady bool) {
	order := s.ordered()
	formed := s.group(order)
	list, steady = formed[:0], true
	for _, st := range formed {
		if st.marker != nil && len(st.jobs) == 0 {
			steady = steady && (st.marker.effective().startedSeq != 0 || st.marker == order[len(order)-1])
			if len(list) > 0 && closes(st.marker, order) || repeats(formed, st.marker) {
				continue
			}
		}
		if n := len(st.jobs); st.marker == nil && !st.single && st.name != Preparation && n > 1 {
			st.name = fmt.Sprintf("%s and %d more", st.name, n-1)
		}
		list = append(list, st)
	}
	return list, steady
}

// group puts the rows, in the order in which they run, into stages; some markers open one that is not shown.
func (s *session) group(order []*row) []*stage {
	list := make([]*stage, 0, len(order))
	var current, lateRun *stage // the marker's stage or Preparation; late jobs without a marker, being gathered
	begin := func(st stage) *stage {
		list = append(list, &st)
		return &st
	}
	add := func(st *stage, r *row) {
		if st.jobs == nil {
			st.jobs = make([]*row, 0, 4) // most stages have few jobs
		}
		st.jobs = append(st.jobs, r)
	}
	for i, r := range order {
		switch r.class {
		case jobmon.Marker:
			if s.form == onlyJobs || r.effective().state == jobmon.StateCancelled && !allCancelled(order[i+1:]) {
				continue // a removed marker that never ran opens no stage, unless its jobs were removed with it
			}
			current, lateRun = begin(stage{name: r.stage, late: r.late, marker: r}), nil
		case jobmon.RealJob:
			covered := current != nil && current.marker != nil && (current.late || !r.late)
			switch {
			case s.form == onlyJobs, s.form == eachJob && !(r.late && covered):
				begin(stage{name: r.displayName(), late: r.late, single: true, jobs: []*row{r}})
			case r.late && !covered:
				if lateRun == nil {
					lateRun = begin(stage{name: r.displayName(), late: true})
				}
				add(lateRun, r)
			default:
				if current == nil {
					current = begin(stage{name: Preparation})
				}
				add(current, r)
				lateRun = nil
			}
		}
	}
	return list
}

// allCancelled reports whether there are real jobs before the next marker, and all of them were cancelled.
func allCancelled(behind []*row) bool {
	jobs := 0
	for _, r := range behind {
		switch {
		case r.class == jobmon.Marker:
			return jobs > 0
		case r.class == jobmon.RealJob && r.effective().state != jobmon.StateCancelled:
			return false
		case r.class == jobmon.RealJob:
			jobs++
		}
	}
	return jobs > 0
}

// closes reports whether a marker without jobs, behind other stages, is a closing marker: no unfinished row stands
// behind it, or none did when it started.
func closes(marker *row, order []*row) bool {
	last := marker.effective()
	if last.startedSeq != 0 {
		return last.closing
	}
	return nothingBehind(order, marker)
}

// repeats reports whether a marker dropped again only announces retries of jobs that stand in the stage it opened
// before.
func repeats(list []*stage, marker *row) bool {
	for _, st := range list {
		if st.marker != nil && st.marker != marker && st.marker.job == marker.job && len(st.jobs) > 0 {
			return marker.late
		}
	}
	return false
}

// stageOf finds the stage that the row belongs to; a marker that opens none may repeat the marker of another.
func stageOf(list []*stage, r *row) int {
	r = r.root()
	for i, st := range list {
		if st.marker == r {
			return i
		}
		for _, j := range st.jobs {
			if j == r {
				return i
			}
		}
	}
	for i, st := range list {
		if r.class == jobmon.Marker && st.marker != nil && st.marker.job == r.job {
			return i
		}
	}
	return -1
}

// counts are the last attempts of a stage's real jobs by state.
type counts [jobmon.StateUnknown + 1]int

// known counts those that ran, run or may still run.
func (n *counts) known() int { return n.total() - n[jobmon.StateCancelled] - n[jobmon.StateUnknown] }

func (n *counts) total() int {
	sum := 0
	for _, c := range n {
		sum += c
	}
	return sum
}

func (st *stage) count() counts {
	var n counts
	for _, r := range st.jobs {
		n[r.effective().state]++
	}
	return n
}

// failed counts the stage's jobs of which a run failed and no later attempt has succeeded yet. A retry that waits or
// runs repairs nothing.
func (st *stage) failed() (n int) {
	for _, root := range st.jobs {
		if root.effective().state == jobmon.StateSucceeded {
			continue
		}
		for r := root; r != nil; r = r.replacedBy {
			if r.state == jobmon.StateFailed {
				n++
				break
			}
		}
	}
	return n
}

// state is the first of running, failed, waiting, cancelled, unknown, succeeded that applies to the stage's rows; the
// current stage runs. A marker that failed or was removed fails nothing; the one that closes the session is as good as
// done.
func (st *stage) state(current bool, closing *row) jobmon.RowState {
	n := st.count()
	marker := jobmon.StateSucceeded
	if m := st.markerNow(); m != nil && m != closing &&
		(m.state == jobmon.StateRunning || m.state == jobmon.StateWaiting) {
		marker = m.state
	}
	switch {
	case current || n[jobmon.StateRunning] > 0 || marker == jobmon.StateRunning:
		return jobmon.StateRunning
	case n[jobmon.StateFailed] > 0:
		return jobmon.StateFailed
	case n[jobmon.StateWaiting] > 0 || marker == jobmon.StateWaiting:
		return jobmon.StateWaiting
	case n[jobmon.StateCancelled] > 0:
		return jobmon.StateCancelled
	case n[jobmon.StateUnknown] > 0:
		return jobmon.StateUnknown
	}
	return jobmon.StateSucceeded
}

// succeeded reports whether that is its state when it is not the current stage.
func (st *stage) succeeded() bool {
	if m := st.markerNow(); m != nil && (m.state == jobmon.StateRunning || m.state == jobmon.StateWaiting) {
		return false
	}
	for _, r := range st.jobs {
		switch r.effective().state {
		case jobmon.StateRunning, jobmon.StateFailed, jobmon.StateWaiting, jobmon.StateCancelled, jobmon.StateUnknown:
			return false
		}
	}
	return true
}

// unfinished reports whether anything of the stage is left to run, but for the marker that closes the session.
func (st *stage) unfinished(closing *row) bool {
	n := st.count()
	m := st.markerNow()
	return n[jobmon.StateRunning]+n[jobmon.StateWaiting] > 0 ||
		m != nil && m != closing && (m.state == jobmon.StateRunning || m.state == jobmon.StateWaiting)
}

func (st *stage) markerNow() *row {
	if st.marker == nil {
		return nil
	}
	return st.marker.effective()
}

// head is the row that the stage is known by: its marker, else its first job.
func (st *stage) head() *row {
	if st.marker != nil {
		return st.marker
	}
	return st.jobs[0]
}

// span is when a stage began and ended.
type span struct {
	began, ended            jobmon.Instant // 0: not, or unseen
	beganSeq, endedSeq      uint64
	inexact                 bool          // one of them is not exact, or was not seen
	inferred                bool          // no read saw the run with which it began
	unseen                  time.Duration // see row
	startInexact, unbounded bool          // began is not exact; and nothing is known of when it was
}

// most is the longest that the stage can have taken, where its ends were not seen closely; 0 where they were, or
// nothing is known.
func (sp *span) most() time.Duration {
	switch took := sp.ended.Sub(sp.began); {
	case sp.began == 0 || sp.ended < sp.began || sp.unbounded:
	case sp.inexact && !(sp.startInexact && sp.unseen == 0), sp.inferred && took == 0:
		return took + sp.unseen
	}
	return 0
}

// span lasts from the marker's start (a script's request counts as one), else from the first job's, to the end of the
// last row.
func (st *stage) span() span {
	var sp span
	for a := st.marker; a != nil; a = a.replacedBy {
		sp.include(a)
	}
	for _, r := range st.jobs {
		for a := r; a != nil; a = a.replacedBy {
			sp.include(a)
		}
	}
	if st.unfinished(nil) {
		sp.ended, sp.endedSeq = 0, 0
	}
	return sp
}

func (sp *span) include(r *row) {
	began, seq, inexact := r.started, r.startedSeq, r.startInexact
	if r.askedSeq != 0 && (seq == 0 || r.askedSeq < seq) {
		began, seq, inexact = r.askedAt, r.askedSeq, false
	}
	if r.baseline && seq != 0 && began == 0 {
		sp.inexact, sp.unbounded = true, true
	}
	if began != 0 && (sp.beganSeq == 0 || seq < sp.beganSeq) {
		sp.began, sp.beganSeq = began, seq
		sp.inexact = sp.inexact || inexact
		sp.startInexact, sp.inferred, sp.unseen = inexact, false, 0
		if seq == r.startedSeq {
			sp.inferred, sp.unseen = r.inferred, r.unseen
		}
	}
	if r.ended != 0 && r.endedSeq > sp.endedSeq && r.state.Ended() {
		sp.ended, sp.endedSeq = r.ended, r.endedSeq
		sp.inexact = sp.inexact || r.endInexact
	}
	if r.baseline && r.state.Finished() && r.ended == 0 {
		sp.inexact, sp.unbounded = true, true
	}
}
