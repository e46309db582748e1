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

	event  *jobmon.Event
	axis   jobmon.Instant // its time without the steps of the server's clock
	offset jobmon.Offset
	state  jobmon.RowState
	maybe  bool // it waits, as start_time may be now: which clock that follows is not known
	wasRun bool // what ended ran
	began  jobmon.Instant
	took   jobmon.Length
	delta  *time.Duration // since the event told before of that computer
}

// Tell tells an event with the names of its time.
func Tell(e *jobmon.Event, c *Chronicle) *Record {
	r := sketch(e, c)
	r.At = e.At.String()
	if e.Kind.OfRow() && e.Start != jobmon.NoStart {
		r.StartTime = new(e.Start.String())
	}
	return r
}

// sketch tells it without its times, which is half of the work: enough for Text.
func sketch(e *jobmon.Event, c *Chronicle) *Record {
	r := &Record{
		Seq: e.Seq, Kind: e.Kind.String(),
		Baseline: e.Flags.Has(jobmon.Baseline), Inferred: e.Flags.Has(jobmon.Inferred), Inexact: e.Flags.Has(jobmon.Inexact),
		Gone: e.Flags.Has(jobmon.Gone), Ghost: e.Flags.Has(jobmon.Ghost),
		event: e, axis: c.axis(e), offset: c.Offset(e.Seq), state: c.State(e),
	}
	r.UTCOffset = r.offset.String()
	if e.Kind.OfRow() {
		r.ScheduleID = new(int32(e.Schedule))
		if e.Status.Set {
			r.StatusCode = new(e.Status.Code)
		}
		if r.state == jobmon.StateWaiting && e.Kind != jobmon.KindDue {
			r.maybe = e.Start-c.startWall(e) > jobmon.WallTime(c.Rules(e.Seq).Gap.Milliseconds())
		}
		if r.state != 0 {
			r.State = r.state.String()
		}
	}
	if e.Kind.OfRow() || e.Kind == jobmon.KindJob {
		job := c.Job(e.Job, e.Seq)
		r.JobID, r.Job, r.Folder = new(int32(e.Job)), new(jobmon.JobName(e.Job, job.Name)), job.Folder
	}
	if !e.Kind.OfDaemon() && e.Kind != jobmon.KindJob && e.Kind != jobmon.KindCut {
		computer := c.Computer(e.Computer, e.Seq)
		r.ComputerID, r.Computer, r.Group = new(int32(e.Computer)), new(jobmon.ComputerName(e.Computer, computer.Name)), computer.Group
	}
	r.addDetail(e, c)
	return r
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
			r.RenamedFrom, r.MovedFrom, r.OSNameWas = other(was.Name, e.Name), other(was.Group, e.Place), other(was.OSName, e.Text)
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
	start := &b.event
	r.wasRun, r.began = true, start.At
	took := c.axis(r.event).Sub(c.axis(start))
	if took < 0 {
		return // the clock was set back meanwhile, and nothing says so
	}
	r.took.Took, r.took.Inexact = took, r.Inexact || start.Flags.Has(jobmon.Inexact)
	unseen := c.unseen(start)
	if r.took.Inexact && (unseen > 0 || !start.Flags.Has(jobmon.Inexact)) || start.Flags.Has(jobmon.Inferred) && unseen > 0 {
		r.took.Most = took + unseen
		r.TookMostS = new(r.took.Most.Seconds())
	}
	r.took.Inexact = r.took.Inexact || at(c.steps, start.Seq) != at(c.steps, r.event.Seq)
	r.TookS, r.TookExact = new(took.Seconds()), r.took.Exact()
}

// local is the event's time in that zone.
func (r *Record) local(utc bool) time.Time {
	if utc {
		return r.event.At.Time()
	}
	return r.event.At.Time().In(r.offset.Zone())
}
