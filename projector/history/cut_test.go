package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

// told is all that a state tells: what the caches would hold, and the files.
func told(t rapid.TB, s *State) string {
	var out strings.Builder
	for _, part := range []string{mirrorCache, factsCache, projectionCache} {
		fmt.Fprintf(&out, "%s %q\n", part, s.packed(part))
	}
	for _, p := range Pictures(s.Projection) {
		file, err := evt.Encode(&p)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(file)
	}
	return out.String()
}

func apply(t rapid.TB, s *State, b *jobmon.Batch) {
	if err := s.Apply(b); err != nil {
		t.Fatal(err)
	}
}

// TestACutChangesNothingBehindIt is the law of retention: behind a cut, folding from its beginning the log that was
// cut gives at every batch what folding the whole log gives, to the byte: projection, mirror, names, files. A second
// cut gives what the same cut of the whole log gives.
func TestACutChangesNothingBehindIt(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		s := newSite(t, rapid.Uint64().Draw(t, "seed"))
		s.live(t, rapid.IntRange(5, 200).Draw(t, "cycles"))
		whole := New()
		var wants []string
		var standIns []jobmon.Batch
		for i := range s.batches {
			apply(t, whole, &s.batches[i])
			wants = append(wants, told(t, whole))
			b, err := StandIn(whole, 1)
			if err != nil {
				b = jobmon.Batch{} // too few numbers for it
			}
			standIns = append(standIns, b)
		}
		for range 6 {
			first := rapid.IntRange(0, len(s.batches)-1).Draw(t, "cut")
			if len(standIns[first].Events) == 0 {
				continue
			}
			second := rapid.IntRange(first, len(s.batches)-1).Draw(t, "second cut")
			cut := New()
			apply(t, cut, &standIns[first])
			for i := first; i < len(s.batches); i++ {
				if i > first {
					apply(t, cut, &s.batches[i])
				}
				if got := told(t, cut); got != wants[i] {
					t.Fatalf(
						"cut behind batch %d of %d, after batch %d:\n%s\nwant\n%s",
						first,
						len(s.batches),
						i,
						got,
						wants[i],
					)
				}
				if i == second {
					if again, err := StandIn(cut, 1); err != nil || fmt.Sprint(again) != fmt.Sprint(standIns[i]) {
						t.Fatalf("cut again behind batch %d another state is left, %v", i, err)
					}
				}
			}
		}
	})
}

// TestHistoriesHaveWhatACutCanHarm looks at what the histories above are made of; chance alone gives some of them
// little.
func TestHistoriesHaveWhatACutCanHarm(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for i := range uint64(20) { // seeds of which some repeat their stages often enough to expect durations
		s := newSite(t, (80+i)*0x9E3779B97F4A7C15)
		s.live(t, 200)
		whole := New()
		for i := range s.batches {
			apply(t, whole, &s.batches[i])
			for _, p := range Pictures(whole.Projection) {
				if p.Session == nil {
					continue
				}
				seen[p.Session.State.String()]++
				seen["silent"] += min(1, int(p.Session.SilentSince))
				seen["second session"] += p.Session.Number / 2
				seen["late"] += p.Session.Late
				seen["watched since"] += min(1, int(p.Session.WatchedSince))
				for _, st := range p.Session.Stages {
					seen["expected"] += min(1, int(st.Expected))
				}
			}
		}
	}
	for _, what := range []string{"open", "complete", "planned", "silent", "second session", "late", "watched since", "expected"} {
		if seen[what] == 0 {
			t.Errorf("no history had %q", what)
		}
	}
}

// list is a log of these batches.
type list []jobmon.Batch

func (l list) Scan(from uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for _, b := range l {
			if b.Last() >= from && !yield(b, nil) {
				return
			}
		}
	}
}
func (l list) Cache(string, uint32) (store.Cache, bool) { return store.Cache{}, false }
func (l list) Caches() ([]store.Cache, error)           { return nil, nil }

func TestOlder(t *testing.T) {
	t.Parallel()
	at := func(times ...int) (l list) {
		seq := uint64(1)
		for _, at := range times {
			if at < 0 { // numbers are skipped
				seq += 10
				continue
			}
			l = append(
				l,
				jobmon.Batch{
					At: jobmon.Instant(at),
					Events: []jobmon.Event{
						{Seq: seq, Kind: jobmon.KindDaemonStopped},
						{Seq: seq + 1, Kind: jobmon.KindDaemonStopped},
					},
				},
			)
			seq += 2
		}
		return l
	}
	cutLog := append(
		list{{At: 3, Events: []jobmon.Event{{Seq: 4, Kind: jobmon.KindCut, From: 1, To: 4}}}},
		list(at(0, 0, 5, 6, 20))[2:]...)
	for i, c := range []struct {
		log  list
		want Removal
	}{
		{nil, Removal{}},
		{at(11, 12), Removal{}},
		{at(1), Removal{}},
		{at(1, 2), Removal{At: 3, From: 1, Events: 2, Since: 1, Until: 1}}, // the last one stays
		{at(1, 10, 11), Removal{At: 5, From: 1, Events: 4, Since: 1, Until: 10}},
		{at(1, 30, 2, 3, 11), Removal{At: 3, From: 1, Events: 2, Since: 1, Until: 1}}, // nothing behind a younger one goes
		{at(1, 2, 3, -1, 11), Removal{At: 5, From: 1, Events: 4, Since: 1, Until: 2}}, // not behind skipped numbers
		{at(1, -1, 2, 11), Removal{At: 15, From: 1, Events: 4, Since: 1, Until: 2}},   // but over them
		{cutLog, Removal{At: 9, From: 1, Events: 4, Since: 5, Until: 6}},              // a second time
		{cutLog[:2], Removal{}}, // nothing but what stands in is older
	} {
		got, err := Older(t.Context(), c.log, 10)
		if err != nil || got != c.want {
			t.Errorf("%d: %+v, %v, want %+v", i, got, err, c.want)
		}
	}
	for _, c := range []struct {
		oldest int
		due    bool
	}{{-90_000_000, true}, {-86_000_000, false}, {0, false}} {
		got, err := Due(at(1000), jobmon.Instant(1000-c.oldest), 48*time.Hour)
		if err != nil || got != c.due {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
	ours := time.UnixMilli(100_000)
	if a, b := Horizon(50_000, ours, time.Second), Horizon(1<<50, ours, time.Second); a != 49_000 || b != 99_000 {
		t.Errorf("%d, %d", a, b)
	}
}

func TestAStateOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.live(t, 30)
	b, err := StandIn(s.state, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(e *jobmon.Event){
		func(e *jobmon.Event) { e.Step++ },
		func(e *jobmon.Event) { e.Text = e.Text[:len(e.Text)/2] },
		func(e *jobmon.Event) { e.Text = "*" },
	} {
		for i := range b.Events {
			spoiled := jobmon.Batch{At: b.At, Events: slices.Clone(b.Events)}
			change(&spoiled.Events[i])
			if err := New().Apply(&spoiled); err == nil {
				t.Errorf("%s: taken up", b.Events[i].Name)
			}
		}
	}
	b.Events[0].Step++
	if err := New().Apply(&b); !errors.Is(err, ErrNewerCut) {
		t.Error(err)
	}
	b.Events[0].Step -= 2
	if err := New().Apply(&b); !errors.Is(err, errOlderCut) {
		t.Error(err)
	}
}

// onDisk is a log file of the site's batches.
func (s *site) onDisk(t *testing.T) *store.Log {
	t.Helper()
	log, err := store.Open(t.TempDir(), store.Options{Site: "DS01"})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range s.batches {
		if err := log.SkipTo(b.First()); err != nil {
			t.Fatal(err)
		}
		if _, err := log.Append(b.At, slices.Clone(b.Events)); err != nil {
			t.Fatal(err)
		}
	}
	return log
}

// compact cuts off what is older than the horizon.
func compact(t *testing.T, log *store.Log, horizon jobmon.Instant) (*store.Compaction, Removal, error) {
	t.Helper()
	old, err := Older(t.Context(), log, horizon)
	if err != nil {
		return nil, old, err
	}
	b, check, err := old.StandInFor(t.Context(), log, nil)
	if err != nil {
		return nil, old, err
	}
	cut := &store.Cut{At: old.At, Carried: b, Check: func(ctx context.Context, next *store.Log) error {
		last, _, _ := next.Last()
		return check(ctx, next, last, nil)
	}}
	c, err := log.Compact(t.Context(), store.CompactOptions{Cut: cut})
	return c, old, err
}

// TestRetention cuts a log on disk, twice, with and without caches, and asks it what it was asked before.
func TestRetention(t *testing.T) {
	t.Parallel()
	s := newSite(t, 7)
	s.calm = 15
	s.live(t, 2500)
	log := s.onDisk(t)
	keeper := often2(log)
	if _, err := keeper.Load(func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	for round, part := range []int{3, 2} { // a third goes, then half
		horizon := s.batches[len(s.batches)/part].At
		c, old, err := compact(t, log, horizon)
		if err != nil {
			t.Fatal(err)
		}
		if log, err = c.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if log.Cut() != old.At || old.From != 1 || old.Events == 0 || c.After >= c.Before {
			t.Fatalf("cut at %d, %+v, %d bytes of %d", log.Cut(), old, c.After, c.Before)
		}
		whole, err := log.Scrub(t.Context(), func(context.Context) error { return nil })
		if err != nil || len(whole.Damage) > 0 {
			t.Error(err, whole.Damage)
		}
		if compared, wrong, err := CompareCaches(log); err != nil || len(wrong) > 0 || compared < 2 {
			t.Errorf("%d caches compared, wrong are %v, %v", compared, wrong, err)
		}
		report, err := store.Verify(t.Context(), log.Path())
		if err != nil || slices.ContainsFunc(report.Gaps, func(g store.Gap) bool { return g.From < old.At }) {
			t.Errorf("%+v, %v", report, err)
		}
		s.requireAnswers(t, log)
		if round == 1 {
			if err := log.DropCaches(); err != nil {
				t.Fatal(err)
			}
			s.requireAnswers(t, log)
		}
		if again, err := Older(t.Context(), log, horizon); err != nil || again.At != 0 {
			t.Errorf("once more %+v, %v", again, err)
		}
	}
	log.Close()
}

func often2(log *store.Log) *Keeper {
	return &Keeper{Log: log, StateEvery: 200, CheckpointEvery: 150, BytesPerEvent: 1 << 20}
}

// requireAnswers compares what the log answers with what the whole history gives.
func (s *site) requireAnswers(t *testing.T, log *store.Log) {
	t.Helper()
	whole := New()
	compared := 0
	for i := range s.batches {
		b := &s.batches[i]
		apply(t, whole, b)
		if b.Last() < log.Cut()-1 || i%5 != 0 && b.Last() != log.Cut()-1 {
			continue
		}
		compared++
		p, err := Project(log, b.Last())
		if err != nil || !bytes.Equal(p.Encode(), whole.Projection.Encode()) {
			t.Fatalf("the projection of event %d is another one, %v", b.Last(), err)
		}
		if m, ok, err := log.Moment(b.At); err != nil || !ok || m.Seq < b.Last() && b.Last() != log.Cut()-1 {
			t.Errorf("at %s: %+v, %v, %v", b.At, m, ok, err)
		}
	}
	if compared < 10 {
		t.Errorf("only %d batches compared", compared)
	}
	state, err := Load(log)
	if err != nil || told(t, state) != told(t, whole) {
		t.Errorf("the state is another one, %v", err)
	}
	if facts, err := LoadFacts(log); err != nil || !bytes.Equal(facts.encode(), whole.Facts.encode()) {
		t.Errorf("what is known is something else, %v", err)
	}
}
