// Package replay answers questions about the log's events: which of them match, what each one means in words, and in
// which shape it is printed. It also reads the moments that people type. Everything is read page by page, so that a
// log may be of any length.
package replay

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// Chronicle knows, for any place in the log, what things were called then, how far the server's clock and that of
// start_time were ahead of UTC, and by which rules events were judged. It is not safe for concurrent use.
type Chronicle struct {
	jobs      map[jobmon.JobID][]version[jobmon.Job]
	computers map[jobmon.ComputerID][]version[jobmon.Computer]
	offsets   []version[jobmon.Offset]
	starts    []version[startClock]
	rules     []version[*jobmon.Rules]
	daemon    []jobmon.Event // all that concern every computer
	looks     []version[jobmon.Looks]
	steps     []version[steps]
	named     int   // counts what jobs and computers came to be
	writer    int32 // projection number of the daemon that wrote last
	last      uint64

	era          era        // of the event that was asked about last
	local, start ndjson.Day // of the times that were written last
	offset       struct {
		is   jobmon.Offset
		text string
	}
}

// era is what held for all computers at the events from one on and before another: what changes rarely is looked up
// once.
type era struct {
	span
	offset jobmon.Offset
	start  startClock
	rules  *jobmon.Rules
	steps  steps
}

// span is the events from one on and before another.
type span struct{ from, to uint64 }

func (s *span) holds(seq uint64) bool { return seq >= s.from && seq < s.to }

// always holds every event.
var always = span{to: math.MaxUint64}

// eraOf is the era of an event.
func (c *Chronicle) eraOf(seq uint64) *era {
	e := &c.era
	if e.holds(seq) {
		return e
	}
	e.span = always
	e.offset, e.start = during(&e.span, c.offsets, seq), during(&e.span, c.starts, seq)
	e.rules, e.steps = during(&e.span, c.rules, seq), during(&e.span, c.steps, seq)
	return e
}

// during is what held at an event, as at returns it; the span shrinks to where that holds.
func during[T any](s *span, versions []version[T], seq uint64) (is T) {
	i, found := slices.BinarySearchFunc(versions, seq, compareSeq)
	if found {
		i++
	}
	if i < len(versions) {
		s.to = min(s.to, versions[i].seq)
	}
	if i > 0 {
		s.from = max(s.from, versions[i-1].seq)
	}
	if len(versions) > 0 {
		is = versions[max(i-1, 0)].is
	}
	return is
}

func compareSeq[T any](v version[T], seq uint64) int { return cmp.Compare(v.seq, seq) }

// startClock is how far start_time's clock is from UTC, where that has been found out.
type startClock struct {
	offset jobmon.Offset
	known  bool
}

// steps are those of the server's clock so far.
type steps struct {
	sum   int64 // milliseconds
	count int   // also of those that were time which passed, see jobmon.StepOf
}

// version is what held from an event on.
type version[T any] struct {
	seq uint64
	is  T
}

// NewChronicle makes it of the log's chronicle (history.Facts).
func NewChronicle(events []jobmon.Event) *Chronicle {
	standard, err := jobmon.NewRules(jobmon.DefaultSettings())
	if err != nil {
		panic(err) // constants
	}
	c := &Chronicle{
		jobs: map[jobmon.JobID][]version[jobmon.Job]{}, computers: map[jobmon.ComputerID][]version[jobmon.Computer]{},
		starts: []version[startClock]{{}}, steps: []version[steps]{{}}, rules: []version[*jobmon.Rules]{{is: standard}},
	}
	for i := range events {
		c.Add(&events[i])
	}
	return c
}

// Add records an event behind those that it knows; others, and those that shape nothing, are left out.
func (c *Chronicle) Add(e *jobmon.Event) {
	if e.Seq <= c.last {
		return
	}
	c.last = e.Seq
	if e.Kind.OfDaemon() {
		c.daemon = append(c.daemon, *e)
		looks := at(c.looks, e.Seq)
		looks.Note(e)
		c.looks = append(c.looks, version[jobmon.Looks]{seq: e.Seq, is: looks})
	}
	switch e.Kind {
	case jobmon.KindJob:
		if !e.Flags.Has(jobmon.Gone) { // what is gone keeps its name
			c.jobs[e.Job] = changed(c, c.jobs[e.Job], e.Seq, jobmon.Job{ID: e.Job, Name: e.Name, Folder: e.Place})
		}
	case jobmon.KindComputer:
		if !e.Flags.Has(jobmon.Gone) {
			known := jobmon.Computer{
				ID:     e.Computer,
				Name:   e.Name,
				OSName: e.Text,
				Group:  e.Place,
				Ghost:  e.Flags.Has(jobmon.Ghost),
			}
			c.computers[e.Computer] = changed(c, c.computers[e.Computer], e.Seq, known)
		}
	case jobmon.KindStartClock:
		known := e.Text != jobmon.UnknownClock
		c.starts = append(c.starts, version[startClock]{seq: e.Seq, is: startClock{jobmon.Offset(e.Seconds), known}})
	case jobmon.KindClock:
		if start := at(c.starts, e.Seq); start.known && start.offset == c.Offset(e.Seq) { // start_time follows GETDATE
			c.starts = append(c.starts, version[startClock]{seq: e.Seq, is: startClock{jobmon.Offset(e.Seconds), true}})
		}
		c.offsets = append(c.offsets, version[jobmon.Offset]{seq: e.Seq, is: jobmon.Offset(e.Seconds)})
		if was := at(c.steps, e.Seq); e.Step != 0 {
			c.steps = append(
				c.steps,
				version[steps]{seq: e.Seq, is: steps{was.sum + jobmon.StepOf(e, c.writer, was.sum), was.count + 1}},
			)
		}
	case jobmon.KindDaemonStarted:
		c.writer = e.Count
	case jobmon.KindConfigured:
		if settings, err := jobmon.DecodeSettings(e.Text); err == nil {
			if rules, err := jobmon.NewRules(settings); err == nil { // a newer program's may mean nothing here
				c.rules = append(c.rules, version[*jobmon.Rules]{seq: e.Seq, is: rules})
			}
		}
	}
	if e.Kind.OfDaemon() {
		c.era.to = 0 // another one may begin
	}
}

// changed appends what holds from an event on, unless it holds already.
func changed[T comparable](c *Chronicle, versions []version[T], seq uint64, is T) []version[T] {
	if v := last(versions); v != nil && v.is == is {
		return versions
	}
	c.named++
	return append(versions, version[T]{seq, is})
}

// at is what held at an event, or the first that ever held.
func at[T any](versions []version[T], seq uint64) (is T) {
	if v := find(versions, seq); v != nil {
		is = v.is
	}
	return is
}

// find is the version that at takes, nil where there is none.
func find[T any](versions []version[T], seq uint64) *version[T] {
	n := len(versions)
	if n == 0 || versions[n-1].seq <= seq || n == 1 {
		return last(versions)
	}
	i, found := slices.BinarySearchFunc(versions, seq, compareSeq)
	if !found {
		i--
	}
	return &versions[max(i, 0)]
}

func last[T any](versions []version[T]) *version[T] {
	if len(versions) == 0 {
		return nil
	}
	return &versions[len(versions)-1]
}

// before is what held before an event; ok is false when nothing did.
func before[T any](versions []version[T], seq uint64) (was T, ok bool) {
	if len(versions) == 0 || versions[0].seq >= seq {
		return was, false
	}
	return at(versions, seq-1), true
}

// Job is a job as it was at an event; a job that has no name yet is given an empty one.
func (c *Chronicle) Job(id jobmon.JobID, seq uint64) jobmon.Job { return at(c.jobs[id], seq) }

// Computer is a computer as it was at an event.
func (c *Chronicle) Computer(id jobmon.ComputerID, seq uint64) jobmon.Computer {
	return at(c.computers[id], seq)
}

// Offset is the server's UTC offset at an event.
func (c *Chronicle) Offset(seq uint64) jobmon.Offset { return c.eraOf(seq).offset }

// StartClock is the UTC offset of start_time's clock at an event, where that has been found out.
func (c *Chronicle) StartClock(seq uint64) (offset jobmon.Offset, known bool) {
	start := c.eraOf(seq).start
	return start.offset, start.known
}

// startWall is what the clock of start_time shows at an event: as configured, as found out, or else GETDATE's.
func (c *Chronicle) startWall(e *jobmon.Event) jobmon.WallTime {
	if zone := c.Rules(e.Seq).StartLocation(); zone != nil {
		return jobmon.WallTimeOf(e.At.Time().In(zone))
	}
	if start := c.eraOf(e.Seq).start; start.known {
		return e.At.Wall(start.offset)
	}
	return e.At.Wall(c.Offset(e.Seq))
}

// axis is the event's time without the steps that the server's clock has made so far: a step is no time that passes.
func (c *Chronicle) axis(e *jobmon.Event) jobmon.Instant {
	return e.At - jobmon.Instant(c.eraOf(e.Seq).steps.sum)
}

// Rules are the settings in force at an event.
func (c *Chronicle) Rules(seq uint64) *jobmon.Rules { return c.eraOf(seq).rules }

// unseen returns within which time before it the event happened, when no read saw it happen; see jobmon.Looks.
func (c *Chronicle) unseen(e *jobmon.Event) time.Duration {
	var looks jobmon.Looks
	if len(c.looks) > 0 && c.looks[0].seq <= e.Seq {
		looks = at(c.looks, e.Seq)
	}
	return looks.Unseen(e, c.Rules(e.Seq).PollInterval)
}

// State is where a row stands after an event of it; 0 for other events, and for the removal of a row that had finished.
func (c *Chronicle) State(e *jobmon.Event) jobmon.RowState {
	if !e.Kind.OfRow() {
		return 0
	}
	before := jobmon.RowState(0)
	if e.Kind == jobmon.KindRemoved {
		switch { // the event holds the row as it was
		case e.Status.Waiting():
			before = jobmon.StateWaiting
		case e.Status.Running():
			before = jobmon.StateRunning
		default:
			return 0
		}
	}
	if e.Kind == jobmon.KindDue {
		before = jobmon.StateLater
	}
	state := c.Rules(e.Seq).Next(before, e, c.startWall(e))
	if state == jobmon.StateLater && c.mayBeNow(e) {
		return jobmon.StateWaiting
	}
	return state
}

// mayBeNow says whether a row that arrives may count as due although its start_time is ahead of the server's clock:
// nobody knows which clock start_time follows, and on one of them it is now. The projection knows better where
// another row of the same drop shows that GETDATE is followed. A row that is moved mostly recurs, and counts as
// later.
func (c *Chronicle) mayBeNow(e *jobmon.Event) bool {
	if e.Kind != jobmon.KindScheduled || e.Flags.Has(jobmon.Baseline) ||
		c.Rules(e.Seq).StartLocation() != nil || c.eraOf(e.Seq).start.known {
		return false
	}
	_, may := jobmon.ZoneDistance(e.Start, e.At)
	return may
}
