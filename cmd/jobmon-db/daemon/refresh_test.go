package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/store"
)

// counted counts the reads of a source, and hangs when told to.
type counted struct {
	ingest.Source
	ds    *simulator.DS
	reads atomic.Int32
	hangs atomic.Bool
}

func (c *counted) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	c.reads.Add(1)
	c.ds.AdvanceTo(jobmon.InstantOf(time.Now()))
	if c.hangs.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	time.Sleep(20 * time.Millisecond) // a read takes its time
	return c.Source.Read(ctx, q)
}

// asking runs a daemon over fifty computers whose marker is about to run, in a bubble of its own.
func asking(t *testing.T, story func(t *testing.T, d *daemon.Daemon, source *counted, ds *simulator.DS,
	evtDir string)) {
	synctest.Test(t, func(t *testing.T) {
		ds := simulator.NewDS(jobmon.InstantOf(time.Now()), 3600, 1)
		source := &counted{Source: ds.Source(), ds: ds}
		dir := t.TempDir()
		evtDir := filepath.Join(dir, "evt")
		d, err := daemon.Open(daemon.Options{
			DataDir: filepath.Join(dir, "data"), EvtDir: evtDir, Settings: jobmon.DefaultSettings(),
			Interval: 5 * time.Second, Timeout: 15 * time.Second, Requests: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		marker := ds.AddJob("01. (JM) Office", "", simulator.Behaviour{Script: time.Hour})
		work := ds.AddJob("Install Office", "", simulator.Behaviour{Min: time.Minute, Max: time.Minute})
		for range 50 {
			id := ds.AddComputer("PC")
			ds.Schedule(id, []jobmon.JobID{marker, work}, ds.WallNow())
		}
		ctx, stop := context.WithCancel(t.Context())
		ran := make(chan error, 1)
		go func() { ran <- d.Run(ctx, source) }()
		time.Sleep(time.Second)
		story(t, d, source, ds, evtDir)
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if got, err := d.Refresh(t.Context(), control.RefreshRequest{Computer: 5000001}); err == nil {
			t.Errorf("served after the end: %+v", got)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}

func fileOf(t *testing.T, path string) (*evt.File, []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := evt.Decode(content)
	if err != nil {
		t.Fatal(err)
	}
	return f, content
}

func TestFiftyAskAtOnce(t *testing.T) {
	asking(t, func(t *testing.T, d *daemon.Daemon, source *counted, ds *simulator.DS, evtDir string) {
		before, newest := source.reads.Load(), d.Info().Last
		files := make([][]byte, 50)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				got, err := d.Refresh(t.Context(), control.RefreshRequest{Computer: jobmon.ComputerID(5000001 + i),
					Job: "01. (jm) office"})
				if err != nil || !got.Fresh || got.Error != "" {
					t.Errorf("%+v, %v", got, err)
					return
				}
				f, content := fileOf(t, got.Path)
				if f.Current == nil || f.Stages[*f.Current].Name != "Office" ||
					f.Stages[*f.Current].State != "running" || f.Seq != got.Seq {
					t.Errorf("the delivered picture: %s", content)
				}
				files[i] = content
			})
		}
		all.Wait()
		if n := source.reads.Load() - before; n > 2 { // one may have begun between two of them
			t.Errorf("%d reads for fifty who asked at once", n)
		}
		if s := d.Info().Source; s.Reads != uint64(source.reads.Load()) || s.Failed != 0 || s.Rows < 100 ||
			s.LatestMS != 20 {
			t.Errorf("after %d reads of 20 ms: %+v", source.reads.Load(), s)
		}
		batches, told := map[jobmon.Instant]int{}, 0
		for b, err := range (&store.Remote{Pages: d}).Read(newest + 1) {
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range b.Events {
				if e.Kind == jobmon.KindRefreshed {
					told++
					batches[b.At]++
					if want := evtdir.Checksum(files[e.Computer-5000001]); e.Sum != want || e.Flags != 0 {
						t.Errorf("the log remembers %x of computer %d, delivered was %x", e.Sum, e.Computer, want)
					}
				}
			}
		}
		if told != 50 || len(batches) > 2 {
			t.Errorf("%d requests in batches of %v", told, batches)
		}
	})
}

func TestWithoutAFreshReadTheFileSaysSo(t *testing.T) {
	asking(t, func(t *testing.T, d *daemon.Daemon, source *counted, ds *simulator.DS, evtDir string) {
		for what, spoil := range map[string]func(){
			"unreachable": func() { ds.Fail(errors.New("the server is unreachable")) },
			"hanging":     func() { ds.Fail(nil); source.hangs.Store(true) },
		} {
			spoil()
			began := time.Now()
			got, err := d.Refresh(t.Context(), control.RefreshRequest{Computer: 5000001, Job: "01. (JM) Office"})
			if took := time.Since(began); err != nil || got.Fresh || got.Reason == "" || took > 2100*time.Millisecond {
				t.Errorf("%s: %+v, %v after %v", what, got, err, took)
			}
			if f, content := fileOf(t, got.Path); !f.Stale || f.Current == nil {
				t.Errorf("%s: %s", what, content)
			}
			source.hangs.Store(false)
		}
	})
}

func TestANumberAlwaysLeavesAFile(t *testing.T) {
	asking(t, func(t *testing.T, d *daemon.Daemon, _ *counted, _ *simulator.DS, evtDir string) {
		for _, id := range []jobmon.ComputerID{0, -1} {
			if got, err := d.Refresh(t.Context(), control.RefreshRequest{Computer: id}); err == nil {
				t.Errorf("%d is taken for a computer: %+v", id, got)
			}
		}
		for _, id := range []jobmon.ComputerID{42} {
			got, err := d.Refresh(t.Context(), control.RefreshRequest{Computer: id})
			if err != nil || got.Error != "" {
				t.Errorf("%+v, %v", got, err)
			}
			if f, content := fileOf(t, got.Path); f.Kind != evt.KindIdle || !f.Computer.Unknown {
				t.Errorf("%s", content)
			}
		}
	})
}

func TestRequestFolder(t *testing.T) {
	asking(t, func(t *testing.T, d *daemon.Daemon, _ *counted, _ *simulator.DS, evtDir string) {
		folder := filepath.Join(evtDir, daemon.RequestFolder)
		for name, content := range map[string]string{
			"5000001.req": "01. (JM) Office \r\n", // as echo leaves it
			"5000002.req": "",
			"5000003.req": strings.Repeat("x", 100_000),
			"77.req":      "nobody\r\n",
			"letter.txt":  "not ours",
			"12x.req":     "not a number\r\n",
		} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Second)
		left, err := os.ReadDir(folder)
		if err != nil || len(left) != 2 {
			t.Errorf("left are %v (%v)", left, err)
		}
		f, content := fileOf(t, filepath.Join(evtDir, "5000001.evt"))
		if f.Asked != "01. (JM) Office" || f.Current == nil {
			t.Errorf("%s", content)
		}
		for _, name := range []string{"5000002.evt", "5000003.evt", "77.evt"} {
			fileOf(t, filepath.Join(evtDir, name))
		}
	})
}

// TestMadeUpComputers: thousands of requests for computers that nobody knows make a few files and events, the request
// folder is emptied, and those who ask for known ones are served.
func TestMadeUpComputers(t *testing.T) {
	asking(t, func(t *testing.T, d *daemon.Daemon, _ *counted, _ *simulator.DS, evtDir string) {
		before := d.Info().Last
		requests := filepath.Join(evtDir, daemon.RequestFolder)
		for i := range 2000 {
			if err := os.WriteFile(filepath.Join(requests, fmt.Sprintf("%d.req", 7000000+i)), []byte("x\r\n"),
				0o644); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		for i := range 100 {
			_, _ = d.Refresh(t.Context(), control.RefreshRequest{Computer: jobmon.ComputerID(8000000 + i)})
		}
		if got, err := d.Refresh(t.Context(), control.RefreshRequest{Computer: 5000001}); err != nil ||
			got.Error != "" {
			t.Errorf("a known computer: %+v, %v", got, err)
		}
		left, err := os.ReadDir(requests)
		if err != nil || len(left) > 0 {
			t.Errorf("%d requests are left, %v", len(left), err)
		}
		files, err := filepath.Glob(filepath.Join(evtDir, "[78]*.evt"))
		if err != nil || len(files) == 0 || len(files) > 21 {
			t.Errorf("%d files of made-up computers, %v", len(files), err)
		}
		if n := d.Info().Last - before; n > 100 {
			t.Errorf("%d events", n)
		}
	})
}

// TestTokenInTheNameOfARequest: a request in whose name DS left its token is said, now and then, and stays where it is.
func TestTokenInTheNameOfARequest(t *testing.T) {
	play(t, "09:59", func(s *site) {
		s.requests = true
		s.watch().at("10:00")
		path := filepath.Join(s.evtDir, daemon.RequestFolder, "%ID%.req")
		if err := os.WriteFile(path, []byte("Office\r\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		s.at("10:50").saidOnce("DS did not replace a token in the name of a request")
		s.at("11:10")
		if n := strings.Count(s.said.String(), "DS did not replace a token"); n != 2 {
			t.Errorf("said %d times in 70 minutes:\n%s", n, &s.said)
		}
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	})
}
