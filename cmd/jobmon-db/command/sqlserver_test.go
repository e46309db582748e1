package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/ingest/mssql/mssqltest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// site is a Deployment Server's database on a real T-SQL server, and the program watching it from a process of its own.
type site struct {
	*testing.T
	db   *mssqltest.DB
	dir  string
	done []string // what was done to rows, in order: "scheduled 3"
}

func newSite(t *testing.T) *site {
	s := &site{T: t, db: mssqltest.New(t), dir: filepath.Join(t.TempDir(), "data")}
	s.db.AddGroup(1, "Office")
	s.db.AddComputer(5000001, "PC-0001", 1)
	s.db.AddComputer(5000002, "PC-Ümlaut", 1)
	s.db.AddFolder(1, "Build", 0)
	for id, name := range []string{"0. Build Job Monitor", "01. (JM) Configuring", "Drivers", "02. (JM) Office",
		"Install Office",
		"(JM) Ready", "Cisco VPN", "Visio"} {
		s.db.AddJob(jobmon.JobID(id+1), name, 1)
	}
	return s
}

// run starts the daemon; no configuration file is needed.
func (s *site) run() *process {
	return start(s.T, []string{"JOBMON_SOURCE_KIND=sqlserver", "JOBMON_SOURCE_DSN=" + s.db.DSN(),
		"JOBMON_DATA_DIR=" + s.dir,
		"JOBMON_SOURCE_POLL_INTERVAL=500ms", "JOBMON_SESSION_LATE=1s", "JOBMON_SITE=DS01"}, "run")
}

func (s *site) schedule(computer jobmon.ComputerID, jobs ...jobmon.JobID) []jobmon.ScheduleID {
	var ids []jobmon.ScheduleID
	start := s.db.Now() / 60000 * 60000
	for _, job := range jobs {
		id := s.db.Schedule(job, computer, start)
		s.done = append(s.done, fmt.Sprintf("scheduled %d", id))
		ids = append(ids, id)
	}
	return ids
}

func (s *site) set(code jobmon.Code, ids ...jobmon.ScheduleID) {
	for _, id := range ids {
		s.db.SetStatus(id, jobmon.StatusOf(code))
		what := "finished"
		if code == -1 {
			what = "started"
		}
		s.done = append(s.done, fmt.Sprintf("%s %d", what, id))
	}
}

func (s *site) remove(ids ...jobmon.ScheduleID) {
	s.db.Delete(ids...)
	for _, id := range ids {
		s.done = append(s.done, fmt.Sprintf("removed %d", id))
	}
}

// file is the computer's file on the share; nil when there is none.
func (s *site) file(id int) *evt.File {
	content, err := os.ReadFile(filepath.Join(s.dir, "evt", fmt.Sprintf("%d.evt", id)))
	if err != nil {
		return nil
	}
	f, err := evt.Decode(content)
	if err != nil {
		s.Fatalf("%v in %s", err, content)
	}
	return f
}

// shows waits until the file shows these stages: "Office running", with " +" when late.
func (s *site) shows(id int, state string, stages ...string) {
	s.Helper()
	var got []string
	eventually(s.T, func() string { return fmt.Sprintf("%d.evt is %s with %q; last seen %q", id, state, stages, got) },
		func() bool {
			f := s.file(id)
			if f == nil || f.Session == nil {
				return false
			}
			got = nil
			for _, st := range f.Stages {
				line := st.Name + " " + string(st.State)
				if st.Late {
					line += " +"
				}
				got = append(got, line)
			}
			return string(f.Session.State) == state && slices.Equal(got, stages)
		})
}

// told lists what replay prints about rows.
func (s *site) told() []string {
	got := jobmondb(s.T, "replay", "--data-dir="+s.dir, "-o", "ndjson")
	if got.code != exitOK {
		s.Fatalf("%+v", got)
	}
	var told []string
	seq := 0
	for line := range strings.Lines(got.stdout) {
		var e struct {
			Seq        int    `json:"seq"`
			Kind       string `json:"kind"`
			ScheduleID *int   `json:"schedule_id"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			s.Fatal(err)
		}
		if seq++; e.Seq != seq {
			s.Fatalf("event %d follows %d", e.Seq, seq-1)
		}
		if e.ScheduleID != nil {
			told = append(told, fmt.Sprintf("%s %d", e.Kind, *e.ScheduleID))
		}
	}
	return told
}

// TestWatchASQLServer is the main job, on real input: a T-SQL server's tables, changed over a connection of its own
// while the program runs in another process, is killed in mid-deployment, and started again.
func TestWatchASQLServer(t *testing.T) {
	s := newSite(t)
	daemon := s.run()
	eventually(t, func() string { return "the daemon has read" }, func() bool {
		_, err := os.Stat(filepath.Join(s.dir, "covered.json"))
		return err == nil
	})

	rows, dropped := s.schedule(5000001, 1, 2, 3, 4, 5, 6), s.db.Now()
	s.set(-1, rows[0])
	s.shows(5000001, "open", "Configuring waiting", "Office waiting")
	s.set(0, rows[0])
	s.set(-1, rows[1])
	s.shows(5000001, "open", "Configuring running", "Office waiting")
	s.set(0, rows[1])
	s.set(-1, rows[2])
	s.shows(5000001, "open", "Configuring running", "Office waiting")

	// killed in mid-deployment; meanwhile the job ends
	daemon.kill()
	s.set(1603, rows[2])
	daemon = s.run()
	s.shows(5000001, "open", "Configuring failed", "Office waiting")

	// jobs dropped later, from elsewhere
	eventually(t, func() string { return "a job may be late" }, func() bool { return s.db.Now() > dropped+1500 })
	late := s.schedule(5000001, 7, 8)
	s.shows(5000001, "open", "Configuring failed", "Office waiting", "Cisco VPN and 1 more waiting +")

	// the marker's script asks before its row says that it runs; the answer comes when the file is there
	got := jobmondb(t, "refresh", "5000001", "--job=02. (jm) OFFICE", "--data-dir="+s.dir)
	if f := s.file(5000001); got.code != exitOK || !strings.Contains(got.stdout, "fresh") || f.Current == nil ||
		f.Stages[*f.Current].Name != "Office" {
		t.Errorf("%+v; the file: %+v", got, f)
	}
	// and one that cannot run this program leaves a request
	request := filepath.Join(s.dir, "evt", "requests", "5000002.req")
	if err := os.WriteFile(request, []byte("0. Build Job Monitor\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string { return "the request is served" }, func() bool {
		_, err := os.Stat(request)
		return errors.Is(err, fs.ErrNotExist)
	})
	if f := s.file(5000002); f == nil || f.Kind != evt.KindIdle || f.Computer.Name != "PC-Ümlaut" {
		t.Errorf("%+v", f)
	}
	// while it runs it answers questions
	for _, args := range [][]string{{"status"}, {"replay", "--computer=PC-0001"},
		{"replay", "show", "PC-0001", "--delivered"}} {
		if got := jobmondb(t, append(args, "--data-dir="+s.dir)...); got.code != exitOK ||
			!strings.Contains(got.stdout, "PC-0001") {
			t.Errorf("%v: %+v", args, got)
		}
	}

	s.set(-1, rows[3])
	s.shows(5000001, "open", "Configuring failed", "Office running", "Cisco VPN and 1 more waiting +")
	s.remove(late...)
	const extra = "Cisco VPN and 1 more cancelled +"
	s.shows(5000001, "open", "Configuring failed", "Office running", extra)
	s.set(0, rows[3])
	s.set(-1, rows[4])
	s.shows(5000001, "open", "Configuring failed", "Office running", extra)
	s.set(0, rows[4])
	s.set(-1, rows[5])
	s.shows(5000001, "complete", "Configuring failed", "Office succeeded", extra)
	s.set(0, rows[5])

	// a second computer, whose name is not ASCII, with jobs and no markers
	other := s.schedule(5000002, 3, 5, 8)
	s.set(-1, other[0])
	s.shows(5000002, "open", "Drivers running", "Install Office waiting", "Visio waiting")
	s.remove(rows...) // an administrator purges the first one's rows
	s.set(0, other...)
	s.shows(5000002, "complete", "Drivers succeeded", "Install Office succeeded", "Visio succeeded")
	s.shows(5000001, "complete", "Configuring failed", "Office succeeded", extra)
	if got := s.file(5000002).Computer.Name; got != "PC-Ümlaut" {
		t.Errorf("the file names %q", got)
	}
	if runtime.GOOS != "windows" { // no such signal there
		daemon.stop()
	} else {
		daemon.kill()
	}

	// what came and went between two reads is printed as the reads could see it, and nothing else is missing or doubled
	told := s.told()
	for _, done := range s.done {
		if n := len(slices.DeleteFunc(slices.Clone(told), func(e string) bool { return e != done })); n != 1 {
			t.Errorf("%q is printed %d times", done, n)
		}
	}
	for _, id := range []string{"id:5000001", "PC-Ümlaut"} {
		got := jobmondb(t, "replay", "show", id, "--data-dir="+s.dir, "-o", "evt")
		f, err := evt.Decode([]byte(got.stdout))
		if err != nil {
			t.Fatalf("%v: %+v", err, got)
		}
		onShare, err := os.ReadFile(filepath.Join(s.dir, "evt", fmt.Sprintf("%d.evt", f.Computer.ID)))
		if err != nil || got.stdout != string(onShare) {
			t.Errorf("%s: replay and share differ (%v)\n%s\n%s", id, err, got.stdout, onShare)
		}
	}
	t.Logf("%d events, %d of rows", strings.Count(jobmondb(t, "replay", "--data-dir="+s.dir, "-o", "ndjson").stdout,
		"\n"), len(told))
}
