package replay

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Record is one event as it is told. The first fourteen fields are in every line of ndjson, null where they have no
// meaning; others script against their names.
type Record struct {
	Seq        uint64       `json:"seq"`
	At         string       `json:"at"` // UTC
	Kind       string       `json:"kind"`
	ScheduleID *int32       `json:"schedule_id"`
	ComputerID *int32       `json:"computer_id"`
	Computer   *string      `json:"computer"`
	JobID      *int32       `json:"job_id"`
	Job        *string      `json:"job"`
	StartTime  *string      `json:"start_time"` // the server's wall clock
	UTCOffset  string       `json:"utc_offset"`
	StatusCode *jobmon.Code `json:"status_code"`
	Baseline   bool         `json:"baseline"`
	Inferred   bool         `json:"inferred"`
	Inexact    bool         `json:"inexact"`

	State      string   `json:"state,omitempty"`  // of the row afterwards
	TookS      *float64 `json:"took_s,omitempty"` // what ended, in seconds
	TookExact  bool     `json:"took_exact,omitempty"`
	TookMostS  *float64 `json:"took_at_most_s,omitempty"` // all that is known where its start or its end was not seen
	Gone       bool     `json:"gone,omitempty"`
	Ghost      bool     `json:"ghost,omitempty"`
	OSName     string   `json:"os_name,omitempty"`
	Group      string   `json:"group,omitempty"`
	Folder     string   `json:"folder,omitempty"`
	Stage      string   `json:"stage,omitempty"`
	Seconds    int32    `json:"seconds,omitempty"` // expected: the typical duration
	Runs       int32    `json:"runs,omitempty"`
	Since      string   `json:"since,omitempty"`       // overdue: UTC, since when it stands still; Reason says why
	StartClock string   `json:"start_clock,omitempty"` // start-clock: that clock's offset from UTC, or "unknown"
	AskedJob   string   `json:"asked_job,omitempty"`   // refreshed: the job that the script named
	Checksum   string   `json:"checksum,omitempty"`    // refreshed: first 8 bytes of the file's SHA-256, hex
	Version    string   `json:"version,omitempty"`
	Projection int32    `json:"projection,omitempty"`
	Until      string   `json:"covered_until,omitempty"` // daemon-started: UTC
	Reason     string   `json:"reason,omitempty"`
	Settings   string   `json:"settings,omitempty"`
	StepMS     int64    `json:"step_ms,omitempty"`
	From       uint64   `json:"from,omitempty"`
	To         uint64   `json:"to,omitempty"`

	// What a job or computer was before, where it was something else.
	RenamedFrom *string `json:"renamed_from,omitempty"`
	MovedFrom   *string `json:"moved_from,omitempty"` // folder or group
	OSNameWas   *string `json:"os_name_was,omitempty"`

	chronicle *Chronicle

	event  *jobmon.Event
	axis   jobmon.Instant // its time without the steps of the server's clock
	offset jobmon.Offset
	state  jobmon.RowState
	maybe  bool // it waits, as start_time may be now: which clock that follows is not known
	wasRun bool // what ended ran
	began  jobmon.Instant
	took   jobmon.Length
	delta  *time.Duration // since the event told before of that computer

	// What the pointers above point to.
	scheduleID, computerID, jobID int32
	computer, job, startTime      string
	statusCode                    jobmon.Code
	tookS, tookMostS              float64
	deltaIs                       time.Duration
}

// tell fills the record with an event and the names of its time.
func (c *Chronicle) tell(r *Record, e *jobmon.Event) {
	c.sketch(r, e)
	var text [32]byte
	r.At = string(append(c.at.append(text[:0], int64(e.At), 'T', true), 'Z'))
	if e.Kind.OfRow() && e.Start != jobmon.NoStart {
		r.startTime = string(c.start.append(text[:0], int64(e.Start), 'T', false))
		r.StartTime = &r.startTime
	}
}

// sketch fills it but for its times, which is enough for Text.
func (c *Chronicle) sketch(r *Record, e *jobmon.Event) {
	*r = Record{
		Seq: e.Seq, Kind: e.Kind.String(),
		Baseline: e.Flags.Has(
			jobmon.Baseline,
		), Inferred: e.Flags.Has(jobmon.Inferred), Inexact: e.Flags.Has(jobmon.Inexact),
		Gone: e.Flags.Has(jobmon.Gone), Ghost: e.Flags.Has(jobmon.Ghost),
		chronicle: c, event: e, axis: c.axis(e), offset: c.Offset(e.Seq), state: c.State(e),
	}
	r.UTCOffset = c.offsetText(r.offset)
	if e.Kind.OfRow() {
		r.scheduleID = int32(e.Schedule)
		r.ScheduleID = &r.scheduleID
		if e.Status.Set {
			r.statusCode = e.Status.Code
			r.StatusCode = &r.statusCode
		}
		r.maybe = c.maybe(e, r.state)
		if r.state != 0 {
			r.State = r.state.String()
		}
	}
	if e.Kind.OfRow() || e.Kind == jobmon.KindJob {
		job := c.Job(e.Job, e.Seq)
		r.jobID, r.job, r.Folder = int32(e.Job), jobmon.JobName(e.Job, job.Name), job.Folder
		r.JobID, r.Job = &r.jobID, &r.job
	}
	if !e.Kind.OfDaemon() && e.Kind != jobmon.KindJob && e.Kind != jobmon.KindCut {
		computer := c.Computer(e.Computer, e.Seq)
		r.computerID, r.computer = int32(e.Computer), jobmon.ComputerName(e.Computer, computer.Name)
		r.ComputerID, r.Computer, r.Group = &r.computerID, &r.computer, computer.Group
	}
	r.addDetail(e, c)
}

// maybe says whether a row waits only as far as is known: its start_time may be now, on a clock that is not known.
func (c *Chronicle) maybe(e *jobmon.Event, state jobmon.RowState) bool {
	return state == jobmon.StateWaiting && e.Kind != jobmon.KindDue &&
		e.Start-c.startWall(e) > jobmon.WallTime(c.Rules(e.Seq).Gap.Milliseconds())
}

// offsetText is the offset as text, which is nearly always the one of the event before.
func (c *Chronicle) offsetText(offset jobmon.Offset) string {
	if c.offset.text == "" || c.offset.is != offset {
		c.offset.is, c.offset.text = offset, offset.String()
	}
	return c.offset.text
}

// other is what was, nil when it still is.
func other(was, is string) *string {
	if was == is {
		return nil
	}
	return &was
}

func (r *Record) addDetail(e *jobmon.Event, c *Chronicle) {
	switch e.Kind {
	case jobmon.KindJob:
		r.Folder = e.Place
		if was, ok := before(c.jobs[e.Job], e.Seq); ok && !r.Gone {
			r.RenamedFrom, r.MovedFrom = other(was.Name, e.Name), other(was.Folder, e.Place)
		}
	case jobmon.KindComputer:
		r.OSName, r.Group = e.Text, e.Place
		if was, ok := before(c.computers[e.Computer], e.Seq); ok && !r.Gone {
			r.RenamedFrom, r.MovedFrom, r.OSNameWas = other(
				was.Name,
				e.Name,
			), other(
				was.Group,
				e.Place,
			), other(
				was.OSName,
				e.Text,
			)
		}
	case jobmon.KindExpected:
		r.Stage, r.Seconds, r.Runs = e.Name, e.Seconds, e.Count
	case jobmon.KindRefreshed:
		r.AskedJob, r.Checksum = e.Name, fmt.Sprintf("%016x", e.Sum)
	case jobmon.KindDaemonStarted:
		r.Version, r.Projection = e.Text, e.Count
		if e.Until != 0 {
			r.Until = e.Until.String()
		}
	case jobmon.KindSourceLost, jobmon.KindDamaged:
		r.Reason, r.From, r.To = e.Text, e.From, e.To
	case jobmon.KindCut:
		r.From, r.To = e.From, e.To
	case jobmon.KindConfigured:
		r.Settings = e.Text
	case jobmon.KindClock:
		r.StepMS = e.Step
	case jobmon.KindStartClock:
		if r.StartClock = e.Text; e.Text == "" {
			r.StartClock = jobmon.Offset(e.Seconds).String()
		}
	case jobmon.KindOverdue:
		r.Reason, r.Since = e.Text, e.Until.String()
		if e.Text == jobmon.StillStage {
			r.Stage = e.Name
		} else {
			r.Job = new(e.Name)
		}
	}
}

// ended records how long that ran which the event ended.
func (r *Record) ended(b began, c *Chronicle) {
	start := &jobmon.Event{Seq: b.seq, At: b.at, Flags: b.flags, Kind: jobmon.KindStarted}
	r.wasRun, r.began = true, start.At
	took := c.axis(r.event).Sub(c.axis(start))
	if took < 0 {
		return // the clock was set back meanwhile, and nothing says so
	}
	r.took.Took, r.took.Inexact = took, r.Inexact || start.Flags.Has(jobmon.Inexact)
	unseen := c.unseen(start)
	if r.took.Inexact && (unseen > 0 || !start.Flags.Has(jobmon.Inexact)) ||
		start.Flags.Has(jobmon.Inferred) && unseen > 0 {
		r.took.Most = took + unseen
		r.tookMostS = r.took.Most.Seconds()
		r.TookMostS = &r.tookMostS
	}
	r.took.Inexact = r.took.Inexact || at(c.steps, start.Seq) != at(c.steps, r.event.Seq)
	r.tookS = took.Seconds()
	r.TookS, r.TookExact = &r.tookS, r.took.Exact()
}

// date is the event's date and time in that zone, as "2026-11-22 14:05:00".
func (r *Record) date(utc bool) string {
	at := int64(r.event.At)
	if !utc {
		at = int64(r.event.At.Wall(r.offset))
	}
	var text [32]byte
	return string(r.chronicle.local.append(text[:0], at, ' ', false))
}

// local is the event's time in that zone.
func (r *Record) local(utc bool) time.Time {
	if utc {
		return r.event.At.Time()
	}
	return r.event.At.Time().In(r.offset.Zone())
}
