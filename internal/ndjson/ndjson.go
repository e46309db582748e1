// Package ndjson writes the events of a log as text, and reads them back: newline-delimited JSON, a line an event, with
// everything that the log holds of it. The format is in docs/export.md; it is version 1.
package ndjson

import (
	"errors"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	formatName = "jobmon-db events"
	version    = 1
	// longestLine is more than the longest event of a log: three texts of a mebibyte, each byte of them escaped.
	longestLine = 32 << 20
)

// What can be wrong with an export, for errors.Is.
var (
	ErrForeign   = errors.New("not an export of this program")
	ErrNewer     = errors.New("an export of a newer version")
	ErrTruncated = errors.New("the export is cut short")
	ErrDamaged   = errors.New("the export is damaged")
)

// Header says which log the events are of.
type Header struct {
	LogID   string // 32 hex digits
	Site    string
	Program string // the version that wrote it
}

// head is the first line.
type head struct {
	Export struct {
		Format  string `json:"format"`
		Version int    `json:"v"`
		LogID   string `json:"log_id"`
		Site    string `json:"site"`
		Program string `json:"program"`
	} `json:"export"`
}

// tail is the last line.
type tail struct {
	End struct {
		Events uint64 `json:"events"`
		Last   uint64 `json:"last_seq"`
	} `json:"end"`
}

// line is an event. What is not there is zero, an empty text, or NULL.
type line struct {
	Seq  uint64 `json:"seq"`
	At   moment `json:"at"`
	Kind kind   `json:"kind"`
	More bool   `json:"more,omitempty"` // the next line is of the same batch

	Flags    flags        `json:"flags,omitempty"`
	Schedule int32        `json:"schedule_id,omitempty"`
	Computer int32        `json:"computer_id,omitempty"`
	Job      int32        `json:"job_id,omitempty"`
	Start    *wall        `json:"start_time,omitempty"`
	Status   *jobmon.Code `json:"status_code,omitempty"`
	Name     plain        `json:"name,omitempty"`
	Place    plain        `json:"place,omitempty"`
	Text     plain        `json:"text,omitempty"`
	Seconds  int32        `json:"seconds,omitempty"`
	Count    int32        `json:"count,omitempty"`
	Step     int64        `json:"step_ms,omitempty"`
	Until    *moment      `json:"until,omitempty"`
	From     uint64       `json:"from,omitempty"`
	To       uint64       `json:"to,omitempty"`
	Sum      hexadecimal  `json:"sum,omitempty"`
}

// lineOf is the event as a line.
func lineOf(e *jobmon.Event, more bool) *line {
	l := &line{
		Seq: e.Seq, At: moment(e.At), Kind: kind(e.Kind), More: more, Flags: flags(e.Flags),
		Schedule: int32(e.Schedule), Computer: int32(e.Computer), Job: int32(e.Job),
		Name: plain(e.Name), Place: plain(e.Place), Text: plain(e.Text),
		Seconds: e.Seconds, Count: e.Count, Step: e.Step, Sum: hexadecimal(e.Sum),
		From: min(
			e.From,
			jobmon.MaxSeq,
		), To: min(e.To, jobmon.MaxSeq), // an early version believed higher numbers of planted files
	}
	if e.Start != unset(e.Kind) {
		start := wall(e.Start)
		l.Start = &start
	}
	if e.Status.Set {
		l.Status = &e.Status.Code
	}
	if e.Until != 0 {
		until := moment(e.Until)
		l.Until = &until
	}
	return l
}

// event is the line as the event that it was made of.
func (l *line) event() jobmon.Event {
	e := jobmon.Event{
		Seq: l.Seq, At: jobmon.Instant(l.At), Kind: jobmon.Kind(l.Kind), Flags: jobmon.Flags(l.Flags),
		Schedule: jobmon.ScheduleID(l.Schedule), Computer: jobmon.ComputerID(l.Computer), Job: jobmon.JobID(l.Job),
		Start: unset(jobmon.Kind(l.Kind)), Name: string(l.Name), Place: string(l.Place), Text: string(l.Text),
		Seconds: l.Seconds, Count: l.Count, Step: l.Step, From: l.From, To: l.To, Sum: uint64(l.Sum),
	}
	if l.Start != nil {
		e.Start = jobmon.WallTime(*l.Start)
	}
	if l.Status != nil {
		e.Status = jobmon.StatusOf(*l.Status)
	}
	if l.Until != nil {
		e.Until = jobmon.Instant(*l.Until)
	}
	return e
}

// unset is the start_time of which nothing is written: NULL in a row, and 0 where there is no row.
func unset(k jobmon.Kind) jobmon.WallTime {
	if k.OfRow() {
		return jobmon.NoStart
	}
	return 0
}
