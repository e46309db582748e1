package notify

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A place that is damaged while its target gets messages costs nothing when the configuration is read again, and is
// not reported: only a start needs the file.
func TestDamagedPlaceOfARunningTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		r := &receiver{}
		targets := specs(Webhook, reach(t, loopbackHook, r, nil))
		w.start(targets)
		defer func() { w.stop() }()
		w.happen(1)
		time.Sleep(time.Minute)
		damage := func() {
			if err := os.WriteFile(filepath.Join(w.dir, "ops.json"), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		damage()
		if err := w.outbox.Set(targets); err != nil {
			t.Fatal(err)
		}
		if said := w.said.String(); strings.Contains(said, "from now on") {
			t.Errorf("said %s", said)
		}
		w.happen(1)
		time.Sleep(time.Minute)
		w.stop()
		w.start(targets)
		w.happen(1)
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := r.list(); !slices.Equal(got, ids(1, 3)) {
			t.Errorf("got %v", got)
		}
		w.stop()
		damage()
		w.start(targets)
		if said := w.said.String(); strings.Count(said, "from now on") != 1 {
			t.Errorf("a start said %s", said)
		}
	})
}
