package ingest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A pace that changes while the poller waits counts at once, and stands in the log before anything that it shapes.
func TestChange(t *testing.T) {
	slower := func() ingest.Pace {
		settings := jobmon.DefaultSettings()
		settings.Success = []jobmon.Code{0, 3010}
		settings.PollInterval = time.Minute
		return ingest.Pace{Settings: settings, Interval: time.Minute, Reconcile: time.Hour}
	}
	bubble(t, "while polling", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j)
		pass(10 * interval)
		j.told()
		s.put(row(1, jobmon.Status{}))
		if err := r.Change(t.Context(), slower()); err != nil {
			t.Fatal(err)
		}
		told := j.told()
		if len(told) != 1 || !strings.HasPrefix(told[0], "configured, ") || !strings.Contains(told[0], "scheduled 1") {
			t.Fatalf("told: %q", told)
		}
		before := len(s.reads())
		pass(time.Hour)
		list := gaps(s.reads()[before-1:])
		if least := slices.Min(list); least < 54*time.Second || len(list) < 50 {
			t.Errorf("%d reads, the closest %v apart, want one a minute", len(list), least)
		}
		if told := j.told(); len(told) != 0 {
			t.Errorf("told again: %q", told)
		}
		if err := r.Change(t.Context(), slower()); err != nil {
			t.Fatal(err)
		}
		if told := j.told(); len(told) != 0 {
			t.Errorf("the same settings are no news: %q", told)
		}
	})
	bubble(t, "while the source is lost", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j)
		s.failWith(errors.New("gone"))
		pass(time.Hour)
		j.told()
		if err := r.Change(t.Context(), slower()); err == nil {
			t.Error("the read that took it up did not fail")
		}
		requireTold(t, j, "configured")
		s.heal()
		pass(2 * time.Minute)
		requireTold(t, j, "source-restored")
	})
	bubble(t, "from rare to often, without waiting for the rare read", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j, func(o *ingest.Options) { o.Interval, o.Reconcile = time.Hour, 12*time.Hour })
		pass(time.Minute)
		pages := s.turnedPages()
		fast := ingest.Pace{Settings: jobmon.DefaultSettings(), Interval: interval, Reconcile: time.Minute}
		if err := r.Change(t.Context(), fast); err != nil {
			t.Fatal(err)
		}
		before := len(s.reads())
		pass(10 * time.Minute)
		if n := len(s.reads()) - before; n < 100 {
			t.Errorf("%d reads in ten minutes", n)
		}
		if n := s.turnedPages() - pages; n < 8 {
			t.Errorf("%d passes in ten minutes", n)
		}
	})
}
