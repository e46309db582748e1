package replay

import (
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// Record is one event with what other events of the log say about it.
type Record struct {
	event     *jobmon.Event
	place     ndjson.Place
	chronicle *Chronicle
	site      string // where records of several are printed together

	axis     jobmon.Instant // its time without the steps of the server's clock
	offset   jobmon.Offset
	state    jobmon.RowState  // of the row afterwards
	maybe    bool             // it waits, as start_time may be now: which clock that follows is not known
	computer *jobmon.Computer // as it was then, nil where the event is about none
	job      *jobmon.Job

	wasRun, took bool // what ended ran; for how long is known
	length       jobmon.Length
	told         bool          // an event of that computer was told before
	delta        time.Duration // since then
}

// tell fills the record with an event and the names of its time.
func (c *Chronicle) tell(r *Record, e *jobmon.Event) {
	*r = Record{event: e, chronicle: c, axis: c.axis(e), offset: c.Offset(e.Seq), state: c.State(e)}
	if e.Kind.OfRow() {
		r.maybe = c.maybe(e, r.state)
	}
	if e.Kind.OfRow() || e.Kind == jobmon.KindJob {
		r.job = known(c.jobs[e.Job], e.Seq)
	}
	if !e.Kind.OfDaemon() && e.Kind != jobmon.KindJob && e.Kind != jobmon.KindCut {
		r.computer = known(c.computers[e.Computer], e.Seq)
	}
}

// known is what held at an event; something without a name where nothing did.
func known[T any](versions []version[T], seq uint64) *T {
	if v := find(versions, seq); v != nil {
		return &v.is
	}
	return new(T)
}

// maybe says whether a row waits only as far as is known: its start_time may be now, on a clock that is not known.
func (c *Chronicle) maybe(e *jobmon.Event, state jobmon.RowState) bool {
	return state == jobmon.StateWaiting && e.Kind != jobmon.KindDue &&
		e.Start-c.startWall(e) > jobmon.WallTime(c.Rules(e.Seq).Gap.Milliseconds())
}

// offsetText is the offset as text.
func (r *Record) offsetText() string { return r.zone()[len("UTC"):] }

// zone is the offset as in "UTC+01:00". It is nearly always the one of the event before.
func (r *Record) zone() string {
	last := &r.chronicle.offset
	if last.text == "" || last.is != r.offset {
		last.is, last.text = r.offset, "UTC"+r.offset.String()
	}
	return last.text
}

func (r *Record) has(f jobmon.Flags) bool { return r.event.Flags.Has(f) }

// computerName is empty where the event is about no computer.
func (r *Record) computerName() string {
	if r.computer == nil {
		return ""
	}
	return jobmon.ComputerName(r.event.Computer, r.computer.Name)
}

// subject is the job or stage that the event is about.
func (r *Record) subject() string {
	switch {
	case r.job != nil:
		return jobmon.JobName(r.event.Job, r.job.Name)
	case r.event.Kind == jobmon.KindExpected, r.event.Kind == jobmon.KindOverdue, r.event.Kind == jobmon.KindRefreshed:
		return r.event.Name
	}
	return ""
}

func (r *Record) group() string {
	switch {
	case r.event.Kind == jobmon.KindComputer:
		return r.event.Place
	case r.computer != nil:
		return r.computer.Group
	}
	return ""
}

func (r *Record) folder() string {
	switch {
	case r.event.Kind == jobmon.KindJob:
		return r.event.Place
	case r.job != nil:
		return r.job.Folder
	}
	return ""
}

// reason is why the source was lost, events are missing, or a deployment stands still.
func (r *Record) reason() string {
	return r.textOf(jobmon.KindSourceLost, jobmon.KindDamaged, jobmon.KindOverdue)
}

// textOf is the text of an event of one of the kinds.
func (r *Record) textOf(kinds ...jobmon.Kind) string {
	for _, k := range kinds {
		if r.event.Kind == k {
			return r.event.Text
		}
	}
	return ""
}

// startTime is a row's start_time on the server's wall clock, without what is below a second.
func (r *Record) startTime() string {
	if !r.event.Kind.OfRow() || r.event.Start == jobmon.NoStart {
		return ""
	}
	var text [32]byte
	return string(r.chronicle.start.Append(text[:0], int64(r.event.Start), 'T', false))
}

// startClock is the offset of start_time's clock from UTC, where the event says it.
func (r *Record) startClock() string {
	switch {
	case r.event.Kind != jobmon.KindStartClock:
		return ""
	case r.event.Text != "":
		return r.event.Text
	}
	return jobmon.Offset(r.event.Seconds).String()
}

// was says what the job or computer was before the event, as far as it was something else.
func (r *Record) was(say func(field, text string)) {
	e, c := r.event, r.chronicle
	other := func(field, was, is string) {
		if was != is {
			say(field, was)
		}
	}
	switch {
	case r.has(jobmon.Gone):
	case e.Kind == jobmon.KindJob:
		if was, ok := before(c.jobs[e.Job], e.Seq); ok {
			other("renamed_from", was.Name, e.Name)
			other("moved_from", was.Folder, e.Place)
		}
	case e.Kind == jobmon.KindComputer:
		if was, ok := before(c.computers[e.Computer], e.Seq); ok {
			other("renamed_from", was.Name, e.Name)
			other("moved_from", was.Group, e.Place)
			other("os_name_was", was.OSName, e.Text)
		}
	}
}

// write appends the event as a line, with what other events say about it.
func (r *Record) write(w *ndjson.Encoder) {
	w.Event(r.event, r.place)
	w.Safe("utc_offset", r.offsetText())
	w.Some("site", r.site)
	if r.computer != nil {
		w.Text("computer", r.computerName())
		w.Some("group", r.group())
	}
	if r.job != nil {
		w.Text("job", r.subject())
		w.Some("folder", r.folder())
	}
	if r.state != 0 {
		w.Safe("state", r.state.String())
	}
	if r.took {
		w.Real("took_s", r.length.Took.Seconds())
	}
	if r.length.Exact() && r.took {
		w.True("took_exact")
	}
	if r.length.Most > 0 {
		w.Real("took_at_most_s", r.length.Most.Seconds())
	}
	if !r.event.Kind.OfRow() {
		r.was(w.Text)
	}
	w.Close()
}

// ended records how long that ran which the event ended.
func (r *Record) ended(b began, c *Chronicle) {
	start := &jobmon.Event{Seq: b.seq, At: b.at, Flags: b.flags, Kind: jobmon.KindStarted}
	r.wasRun = true
	took := c.axis(r.event).Sub(c.axis(start))
	if took < 0 {
		return // the clock was set back meanwhile, and nothing says so
	}
	r.took, r.length.Took, r.length.Inexact = true, took, r.has(jobmon.Inexact) || start.Flags.Has(jobmon.Inexact)
	unseen := c.unseen(start)
	if r.length.Inexact && (unseen > 0 || !start.Flags.Has(jobmon.Inexact)) ||
		start.Flags.Has(jobmon.Inferred) && unseen > 0 {
		r.length.Most = took + unseen
	}
	r.length.Inexact = r.length.Inexact || at(c.steps, start.Seq) != at(c.steps, r.event.Seq)
}

// date is the event's date and time in that zone, as "2026-11-22 14:05:00".
func (r *Record) date(utc bool) string {
	at := int64(r.event.At)
	if !utc {
		at = int64(r.event.At.Wall(r.offset))
	}
	var text [32]byte
	return string(r.chronicle.local.Append(text[:0], at, ' ', false))
}

// local is the event's time in that zone.
func (r *Record) local(utc bool) time.Time {
	if utc {
		return r.event.At.Time()
	}
	return r.event.At.Time().In(r.offset.Zone())
}
