package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// The stories in the files truth_*_test.go decide what the rules mean for rows that wait, clocks and silence. Their
// rows are moved by hand: a story says at which second a job starts and ends, and no engine adds anything.

// tell plays a story twice: with one daemon, and with a daemon that is stopped and started again all the time, every
// second time without its caches. What a story expects must not depend on it.
func tell(t *testing.T, begin string, story func(s *site)) {
	t.Helper()
	t.Parallel()
	for _, restarts := range []bool{false, true} {
		t.Run(map[bool]string{false: "live", true: "restarted"}[restarts], func(t *testing.T) {
			play(t, begin, func(s *site) {
				s.restarts, s.byHand = restarts, map[jobmon.ScheduleID]bool{}
				story(s)
			})
		})
	}
}

// interrupt stops the daemon and starts it again, if the story is one of those. Every second time its caches are gone.
func (s *site) interrupt() {
	s.t.Helper()
	if !s.restarts || s.daemon == nil || s.lost || s.present().Sub(s.restarted) < time.Minute {
		return
	}
	s.restart(s.turns%2 == 1)
	s.turns++
}

func (s *site) restart(forgetting bool) *site {
	s.t.Helper()
	s.stop()
	if forgetting {
		log, err := store.Open(s.dataDir, store.Options{})
		if err == nil {
			err = log.DropCaches()
		}
		if err == nil {
			err = log.Close()
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	s.restarted = s.present()
	return s.watch()
}

// clocks are this machine's, in stories that say what becomes of them: a paused machine has not counted its sleep, but
// its wall clock shows it.
func (s *site) clocks() ingest.Clocks {
	if s.byHand == nil {
		return nil
	}
	return func() (slept, moved time.Duration) {
		s.polled.mu.Lock()
		defer s.polled.mu.Unlock()
		return s.asleep, s.slept
	}
}

// sleep lets the world go on for that long without this machine. A machine that sleeps counts it, a paused one does
// not.
func (s *site) sleep(d time.Duration, counted bool) *site {
	s.polled.mu.Lock()
	s.slept += d
	if counted {
		s.asleep += d
	}
	s.polled.mu.Unlock()
	s.ds.AdvanceTo(jobmon.InstantOf(s.present()))
	return s
}

// pace lets the daemon read less often where a story looks at nothing for long, or as often as before.
func (s *site) pace(interval time.Duration) {
	s.t.Helper()
	if s.daemon == nil || s.lost || interval < s.interval {
		return
	}
	err := s.daemon.Change(s.t.Context(), ingest.Pace{Settings: s.settings, Interval: interval,
		Reconcile: 5 * time.Minute})
	if err != nil {
		s.t.Error(err)
	}
}

// wrong lets the server's clock be wrong by that for so many reads.
func (s *site) wrong(reads int, by time.Duration) {
	s.polled.mu.Lock()
	defer s.polled.mu.Unlock()
	s.glitch, s.glitchBy = reads, by
}

// shift lets GETDATE() show another zone's time, UTC as ever.
func (s *site) shift(hours float64) *site {
	s.polled.mu.Lock()
	defer s.polled.mu.Unlock()
	offset := jobmon.Offset(hours * 3600)
	s.sql = &offset
	return s
}

// firstByHand is the lowest id of a row that a story moves by hand.
const firstByHand = 100_000

// put schedules jobs on the computer for that time, in this order; "" is no time at all.
func (c *client) put(start string, names ...string) []jobmon.ScheduleID {
	c.t.Helper()
	at := jobmon.NoStart
	if start != "" {
		at = clock(start) + jobmon.WallTime(c.startAhead.Milliseconds())
	}
	return c.putAt(at, names...)
}

func (c *client) putAt(start jobmon.WallTime, names ...string) []jobmon.ScheduleID {
	var ids []jobmon.ScheduleID
	for _, name := range names {
		id := jobmon.ScheduleID(firstByHand + len(c.byHand))
		c.byHand[id] = true
		c.ds.PutRow(jobmon.Row{ID: id, Job: c.job(name), Computer: c.id, Start: start})
		ids = append(ids, id)
	}
	return ids
}

func (s *site) set(status jobmon.Status, ids ...jobmon.ScheduleID) {
	s.t.Helper()
	for _, id := range ids {
		row, ok := s.ds.Row(id)
		if !ok {
			s.t.Fatalf("there is no row %d", id)
		}
		row.Status = status
		s.ds.PutRow(row)
	}
}

// runs starts rows, ends ends them, again queues one anew for that time.
func (s *site) runs(ids ...jobmon.ScheduleID) { s.set(jobmon.StatusRunning, ids...) }
func (s *site) ends(ids ...jobmon.ScheduleID) { s.set(jobmon.StatusOf(0), ids...) }

func (s *site) again(start string, ids ...jobmon.ScheduleID) {
	s.set(jobmon.StatusNull, ids...)
	s.moved(start, ids...)
}

// moved gives rows another start_time.
func (s *site) moved(start string, ids ...jobmon.ScheduleID) {
	for _, id := range ids {
		row, _ := s.ds.Row(id)
		row.Start = clock(start) + jobmon.WallTime(s.startAhead.Milliseconds())
		s.ds.PutRow(row)
	}
}

func (s *site) deleted(ids ...jobmon.ScheduleID) {
	for _, id := range ids {
		s.ds.DeleteRow(id)
	}
}

// turn runs rows one after the other from that time on, each for that long, five seconds apart.
func (s *site) turn(from string, each time.Duration, ids ...jobmon.ScheduleID) *site {
	s.t.Helper()
	s.at(from)
	for i, id := range ids {
		if i > 0 {
			s.after(6 * time.Second)
		}
		s.runs(id)
		s.after(each)
		s.ends(id)
	}
	return s
}

const (
	tools   = "04. (JM) Tools"
	editor  = "Install editor"
	defrag  = "Defrag"
	built   = "#1 complete 100% ready | Office succeeded 1/1"
	awaited = "Office waiting 0/1"
)

// small is the build of these stories.
func small() []string { return []string{monitor, mOffice, office, mReady} }

// build has a computer built from that time on; it is ready ten minutes later.
func (c *client) build(from string) []jobmon.ScheduleID {
	c.t.Helper()
	c.at(from)
	rows := c.put(from, small()...)
	c.after(20 * time.Second)
	c.turn(c.time(), 2*time.Minute+19*time.Second, rows...)
	c.after(6 * time.Second)
	return rows
}

// time is the present as at takes it.
func (s *site) time() string {
	return jobmon.InstantOf(s.present()).Wall(winter).Time().Format("2 15:04:05")
}

// knows lets the site learn start_time's clock: three drops on two computers, of single jobs that change no screen.
func (s *site) knows() *site {
	s.t.Helper()
	one, other := s.pc("K-0001"), s.pc("K-0002")
	for _, on := range []*client{one, other, one} {
		row := on.put(s.time()[:len(s.time())-3], inventory)
		s.after(15 * time.Second).runs(row...)
		s.after(15 * time.Second).ends(row...)
		s.after(time.Minute)
	}
	s.told("start-clock 3600")
	return s
}

// log is the whole log so far.
func (s *site) log() []jobmon.Batch {
	s.t.Helper()
	if s.daemon == nil {
		return s.batches()
	}
	var list []jobmon.Batch
	for b, err := range (&store.Remote{Pages: s.daemon}).Read(1) {
		if err != nil {
			s.t.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

// judged are the events that rules add, and what clocks do; due is left to those who ask for it.
var judged = []string{"start-clock", "overdue", "moving-again", "clock"}

// told compares what the log says of clocks and of standing still, after the first words on the server's offset.
func (s *site) told(want ...string) {
	s.t.Helper()
	if got := s.events(judged...); !slices.Equal(got, want) {
		s.t.Errorf("%s: the log says\n  %s\nwant\n  %s", s.time(), strings.Join(got, "\n  "),
			strings.Join(want, "\n  "))
	}
}

// events lists the events of these kinds in short, but the first words on the server's offset.
func (s *site) events(kinds ...string) []string {
	var list []string
	first := true
	for _, b := range s.log() {
		for _, e := range b.Events {
			if e.Kind == jobmon.KindClock && first {
				first = false
				continue
			}
			if slices.Contains(kinds, e.Kind.String()) {
				list = append(list, s.brief(&e))
			}
		}
	}
	return list
}

func (s *site) brief(e *jobmon.Event) string {
	text := e.Kind.String()
	if e.Computer != 0 {
		c, _ := s.computer(e.Computer)
		text += " " + c.Name
	}
	switch {
	case e.Kind.OfRow():
		return fmt.Sprintf("%s %d", text, e.Schedule)
	case e.Kind == jobmon.KindClock && e.Step != 0:
		return text + " step " + (time.Duration(e.Step) * time.Millisecond).Round(10*time.Second).String()
	case e.Kind == jobmon.KindClock, e.Kind == jobmon.KindStartClock && e.Text == "":
		return fmt.Sprintf("%s %d", text, e.Seconds)
	case e.Kind == jobmon.KindOverdue:
		return text + " " + e.Text
	case e.Kind == jobmon.KindStartClock:
		return text + " " + e.Text
	}
	return text
}

func (s *site) computer(id jobmon.ComputerID) (jobmon.Computer, bool) {
	for _, c := range s.ds.Computers() {
		if c.ID == id {
			return c, true
		}
	}
	return jobmon.Computer{}, false
}

// files are the names of the files on the share.
func (s *site) files() []string {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.evtDir, "*.evt"))
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// forget removes what the daemon wrote down of its clocks.
func (s *site) forget() {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dataDir, daemon.CoverageFile)); err != nil {
		s.t.Fatal(err)
	}
}
