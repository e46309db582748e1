// Package ndjson is the one encoding of events as text: newline-delimited JSON, a line an event, with everything that
// the log holds of it. Whatever passes events on writes these lines and reads them with Reader: export and import,
// replay -o ndjson, events over HTTP, messages to a fleet's hub. The format is in docs/export.md; it is version 1.
//
// The first line also has the field export, which names the log, so that a text, an answer or a message explains
// itself, and several of the same log one behind the other are a text too. A message holds whole batches, and Reader
// refuses what does not join. What a reader would have to look up in other events (names, the row's state, how long it
// ran) a writer may add with Object's methods; Reader skips those fields (derived) and no others.
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
	ErrForeign    = errors.New("not an export of this program")
	ErrNewer      = errors.New("an export of a newer version")
	ErrTruncated  = errors.New("the export is cut short")
	ErrDamaged    = errors.New("the export is damaged")
	ErrIncomplete = errors.New("the export leaves out events")
)

// Header says which log the events are of.
type Header struct {
	LogID   string // 32 hex digits
	Site    string
	Program string // the version that wrote it
	Last    uint64 // the text goes up to this event; 0 where that is not known
	Chain   *Chain // of a message, nil otherwise
}

// head is the header as the field export.
type head struct {
	Format  string `json:"format"`
	Version int    `json:"v"`
	LogID   string `json:"log_id"`
	Site    string `json:"site"`
	Program string `json:"program"`
	Last    uint64 `json:"last_seq"`
	Chain   *chain `json:"chain"`
}

// tail is the end of a text, on a line of its own. It may be left out where the header says what the last event is.
type tail struct {
	Events uint64 `json:"events"`
	Last   uint64 `json:"last_seq"`
}

// line is what a Reader reads. What is not there is zero, an empty text, or NULL.
type line struct {
	Export *head   `json:"export"` // beside the first event, or on a line of its own before it
	End    *tail   `json:"end"`
	After  *uint64 `json:"after"` // the event before it in the log, where that is not seq - 1
	More   bool    `json:"more"`  // the next line is of the same batch

	Seq      uint64       `json:"seq"`
	At       moment       `json:"at"`
	Kind     kind         `json:"kind"`
	Flags    flags        `json:"flags"`
	Schedule int32        `json:"schedule_id"`
	Computer int32        `json:"computer_id"`
	Job      int32        `json:"job_id"`
	Start    *wall        `json:"start_time"`
	Status   *jobmon.Code `json:"status_code"`
	Name     text         `json:"name"`
	Place    text         `json:"place"`
	Text     text         `json:"text"`
	Seconds  int32        `json:"seconds"`
	Count    int32        `json:"count"`
	Step     int64        `json:"step_ms"`
	Until    moment       `json:"until"`
	From     uint64       `json:"from"`
	To       uint64       `json:"to"`
	Sum      hexadecimal  `json:"sum"`

	derived
}

// derived are the fields that follow from other events of the log.
type derived struct {
	UTCOffset   skipped `json:"utc_offset"`
	ComputerIs  skipped `json:"computer"`
	Group       skipped `json:"group"`
	JobIs       skipped `json:"job"`
	Folder      skipped `json:"folder"`
	State       skipped `json:"state"`
	Took        skipped `json:"took_s"`
	TookExact   skipped `json:"took_exact"`
	TookMost    skipped `json:"took_at_most_s"`
	RenamedFrom skipped `json:"renamed_from"`
	MovedFrom   skipped `json:"moved_from"`
	OSNameWas   skipped `json:"os_name_was"`
}

// event is the event that the line was made of.
func (l *line) event() jobmon.Event {
	e := jobmon.Event{
		Seq: l.Seq, At: jobmon.Instant(l.At), Kind: jobmon.Kind(l.Kind), Flags: jobmon.Flags(l.Flags),
		Schedule: jobmon.ScheduleID(l.Schedule), Computer: jobmon.ComputerID(l.Computer), Job: jobmon.JobID(l.Job),
		Start: unset(jobmon.Kind(l.Kind)), Name: string(l.Name), Place: string(l.Place), Text: string(l.Text),
		Seconds: l.Seconds, Count: l.Count, Step: l.Step, Until: jobmon.Instant(l.Until),
		From: l.From, To: l.To, Sum: uint64(l.Sum),
	}
	if l.Start != nil {
		e.Start = jobmon.WallTime(*l.Start)
	}
	if l.Status != nil {
		e.Status = jobmon.StatusOf(*l.Status)
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
