package jobmon

import (
	"cmp"
	"slices"
)

// DiffOptions say how far the times of a difference can be trusted.
type DiffOptions struct {
	// Baseline is set for the very first read: rows are reported as they are found. The snapshot then holds only rows
	// that differ from the mirror's, which part of this read may have filled before.
	Baseline        bool
	Inexact         bool // the last good read is older than three poll intervals
	InferredInexact bool // the last two reads were more than two poll intervals apart
}

// Diff returns what happened between the mirror and a snapshot, in the canonical order of a batch: names, rows,
// agents. It is a pure function; Seq and At are left to the log.
//
// Law 1: applying the events to the mirror gives the snapshot, for the parts that the snapshot read. Rows are reported
// in groups of equal start_time, ascending, so that a history still reads in order after an outage: within a group
// first what was planned, then what ended, then what runs.
func Diff(m *Mirror, s *Snapshot, o DiffOptions) []Event {
	var events []Event
	DiffEach(m, s, o, func(e *Event) { events = append(events, *e) })
	return events
}

// DiffEach is Diff that hands over the events one by one, so that a first read of a million rows needs no list of them.
// The mirror may already hold those that were handed over.
func DiffEach(m *Mirror, s *Snapshot, o DiffOptions, tell func(*Event)) {
	d := differ{options: o, tell: tell}
	d.computers(m, s)
	d.jobs(m, s)
	d.rows(m, s)
	d.agents(m, s)
}

type differ struct {
	options DiffOptions
	tell    func(*Event)
}

func (d *differ) baseline() Flags {
	if d.options.Baseline {
		return Baseline
	}
	return 0
}

func (d *differ) jobs(m *Mirror, s *Snapshot) {
	found := 0
	for _, j := range s.Jobs {
		old, known := m.Jobs[j.ID]
		if known {
			found++
		}
		if !known || old != j {
			d.tell(&Event{Kind: KindJob, Flags: d.baseline(), Job: j.ID, Name: j.Name, Place: j.Folder})
		}
	}
	if !s.AllJobs || found == len(m.Jobs) {
		return
	}
	for _, id := range absent(m.Jobs, s.Jobs, func(j Job) JobID { return j.ID }) {
		old := m.Jobs[id]
		d.tell(&Event{Kind: KindJob, Flags: Gone, Job: id, Name: old.Name, Place: old.Folder})
	}
}

func (d *differ) computers(m *Mirror, s *Snapshot) {
	found := 0
	for _, c := range s.Computers {
		old, known := m.Computers[c.ID]
		if known {
			found++
		}
		if !known || old != c {
			d.tell(computerEvent(c, d.baseline()))
		}
	}
	if !s.AllComputers || found == len(m.Computers) {
		return
	}
	for _, id := range absent(m.Computers, s.Computers, func(c Computer) ComputerID { return c.ID }) {
		d.tell(computerEvent(m.Computers[id], Gone))
	}
}

func computerEvent(c Computer, flags Flags) *Event {
	if c.Ghost {
		flags |= Ghost
	}
	return &Event{Kind: KindComputer, Flags: flags, Computer: c.ID, Name: c.Name, Place: c.Group, Text: c.OSName}
}

// absent lists the keys of the known that are not among the read ones (sorted by id), ascending.
func absent[K cmp.Ordered, V, T any](known map[K]V, read []T, id func(T) K) []K {
	var gone []K
	for k := range known {
		if _, ok := slices.BinarySearchFunc(read, k, func(v T, k K) int { return cmp.Compare(id(v), k) }); !ok {
			gone = append(gone, k)
		}
	}
	slices.Sort(gone)
	return gone
}

// change is a row that differs from the mirror's.
type change struct {
	old   Row
	known bool
	new   Row
	late  bool // seen now, but of some time before
}

// ran ranks what happened to a row within its group: what ended, what began and ended, what began.
func (c *change) ran() int {
	switch {
	case c.new.Status.Finished() && c.known && c.old.Status.Running():
		return 0
	case c.new.Status.Finished():
		return 1
	}
	return 2
}

func (d *differ) rows(m *Mirror, s *Snapshot) {
	gone := slices.Clone(s.Gone)
	slices.Sort(gone)
	for _, id := range slices.Compact(gone) {
		if old, known := m.Rows.Get(id); known {
			d.row(KindRemoved, 0, old)
		}
	}
	order := make([]int32, len(s.Rows)) // a list of changes would be large for a million rows
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(CompareStart(s.Rows[a].Start, s.Rows[b].Start), cmp.Compare(s.Rows[a].ID, s.Rows[b].ID))
	})
	var group []change
	for i, at := range order {
		r := s.Rows[at]
		old, known := m.Rows.Get(r.ID)
		_, late := slices.BinarySearch(s.Late, r.ID)
		group = append(group, change{old: old, known: known, new: r, late: late})
		if i+1 == len(order) || s.Rows[order[i+1]].Start != r.Start {
			d.group(group)
			group = group[:0]
		}
	}
}

// CompareStart orders by start_time; rows without one come last.
func CompareStart(a, b WallTime) int {
	if a == NoStart || b == NoStart {
		return -cmp.Compare(a, b)
	}
	return cmp.Compare(a, b)
}

func (d *differ) group(changes []change) {
	for i := range changes {
		changes[i] = d.plan(changes[i])
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.ran(), b.ran()) })
	for i := range changes {
		d.run(&changes[i])
	}
}

// plan reports how the row came to wait as it does: seen, moved, requeued. It returns what remains of the change.
func (d *differ) plan(c change) change {
	if c.known && (c.old.Job != c.new.Job || c.old.Computer != c.new.Computer) {
		d.row(KindRemoved, 0, c.old) // the id was used again for something else
		c.known = false
	}
	if !c.known || d.options.Baseline {
		c.old = c.new
		if !d.options.Baseline {
			c.old.Status = StatusNull
		}
		d.row(KindScheduled, d.baseline()|d.inexact(c.late), c.old)
		c.known = true
		return c
	}
	if c.old.Status != c.new.Status && (c.old.Status.Finished() || c.new.Status.Waiting()) {
		c.old.Status = StatusNull
		d.row(KindRequeued, d.inexact(c.late), c.old)
	}
	if c.old.Start != c.new.Start {
		c.old.Start = c.new.Start
		d.row(KindRescheduled, 0, c.old)
	}
	return c
}

// run reports what the row did since it was planned.
func (d *differ) run(c *change) {
	if c.old.Status == c.new.Status {
		return
	}
	if c.old.Status.Waiting() {
		flags := d.inexact(c.late)
		if !c.new.Status.Running() {
			flags |= Inferred
			if d.options.InferredInexact {
				flags |= Inexact
			}
		}
		started := c.new
		started.Status = StatusRunning
		d.row(KindStarted, flags, started)
	}
	if c.new.Status.Finished() {
		d.row(KindFinished, d.inexact(c.late), c.new)
	}
}

func (d *differ) inexact(late bool) Flags {
	if (late || d.options.Inexact) && !d.options.Baseline {
		return Inexact
	}
	return 0
}

func (d *differ) row(kind Kind, flags Flags, r Row) {
	d.tell(&Event{
		Kind: kind, Flags: flags, Schedule: r.ID, Computer: r.Computer, Job: r.Job, Start: r.Start, Status: r.Status,
	})
}

func (d *differ) agents(m *Mirror, s *Snapshot) {
	for _, a := range s.Agents {
		if m.Agents[a.Computer] == a.State {
			continue
		}
		kind := KindAgentUnknown
		switch a.State {
		case AgentOnline:
			kind = KindAgentOnline
		case AgentOffline:
			kind = KindAgentOffline
		}
		d.tell(&Event{Kind: kind, Computer: a.Computer})
	}
}

// Apply folds one event into the mirror. Events that do not concern the tables, also those of kinds that this
// version does not know, change nothing.
func (m *Mirror) Apply(e *Event) {
	switch e.Kind {
	case KindScheduled, KindRescheduled, KindStarted, KindFinished, KindRequeued:
		m.Rows.Put(e.Row())
	case KindRemoved:
		m.Rows.Delete(e.Schedule)
	case KindJob:
		if e.Flags.Has(Gone) {
			delete(m.Jobs, e.Job)
			return
		}
		m.Jobs[e.Job] = Job{ID: e.Job, Name: e.Name, Folder: e.Place}
	case KindComputer:
		if e.Flags.Has(Gone) {
			delete(m.Computers, e.Computer)
			return
		}
		m.Computers[e.Computer] = Computer{
			ID: e.Computer, Name: e.Name, Group: e.Place, OSName: e.Text, Ghost: e.Flags.Has(Ghost),
		}
	case KindAgentOnline:
		m.Agents[e.Computer] = AgentOnline
	case KindAgentOffline:
		m.Agents[e.Computer] = AgentOffline
	case KindAgentUnknown:
		delete(m.Agents, e.Computer)
	}
}
