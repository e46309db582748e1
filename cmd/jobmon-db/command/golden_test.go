package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// The golden log is what the scripts ask: testdata/golden.ndjson, an export. The daemon wrote it, over a Deployment
// Server that does what the story below says, in made-up time; as its reads are some seconds apart by chance, the file
// stays as it is, and
//
//	go test ./cmd/jobmon-db/command -run TestGoldenStory -story
//
// writes another one, after which the golden parts of all scripts are to be written anew and read. Three watches, with
// the DS server's time in front:
//
//	Fri 2026-10-23 09:00 +02:00  PC-0001 and PC-0002 are deployed, PC-0002 with a failure that is repaired; PC-0003 gets a job late
//	               09:40-09:46   the source is lost
//	               10:20         the daemon is stopped
//	Sun 2026-10-25 02:20 +02:00  the nightly inventory, twice at "02:30": at 03:00 summer time ends
//	               02:45 +01:00  the daemon is killed
//	Mon 2026-10-26 08:58 +01:00  three events are missing, recorded as damaged
//	               09:00         PC-0001 is deployed again, PC-0002 comes back under a new id; Büro-7 for the first time
//	               09:08         the rest of Büro-7's jobs is deleted; PC-0001 fails to install Visio, and goes on
//	               09:20         the server's clock is set back by 7 minutes; what follows is 7 minutes later than it says
//	               09:30         PC-0003 is switched off, its jobs wait
//	               09:50         the daemon is stopped; PC-0001 and PC-0002 are still being deployed
type golden struct {
	t        *testing.T
	dir      string
	spare    string // where the data dir is after the kill
	ds       *simulator.DS
	jobs     map[string]jobmon.JobID
	setBack  time.Duration // of the server's clock
	daemon   *daemon.Daemon
	end      context.CancelFunc
	finished chan error
}

var (
	summer = time.FixedZone("", 2*3600)
	winter = time.FixedZone("", 3600)
)

var story = flag.Bool("story", false, "write the golden log anew")

// openGolden returns a data dir with the golden log.
func openGolden(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if got := jobmondb(t, "import", filepath.Join("testdata", "golden.ndjson"), "--data-dir="+dir); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	return dir
}

// TestGoldenStory: the golden log still is what the daemon makes of the story.
func TestGoldenStory(t *testing.T) {
	dir := tellStory(t)
	if *story {
		path := filepath.Join("testdata", "golden.ndjson")
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if got := jobmondb(t, "export", path, "--data-dir="+dir); got.code != exitOK {
			t.Fatalf("%+v", got)
		}
	}
	kinds := func(dir string) string {
		seen := map[jobmon.Kind]bool{}
		for _, b := range batchesOf(t, dir) {
			for _, e := range b.Events {
				seen[e.Kind] = true
			}
		}
		return fmt.Sprint(slices.Sorted(maps.Keys(seen)))
	}
	if told, kept := kinds(dir), kinds(openGolden(t)); told != kept || !strings.Contains(told, "damaged") {
		t.Errorf("the story has events of the kinds\n%s\nthe golden log\n%s", told, kept)
	}
}

// tellStory returns a data dir with the log of the story.
func tellStory(t *testing.T) string {
	t.Helper()
	dir, spare := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Date(2026, 10, 23, 8, 59, 0, 0, summer)
		time.Sleep(time.Until(begin))
		g := &golden{t: t, dir: dir, spare: spare, jobs: map[string]jobmon.JobID{},
			ds: simulator.NewDS(jobmon.InstantOf(begin), 2*3600, 1)}
		g.ds.SetHook(g)
		g.friday()
		g.sunday()
		g.monday()
		dir = g.dir
	})
	return dir
}

func (g *golden) friday() {
	day := func(hour, minute int) time.Time { return time.Date(2026, 10, 23, hour, minute, 0, 0, summer) }
	one, two, three := g.ds.AddComputer("PC-0001"), g.ds.AddComputer("PC-0002"), g.ds.AddComputer("PC-0003")
	g.ds.AddComputer("Büro-7")
	g.ds.MoveToGroup(three, "Room 12")
	g.ds.Schedule(three, []jobmon.JobID{g.job("Weekly disk check")}, jobmon.NoStart)
	g.at(day(9, 0)).watch()
	g.at(day(9, 5))
	g.drop(one, g.folder()...)
	rows := g.drop(two, g.folder()...)
	g.ds.SetOutcome(rows[5], 1603)
	g.at(day(9, 12))
	g.drop(three, g.folder()...)
	g.at(day(9, 16))
	g.ds.Requeue(rows[5])
	g.ds.SetOutcome(rows[5], 0)
	g.at(day(9, 20))
	g.drop(three, "Install Visio")
	g.at(day(9, 40))
	g.ds.Fail(errors.New("no route to host"))
	g.at(day(9, 46))
	g.ds.Fail(nil)
	g.at(day(10, 20)).stop()
}

func (g *golden) sunday() {
	inventory := time.Date(2026, 10, 25, 2, 30, 0, 0, summer)
	for _, id := range []jobmon.ComputerID{5000001, 5000003} {
		g.ds.AdvanceTo(jobmon.InstantOf(time.Now()))
		g.ds.Schedule(id, []jobmon.JobID{g.job("Nightly inventory")}, jobmon.WallTimeOf(inventory))
	}
	g.at(inventory.Add(-10 * time.Minute)).watch()
	g.at(inventory.Add(30 * time.Minute))
	g.ds.SetOffset(3600)
	g.at(inventory.Add(time.Hour))
	g.drop(5000003, "Nightly inventory")
	g.at(inventory.Add(time.Hour + 15*time.Minute)).kill()
}

func (g *golden) monday() {
	day := func(hour, minute int) time.Time { return time.Date(2026, 10, 26, hour, minute, 0, 0, winter) }
	g.at(day(8, 58)).damage()
	g.watch()
	g.at(day(9, 0))
	g.ds.RenameJob(g.job("Install Visio"), "Install Visio 2024")
	rows := g.drop(5000001, g.folder()...)
	g.ds.SetOutcome(rows[6], 1618)
	g.drop(g.ds.Redeploy(5000002), append(g.folder(), "Install Visio", "Install drawing tools")...)
	g.drop(5000004, g.folder()...)
	g.at(day(9, 8))
	g.ds.DeleteRemaining(5000004)
	g.at(day(9, 17))
	g.drop(5000001, "Install drawing tools")
	g.at(day(9, 20))
	g.setBack = 7 * time.Minute
	g.at(day(9, 22))
	g.drop(5000003, "Nightly inventory")
	g.at(day(9, 30))
	g.ds.SetAgent(5000003, false)
	g.drop(5000003, g.folder()...)
	g.at(day(9, 50)).stop()
}

// folder is the build folder, in the order in which it is dropped.
func (g *golden) folder() []string {
	return []string{"0. Build Job Monitor", "01. (JM) Drivers", "Install drivers", "0. Build Job Monitor",
		"02. (JM) Office", "Install Office", "Install Visio", "(JM) Ready"}
}

// job is the job of that name; how long it runs follows from the name.
func (g *golden) job(name string) jobmon.JobID {
	if g.jobs[name] != 0 {
		return g.jobs[name]
	}
	long, folder := time.Minute, `Build\Windows 11`
	as := simulator.Behaviour{}
	switch name {
	case "0. Build Job Monitor", "01. (JM) Drivers", "02. (JM) Office", "(JM) Ready":
		long, as.Script, as.Monitor = 20*time.Second, 3*time.Second, true
	case "Install drivers":
		long, as.Reboots = 3*time.Minute, true
	case "Install Office":
		long = 6 * time.Minute
	case "Install drawing tools":
		long, folder = 40*time.Minute, `Departments\Engineering`
	case "Nightly inventory", "Weekly disk check":
		folder = "Maintenance"
	}
	as.Min, as.Max = long, long
	g.jobs[name] = g.ds.AddJob(name, folder, as)
	return g.jobs[name]
}

func (g *golden) drop(id jobmon.ComputerID, names ...string) []jobmon.ScheduleID {
	var jobs []jobmon.JobID
	for _, name := range names {
		jobs = append(jobs, g.job(name))
	}
	return g.ds.Schedule(id, jobs, g.ds.WallNow())
}

// at lets the time pass until then; the engine goes on second by second, as far as anything happens.
func (g *golden) at(end time.Time) *golden {
	for g.daemon != nil && time.Now().Before(end) {
		g.advance()
		time.Sleep(min(time.Second, time.Until(end)))
	}
	time.Sleep(time.Until(end))
	g.advance()
	return g
}

// advance lets the engine catch up once the daemon has done what it does at this moment.
func (g *golden) advance() {
	synctest.Wait()
	g.ds.AdvanceTo(jobmon.InstantOf(time.Now()))
	synctest.Wait()
}

// watch starts the daemon.
func (g *golden) watch() {
	g.t.Helper()
	settings := jobmon.DefaultSettings()
	settings.Site = "DS01"
	var err error
	g.daemon, err = daemon.Open(daemon.Options{
		DataDir: g.dir, EvtDir: filepath.Join(g.dir, "evt"), Settings: settings,
		Interval: 10 * time.Second, Timeout: 15 * time.Second, Version: "1.0", Logger: zerolog.Nop(),
	})
	if err != nil {
		g.t.Fatal(err)
	}
	ctx, end := context.WithCancel(g.t.Context())
	g.end, g.finished = end, make(chan error, 1)
	go func(d *daemon.Daemon) { g.finished <- d.Run(ctx, server{g.ds.Source(), g}) }(g.daemon)
	synctest.Wait()
}

func (g *golden) stop() {
	g.t.Helper()
	g.end()
	if err := errors.Join(<-g.finished, g.daemon.Close()); err != nil {
		g.t.Fatal(err)
	}
	g.daemon = nil
}

// kill ends the daemon without a word of farewell: what remains is what lies on the disk at this moment.
func (g *golden) kill() {
	g.t.Helper()
	left := g.spare
	if err := os.CopyFS(left, os.DirFS(g.dir)); err != nil {
		g.t.Fatal(err)
	}
	g.stop()
	g.dir = left
}

// damage loses the three numbers that come next, as recovery records it.
func (g *golden) damage() {
	g.t.Helper()
	log, err := store.Open(g.dir, store.Options{})
	if err != nil {
		g.t.Fatal(err)
	}
	defer log.Close()
	lost := log.Next()
	if err := log.SkipTo(lost + 3); err != nil {
		g.t.Fatal(err)
	}
	event := jobmon.Event{Kind: jobmon.KindDamaged, From: lost, To: lost + 2, Text: "the disk was full of holes"}
	if _, err := log.Append(jobmon.InstantOf(time.Now()), []jobmon.Event{event}); err != nil {
		g.t.Fatal(err)
	}
}

// server is the database as the daemon reads it: the tables of the engine's last step, and a clock that goes on.
type server struct {
	*simulator.Reader
	*golden
}

func (s server) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	snapshot, err := s.Reader.Read(ctx, q)
	if err == nil {
		snapshot.Now = jobmon.InstantOf(time.Now().Add(-s.setBack))
	}
	return snapshot, err
}

// Ask implements simulator.Hook: the marker's script.
func (g *golden) Ask(ctx context.Context, computer jobmon.Computer, job string) {
	if g.daemon == nil {
		return
	}
	if _, err := g.daemon.Refresh(ctx, control.RefreshRequest{Computer: computer.ID, Job: job}); err != nil {
		g.t.Error(err)
	}
}

// Deliver implements simulator.Hook.
func (g *golden) Deliver(context.Context, jobmon.Computer) error { return nil }
