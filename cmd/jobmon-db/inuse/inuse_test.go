package inuse_test

import (
	"path/filepath"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/inuse"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// A log that is compacted while its links are read gives each of them once, in order.
func TestLinksOverAnExchange(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	log, err := store.Open(dir, store.Options{Site: "DS01"})
	if err != nil {
		t.Fatal(err)
	}
	const batches = 300
	for i := range batches {
		if _, err := log.Append(jobmon.Instant(1000+i), []jobmon.Event{{Kind: jobmon.KindSourceLost}}); err != nil {
			t.Fatal(err)
		}
	}
	var l inuse.Log
	if err := l.Exchange(func() (*store.Log, error) { return log, nil }); err != nil {
		t.Fatal(err)
	}
	defer func() { l.InUse().Close() }()
	want, ok, err := l.SumAt(batches)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	next, sum := uint64(1), uint32(0)
	for k, err := range l.Links(0) {
		if err != nil {
			t.Fatal(err)
		}
		if k.First() != next {
			t.Fatalf("event %d, not %d", k.First(), next)
		}
		next, sum = k.Last()+1, k.Sum
		if next != batches/2 {
			continue
		}
		compacted, err := l.InUse().Compact(t.Context(), store.CompactOptions{})
		if err == nil {
			err = l.Exchange(func() (*store.Log, error) { return compacted.Finish(t.Context()) })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if next != batches+1 || sum != want {
		t.Errorf("the last event was %d with %08x, not %08x", next-1, sum, want)
	}
}
