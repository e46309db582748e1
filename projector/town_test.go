package projector_test

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
	"github.com/jobmon-db/jobmon-db/projector"
)

// town is a Deployment Server at random work, seen from outside: its tables, three clocks, and a projection that reads
// them. Each row has a job of its own, so that a picture's lines can be traced back to rows.
type town struct {
	*rapid.T
	live     *projector.Projection
	replayed *projector.Projection
	resumed  *projector.Projection // goes on from the checkpoint behind the batch before
	state    []byte                // that checkpoint
	mirror   *jobmon.Mirror
	settings jobmon.Settings
	batches  []jobmon.Batch

	rows      map[jobmon.ScheduleID]jobmon.Row
	jobs      map[jobmon.JobID]string
	computers map[jobmon.ComputerID]jobmon.Computer
	agents    map[jobmon.ComputerID]jobmon.AgentState
	arrived   map[jobmon.ScheduleID]jobmon.Instant
	recurs    map[jobmon.ScheduleID]bool // has run before

	now    jobmon.Instant // UTC, as it truly is
	ahead  time.Duration  // of the server's clock
	offset jobmon.Offset  // of GETDATE()
	zone   jobmon.Offset  // of start_time
	seq    uint64
	next   jobmon.ScheduleID
}

const towns = jobmon.ComputerID(5000001) // the first of its three computers

func newTown(t *rapid.T) *town {
	w := &town{
		T: t, live: projector.New(), replayed: projector.New(), mirror: jobmon.NewMirror(),
		settings: jobmon.DefaultSettings(), rows: map[jobmon.ScheduleID]jobmon.Row{}, jobs: map[jobmon.JobID]string{},
		computers: map[jobmon.ComputerID]jobmon.Computer{}, agents: map[jobmon.ComputerID]jobmon.AgentState{},
		arrived: map[jobmon.ScheduleID]jobmon.Instant{}, recurs: map[jobmon.ScheduleID]bool{}, next: 1,
		now:    jobmon.InstantOf(time.Date(2026, 11, 10, 8, 0, 0, 0, time.UTC)),
		offset: 3600, zone: 3600,
	}
	w.settings.Site = "DS01"
	for i := range jobmon.ComputerID(3) {
		id := towns + i
		w.computers[id] = jobmon.Computer{ID: id, Name: fmt.Sprintf("PC-%04d", i+1)}
		w.agents[id] = jobmon.AgentOnline
	}
	return w
}

// wall is the present by start_time's clock, to the minute.
func (w *town) wall(later time.Duration) jobmon.WallTime {
	return jobmon.WallTimeOf(w.now.Add(later).Wall(w.zone).Time().Truncate(time.Minute))
}

// drop schedules jobs of these kinds: m is a marker, b a build job, anything else a real job.
func (w *town) drop(on jobmon.ComputerID, start jobmon.WallTime, kinds string) []jobmon.ScheduleID {
	var ids []jobmon.ScheduleID
	for _, kind := range kinds {
		id := w.next
		w.next++
		name := map[rune]string{'m': "(JM) Stage %d", 'b': "Build Job Monitor %d"}[kind]
		if name == "" {
			name = "Job %d"
		}
		w.jobs[jobmon.JobID(id)] = fmt.Sprintf(name, id)
		w.rows[id] = jobmon.Row{ID: id, Job: jobmon.JobID(id), Computer: on, Start: start}
		w.arrived[id] = w.now
		ids = append(ids, id)
	}
	return ids
}

func (w *town) set(id jobmon.ScheduleID, status jobmon.Status) {
	r := w.rows[id]
	if status != jobmon.StatusNull {
		w.recurs[id] = true
	}
	r.Status = status
	w.rows[id] = r
}

func (w *town) move(id jobmon.ScheduleID, start jobmon.WallTime) {
	r := w.rows[id]
	r.Start = start
	w.rows[id] = r
}

// read is one cycle of a daemon whose clock is not doubted.
func (w *town) read(before ...jobmon.Event) {
	at := w.now.Add(w.ahead)
	s := &jobmon.Snapshot{
		Now: at, Offset: w.offset, AllJobs: true, AllComputers: true,
		Rows: slices.Collect(maps.Values(w.rows)), Computers: slices.Collect(maps.Values(w.computers)),
	}
	for id, name := range w.jobs {
		s.Jobs = append(s.Jobs, jobmon.Job{ID: id, Name: name})
	}
	for _, id := range w.live.Watching() {
		s.Agents = append(s.Agents, jobmon.Agent{Computer: id, State: w.agents[id]})
	}
	s.Normalize()
	s.Gone = w.mirror.Missing(s.Rows)
	options := jobmon.DiffOptions{Baseline: w.seq == 0}
	stepped := w.seq == 0 || w.offset != w.live.Offset()
	if w.seq == 0 {
		before = append(before,
			jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "test", Count: projector.Version},
			jobmon.Event{Kind: jobmon.KindConfigured, Text: w.settings.Encode()})
	}
	for _, e := range before {
		stepped = stepped || e.Kind == jobmon.KindClock
		if e.Kind == jobmon.KindSourceRestored {
			options.Inexact, options.InferredInexact = true, true
		}
	}
	if w.seq == 0 || w.offset != w.live.Offset() {
		before = append(before, jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(w.offset)})
	}
	changes := jobmon.Diff(w.mirror, s, options)
	events := append(before, changes...)
	if !stepped {
		events = append(events, w.judged(at, changes)...)
	}
	w.commit(at, events)
}

// judged is what time brings, but for rows of which the read has news.
func (w *town) judged(at jobmon.Instant, changes []jobmon.Event) []jobmon.Event {
	return slices.DeleteFunc(w.live.Judge(at, w.offset), func(e jobmon.Event) bool {
		return e.Kind == jobmon.KindDue && slices.ContainsFunc(changes, func(c jobmon.Event) bool {
			return c.Kind.OfRow() && c.Schedule == e.Schedule
		})
	})
}

// step lets the server's clock go wrong for good, or be corrected, as a clock event that is believed.
func (w *town) step(by time.Duration) {
	w.ahead += by
	w.read(jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(w.offset), Step: by.Milliseconds()})
}

func (w *town) commit(at jobmon.Instant, events []jobmon.Event) {
	if len(events) == 0 {
		return
	}
	batch := w.live.Extend(at, w.seq+1, events)
	if len(batch.Events) == 0 {
		return
	}
	for i := range batch.Events {
		w.mirror.Apply(&batch.Events[i])
	}
	w.seq = batch.Last()
	w.batches = append(w.batches, batch)
	w.replayed.Apply(&batch)
	w.resumed = projector.New()
	if w.state != nil {
		resumed, err := projector.Decode(w.state)
		if err != nil {
			w.Fatal(err)
		}
		w.resumed = resumed
	}
	w.resumed.Apply(&batch)
	w.live.Changed()
	w.state = w.live.Encode()
	w.requireSame("replayed", w.replayed)
	w.requireSame("resumed", w.resumed)
}

// requireSame is Law 2: pictures, what is watched, what time brings, and the whole state.
func (w *town) requireSame(how string, other *projector.Projection) {
	for _, id := range w.live.Pictures() {
		live, _ := w.live.Progress(id)
		if got, ok := other.Progress(id); !ok || !reflect.DeepEqual(got, live) {
			w.Fatalf("%s, computer %d after event %d:\n%s\nlive\n%s", how, id, w.seq, sketch(got), sketch(live))
		}
	}
	if got, want := other.Watching(), w.live.Watching(); !slices.Equal(got, want) {
		w.Fatalf("%s after event %d: watched are %v, live %v", how, w.seq, got, want)
	}
	soon := w.now.Add(w.ahead + 13*time.Hour)
	if got, want := other.Judge(soon, w.offset), w.live.Judge(soon, w.offset); !slices.Equal(got, want) {
		w.Fatalf("%s after event %d: time brings %+v, live %+v", how, w.seq, got, want)
	}
	other.Changed()
	if !bytes.Equal(other.Encode(), w.state) {
		w.Fatalf("%s after event %d: the states differ", how, w.seq)
	}
}

// sketch is what a picture says, but numbers of events and times.
func sketch(p *jobmon.Progress) string {
	if p == nil {
		return "no picture"
	}
	var b strings.Builder
	if s := p.Session; s != nil {
		fmt.Fprintf(&b, "#%d %s %s %d%% current %d next %d late %d, no more %t, silent %t", s.Number, s.State,
			s.Result, s.Percent,
			s.Current, s.Next, s.Late, s.LastMarker, s.SilentSince != 0)
		if s.Why != nil {
			fmt.Fprintf(&b, ", %s %s", s.Why.Kind, s.Why.Job)
		}
		for _, st := range s.Stages {
			fmt.Fprintf(
				&b, "\n  %s %s %d/%d late %t attempt %d, %d failures", st.Name, st.State, st.JobsDone, st.Jobs,
				st.Late, st.Attempt, len(st.Failures),
			)
		}
	}
	for _, l := range p.Later {
		fmt.Fprintf(&b, "\n. %s %s stuck %t %v", l.Name, l.State, l.Stuck, l.Start)
	}
	return b.String()
}
