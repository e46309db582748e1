package ingest_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// finishedRows puts rows that have ended at the ids, and starts a poller that knows them. The highest id is 9000, so
// that the others are below the window.
func finishedRows(t *testing.T, ids ...jobmon.ScheduleID) (*run, *fakeSource, *fakeJournal) {
	t.Helper()
	s, j := newSource(), newJournal()
	for _, id := range append(ids, 9000) {
		s.put(row(id, jobmon.StatusOf(0)))
	}
	s.tables.Jobs[1], s.tables.Computers[5000001] = jobmon.Job{ID: 1}, jobmon.Computer{ID: 5000001}
	r := start(t, s, j)
	j.told()
	return r, s, j
}

func mirror(j *fakeJournal) *jobmon.Mirror {
	m, _ := j.now()
	return m
}

func TestAQuickCycleTakesTwoBatchesAtMost(t *testing.T) {
	bubble(t, "one when nothing is missing", func(t *testing.T) {
		r, s, _ := finishedRows(t, 1, 2)
		s.put(row(3, jobmon.StatusRunning))
		r.readOnce()
		before := s.batches()
		s.put(row(3, jobmon.StatusNull))
		r.readOnce()
		if n := s.batches() - before; n != 1 {
			t.Errorf("%d batches", n)
		}
	})
	bubble(t, "a second for all that is missing, and for names", func(t *testing.T) {
		r, s, j := finishedRows(t, 1, 2)
		s.put(row(3, jobmon.StatusRunning), row(4, jobmon.StatusRunning))
		r.readOnce()
		j.told()
		before := s.batches()
		renamed := row(5, jobmon.StatusNull)
		renamed.Job, renamed.Computer = 7, 5000002
		s.put(row(3, jobmon.StatusOf(0)), renamed)
		s.change(func() {
			s.tables.Rows.Delete(4)
			s.tables.Jobs[7] = jobmon.Job{ID: 7, Name: "(JM) new"}
			s.tables.Computers[5000002] = jobmon.Computer{ID: 5000002, Name: "PC-2"}
		})
		r.readOnce()
		requireTold(t, j, "computer 5000002, job 7, removed 4, scheduled 5, finished 3")
		if n := s.batches() - before; n != 2 {
			t.Errorf("%d batches", n)
		}
	})
	bubble(t, "a job that is not there is not asked for again", func(t *testing.T) {
		r, s, _ := finishedRows(t, 1)
		orphan := row(2, jobmon.StatusNull)
		orphan.Job = 99
		s.put(orphan)
		r.readOnce()
		before := s.batches()
		r.readOnce()
		if n := s.batches() - before; n != 1 {
			t.Errorf("%d batches", n)
		}
	})
}

func TestWhatOnlyAPassSees(t *testing.T) {
	bubble(t, "is recorded by the next one, as of an unknown time", func(t *testing.T) {
		r, s, j := finishedRows(t, 1, 2, 3)
		s.put(row(1, jobmon.StatusOf(1603)), row(4, jobmon.StatusOf(0))) // run again, and come, between two reads
		s.change(func() {
			s.tables.Rows.Delete(2)
			s.tables.Jobs[1] = jobmon.Job{ID: 1, Name: "renamed"}
		})
		r.readOnce()
		requireTold(t, j)
		pass(6 * time.Minute)
		requireTold(
			t, j,
			"job 1, removed 2, requeued 1 inexact, scheduled 4 inexact, started 1 inexact, finished 1 inexact, "+
				"started 4 inexact, finished 4 inexact",
		)
	})
	bubble(t, "rows in the window are recorded at once", func(t *testing.T) {
		r, s, j := finishedRows(t, 8600)
		s.put(row(8599, jobmon.StatusOf(0)), row(8600, jobmon.StatusOf(7)))
		r.readOnce()
		requireTold(t, j, "scheduled 8599, requeued 8600, started 8599, finished 8599, started 8600, finished 8600")
		s.change(func() { s.tables.Rows.Delete(8599) })
		r.readOnce()
		requireTold(t, j, "removed 8599")
	})
	bubble(t, "a row that the page missed is no gone row", func(t *testing.T) {
		_, s, j := finishedRows(t, 1, 2, 3)
		s.change(func() { s.hidden[2] = true })
		pass(6 * time.Minute)
		requireTold(t, j)
	})
	bubble(t, "a purge is confirmed by reading again, not by a list", func(t *testing.T) {
		var ids []jobmon.ScheduleID
		for id := range jobmon.ScheduleID(2500) {
			ids = append(ids, id)
		}
		_, s, j := finishedRows(t, ids...)
		s.change(func() {
			for _, id := range ids {
				s.tables.Rows.Delete(id)
			}
			s.tables.Rows.Put(row(1200, jobmon.StatusOf(0)))
			s.hidden[1200] = true
			s.reveal = s.pages + 2 // the second reading finds it
		})
		pass(6 * time.Minute)
		if told := strings.Split(strings.Join(j.told(), ", "), ", "); len(told) != 2499 ||
			slices.Contains(told, "removed 1200") {
			t.Errorf("%d events: %.200s", len(told), told)
		}
		for _, asked := range s.lookups() {
			if len(asked.Rows) > 0 {
				t.Errorf("%d rows looked up", len(asked.Rows))
			}
		}
	})
}

func TestWhatHappensDuringAPass(t *testing.T) {
	bubble(t, "rows that a page shows as unfinished are asked for again", func(t *testing.T) {
		s, j := newSource(), newJournal()
		for id := range jobmon.ScheduleID(4) {
			s.put(row(id, jobmon.StatusRunning))
		}
		s.put(row(9000, jobmon.StatusOf(0)))
		s.turned = func(page int) {
			if page == 2 { // after all of them
				s.tables.Rows.Put(row(1, jobmon.StatusOf(7)))
				s.tables.Rows.Delete(2)
			}
		}
		start(t, s, j)
		requireTold(
			t, j,
			"daemon-started, configured, clock 0 0, scheduled 0 baseline, scheduled 1 baseline, scheduled 3 "+
				"baseline, scheduled 9000 baseline",
		)
		if got, _ := mirror(j).Rows.Get(1); got.Status != jobmon.StatusOf(7) {
			t.Errorf("row 1 is %v", got)
		}
	})
	bubble(t, "a row that the last read saw at work has only just ended", func(t *testing.T) {
		r, s, j := finishedRows(t, 1)
		s.put(row(2, jobmon.StatusRunning))
		r.readOnce()
		requireTold(t, j, "scheduled 2, started 2")
		s.change(func() {
			s.failPage = func(int) error {
				s.tables.Rows.Put(row(2, jobmon.StatusOf(0)))
				return nil
			}
		})
		pass(6 * time.Minute)
		requireTold(t, j, "finished 2")
	})
	bubble(t, "a quiet one looks nothing up", func(t *testing.T) {
		_, s, j := finishedRows(t, 1, 2, 3, 4, 5, 6, 7)
		before := s.turnedPages()
		pass(6 * time.Minute)
		requireTold(t, j)
		if s.turnedPages() == before || len(s.lookups()) > 0 {
			t.Errorf("%d pages, looked up %v", s.turnedPages()-before, s.lookups())
		}
	})
	bubble(t, "what could not be committed is recorded after all", func(t *testing.T) {
		ids := make([]jobmon.ScheduleID, 300)
		for i := range ids {
			ids[i] = jobmon.ScheduleID(i)
		}
		_, s, j := finishedRows(t, ids...)
		s.change(func() { s.pageDelay = 200 * time.Millisecond })
		s.put(row(0, jobmon.StatusOf(1603)))
		before := s.turnedPages()
		j.change(func() { j.fail = errors.New("no space left on device") })
		for s.turnedPages() == before {
			pass(time.Second)
		}
		pass(time.Second)
		j.change(func() { j.fail = nil })
		pass(4 * time.Minute) // the next one would not be over
		requireTold(t, j, "daemon-started inexact, requeued 0 inexact, started 0 inexact, finished 0 inexact")
	})
}

func TestPassesGiveWay(t *testing.T) {
	many := make([]jobmon.ScheduleID, 1000)
	for i := range many {
		many[i] = jobmon.ScheduleID(i)
	}
	bubble(t, "to those who wait for a file", func(t *testing.T) {
		r, s, _ := finishedRows(t, many...)
		s.change(func() { s.pageDelay = time.Second })
		before := s.turnedPages()
		for range 6 * 60 {
			pass(time.Second)
			if s.turnedPages() > before {
				break
			}
		}
		if s.turnedPages() == before {
			t.Fatal("no pass began")
		}
		before = s.turnedPages()
		r.readOnce()
		if s.turnedPages() != before {
			t.Error("a read that somebody waits for turned a page")
		}
	})
	bubble(t, "to the next cycle", func(t *testing.T) {
		_, s, _ := finishedRows(t, many...)
		s.change(func() { s.pageDelay = 200 * time.Millisecond })
		pass(5*time.Minute + 45*time.Second)
		began, pages := len(s.reads()), s.turnedPages()
		pass(time.Minute)
		if reads, turned := len(s.reads())-began, s.turnedPages()-pages; reads < 10 || turned < 2*reads ||
			turned > 4*reads {
			t.Errorf("%d pages in %d cycles: half a second's worth each is right", turned, reads)
		}
	})
	bubble(t, "but not when all is new", func(t *testing.T) {
		s, j := newSource(), newJournal()
		for _, id := range many {
			s.put(row(id, jobmon.StatusOf(0)))
		}
		s.pageDelay = 100 * time.Millisecond
		start(t, s, j)
		pass(time.Minute)
		if told := j.told(); len(told) != 1 || strings.Count(told[0], "baseline") != len(many) {
			t.Errorf("the first read came in %d batches", len(told))
		}
	})
}

func TestAfterAnError(t *testing.T) {
	for _, c := range []struct {
		err   error
		whole bool
	}{
		{errors.New("connection reset"), true}, // it may be another database now
		{fmt.Errorf("lock: %w", ingest.ErrTransient), false},
	} {
		bubble(t, c.err.Error(), func(t *testing.T) {
			r, s, j := finishedRows(t, 1, 2)
			s.failWith(c.err)
			if _, err := r.Refresh(t.Context()); err == nil {
				t.Fatal("no error")
			}
			s.heal()
			j.told()
			s.put(row(1, jobmon.StatusOf(1603)))
			r.readOnce()
			if told := strings.Join(j.told(), ", "); strings.Contains(told, "finished 1") != c.whole {
				t.Errorf("told %s", told)
			}
		})
	}
}

func TestPageWithoutProgress(t *testing.T) {
	bubble(t, "ends in an error", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.stuck = true
		s.put(row(1, jobmon.StatusOf(0)))
		start(t, s, j)
		requireTold(t, j, "daemon-started, source-lost, configured")
	})
}

func TestReadAll(t *testing.T) {
	s := newSource()
	for _, id := range []jobmon.ScheduleID{math.MinInt32, -1, 1, 2, 3, 5000, math.MaxInt32} {
		s.put(row(id, jobmon.StatusOf(0)))
	}
	s.put(row(4, jobmon.StatusNull))
	s.tables.Jobs[1] = jobmon.Job{ID: 1, Name: "Office"}
	all, err := ingest.ReadAll(t.Context(), s, 0)
	if err != nil || len(all.Rows) != 8 || len(all.Jobs) != 1 || !all.AllJobs || !all.AllComputers ||
		len(all.Gone) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAgentsSettle(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.put(row(1, jobmon.StatusRunning))
		const pc = 5000001
		j.watching = []jobmon.ComputerID{pc}
		s.tables.Agents[pc] = jobmon.AgentOnline
		start(t, s, j)
		requireTold(t, j, "daemon-started, configured, clock 0 0, scheduled 1 baseline, agent-online 5000001")
		is := func(state jobmon.AgentState) { s.change(func() { s.tables.Agents[pc] = state }) }
		const moment = interval * 6 / 5 // a read sees it, jitter or not
		for range 10 {
			is(jobmon.AgentOffline)
			pass(moment)
			is(jobmon.AgentOnline)
			pass(moment)
		}
		requireTold(t, j)
		is(jobmon.AgentOffline)
		pass(interval)
		requireTold(t, j)
		pass(3 * interval)
		requireTold(t, j, "agent-offline 5000001")
		is(jobmon.AgentUnknown) // the table cannot be read any more: nothing to wait for
		pass(2 * interval)
		requireTold(t, j, "agent-unknown 5000001")
		is(jobmon.AgentOffline)
		pass(2 * interval)
		requireTold(t, j, "agent-offline 5000001")
	})
}

func TestMetrics(t *testing.T) {
	bubble(t, "", func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.delay = 3 * time.Second
		r := start(t, s, j)
		if m := r.Metrics(); m != (ingest.Metrics{}) {
			t.Errorf("before the first read: %+v", m)
		}
		pass(4 * time.Second)
		first := time.Now().Add(-time.Second)
		if m := r.Metrics(); m.Reads != 1 || m.Latest != 3*time.Second || m.Total != m.Latest || !m.Good.Equal(first) {
			t.Errorf("after it: %+v", m)
		}
		tries := 0
		s.change(func() {
			s.delay = 0
			s.fail = func(int) error {
				if tries++; tries < 3 {
					return ingest.ErrTransient
				}
				return errors.New("gone")
			}
		})
		if _, err := r.Refresh(t.Context()); err == nil {
			t.Fatal("no error")
		}
		if m := r.Metrics(); m.Reads != 1 || m.Failed != 1 || m.Retried != 2 || !m.Good.Equal(first) {
			t.Errorf("after a failure: %+v", m)
		}
	})
}
