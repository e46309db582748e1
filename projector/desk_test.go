package projector

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// pc is the computer that most tests look at.
const pc jobmon.ComputerID = 5000001

// desk is a Deployment Server made of a few lines: tests change its rows and read them, as the daemon would. Beside
// the live projection it folds every batch into a second one, and compares the two at every batch end (Law 2).
type desk struct {
	t        rapid.TB
	settings jobmon.Settings
	live     *Projection
	replayed *Projection
	resumed  *Projection // goes on from the checkpoint behind the batch before
	state    []byte      // that checkpoint
	mirror   *jobmon.Mirror
	rows     map[jobmon.ScheduleID]jobmon.Row
	jobs     map[string]jobmon.JobID
	computer map[jobmon.ComputerID]jobmon.Computer
	agents   map[jobmon.ComputerID]jobmon.AgentState
	seq      uint64
	last     jobmon.Instant
	events   []jobmon.Event // of the last read

	share map[jobmon.ComputerID]*jobmon.Progress // what the files say
	heard []string                               // what was worth a message since hears was last called
}

func newDesk(t rapid.TB) *desk {
	d := &desk{
		t: t, settings: jobmon.DefaultSettings(), live: New(), replayed: New(), resumed: New(),
		mirror: jobmon.NewMirror(),
		rows:   map[jobmon.ScheduleID]jobmon.Row{}, jobs: map[string]jobmon.JobID{},
		computer: map[jobmon.ComputerID]jobmon.Computer{pc: {ID: pc, Name: "PC-0001"}},
		agents:   map[jobmon.ComputerID]jobmon.AgentState{},
		share:    map[jobmon.ComputerID]*jobmon.Progress{},
	}
	d.settings.Site = "DS01"
	return d
}

// started is a desk whose first, empty read is over.
func started(t rapid.TB) *desk {
	d := newDesk(t)
	d.read("08:00")
	return d
}

// clock reads "14:05", "14:05:30" or "2 14:05" (the second day) of a winter's day one hour ahead of UTC.
func clock(text string) jobmon.WallTime {
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
	return jobmon.WallTimeOf(time.Date(2026, 11, 9+day, at.Hour(), at.Minute(), at.Second(), 0, time.UTC))
}

// drop schedules jobs on the computer at a time, with rising ids beginning with id.
func (d *desk) drop(id int, at string, names ...string) *desk { return d.dropOn(pc, id, at, names...) }

func (d *desk) dropOn(c jobmon.ComputerID, id int, at string, names ...string) *desk {
	start := jobmon.NoStart
	if at != "" {
		start = clock(at)
	}
	for i, name := range names {
		if d.jobs[name] == 0 {
			d.jobs[name] = jobmon.JobID(len(d.jobs) + 1)
		}
		row := jobmon.ScheduleID(id + i)
		d.rows[row] = jobmon.Row{ID: row, Job: d.jobs[name], Computer: c, Start: start}
	}
	return d
}

// set changes the status of rows: -1 runs, 0 and more ended.
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

func (d *desk) move(at string, ids ...int) *desk {
	for _, id := range ids {
		r := d.rows[jobmon.ScheduleID(id)]
		r.Start = clock(at)
		d.rows[r.ID] = r
	}
	return d
}

func (d *desk) remove(ids ...int) *desk {
	for _, id := range ids {
		delete(d.rows, jobmon.ScheduleID(id))
	}
	return d
}

// read is one cycle of the daemon, five seconds or so after the last.
func (d *desk) read(at string) *desk { return d.readAs(at, jobmon.DiffOptions{}) }

// readAfterGap is the first read after an outage.
func (d *desk) readAfterGap(at string) *desk {
	return d.readAs(at, jobmon.DiffOptions{Inexact: true, InferredInexact: true},
		jobmon.Event{Kind: jobmon.KindSourceLost, Text: "unreachable"}, jobmon.Event{Kind: jobmon.KindSourceRestored})
}

func (d *desk) readAs(at string, o jobmon.DiffOptions, before ...jobmon.Event) *desk {
	d.t.Helper()
	const offset = jobmon.Offset(3600)
	s := &jobmon.Snapshot{
		Now: clock(at).Instant(offset), Offset: offset, AllJobs: true, AllComputers: true,
		Rows: slices.Collect(maps.Values(d.rows)), Computers: slices.Collect(maps.Values(d.computer)),
	}
	for name, id := range d.jobs {
		s.Jobs = append(s.Jobs, jobmon.Job{ID: id, Name: name})
	}
	for _, id := range d.live.Watching() {
		s.Agents = append(s.Agents, jobmon.Agent{Computer: id, State: d.agents[id]})
	}
	s.Normalize()
	s.Gone = d.mirror.Missing(s.Rows)
	if d.seq == 0 {
		o.Baseline = true
		before = append(before,
			jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "test", Count: Version},
			jobmon.Event{Kind: jobmon.KindConfigured, Text: d.settings.Encode()},
			jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(offset)})
	}
	events := append(before, jobmon.Diff(d.mirror, s, o)...)
	return d.commit(s.Now, append(events, d.live.Judge(s.Now, offset)...))
}

// ask is a DS script's request for the computer's file.
func (d *desk) ask(at, job string) *desk {
	d.t.Helper()
	return d.commit(clock(at).Instant(3600), []jobmon.Event{{Kind: jobmon.KindRefreshed, Computer: pc, Name: job}})
}

func (d *desk) commit(at jobmon.Instant, events []jobmon.Event) *desk {
	d.t.Helper()
	if at < d.last {
		d.t.Fatalf("%s is before the last read", at)
	}
	d.last, d.events = at, nil
	if len(events) == 0 {
		return d
	}
	batch := d.live.Extend(at, d.seq+1, events)
	d.events = batch.Events
	if len(batch.Events) == 0 {
		return d
	}
	for i := range batch.Events {
		d.mirror.Apply(&batch.Events[i])
	}
	d.seq = batch.Last()
	d.replayed.ApplyTelling(&batch, func(*Account) {})
	d.replayed.Accounts(func(*Account) {}) // telling changes nothing
	if d.state != nil {
		d.resumed = again(d.t, d.state)
	}
	d.state = d.live.Encode()
	d.requireLaw2(d.replayed)
	d.resumed.Apply(&batch)
	d.requireLaw2(d.resumed)
	d.requireNotices(&batch)
	d.requireShare()
	for _, p := range []*Projection{d.live, d.replayed, d.resumed} {
		d.requireSettled(p)
	}
	return d
}

// requireShare: files are written for the computers that changed alone, and yet each says what its picture is now. For
// ever: a start compares the files with pictures that no event of theirs has drawn.
func (d *desk) requireShare() {
	d.t.Helper()
	for _, id := range d.live.Changed() {
		d.share[id], _ = d.live.Progress(id)
	}
	for _, id := range d.live.Pictures() {
		if p, ok := d.live.Progress(id); ok && !reflect.DeepEqual(p, d.share[id]) {
			d.t.Logf("%+v", d.events)
			d.t.Fatalf(
				"after event %d computer %d's file is no longer its picture:\n now  %+v\n      %+v\n file %+v\n     "+
					" %+v",
				d.seq, id, p, p.Session, d.share[id], d.share[id].Session,
			)
		}
	}
}

// requireSettled: what is kept instead of being reckoned again is what reckoning gives, and every stage was dealt with.
func (d *desk) requireSettled(p *Projection) {
	d.t.Helper()
	for id, c := range p.computers {
		for _, in := range c.all() {
			if in != nil {
				d.requireSessionSettled(id, in)
			}
		}
	}
}

func (d *desk) requireSessionSettled(id jobmon.ComputerID, in *session) {
	d.t.Helper()
	settled := !in.altered // what happens to a session that is over waits for the next event that concerns its picture
	if order, _ := in.sorted(); !slices.Equal(in.ordered(), order) {
		d.t.Fatalf("computer %d after event %d: the order kept is not the order of the rows", id, d.seq)
	}
	for i, r := range in.rows {
		if r.session != in || slices.Contains(in.rows[:i], r) {
			d.t.Fatalf("computer %d after event %d: row %d is not once in its session", id, d.seq, r.id)
		}
	}
	stages, _ := in.stages()
	if kept := in.formed; settled && kept != nil && !slices.EqualFunc(kept, stages, sameStage) {
		d.t.Fatalf("computer %d after event %d: the stages kept are not those of the rows", id, d.seq)
	}
	for _, st := range stages {
		if settled && (!in.prospects.get(st.name).considered ||
			st.state(false, nil) == jobmon.StateSucceeded && !st.head().recorded) {
			d.t.Fatalf("computer %d after event %d: nobody has dealt with stage %q", id, d.seq, st.name)
		}
	}
}

// again is the projection that goes on from a checkpoint.
func again(t rapid.TB, checkpoint []byte) *Projection {
	t.Helper()
	resumed, err := Decode(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return resumed
}

// requireLaw2 compares the live projection with another one that was given the same batches.
func (d *desk) requireLaw2(other *Projection) {
	d.t.Helper()
	if live, replayed := d.live.Pictures(), other.Pictures(); !slices.Equal(live, replayed) {
		d.t.Fatalf("Law 2: pictures of %v live, of %v replayed", live, replayed)
	}
	for _, id := range d.live.Pictures() {
		live, _ := d.live.Progress(id)
		replayed, _ := other.Progress(id)
		if !reflect.DeepEqual(live, replayed) {
			d.t.Logf("%+v", d.events)
			d.t.Fatalf(
				"Law 2, computer %d after event %d:\n live     %s\n replayed %s", id, d.seq, show(live),
				show(replayed),
			)
		}
	}
	soon := d.last.Add(20 * time.Hour)
	judged, again := d.live.Judge(soon, d.live.Offset()), other.Judge(soon, d.live.Offset())
	if live, replayed := judged, again; !slices.Equal(live, replayed) {
		d.t.Fatalf("Law 2: due are %+v live, %+v replayed", live, replayed)
	}
	if live, replayed := d.live.Watching(), other.Watching(); !slices.Equal(live, replayed) {
		d.t.Fatalf("Law 2: watched are %v live, %v replayed", live, replayed)
	}
	if live, replayed := changed(d.live), other.Changed(); !slices.Equal(live, replayed) {
		d.t.Fatalf("Law 2: changed are %v live, %v replayed", live, replayed)
	}
	if !bytes.Equal(d.state, other.Encode()) {
		d.t.Fatalf("Law 2: after event %d the states differ", d.seq)
	}
}

func sameStage(a, b *stage) bool {
	return a.name == b.name && a.late == b.late && a.marker == b.marker && a.single == b.single &&
		slices.Equal(a.jobs, b.jobs)
}

// changed is what Changed will tell.
func changed(p *Projection) []jobmon.ComputerID {
	var ids []jobmon.ComputerID
	for _, c := range p.changed {
		ids = append(ids, c.id)
	}
	slices.Sort(ids)
	return ids
}

func (d *desk) progress() *jobmon.Progress {
	d.t.Helper()
	p, ok := d.live.Progress(pc)
	if !ok {
		d.t.Fatalf("computer %d has no picture", pc)
	}
	return p
}

// want compares the picture with its short form, see show.
func (d *desk) want(lines ...string) *desk {
	d.t.Helper()
	got := "no picture"
	if p, ok := d.live.Progress(pc); ok {
		got = show(p)
		if s := p.Session; s != nil { // the stages say the same numbers as the session
			jobs, done := 0, 0
			for _, st := range s.Stages {
				jobs, done = jobs+st.Jobs, done+st.JobsDone
			}
			if jobs != s.Jobs || done != s.JobsDone {
				d.t.Errorf("the stages hold %d of %d jobs, the session %d of %d", done, jobs, s.JobsDone, s.Jobs)
			}
		}
	}
	if want := strings.Join(lines, "\n"); got != want {
		d.t.Errorf(
			"the screen shows\n  %s\nwant\n  %s", strings.ReplaceAll(got, "\n", "\n  "),
			strings.ReplaceAll(want, "\n", "\n  "),
		)
	}
	return d
}

// show is the short form of a picture: "#1 open 50%", then a line a stage: "> Office running 1/3" (> is current,
// + is late), then what is listed only.
func show(p *jobmon.Progress) string {
	var b strings.Builder
	if s := p.Session; s == nil {
		b.WriteString("no deployment")
	} else {
		fmt.Fprintf(&b, "#%d %s %d%%", s.Number, s.State, s.Percent)
		if s.Result != "" {
			fmt.Fprintf(&b, " %s", s.Result)
		}
		for i, st := range s.Stages {
			mark := "\n  "
			if i == s.Current {
				mark = "\n> "
			}
			fmt.Fprintf(&b, "%s%s %s %d/%d", mark, st.Name, st.State, st.JobsDone, st.Jobs)
			if st.Late {
				b.WriteString(" +")
			}
			if st.Attempt > 1 {
				fmt.Fprintf(&b, " attempt %d", st.Attempt)
			}
			for _, f := range st.Failures {
				fmt.Fprintf(&b, " [%s %d", f.Job, f.Code)
				if f.Repaired {
					b.WriteString(" repaired")
				}
				b.WriteString("]")
			}
		}
	}
	for _, l := range p.Later {
		fmt.Fprintf(&b, "\n. %s %s", l.Name, l.State)
		if l.Stuck {
			b.WriteString(" stuck")
		}
		if l.Start != jobmon.NoStart {
			fmt.Fprintf(&b, " %s", l.Start.Time().Format("2 15:04"))
		}
	}
	return b.String()
}
