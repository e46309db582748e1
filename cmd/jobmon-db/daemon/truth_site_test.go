package daemon_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/store"
)

// The stories in the files truth_*_test.go decide what the rules mean for rows that wait, clocks and silence. Their rows
// are moved by hand: a story says at which second a job starts and ends, and no engine adds anything.

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
	for b, err := range s.daemon.Read(1) {
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
		s.t.Errorf("%s: the log says\n  %s\nwant\n  %s", s.time(), strings.Join(got, "\n  "), strings.Join(want, "\n  "))
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

// course is what the computer's picture said after each batch, in short and without repetition.
func (c *client) course() []string {
	c.t.Helper()
	state := history.New()
	var list []string
	for _, b := range c.log() {
		if err := state.Apply(&b); err != nil {
			c.t.Fatal(err)
		}
		if p, ok := state.Projection.Progress(c.id); ok {
			if now := stands(p); len(list) == 0 || list[len(list)-1] != now {
				list = append(list, now)
			}
		}
	}
	return list
}

// went compares the computer's course.
func (c *client) went(want ...string) {
	c.t.Helper()
	if got := c.course(); !slices.Equal(got, want) {
		c.t.Errorf("%s: the picture went\n  %s\nwant\n  %s", c.now(), strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// stands is where a picture's deployment stands: "planned", "#1 open", "#1 open silent", "#1 complete ready".
func stands(p *jobmon.Progress) string {
	if p.Session == nil {
		return "idle"
	}
	text := p.Session.State.String()
	if p.Session.Number != 0 {
		text = fmt.Sprintf("#%d %s", p.Session.Number, text)
	}
	if p.Session.Result != "" {
		text += " " + string(p.Session.Result)
	}
	if p.Session.SilentSince != 0 {
		text += " silent"
	}
	return text
}

// accounts are all deployments of the computer in this log, the last one among them: "#1 ended early".
func (c *client) accounts() []string {
	state := projector.New()
	var list []string
	add := func(a *projector.Account) {
		if a.Computer.ID == c.id && a.Deployment && a.Session.Number > 0 {
			list = append(list, fmt.Sprintf("#%d %s %s", a.Session.Number, a.Session.State, a.Session.Result))
		}
	}
	for _, b := range c.log() {
		state.ApplyTelling(&b, add)
	}
	state.Accounts(add)
	return list
}

// session is the deployment that status shows.
func (c *client) session() *jobmon.SessionProgress {
	c.t.Helper()
	p, ok, err := c.daemon.Picture(c.id)
	if err != nil || !ok || p.Session == nil {
		c.t.Fatalf("%s: no deployment is shown: %v", c.now(), err)
	}
	return p.Session
}

// status is what the command of that name says of the computer now.
func (c *client) status() string {
	c.t.Helper()
	p, ok, err := c.daemon.Picture(c.id)
	if err != nil {
		c.t.Fatal(err)
	}
	if !ok {
		return "no picture"
	}
	var text strings.Builder
	if err := term.Screen(&text, p, term.Options{Now: jobmon.InstantOf(c.present())}); err != nil {
		c.t.Fatal(err)
	}
	return text.String()
}

// says looks for words in the status of the computer, and for the absence of those that begin with "!".
func (c *client) says(words ...string) {
	c.t.Helper()
	text := c.status()
	for _, word := range words {
		without, not := strings.CutPrefix(word, "!")
		if strings.Contains(strings.ToLower(text), strings.ToLower(without)) == not {
			c.t.Errorf("%s: want %q in the status\n%s", c.now(), word, text)
		}
	}
}

// beside compares what waits beside the deployment shown, with its reasons: "Install Visio server".
func (c *client) beside(want ...string) {
	c.t.Helper()
	p, ok, err := c.daemon.Picture(c.id)
	if err != nil || !ok {
		c.t.Fatalf("%s: no picture: %v", c.now(), err)
	}
	var got []string
	for _, l := range p.Later {
		if l.State == jobmon.StateWaiting && l.Why != nil {
			got = append(got, l.Name+" "+string(l.Why.Kind))
		}
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: beside the deployment wait %q, want %q", c.now(), got, want)
	}
}

// begins compares the beginning of what the file says.
func (c *client) begins(when, want string) {
	c.t.Helper()
	c.at(when)
	if got := c.screen(); !strings.HasPrefix(got, want) {
		c.t.Errorf("%s: the file says\n  %s\nwant\n  %s ...", c.now(), got, want)
	}
}

// blank makes sure that the computer shows no deployment.
func (c *client) blank(when string) {
	c.t.Helper()
	c.at(when)
	if got := c.screen(); got != "no file" && !strings.HasPrefix(got, string(evt.KindIdle)) {
		c.t.Errorf("%s: the file says\n  %s\nwant none, or no deployment", c.now(), got)
	}
}

// essence is what the file says but its number and its time, which a restart of the daemon changes as well.
func (c *client) essence() string {
	c.t.Helper()
	f := c.file()
	f.Seq, f.At, f.AtLocal = 0, 0, 0
	text, err := json.Marshal(f)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// same makes sure that the file says what it said then.
func (c *client) same(when, before string) {
	c.t.Helper()
	c.at(when)
	if now := c.essence(); now != before {
		c.t.Errorf("%s: the file says\n  %s\nbefore\n  %s", c.now(), now, before)
	}
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
	if err := os.Remove(filepath.Join(s.dataDir, history.CoverageFile)); err != nil {
		s.t.Fatal(err)
	}
}
