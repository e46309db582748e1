package desk

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// counted is what a timeline of all the log must say: counted event by event.
func counted(t *testing.T, s *site, line *board.Timeline, computer jobmon.ComputerID) (want []board.Bucket) {
	facts, err := history.LoadFacts(s.Log)
	if err != nil {
		t.Fatal(err)
	}
	known := replay.NewChronicle(facts.Chronicle)
	want = make([]board.Bucket, len(line.Buckets))
	for b, err := range s.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			if e.At < line.From || e.At >= line.To || computer != 0 && e.Computer != computer {
				continue
			}
			into := &want[e.At.Sub(line.From)/line.Step]
			into.Events++
			switch {
			case e.Kind == jobmon.KindStarted:
				into.Started++
			case failed(&e, known):
				into.Failed++
			}
		}
	}
	return want
}

// TestATimelineCountsEveryEvent: of any range and computer, by reading the events and by the tally, which may have
// lost its finest cells.
func TestATimelineCountsEveryEvent(t *testing.T) {
	t.Parallel()
	s := watch(t, 8, 1000)
	s.pass(t, 3*time.Hour, 20*time.Second)
	s.away(t, 10*time.Minute)
	s.pass(t, time.Hour, 20*time.Second)
	d := New(s)
	end := s.ds.Now()
	for _, c := range []struct {
		from, to jobmon.Instant
		buckets  int
		computer jobmon.ComputerID
	}{
		{begin(), end, 100, 0}, {begin(), end, 7, 5000002}, {begin().Add(time.Hour), begin().Add(2 * time.Hour), 60, 0},
		{begin().Add(-time.Hour), end.Add(time.Hour), 240, 0},
	} {
		line, err := d.Timeline(t.Context(), c.from, c.to, c.buckets, jobmon.ComputerKey{ID: c.computer})
		if err != nil || len(line.Buckets) == 0 || len(line.Buckets) > c.buckets {
			t.Fatalf("%+v: %d buckets, %v", c, len(line.Buckets), err)
		}
		if want := counted(t, s, &line, c.computer); !slices.Equal(line.Buckets, want) {
			t.Errorf("%+v: %v, want %v", c, line.Buckets, want)
		}
		failures := 0
		for _, b := range line.Buckets {
			failures += b.Failed
		}
		if len(line.Failures) != failures || failures == 0 && c.computer == 0 {
			t.Errorf("%+v: %d marks of %d failures", c, len(line.Failures), failures)
		}
		if (len(line.Stages) > 0) != (c.computer != 0) {
			t.Errorf("%+v: %d stages", c, len(line.Stages))
		}
		if c.from <= begin() && (len(line.Unwatched) != 1 || line.Unwatched[0].To.Sub(line.Unwatched[0].From) != 10*time.Minute) {
			t.Errorf("%+v: unwatched %+v", c, line.Unwatched)
		}
	}
}

// TestATallyIsWhatReadingGives at every length of its cells.
func TestATallyIsWhatReadingGives(t *testing.T) {
	t.Parallel()
	s := watch(t, 8, 1000)
	count := newTally(1, mostCells)
	for range 6 {
		s.pass(t, 30*time.Minute, 20*time.Second)
		facts, err := history.LoadFacts(s.Log)
		if err != nil {
			t.Fatal(err)
		}
		known := replay.NewChronicle(facts.Chronicle)
		if err := count.follow(s.Log, known); err != nil {
			t.Fatal(err)
		}
		anew := newTally(1, mostCells)
		anew.length = count.length
		if err := anew.follow(s.Log, known); err != nil || !slices.Equal(anew.cells, count.cells) || len(anew.cells) == 0 {
			t.Fatalf("cells of %d ms: %+v, want %+v, %v", count.length, count.cells, anew.cells, err)
		}
		count.coarsen()
	}
}

// TestTooManyFailuresHaveAMarkForEachBucket, of the first one in it.
func TestTooManyFailuresHaveAMarkForEachBucket(t *testing.T) {
	t.Parallel()
	l := line{known: replay.NewChronicle(nil), step: 100, cells: make([]cell, 10), Timeline: board.Timeline{To: 1000}}
	for i := range jobmon.Instant(1000) {
		l.add(i, &cell{failed: 1, events: 1, first: failure{seq: uint64(i) + 1, at: i}})
	}
	line := l.done()
	if len(line.Failures) != 10 || line.Failures[3].Seq != 301 || line.Buckets[3].Failed != 100 {
		t.Errorf("%+v", line)
	}
}

// TestReportsCountEveryDeployment that the computers' pages list.
func TestReportsCountEveryDeployment(t *testing.T) {
	t.Parallel()
	s := watch(t, 8, 1000)
	s.pass(t, 6*time.Hour, 30*time.Second)
	d := New(s)
	r, err := d.Reports(t.Context(), "", "", "")
	if err != nil || len(r.Days) != 1 || len(r.Tables) != 5 {
		t.Fatalf("%+v, %v", r, err)
	}
	ended, day := 0, r.Days[0]
	c, err := d.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Pictures {
		page, err := d.Computer(t.Context(), "", fmt.Sprint("id:", p.Computer.ID), "", 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Deployments {
			if one.Ended != 0 {
				ended++
			}
		}
	}
	if got := day.First + day.Retries + day.Failed + day.Early; got != ended || ended == 0 {
		t.Errorf("%d deployments ended, want %d: %+v", got, ended, day)
	}
	if r.Figures[0].Name != "ended" || len(r.Tables[0].Rows) == 0 || len(r.Tables[2].Rows) == 0 {
		t.Errorf("%+v", r)
	}
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			if len(row) != len(table.Columns) {
				t.Errorf("%s has a row of %d cells", table.Name, len(row))
			}
		}
	}
}

// TestEventsComeInPages, each of which goes on behind the one before.
func TestEventsComeInPages(t *testing.T) {
	t.Parallel()
	s := watch(t, 3, 1000)
	s.pass(t, time.Hour, 20*time.Second)
	d := New(s)
	all, err := d.Events(t.Context(), 0, http.MostLines, jobmon.ComputerKey{})
	if err != nil || bytes.Count(all, []byte("\n")) != int(s.state.Seq) {
		t.Fatalf("%d lines of %d events, %v", bytes.Count(all, []byte("\n")), s.state.Seq, err)
	}
	rest, err := d.Events(t.Context(), 10, http.MostLines, jobmon.ComputerKey{})
	_, behind, _ := bytes.Cut(rest, []byte("\n")) // the first line names the log
	if err != nil || !bytes.HasSuffix(all, behind) || bytes.Count(rest, []byte("\n")) != int(s.state.Seq)-10 {
		t.Errorf("%d lines behind the tenth, %v", bytes.Count(rest, []byte("\n")), err)
	}
	few, err := d.Events(t.Context(), 5, 3, jobmon.ComputerKey{ID: 5000001})
	if err != nil || bytes.Count(few, []byte("\n")) != 3 || strings.Count(string(few), `"computer_id":5000001`) != 3 {
		t.Errorf("%s, %v", few, err)
	}
}
