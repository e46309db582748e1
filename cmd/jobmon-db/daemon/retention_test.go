package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestOldHistoryIsCutOff lets a daemon run for months: it cuts off what is older than it is to be kept, not each day
// but when it is worth it, and everything that it answers stays as it was.
func TestOldHistoryIsCutOff(t *testing.T) {
	const day, keep = 24 * time.Hour, 40 * 24 * time.Hour
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		source, err := simulator.New(simulator.Options{Seed: 1, Speed: 1, Computers: 1, Start: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		settings := jobmon.DefaultSettings()
		settings.Site = "DS01"
		said := &messages{}
		d, err := Open(Options{
			DataDir: dir, EvtDir: t.TempDir(), Settings: settings, Interval: 6 * time.Hour, Timeout: 15 * time.Second,
			Reconcile: 12 * time.Hour,
			Version:   "test", Logger: zerolog.New(said), Keep: keep,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- d.Run(ctx, ingest.Source(source)) }()
		cuts := map[uint64]bool{}
		for range 62 {
			time.Sleep(day)
			synctest.Wait()
			first, at, _ := d.current().First()
			if oldest := time.Since(at.Time()); oldest > keep+max(keep/8, day)+2*day {
				t.Errorf("event %d is %s old", first, oldest)
			}
			if cut := d.current().Cut(); cut > 1 {
				cuts[cut] = true
			}
		}
		if n := len(cuts); n < 3 || n > 15 {
			t.Errorf("%d cuts: %s", n, said)
		}
		begins, err := history.Begins(&store.Remote{Pages: d, Name: "the daemon's log"})
		if err != nil || !begins.Cut || begins.First != d.current().Cut()-1 ||
			!strings.Contains(said.String(), "old history is cut off") {
			t.Errorf("%+v, %v", begins, err)
		}
		before := d.Pictures()
		if got, err := d.Compact(ctx, control.CompactRequest{DryRun: true}); err != nil || got.Removed != nil &&
			got.Removed.To < begins.First {
			t.Errorf("%+v, %v", got, err)
		}
		// where CURRENT cannot be replaced the log goes on as it was, and says so
		current, aside := filepath.Join(dir, "CURRENT"), filepath.Join(dir, "CURRENT.jobmon-tmp")
		if err := errors.Join(os.Rename(current, aside), os.MkdirAll(filepath.Join(current, "x"), 0o700)); err != nil {
			t.Fatal(err)
		}
		log, last := d.current(), d.Info().Last
		if _, err := d.Compact(ctx, control.CompactRequest{KeepMS: -1}); err != nil {
			t.Error(err)
		}
		time.Sleep(day)
		synctest.Wait()
		if state := d.Compaction(); state.Running || !strings.Contains(state.Error, "making the log the one in use") ||
			d.current() != log || d.Info().Last == last ||
			!strings.Contains(said.String(), "the log was not compacted, and goes on as it was") {
			t.Errorf("%+v, event %d after %d: %s", state, d.Info().Last, last, said)
		}
		if err := errors.Join(os.RemoveAll(current), os.Rename(aside, current)); err != nil {
			t.Fatal(err)
		}
		stop()
		if err := errors.Join(<-ran, d.Close()); err != nil {
			t.Error(err)
		}
		log, err = store.Open(dir, store.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		whole, err := log.Scrub(t.Context(), func(context.Context) error { return nil })
		if err != nil || len(whole.Damage) > 0 {
			t.Error(err, whole.Damage)
		}
		if compared, wrong, err := history.CompareCaches(log); err != nil || len(wrong) > 0 || compared < 3 {
			t.Errorf("%d caches, wrong are %v, %v", compared, wrong, err)
		}
		if state, err := history.Load(log); err != nil || len(history.Pictures(state.Projection)) != len(before) {
			t.Errorf("%v", err)
		}
	})
}

// No request has less kept than the configuration can say.
func TestARequestKeepsAsMuchAsTheConfigurationDemands(t *testing.T) {
	t.Parallel()
	const configured = 90 * 24 * time.Hour
	for ms, want := range map[int64]time.Duration{0: configured, -1: 0, 31 * 86_400_000: 31 * 24 * time.Hour} {
		if got, err := keeping(ms, configured); got != want || err != nil {
			t.Errorf("%d: %v, %v; want %v", ms, got, err, want)
		}
	}
	for _, ms := range []int64{1, -2, 31*86_400_000 - 1, 1 << 62, -1 << 63} {
		if got, err := keeping(ms, configured); err == nil {
			t.Errorf("%d: %v", ms, got)
		}
	}
}
