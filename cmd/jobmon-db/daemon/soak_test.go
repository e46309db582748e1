package daemon_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"go.uber.org/goleak"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// What a day may cost: the heap at its end may have this many times what it had after two hours, without what the test
// itself has noted down, and the daemon may hold no more files open and no more goroutines than at the end of any hour
// before, but for a few that come and go.
const (
	soakGrowth = 2
	soakSlack  = 3
)

// usage is what the process holds when all is at rest.
type usage struct {
	heap       uint64 // bytes, after a collection
	files      int    // open; 0 where nobody can tell
	goroutines int
}

func used() usage {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers let go of
	runtime.ReadMemStats(&m)
	open, _ := os.ReadDir("/proc/self/fd")
	return usage{m.HeapAlloc, len(open), runtime.NumGoroutine()}
}

// noted is how many bytes the story keeps, at least: of files that somebody saw, and of what the simulator remembers.
func (s *site) noted() (bytes uint64) {
	for _, of := range s.seen {
		bytes += uint64(unsafe.Sizeof(of)) + uint64(len(of.bytes)+len(of.where))
	}
	for _, a := range s.answers {
		bytes += uint64(unsafe.Sizeof(*a)) + uint64(cap(a.bytes)+len(a.Path))
	}
	history := s.ds.History()
	return bytes + uint64(len(history))*uint64(unsafe.Sizeof(simulator.Entry{}))
}

// A day of twelve PCs: from eight to six each is built four times, in the middle of which scripts ask for files, over
// the endpoint and through the request folder; at two rows are purged; the night is quiet but for an inventory. Memory,
// files and goroutines stay within bounds, and the log and the files are held to all laws at the end.
func TestADayOfWork(t *testing.T) {
	before := goleak.IgnoreCurrent() // the tests that wait for this one to end
	playAlone(t, "08:00", func(s *site) {
		var pcs []*client
		for i := range 12 {
			pcs = append(pcs, s.pc(fmt.Sprintf("PC-%04d", i+1)))
		}
		s.requests = true
		s.ask().watch()
		var early, most usage
		built, requests := 0, 0
		for hour := range 24 {
			for quarter := range 4 {
				if hour < 10 {
					for i, pc := range pcs {
						if (i+4*hour+quarter)%10 == 0 {
							pc.drop(folder()...)
							built++
						}
					}
					requests += s.request(pcs[hour])
				}
				if hour == 19 && quarter == 0 {
					for _, pc := range pcs {
						pc.drop(inventory)
					}
				}
				s.after(15 * time.Minute)
			}
			if hour == 18 {
				s.ds.Purge(s.ds.Now())
			}
			for _, pc := range pcs {
				pc.fresh = nil
			}
			now := used()
			now.heap -= min(now.heap, s.noted())
			switch {
			case hour == 1:
				early, most = now, now
			case hour > 1 && (now.files > most.files+soakSlack || now.goroutines > most.goroutines+soakSlack):
				t.Errorf("after %d hours %d files and %d goroutines, before %d and %d", hour+1, now.files,
					now.goroutines, most.files, most.goroutines)
			}
			t.Logf("after %2d hours %5d KiB of heap, %d files, %d goroutines, event %d", hour+1, now.heap>>10,
				now.files, now.goroutines, s.daemon.Info().Last)
			if hour == 23 && float64(now.heap) > soakGrowth*float64(early.heap) {
				t.Errorf("the heap has grown from %d to %d bytes", early.heap, now.heap)
			}
		}
		if built < 40 || len(s.answers) < 7*built || requests != 40 {
			t.Errorf("%d builds, %d scripts asked, %d requests", built, len(s.answers), requests)
		}
		for _, pc := range pcs {
			if got := pc.screen(); !strings.HasPrefix(got, "#") || !strings.Contains(got, "complete 100% ready") {
				t.Errorf("%s: at the end the file says %s", pc.now(), got)
			}
		}
		s.asked = requests
		s.stop()
		s.requireWhole()
	})
	goleak.VerifyNone(t, before)
}

// request asks for a file through the request folder, and says how many requests that was.
func (s *site) request(c *client) int {
	s.t.Helper()
	path := filepath.Join(s.evtDir, daemon.RequestFolder, fmt.Sprintf("%d.req", c.id))
	if err := os.WriteFile(path, []byte(office+"\r\n"), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.after(10 * time.Second)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		s.t.Errorf("%s: a request was not answered within 10 s: %v", c.now(), err)
	}
	return 1
}

// requireWhole: verify finds no fault in the log.
func (s *site) requireWhole() {
	s.t.Helper()
	path, err := store.Current(s.dataDir)
	if err != nil {
		s.t.Fatal(err)
	}
	report, err := store.Verify(s.t.Context(), path)
	if err != nil || !report.Whole() || report.Blocks == 0 {
		s.t.Errorf("%+v, %v", report, err)
	}
	log, err := store.OpenFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	told := map[jobmon.Kind]int{}
	for b, err := range log.Read(0) {
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range b.Events {
			told[e.Kind]++
		}
	}
	if told[jobmon.KindDaemonStarted] != 1 || told[jobmon.KindDaemonStopped] != 1 ||
		told[jobmon.KindSourceLost]+told[jobmon.KindDamaged] > 0 {
		s.t.Errorf("the log has %v", told)
	}
}
