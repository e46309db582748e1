// Package projector turns the log's events into each computer's picture: which deployment it is in, its stages, what
// runs, what failed, what is to come, and when it will be ready.
//
// It is a pure fold: no clock, no disk. "Now" is the time of the last event, so a picture replayed from the log
// is the one that was shown. The rules are described in docs/architecture.md.
package projector

import (
	"cmp"
	"maps"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Version is the projection number: it rises whenever the same events lead to other pictures than before. It is
// recorded with every daemon-started, so that a replay can say which program drew what a client was given.
const Version = 2

// Projection is the state of all computers after the batches folded so far. It is not safe for concurrent use.
type Projection struct {
	world   *world // replaced, never changed: pictures keep the one they were drawn in
	seq     uint64
	at      jobmon.Instant // UTC by the server's clock
	axis    jobmon.Instant // the same moment on the axis
	stepped bool           // the server's clock steps in this batch
	settled bool           // settleAll has run for this batch
	writer  int32          // projection number of the daemon that wrote last
	batch   int            // counts batches, to know what arrived in one read

	jobs      map[jobmon.JobID]string // their names
	computers map[jobmon.ComputerID]*computer
	active    map[jobmon.ComputerID]*computer // those with an open or planned session
	nextDue   jobmon.WallTime                 // no row that is planned for later comes before this
	history   durations
	gapSeq    uint64 // the last event that says we were not watching
	looks     jobmon.Looks

	witnesses    []witness // of start_time's clock, oldest first
	contradicted bool      // a row started clearly before start_time's clock, as it is known, had come so far

	called    map[string]called       // what names mean by the settings in force
	renamed   map[jobmon.JobID]uint64 // jobs whose rows have yet to be given the name, and the event that recorded it
	touched   []*computer             // by the batch at hand, each once
	unsettled bool                    // a computer waits for settleBaseline
	inParts   bool                    // the first read is recorded in several batches, more of which follow
	last      *computer               // that was asked for, as events of one mostly come together
	expecting struct {                // the last expected event, and the stages of its session then
		session *session
		seq     uint64
		stages  []*stage
	}
	turns   []turn         // of the last batch
	changed []*computer    // whose pictures changed since Changed was last called, each once
	over    func(*Account) // gets sessions that end for good; may be nil
}

// New returns the projection of an empty log.
func New() *Projection {
	rules, err := jobmon.NewRules(jobmon.DefaultSettings())
	if err != nil {
		panic(err) // the defaults compile, a test says so
	}
	return &Projection{
		world:     newWorld(rules),
		jobs:      map[jobmon.JobID]string{},
		computers: map[jobmon.ComputerID]*computer{},
		active:    map[jobmon.ComputerID]*computer{},
		history:   durations{},
		called:    map[string]called{},
		renamed:   map[jobmon.JobID]uint64{},
	}
}

// Apply folds a batch of the log.
func (p *Projection) Apply(b *jobmon.Batch) {
	p.begin(b.At, b.Events)
	for i := range b.Events {
		p.event(&b.Events[i])
	}
	p.end()
}

// Extend folds events that are about to be committed at that time as one batch, and returns what is to be committed:
// the same events with their sequence numbers from next on, without those of Judge that have become void, and with the
// expected durations of new stages and with deployments that move again. When the commit fails this projection is ahead
// of the log and must be thrown away.
func (p *Projection) Extend(at jobmon.Instant, next uint64, events []jobmon.Event) jobmon.Batch {
	p.begin(at, events)
	b := jobmon.Batch{At: at, Events: make([]jobmon.Event, 0, len(events)+4)}
	add := func(e jobmon.Event) {
		e.At, e.Seq = at, next
		next++
		p.event(&e)
		b.Events = append(b.Events, e)
	}
	for _, e := range events {
		if !p.void(&e) {
			add(e)
		}
	}
	p.settleAll()
	for _, e := range p.expectations() {
		add(e)
	}
	for _, e := range p.movingAgain() {
		add(e)
	}
	p.end()
	return b
}

// Judge returns the events that time alone causes when the server's clock shows at: rows scheduled for later that
// become due, deployments that stand still, and news of start_time's clock.
func (p *Projection) Judge(at jobmon.Instant, offset jobmon.Offset) []jobmon.Event {
	w := *p.world
	w.offset = offset
	events := p.becomeDue(w.wall(at) + jobmon.WallTime(w.rules.Gap.Milliseconds()))
	if e, ok := p.verdict(); ok {
		events = append(events, e)
	}
	return append(events, p.overdue(&w, at)...)
}

// void reports whether an event of Judge no longer holds, given the events before it in its batch.
func (p *Projection) void(e *jobmon.Event) bool {
	switch e.Kind {
	case jobmon.KindDue:
		c := p.computers[e.Computer]
		if c == nil {
			return true
		}
		r := c.rows.get(e.Schedule)
		return r == nil || r.state != jobmon.StateLater
	case jobmon.KindStartClock:
		now, ok := p.verdict()
		return !ok || now.Text != e.Text || now.Seconds != e.Seconds
	case jobmon.KindOverdue:
		c := p.computers[e.Computer]
		if c == nil {
			return true
		}
		_, still := c.standing(p.view(c))
		return !still || c.still != nil
	}
	return false
}

// Watching lists the computers with an open or planned session, ascending: those whose agents are of interest.
func (p *Projection) Watching() []jobmon.ComputerID {
	return slices.Sorted(maps.Keys(p.active))
}

// Changed lists the computers whose picture changed since the last call, ascending.
func (p *Projection) Changed() []jobmon.ComputerID {
	if len(p.changed) == 0 {
		return nil
	}
	ids := make([]jobmon.ComputerID, len(p.changed))
	for i, c := range p.changed {
		ids[i], c.changed = c.id, false
	}
	p.changed = p.changed[:0]
	slices.Sort(ids)
	return ids
}

// Settings are those in force after the last batch.
func (p *Projection) Settings() jobmon.Settings { return p.world.rules.Settings }

// Offset is the DS server's UTC offset after the last batch.
func (p *Projection) Offset() jobmon.Offset { return p.world.offset }

// At is the time of the last batch.
func (p *Projection) At() jobmon.Instant { return p.at }

// Seq is the last sequence number folded.
func (p *Projection) Seq() uint64 { return p.seq }

// now returns what start_time's clock shows.
func (p *Projection) now() jobmon.WallTime { return p.world.wall(p.at) }

// begin looks ahead for what concerns the whole batch: the clock, and computers whose waiting rows move in it.
func (p *Projection) begin(at jobmon.Instant, events []jobmon.Event) {
	if _, ok := jobmon.Unrecorded(&jobmon.Batch{At: at, Events: events}, p.at); ok {
		p.gapSeq = p.seq + 1
	}
	p.at, p.stepped, p.settled = at, false, false
	clear(p.turns)
	p.turns = p.turns[:0]
	p.batch++
	steps := p.world.steps
	for i := range events {
		e := &events[i]
		if e.Kind == jobmon.KindDaemonStarted {
			p.writer = e.Count
		}
		if e.Kind == jobmon.KindClock && e.Step != 0 {
			p.stepped = true
			steps += jobmon.StepOf(e, p.writer, steps)
		}
		if e.Kind != jobmon.KindRescheduled || !e.Status.Waiting() {
			continue
		}
		if c := p.computers[e.Computer]; c != nil {
			if r := c.rows.get(e.Schedule); r != nil && r.state == jobmon.StateWaiting {
				c.movedIn = p.batch
			}
		}
	}
	axis := at - jobmon.Instant(steps)
	if axis < p.axis { // a step that was not recorded: the axis never goes back
		w := *p.world
		w.steps -= int64(p.axis - axis)
		p.world, axis = &w, p.axis
	}
	p.axis = axis
}

func (p *Projection) event(e *jobmon.Event) {
	if e.Kind != jobmon.KindJob {
		p.rename()
	}
	if e.Kind == jobmon.KindExpected || e.Kind == jobmon.KindMovingAgain {
		p.settleAll() // it was proposed when all else of the batch was known
	}
	p.seq = e.Seq
	switch {
	case e.Kind.OfRow():
		p.rowEvent(e)
	case e.Kind.OfDaemon():
		p.daemonEvent(e)
	}
	switch e.Kind {
	case jobmon.KindJob:
		p.jobEvent(e)
	case jobmon.KindComputer:
		p.computerEvent(e)
	case jobmon.KindAgentOnline:
		p.agentEvent(e, jobmon.AgentOnline)
	case jobmon.KindAgentOffline:
		p.agentEvent(e, jobmon.AgentOffline)
	case jobmon.KindAgentUnknown:
		p.agentEvent(e, jobmon.AgentUnknown)
	case jobmon.KindRefreshed:
		p.refreshEvent(e)
	case jobmon.KindExpected:
		p.expectedEvent(e)
	case jobmon.KindOverdue, jobmon.KindMovingAgain:
		p.standingEvent(e)
	}
}

// settleAll decides what depends on all rows of the batch: where the first read found the computers, and what is
// planned. It runs once a batch: a fold of the log runs it once too, and a second run can decide otherwise.
func (p *Projection) settleAll() {
	if p.settled {
		return
	}
	p.settled = true
	p.rename()
	p.settleBaseline()
	for _, c := range p.sortedTouched() {
		p.consider(c)
	}
}

// end closes the batch and judges what needs all of its events.
func (p *Projection) end() {
	p.settleAll()
	for _, c := range p.sortedTouched() {
		p.settle(c)
		c.touched, c.news = false, false
	}
	p.touched = p.touched[:0]
}

// sortedTouched returns the touched computers by id.
func (p *Projection) sortedTouched() []*computer {
	if len(p.touched) > 1 {
		slices.SortFunc(p.touched, func(a, b *computer) int { return cmp.Compare(a.id, b.id) })
	}
	return p.touched
}

// touch records that the event at hand concerns the computer's picture.
func (p *Projection) touch(c *computer) {
	c.lastSeq, c.news = p.seq, true
	p.concerns(c)
}

// concerns records that the computer has to be looked at when the batch ends.
func (p *Projection) concerns(c *computer) {
	if !c.touched {
		c.touched = true
		p.touched = append(p.touched, c)
	}
}

// reclass judges the names of all rows anew by other settings; a session that is over keeps its picture.
func (p *Projection) reclass() {
	clear(p.called)
	for _, c := range p.computers {
		for _, r := range c.rows {
			if r.session == nil || r.session.active() {
				p.call(r, r.name)
			}
		}
	}
}

func (p *Projection) jobEvent(e *jobmon.Event) {
	if e.Flags.Has(jobmon.Gone) {
		p.rename()
		delete(p.jobs, e.Job)
		return // rows keep the name they had
	}
	old, known := p.jobs[e.Job]
	p.jobs[e.Job] = e.Name
	if known && old == e.Name {
		return
	}
	p.renamed[e.Job] = e.Seq
}

// rename gives rows the new names of their jobs: once for all of a batch, in which names come before rows.
func (p *Projection) rename() {
	if len(p.renamed) == 0 {
		return
	}
	for _, c := range p.computers {
		for _, r := range c.rows {
			seq, ok := p.renamed[r.job]
			// a closed session is a picture of the past and keeps its names
			if !ok || r.session != nil && !r.session.active() {
				continue
			}
			p.call(r, p.jobs[r.job])
			if c.shows() {
				c.lastSeq, c.news = max(c.lastSeq, seq), true
				p.concerns(c)
			}
		}
	}
	clear(p.renamed)
}

func (p *Projection) computerEvent(e *jobmon.Event) {
	c := p.computer(e.Computer)
	c.known = true
	was, is := *c.info, *c.info
	if is.Gone = e.Flags.Has(jobmon.Gone); !is.Gone { // what is gone keeps its name
		is = jobmon.Computer{
			ID: e.Computer, Name: e.Name, Group: e.Place, OSName: e.Text, Ghost: e.Flags.Has(jobmon.Ghost),
		}
	}
	c.info = &is
	p.look(c)
	// Where an errand that is not shown took the place of the one that is, its picture stays as it was.
	drawn := c.picture.seq != 0 && (c.front() != nil || c.picture.session == nil)
	if drawn && (is.Gone != was.Gone || is.Ghost != was.Ghost) {
		p.touch(c) // also a picture of the past says that nothing more will run here
	}
}

func (p *Projection) agentEvent(e *jobmon.Event, state jobmon.AgentState) {
	c := p.computer(e.Computer)
	if s := c.session; state == jobmon.AgentOnline && c.agent == jobmon.AgentOffline {
		c.back = p.axis
		if s != nil && p.axis.Sub(c.agentSince) > p.world.rules.AgentAway {
			s.pausedSeq = e.Seq
		}
	}
	c.agentAtLeast = c.agent == jobmon.AgentUnknown && state == jobmon.AgentOffline
	c.agent, c.agentSince = state, p.axis
	p.look(c)
}

// look judges the computer and redraws its picture, unless that is one of the past.
func (p *Projection) look(c *computer) {
	if c.activeNow() {
		p.judge(c)
	}
	if c.shows() {
		p.touch(c)
	}
}

func (p *Projection) sortedComputers() []*computer {
	list := make([]*computer, 0, len(p.computers))
	for _, id := range slices.Sorted(maps.Keys(p.computers)) {
		list = append(list, p.computers[id])
	}
	return list
}
