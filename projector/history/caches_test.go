package history

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/store"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

// morning is a log of three deployments side by side and what comes before and after, with names that change.
func morning(t *testing.T) *store.Log {
	t.Helper()
	const winter = jobmon.Offset(3600)
	log := storetest.Open(t)
	ds := simulator.NewDS(jobmon.InstantOf(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)), winter, 1)
	build := simulator.AddStandardBuild(ds)
	var computers []jobmon.ComputerID
	for i := range 3 {
		computers = append(computers, ds.AddComputer(fmt.Sprintf("PC-%04d", i+1)))
	}
	settings := jobmon.DefaultSettings()
	settings.Site = "DS01"
	state := New()
	commit := func(at jobmon.Instant, events ...jobmon.Event) {
		if len(events) == 0 {
			return
		}
		batch := state.Projection.Extend(at, state.Seq+1, events)
		if _, err := log.Append(at, batch.Events); err != nil {
			t.Fatal(err)
		}
		state.Note(&batch)
	}
	commit(
		ds.Now(),
		jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "1", Count: projector.Version},
		jobmon.Event{
			Kind: jobmon.KindConfigured,
			Text: settings.Encode(),
		},
		jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(winter)},
	)
	for cycle := range 1440 { // two hours
		switch {
		case cycle%480 == 0:
			for _, id := range computers {
				ds.Schedule(id, build.Chain, ds.WallNow())
			}
		case cycle == 300:
			commit(ds.Now(), jobmon.Event{Kind: jobmon.KindSourceLost, Text: "unreachable"})
			commit(
				ds.Now(),
				jobmon.Event{Kind: jobmon.KindSourceRestored},
				jobmon.Event{Kind: jobmon.KindRefreshed, Computer: 77},
			)
		}
		ds.Advance(5 * time.Second)
		s := ds.Snapshot(state.Projection.Watching())
		s.Normalize()
		s.Gone = state.Mirror.Missing(s.Rows)
		commit(s.Now, jobmon.Diff(state.Mirror, s, jobmon.DiffOptions{})...)
		commit(s.Now, state.Projection.Judge(s.Now, s.Offset)...)
	}
	return log
}

// often keeps caches so often that a short log has many.
func often(log *store.Log) *Keeper {
	return &Keeper{Log: log, StateEvery: 100, CheckpointEvery: 60, BytesPerEvent: 1 << 20}
}

func (k *Keeper) load(t *testing.T) *State {
	t.Helper()
	s, err := k.Load(func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Keep(k.Pack(s, true)...); err != nil {
		t.Error(err)
	}
	return s
}

// TestNoAnswerDependsOnCaches compares, for caches in every condition, the state at the end, what is known, and the
// projection after batches here and there with what folding the log gives.
func TestNoAnswerDependsOnCaches(t *testing.T) {
	t.Parallel()
	log := morning(t)
	list := func() []store.Cache {
		list, err := log.Caches()
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	same := func(condition string) {
		t.Helper()
		folded := New()
		for b, err := range log.Read(0) {
			if err != nil {
				t.Fatal(err)
			}
			if folded.Apply(&b); b.First()%17 != 0 {
				continue
			}
			for _, seq := range []uint64{b.First(), b.Last()} {
				p, err := Project(log, seq)
				if err != nil || !bytes.Equal(p.Encode(), folded.Projection.Encode()) {
					t.Fatalf("%s: the projection of event %d is another one, %v", condition, seq, err)
				}
			}
		}
		facts, err := LoadFacts(log)
		if err != nil || !reflect.DeepEqual(*facts, folded.Facts) {
			t.Errorf("%s: known is %+v, %v, want %+v", condition, facts, err, folded.Facts)
		}
		s, err := Load(log)
		if err != nil || !bytes.Equal(s.Projection.Encode(), folded.Projection.Encode()) ||
			!bytes.Equal(
				EncodeMirror(s.Mirror),
				EncodeMirror(folded.Mirror),
			) || !reflect.DeepEqual(s.Facts, folded.Facts) {
			t.Errorf("%s: the state is another one, %v", condition, err)
		}
	}
	same("none")
	often(log).load(t)
	if n := len(list()); n < 10 {
		t.Fatalf("only %d caches were kept", n)
	}
	same("fresh")
	if compared, wrong, err := CompareCaches(log); err != nil || compared != len(list()) || len(wrong) != 0 {
		t.Errorf("%d of %d caches compared, different: %v, %v", compared, len(list()), wrong, err)
	}
	if b, err := log.Append(1_800_000_000_000, []jobmon.Event{{Kind: jobmon.KindComputer, Computer: 5_000_001, Name: "NEW"}, {Kind: jobmon.KindDaemonStopped}}); err != nil {
		t.Fatal(b, err)
	}
	same("older than the log")

	spoil := func(condition string, change func(c *store.Cache)) {
		t.Helper()
		for _, c := range list() {
			whole, _ := log.Cache(c.Name, c.Version)
			change(&whole)
			if err := log.KeepCaches(whole); err != nil {
				t.Fatal(err)
			}
		}
		same(condition)
		if _, wrong, err := CompareCaches(log); err != nil ||
			len(wrong) == 0 && condition != "newer" && condition != "older" {
			t.Errorf("%s: no cache is different, %v", condition, err)
		}
		if err := log.DropCaches(); err != nil {
			t.Fatal(err)
		}
		same("dropped")
		often(log).load(t)
	}
	spoil("half", func(c *store.Cache) { c.Data = c.Data[:len(c.Data)/2] })
	spoil("nonsense", func(c *store.Cache) { c.Data = bytes.Repeat([]byte{0x7f}, 100) })
	spoil("newer", func(c *store.Cache) { c.Version++ })
	spoil("older", func(c *store.Cache) { c.Version-- })
	spoil("of an earlier event", func(c *store.Cache) { c.Seq-- })
	spoil("the mirror damaged", func(c *store.Cache) {
		if c.Name == mirrorCache {
			c.Data = nil
		}
	})
}

// TestABackupIsAskedWithItsCaches: it begins where the log itself would, and what it holds is what follows from its
// events.
func TestABackupIsAskedWithItsCaches(t *testing.T) {
	t.Parallel()
	told, dir := morning(t), t.TempDir()
	if err := store.Build(t.Context(), filepath.Join(dir, "built.db"), strings.Repeat("01", 16), "DS01", told.Read(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Restore(t.Context(), filepath.Join(dir, "data"), filepath.Join(dir, "built.db"), store.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	log, err := store.Open(filepath.Join(dir, "data"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	keeper := &Keeper{Log: log, StateEvery: 100, CheckpointEvery: 60, BytesPerEvent: 1 << 20}
	state := keeper.load(t)
	if _, err := store.Backup(t.Context(), log, filepath.Join(dir, "backup.db"), nil); err != nil {
		t.Fatal(err)
	}
	backup, err := store.OpenFile(filepath.Join(dir, "backup.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer backup.Close()
	there, err := log.Caches()
	if err != nil {
		t.Fatal(err)
	}
	compared, wrong, err := CompareCaches(backup)
	if err != nil || len(wrong) > 0 || compared != len(there) || compared < 6 {
		t.Errorf("%d caches compared of %d, wrong are %v, %v", compared, len(there), wrong, err)
	}
	if from := kept(backup).Seq; from != state.Seq {
		t.Errorf("the state is folded from event %d on, not from %d", from, state.Seq)
	}
	if from := Nearest(backup, state.Seq/2).Seq(); from+200 < state.Seq/2 {
		t.Errorf("a picture of event %d begins at %d", state.Seq/2, from)
	}
}

func TestTheKeeperGoesOn(t *testing.T) {
	t.Parallel()
	log := morning(t)
	first := often(log)
	state := first.load(t)
	before, _ := log.Caches()
	if first.Due(state) {
		t.Error("something is due that was kept")
	}
	// what was kept is taken up: nothing is folded, nothing kept again
	again := often(log)
	if s := again.load(t); s.Seq != state.Seq || again.Pack(s, true) != nil {
		t.Errorf("event %d, want %d", s.Seq, state.Seq)
	}
	if after, _ := log.Caches(); !reflect.DeepEqual(before, after) {
		t.Errorf("the caches %+v became %+v", before, after)
	}
	for i, c := range before[:len(before)-1] {
		if next := before[i+1]; c.Name[:5] == next.Name[:5] && next.Seq > c.Seq && next.Seq-c.Seq > 200 {
			t.Errorf("checkpoints are %d events apart", next.Seq-c.Seq)
		}
	}
	// checkpoints that another version left are of no use to anybody
	if err := log.KeepCaches(store.Cache{Name: checkpointName(1), Version: packedVersion - 1, Seq: 1}); err != nil {
		t.Fatal(err)
	}
	often(log).load(t)
	if after, _ := log.Caches(); !reflect.DeepEqual(before, after) {
		t.Errorf("the caches %+v became %+v", before, after)
	}
	// large ones are farther apart
	if err := log.DropCaches(); err != nil {
		t.Fatal(err)
	}
	sparing := &Keeper{Log: log, StateEvery: 100, CheckpointEvery: 60, BytesPerEvent: 1}
	sparing.load(t)
	total := 0
	list, _ := log.Caches()
	for _, c := range list {
		if c.Name > checkpoints {
			whole, _ := log.Cache(c.Name, c.Version)
			total += len(whole.Data)
		}
	}
	if total == 0 || uint64(total) > 3*state.Seq {
		t.Errorf("checkpoints have %d bytes for %d events", total, state.Seq)
	}
}

// TestAShedChronicleIsWholeInTheLog: 100,000 renames and restarts leave no more in memory than a bound, and every
// answer is that of the whole chronicle, with and without what is kept.
func TestAShedChronicleIsWholeInTheLog(t *testing.T) {
	t.Parallel()
	log, most := storetest.Open(t), 1000
	s, keeper := New(), &Keeper{Log: log, StateEvery: 20_000}
	for i := range 1000 {
		events := []jobmon.Event{{Kind: jobmon.KindClock, Seconds: int32(3600 * (i / 400))}}
		for n := range 100 {
			events = append(
				events,
				jobmon.Event{
					Kind:     jobmon.KindComputer,
					Computer: jobmon.ComputerID(1 + n),
					Name:     fmt.Sprint("PC-", n, "-", i%7),
				},
				jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "1"},
			)
		}
		at := jobmon.Instant(1000 * (i + 1))
		batch := s.Projection.Extend(at, s.Seq+1, events)
		if _, err := log.Append(at, batch.Events); err != nil {
			t.Fatal(err)
		}
		s.Note(&batch)
		if s.Shed(most); len(s.Chronicle) > most || cap(s.Chronicle) > 2*most {
			t.Fatalf("%d events are in memory, with room for %d", len(s.Chronicle), cap(s.Chronicle))
		}
		if err := keeper.Keep(keeper.Pack(s, false)...); err != nil {
			t.Fatal(err)
		}
		if i%250 != 249 {
			continue
		}
		folded := New()
		for b := range log.Read(0) {
			apply(t, folded, &b)
		}
		whole, err := s.Whole(log)
		if err != nil || !reflect.DeepEqual(*whole, folded.Facts) || !reflect.DeepEqual(s.Shifts(), folded.Shifts()) ||
			!reflect.DeepEqual(s.Names, folded.Names) {
			t.Fatalf("after batch %d something else is known, %v", i, err)
		}
		if compared, wrong, err := CompareCaches(log); err != nil || compared == 0 || len(wrong) > 0 {
			t.Fatalf("of %d caches %v are something else, %v", compared, wrong, err)
		}
	}
	if c, ok := log.Cache(factsCache, factsVersion); !ok || c.Seq < s.Seq-25_000 {
		t.Errorf("the newest facts that are kept are of event %d, the last one is %d", c.Seq, s.Seq)
	}
}

// TestFactsThatMeanMoreHaveAnotherVersion: when this fails because the same events lead to other facts, raise
// factsVersion, so that caches of an older program are no longer read, and take over the new checksum.
func TestFactsThatMeanMoreHaveAnotherVersion(t *testing.T) {
	t.Parallel()
	const version, sum = 3, 0x29ab43bef5f11a5
	facts := New().Facts
	seq := uint64(0)
	for i, events := range [][]jobmon.Event{
		{{Kind: jobmon.KindDaemonStarted, Text: "1", Count: 2}, {Kind: jobmon.KindConfigured, Text: "{}"}, {Kind: jobmon.KindClock, Seconds: 3600}},
		{{Kind: jobmon.KindJob, Job: 3, Name: "Office", Place: "Build"}, {Kind: jobmon.KindComputer, Computer: 7, Name: "PC", Text: "OS", Place: "G"}},
		{{Kind: jobmon.KindScheduled, Schedule: 1, Computer: 8, Job: 3}, {Kind: jobmon.KindStartClock, Seconds: 7200, Text: "rows"}},
		{{Kind: jobmon.KindStarted, Schedule: 1, Computer: 8, Job: 3, Flags: jobmon.Inexact}}, // nothing was recorded before it
		{{Kind: jobmon.KindSourceLost, Text: "unreachable"}, {Kind: jobmon.KindDamaged, From: 3, To: 5, Text: "lost"}},
		{{Kind: jobmon.KindSourceRestored}, {Kind: jobmon.KindClock, Seconds: 7200, Step: 5000}, {Kind: jobmon.KindOverdue, Computer: 8}},
		{{Kind: jobmon.KindComputer, Computer: 7, Flags: jobmon.Gone, Name: "PC"}, {Kind: jobmon.KindDaemonStopped}},
	} {
		b := jobmon.Batch{At: jobmon.Instant(1000 * (i + 1)), Events: events}
		for j := range events {
			seq++
			events[j].Seq, events[j].At = seq, b.At
		}
		facts.Note(&b)
	}
	if got := evtdir.Checksum(facts.encode()); factsVersion != version || got != sum {
		t.Errorf("version %d leads to %#x, version %d led to %#x", factsVersion, got, version, uint64(sum))
	}
}

func FuzzFacts(f *testing.F) {
	facts := New().Facts
	facts.Note(&jobmon.Batch{At: 5, Events: []jobmon.Event{
		{
			Seq:     1,
			At:      5,
			Kind:    jobmon.KindClock,
			Seconds: 3600,
		}, {Seq: 2, At: 5, Kind: jobmon.KindJob, Job: 3, Name: "Office"},
		{
			Seq:      3,
			At:       5,
			Kind:     jobmon.KindComputer,
			Computer: 7,
			Name:     "PC",
		}, {Seq: 4, At: 5, Kind: jobmon.KindScheduled, Computer: 8},
	}})
	f.Add(facts.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decodeFacts(data)
		if err != nil {
			return
		}
		again, err := decodeFacts(got.encode())
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%+v became %+v, %v", got, again, err)
		}
	})
}
