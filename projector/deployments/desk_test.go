package deployments

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

var update = flag.Bool("update", false, "replace the golden files")

const (
	pc     jobmon.ComputerID = 5000001
	build                    = "0. Build Job Monitor"
	markA                    = "01. (JM) Configuring"
	markB                    = "02. (JM) Office"
	markZ                    = "99. (JM) Ready"
	driver                   = "Drivers"
	office                   = "Install Office"
	visio                    = "Install Visio"
)

// desk is a Deployment Server made of a few lines; it keeps the log that a daemon would have written, and what
// pictures it showed.
type desk struct {
	t       rapid.TB
	live    *projector.Projection
	mirror  *jobmon.Mirror
	rows    map[jobmon.ScheduleID]jobmon.Row
	jobs    map[string]jobmon.JobID
	folders map[string]string
	names   map[jobmon.ComputerID]string
	agents  map[jobmon.ComputerID]jobmon.AgentState // of those that are watched; the others are unknown
	log     []jobmon.Batch
	shown   map[session]*jobmon.SessionProgress // the last picture of each deployment
	screens []map[jobmon.ComputerID]int         // after each batch, which session each picture shows; 0 is a plan
}

type session struct {
	computer jobmon.ComputerID
	number   int
}

func newDesk(t rapid.TB) *desk {
	d := &desk{
		t: t, live: projector.New(), mirror: jobmon.NewMirror(), rows: map[jobmon.ScheduleID]jobmon.Row{},
		jobs: map[string]jobmon.JobID{}, folders: map[string]string{},
		names:  map[jobmon.ComputerID]string{pc: "PC-0001", pc + 1: "PC-0002"},
		agents: map[jobmon.ComputerID]jobmon.AgentState{}, shown: map[session]*jobmon.SessionProgress{},
	}
	return d
}

// started is a desk whose first, empty read is over.
func started(t rapid.TB) *desk { return newDesk(t).read("08:00") }

// clock reads "14:05", "14:05:30" or "2 14:05" (the second day), one hour ahead of UTC.
func clock(text string) jobmon.Instant {
	day := 1
	if first, rest, ok := strings.Cut(text, " "); ok {
		fmt.Sscan(first, &day)
		text = rest
	}
	if len(text) == 5 {
		text += ":00"
	}
	at, err := time.Parse("15:04:05", text)
	if err != nil {
		panic(err)
	}
	return jobmon.InstantOf(time.Date(2026, 11, 9+day, at.Hour()-1, at.Minute(), at.Second(), 0, time.UTC))
}

func (d *desk) drop(id int, at string, names ...string) *desk { return d.dropOn(pc, id, at, names...) }

func (d *desk) dropOn(c jobmon.ComputerID, id int, at string, names ...string) *desk {
	for i, name := range names {
		if d.jobs[name] == 0 {
			d.jobs[name] = jobmon.JobID(len(d.jobs) + 1)
		}
		row := jobmon.ScheduleID(id + i)
		d.rows[row] = jobmon.Row{ID: row, Job: d.jobs[name], Computer: c, Start: clock(at).Wall(3600)}
	}
	return d
}

// folder drops a standard build, ids from id to id+6.
func (d *desk) folder(id int, at string) *desk {
	return d.drop(id, at, build, markA, driver, markB, office, visio, markZ)
}

func (d *desk) set(code jobmon.Code, ids ...int) *desk {
	for _, id := range ids {
		r := d.rows[jobmon.ScheduleID(id)]
		r.Status = jobmon.StatusOf(code)
		d.rows[r.ID] = r
	}
	return d
}

func (d *desk) requeue(id int) *desk {
	r := d.rows[jobmon.ScheduleID(id)]
	r.Status = jobmon.StatusNull
	d.rows[r.ID] = r
	return d
}

func (d *desk) remove(ids ...int) *desk {
	for _, id := range ids {
		delete(d.rows, jobmon.ScheduleID(id))
	}
	return d
}

// run runs rows one after the other: each begins at a time, and ends when the next one begins.
func (d *desk) run(times string, ids ...int) *desk {
	at := strings.Fields(times)
	for i, id := range ids {
		if i > 0 {
			d.set(0, ids[i-1])
		}
		d.set(-1, id).read(at[i])
	}
	return d.set(0, ids[len(ids)-1]).read(at[len(at)-1])
}

func (d *desk) read(at string) *desk { return d.readAs(at, jobmon.DiffOptions{}) }

func (d *desk) readAfterGap(at string) *desk {
	return d.readAs(at, jobmon.DiffOptions{Inexact: true, InferredInexact: true},
		jobmon.Event{Kind: jobmon.KindSourceRestored})
}

func (d *desk) readAs(at string, o jobmon.DiffOptions, before ...jobmon.Event) *desk {
	d.t.Helper()
	const offset = jobmon.Offset(3600)
	s := &jobmon.Snapshot{
		Now:          clock(at),
		Offset:       offset,
		AllJobs:      true,
		AllComputers: true,
		Rows:         slices.Collect(maps.Values(d.rows)),
	}
	for name, id := range d.jobs {
		s.Jobs = append(s.Jobs, jobmon.Job{ID: id, Name: name, Folder: cmp.Or(d.folders[name], "Build")})
	}
	for id, name := range d.names {
		s.Computers = append(s.Computers, jobmon.Computer{ID: id, Name: name})
	}
	for _, id := range d.live.Watching() {
		s.Agents = append(s.Agents, jobmon.Agent{Computer: id, State: d.agents[id]})
	}
	s.Normalize()
	s.Gone = d.mirror.Missing(s.Rows)
	if len(d.log) == 0 {
		o.Baseline = true
		before = append(before,
			jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "test", Count: projector.Version},
			jobmon.Event{Kind: jobmon.KindConfigured, Text: jobmon.DefaultSettings().Encode()},
			jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(offset)})
	}
	events := append(before, jobmon.Diff(d.mirror, s, o)...)
	return d.commit(s.Now, append(events, d.live.Judge(s.Now, offset)...)...)
}

// tell appends an event of the daemon.
func (d *desk) tell(at string, e jobmon.Event) *desk { return d.commit(clock(at), e) }

func (d *desk) commit(at jobmon.Instant, events ...jobmon.Event) *desk {
	if len(events) == 0 {
		return d
	}
	b := d.live.Extend(at, d.live.Seq()+1, events)
	if len(b.Events) == 0 {
		return d
	}
	for i := range b.Events {
		d.mirror.Apply(&b.Events[i])
	}
	d.log = append(d.log, b)
	for _, id := range d.live.Changed() {
		if p, _ := d.live.Progress(id); p.Session != nil {
			d.shown[session{id, p.Session.Number}] = p.Session
		}
	}
	screens := map[jobmon.ComputerID]int{}
	for _, id := range d.live.Pictures() {
		if p, _ := d.live.Progress(id); p.Session != nil {
			screens[id] = p.Session.Number
		}
	}
	d.screens = append(d.screens, screens)
	return d
}

// all returns the log's sessions, in the order in which they began on each computer.
func (d *desk) all(only ...jobmon.ComputerID) []*Deployment {
	f := New(projector.New(), nil, 0, only...)
	var list []*Deployment
	tell := func(d *Deployment) { list = append(list, d) }
	for i := range d.log {
		f.Apply(&d.log[i], tell)
	}
	f.Rest(tell)
	inOrder(list)
	return list
}

func inOrder(list []*Deployment) {
	slices.SortStableFunc(list, func(a, b *Deployment) int {
		return cmp.Or(cmp.Compare(a.Computer.ID, b.Computer.ID), cmp.Compare(a.Session.Number, b.Session.Number))
	})
}

// want compares the sessions with the test's golden file, in their short form.
func (d *desk) want(t *testing.T) {
	t.Helper()
	var got []string
	for _, one := range d.all() {
		got = append(got, told(one)...)
	}
	golden(t, strings.Join(got, "\n")+"\n")
}

// golden compares a text with the file of the test's name, or replaces it with -update.
func golden(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("testdata", t.Name()+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("told\n%s\nwant (%s)\n%s", got, path, want)
	}
}

// told is the short form of a deployment: itself, its stages with a dash, its runs with a star; durations are in
// front of why they are not honest, and last comes where the time went.
func told(d *Deployment) []string {
	how := func(took time.Duration, why Reason) string {
		if why != Honest {
			return fmt.Sprintf("%s (%s)", took, why)
		}
		return took.String()
	}
	s := &d.Session
	head := fmt.Sprintf("%s #%d %s %q %s", d.Computer.Name, s.Number, s.State, s.Result, how(d.Took, d.Why))
	if d.Overtaken {
		head += " overtaken"
	}
	if !d.Deployment {
		head += " no deployment"
	}
	for _, g := range d.Gaps {
		head += fmt.Sprintf(" [%s %s]", g.Kind, g.To.Sub(g.From))
	}
	lines := []string{head}
	all, stages, beside := d.Spent()
	for i, st := range d.Stages {
		line := fmt.Sprintf("- %s %s %s", st.Name, st.State, how(st.Took, st.Why))
		if st.Late {
			line += " late"
		}
		if stages[i].Before > 0 {
			line += fmt.Sprintf(", waited %s", stages[i].Before)
		}
		lines = append(lines, line)
	}
	for _, j := range d.Jobs {
		if j.Class != jobmon.RealJob {
			continue
		}
		line := fmt.Sprintf("* %s in %s, %s %s", j.Name, j.Folder, j.State, how(j.Took, j.Why))
		if j.State == jobmon.StateFailed {
			line += fmt.Sprintf(" code %d", j.Code)
		}
		if j.Attempt > 1 {
			line += fmt.Sprintf(" attempt %d", j.Attempt)
		}
		if j.Late {
			line += " late"
		}
		lines = append(lines, line)
	}
	return append(
		lines,
		fmt.Sprintf(
			"= worked %s, waited %s, unseen %s, beside %s",
			all.Working,
			all.Waiting,
			all.Unseen,
			beside.Total(),
		),
	)
}
