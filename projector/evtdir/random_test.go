package evtdir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// Whatever is published, forgotten, removed, changed, put in the way and taken away in whatever order: two minutes
// after the last of it every file that is looked after holds the newest state, except where a foreign one stands.
func TestRandomLivesEndWell(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		lives := 0
		lawtest.Check(noDeadline{t}, func(rt *rapid.T) {
			lives++
			dir := filepath.Join(root, fmt.Sprint(lives))
			b := start(t, dir)
			defer b.stop()
			b.settle()
			live := map[jobmon.ComputerID]string{}
			isAway, states := false, 0
			ids := rapid.Int32Range(-2, 2)
			rt.Repeat(map[string]func(*rapid.T){
				"publish": func(rt *rapid.T) {
					id := jobmon.ComputerID(ids.Draw(rt, "id"))
					states++
					live[id] = fmt.Sprintf("ours %d", states)
					b.publish(id, live[id])
				},
				"publish the same": func(rt *rapid.T) {
					if id := jobmon.ComputerID(ids.Draw(rt, "id")); live[id] != "" {
						b.publish(id, live[id])
					}
				},
				"forget": func(rt *rapid.T) {
					id := jobmon.ComputerID(ids.Draw(rt, "id"))
					b.evt.Forget(id)
					delete(live, id)
				},
				"touch": func(rt *rapid.T) {
					if isAway {
						return
					}
					b.settle() // or the writer is faster than these two steps
					path := b.evt.Path(jobmon.ComputerID(ids.Draw(rt, "id")))
					switch rapid.SampledFrom([]string{"remove", "ours", "foreign", "folder"}).Draw(rt, "how") {
					case "remove":
						must(t, os.RemoveAll(path))
					case "ours":
						must(t, os.RemoveAll(path))
						put(t, path, "ours, but longer than all others")
					case "foreign":
						must(t, os.RemoveAll(path))
						put(t, path, "not from us, and longer than all others")
					case "folder":
						must(t, os.RemoveAll(path))
						must(t, os.Mkdir(path, 0o755))
					}
				},
				"away": func(*rapid.T) {
					if isAway {
						must(t, os.Rename(dir+".away", dir))
					} else {
						must(t, os.Rename(dir, dir+".away"))
					}
					isAway = !isAway
				},
				"wait": func(rt *rapid.T) {
					b.after(time.Duration(rapid.IntRange(0, 40).Draw(rt, "seconds")) * time.Second)
				},
			})
			if isAway {
				must(t, os.Rename(dir+".away", dir))
			}
			b.after(2 * time.Minute)
			foreign := 0
			for id, want := range live {
				got, err := os.ReadFile(b.evt.Path(id))
				switch {
				case err != nil, !ours(got):
					foreign++
					if info, err := os.Lstat(b.evt.Path(id)); err != nil || info.Mode().IsRegular() && ours(got) {
						rt.Fatalf("the file of %d is missing: %v", id, err)
					}
				case string(got) != want:
					rt.Fatalf("the file of %d holds %q; want %q", id, got, want)
				}
			}
			s := b.evt.Stats()
			if s.Pending != 0 || s.Away != nil || s.Foreign < foreign {
				rt.Fatalf("%d foreign files among the live ones, and %+v", foreign, s)
			}
		})
	})
}

// noDeadline hides the test's real deadline from rapid, as it means nothing by the bubble's clock.
type noDeadline struct{ rapid.TB }
