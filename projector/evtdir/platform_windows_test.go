package evtdir_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// A reader that has the file open delays it, and nobody else's.
func TestReaderHoldsTheFile(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := start(t, dir)
		b.publish(pc, "ours 1")
		b.settle()
		reader, err := os.Open(b.evt.Path(pc))
		must(t, err)
		b.publish(pc, "ours 2")
		b.publish(pc+1, "ours")
		b.settle()
		b.holds(pc, "ours 1")
		b.holds(pc+1, "ours")
		b.counts(2, 1, 0)

		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := b.evt.WriteNow(ctx, pc, evtdir.Content{
			Bytes: []byte("ours 3"),
		}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WriteNow while a reader stays: %v; want the deadline", err)
		}
		done := make(chan error, 1)
		go func() { done <- b.evt.WriteNow(t.Context(), pc, evtdir.Content{Bytes: []byte("ours 4")}) }()
		b.settle()
		must(t, reader.Close())
		must(t, <-done)
		b.holds(pc, "ours 4")
	})
}
