package simulator_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var _ ingest.Source = (*simulator.Source)(nil)

func open(t *testing.T, o simulator.Options) *simulator.Source {
	t.Helper()
	s, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func read(t *testing.T, s *simulator.Source) *jobmon.Snapshot {
	t.Helper()
	snap, err := s.Read(t.Context(), ingest.Query{Above: math.MinInt32, Watch: []jobmon.ComputerID{5_000_001}})
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

func TestSimulatedClockRunsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 3, 4, 21, 0, 0, 0, berlin.Zone())
		s := open(t, simulator.Options{Seed: 1, Speed: 60, Computers: 2, Start: start})
		time.Sleep(10 * time.Second)
		snap := read(t, s)
		if want := jobmon.InstantOf(start.Add(10 * time.Minute)); snap.Now != want || snap.Offset != berlin ||
			s.Now() != want {
			t.Errorf("the server's clock shows %v %v, want %v %v", snap.Now, snap.Offset, want, berlin)
		}
		running := 0
		for _, r := range snap.Rows {
			if r.Status.Running() {
				running++
			}
		}
		if running == 0 {
			t.Error("nothing runs")
		}
		if found, err := s.Lookup(t.Context(), ingest.IDs{Rows: []jobmon.ScheduleID{snap.Rows[9].ID}}); err != nil ||
			len(found.Rows) != 1 || found.Rows[0] != snap.Rows[9] {
			t.Errorf("found %v, %v; want %v", found, err, snap.Rows[9])
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(t.Context(), ingest.Query{}); err == nil {
			t.Error("a closed source can be read")
		}
		if _, err := s.Lookup(t.Context(), ingest.IDs{}); err == nil {
			t.Error("a closed source can be asked")
		}
	})
}

// slowHook answers late and fails every third delivery.
func slowHook(calls *atomic.Int64) hooks {
	return hooks{
		ask: func(context.Context, jobmon.Computer, string) { <-time.After(300 * time.Millisecond) },
		deliver: func(context.Context, jobmon.Computer) error {
			<-time.After(10 * time.Millisecond)
			if calls.Add(1)%3 == 0 {
				return errors.New("no file")
			}
			return nil
		},
	}
}

func TestHooksAreCalledBetweenReadsAndHoldUpTheirComputerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *simulator.Source
		asked, release := make(chan jobmon.Computer, 100), make(chan struct{})
		s = open(t, simulator.Options{Seed: 1, Speed: 60, Computers: 3, History: true, Hook: hooks{
			ask: func(ctx context.Context, c jobmon.Computer, _ string) {
				if _, err := s.Read(ctx, ingest.Query{}); err != nil {
					t.Error(err)
				}
				asked <- c
				if c.ID == 5_000_001 {
					<-release
				}
			},
			deliver: func(context.Context, jobmon.Computer) error { return nil },
		}})
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error)
		go func() { ran <- s.Run(ctx) }()

		time.Sleep(20 * time.Second) // 20 minutes, without a single read from here
		done := map[jobmon.ComputerID]int{}
		for _, e := range s.DS().History() {
			if e.Kind == jobmon.KindFinished {
				done[e.Row.Computer]++
			}
		}
		if done[5_000_001] != 0 || done[5_000_002] < 10 || done[5_000_003] < 10 {
			t.Errorf("finished jobs: %v; the first computer's script was not answered", done)
		}
		if len(asked) < 7 {
			t.Errorf("asked %d times", len(asked))
		}
		close(release)
		time.Sleep(time.Second)
		rows := slices.DeleteFunc(s.DS().Snapshot(nil).Rows, func(r jobmon.Row) bool { return r.Computer != 5_000_001 })
		if rows[3].Status.Waiting() && rows[2].Status.Waiting() {
			t.Errorf("answered, yet nothing happens: %v", rows[:4])
		}
		cancel()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}

// A process that is killed and started again finds the world that would have been there without it: what hooks did to
// it is not forgotten, and what happened since is made up for.
func TestWorldGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		o := simulator.Options{Seed: 5, Speed: 120, Computers: 8, History: true, Dir: t.TempDir(),
			Hook: slowHook(&calls)}
		first := open(t, o)
		ctx, cancel := context.WithCancel(t.Context())
		ran := make(chan error)
		go func() { ran <- first.Run(ctx) }()
		time.Sleep(30 * time.Second)
		cancel()
		if err := <-ran; err != nil {
			t.Fatal(err)
		}
		if calls.Load() < 30 {
			t.Fatalf("only %d deliveries", calls.Load())
		}
		// The first is not closed, as nobody closes anything in a process that is killed.
		at := read(t, first)
		second := open(t, o)
		if got := read(t, second); !reflect.DeepEqual(got, at) {
			t.Errorf("after the restart %d rows at %v, before %d at %v", len(got.Rows), got.Now, len(at.Rows), at.Now)
		}
		if !reflect.DeepEqual(first.DS().History(), second.DS().History()) {
			t.Error("the restart changed the past")
		}

		time.Sleep(3 * time.Hour) // more than two weeks there
		asked := calls.Load()
		third := open(t, o)
		if want := jobmon.InstantOf(time.Now()); third.Now() < want || read(t, third).Now != third.Now() {
			t.Errorf("after the pause the clock shows %v", third.Now())
		}
		if calls.Load() != asked {
			t.Error("the hook was called for what is long past")
		}
		if got, want := read(t, third), read(t, second); !reflect.DeepEqual(got, want) {
			t.Errorf("a world that was left alone has %d rows, one that was watched %d", len(got.Rows), len(want.Rows))
		}
	})
}

func TestLineThatACrashCutShortIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		o := simulator.Options{Seed: 5, Speed: 120, Computers: 1, Dir: t.TempDir(), Hook: slowHook(&calls)}
		path := filepath.Join(o.Dir, simulator.StateFile)
		open(t, o)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(whole, `{"row":12,"ru`...), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, o)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(path)
		if err != nil || len(after) < len(whole)+100 || strings.Contains(string(after), `"ru{`) {
			t.Errorf("the file is now %s (%v)", after, err)
		}
		open(t, o) // and every line of it can be read
	})
}

func TestOtherWorldIsRefusedInWords(t *testing.T) {
	o := simulator.Options{Seed: 1, Speed: 60, Computers: 8, Dir: t.TempDir()}
	open(t, o)
	for want, change := range map[string]func(*simulator.Options){
		"seed 2, 8 computers, speed 60":  func(o *simulator.Options) { o.Seed = 2 },
		"seed 1, 9 computers, speed 60":  func(o *simulator.Options) { o.Computers = 9 },
		"seed 1, 8 computers, speed 0.5": func(o *simulator.Options) { o.Speed = 0.5 },
	} {
		other := o
		change(&other)
		_, err := simulator.New(other)
		if !errors.Is(err, simulator.ErrOtherWorld) || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "seed 1, 8 computers, speed 60") ||
			!strings.Contains(err.Error(), "delete the file") {
			t.Errorf("%s: %v", want, err)
		}
	}
	open(t, o)

	path := filepath.Join(o.Dir, simulator.StateFile)
	for _, content := range []string{"", "{\n", "{}\nnonsense\n"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := simulator.New(o); !errors.Is(err, simulator.ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("file %q: %v", content, err)
		}
	}
}

func TestOptionsThatMakeNoWorld(t *testing.T) {
	for _, o := range []simulator.Options{
		{Speed: 0, Computers: 1}, {Speed: -1, Computers: 1}, {Speed: math.NaN(), Computers: 1},
		{Speed: math.Inf(1), Computers: 1},
		{Speed: 1, Computers: 0}, {Speed: 1, Computers: 10_001},
		{Speed: 1, Computers: 1, Dir: filepath.Join(t.TempDir(), "missing")},
	} {
		if _, err := simulator.New(o); err == nil {
			t.Errorf("%+v made a world", o)
		}
	}
	if _, err := simulator.New(simulator.Options{}); err == nil || !strings.Contains(err.Error(), "speed") ||
		!strings.Contains(err.Error(), "computers") {
		t.Errorf("not all that is wrong is named: %v", err)
	}
}
