package evtdir_test

import (
	"errors"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// TestNoFileBeforeItsPromise: a file is written only once it is durable that its number may be shown. One promise holds
// for several numbers and is asked for once.
func TestNoFileBeforeItsPromise(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards asked and failing
		var asked []uint64
		failing := errors.New("the disk is full")
		var b *bench
		b = start(t, dir, func(o *evtdir.Options) {
			o.Durable = func(seq uint64) (uint64, error) {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, seq)
				if _, err := os.Stat(b.evt.Path(pc)); err == nil && len(asked) < 3 {
					t.Error("the file was first")
				}
				return seq + 10, failing
			}
		})
		publish := func(text string, seq uint64) {
			b.evt.Publish(pc, evtdir.Content{Bytes: []byte(text), Seq: seq})
			b.after(time.Minute)
		}
		publish("ours 1", 5)
		if _, err := os.Stat(b.evt.Path(pc)); err == nil || len(asked) < 2 {
			t.Errorf("it is written without the promise; asked for %v", asked)
		}
		mu.Lock()
		failing, asked = nil, []uint64{0, 0}
		mu.Unlock()
		b.after(time.Minute)
		b.holds(pc, "ours 1")
		publish("ours 2", 15)
		publish("ours 3", 16)
		b.holds(pc, "ours 3")
		if len(asked) != 4 || asked[3] != 16 {
			t.Errorf("asked for %v", asked)
		}
		b.stop()
	})
}
