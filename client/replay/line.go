package replay

import (
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// line appends values to a JSON object.
type line struct {
	text   []byte
	escape map[string]string // texts that were written before, as JSON
}

// mostTexts is how many texts are remembered in the form in which they are written.
const mostTexts = 1 << 14

// json appends a text as JSON. Names come again and again.
func (l *line) json(text string) {
	written, ok := l.escape[text]
	if !ok {
		written = string(plain.AppendJSON(nil, text))
		if len(l.escape) >= mostTexts || l.escape == nil {
			l.escape = map[string]string{}
		}
		l.escape[text] = written
	}
	l.text = append(l.text, written...)
}

func (l *line) key(name string) {
	if l.text[len(l.text)-1] != '{' {
		l.text = append(l.text, ',')
	}
	l.text = append(append(append(l.text, '"'), name...), '"', ':')
}

func (l *line) null(name string) {
	l.key(name)
	l.text = append(l.text, "null"...)
}

func (l *line) whole(name string, n int64) {
	l.key(name)
	l.text = strconv.AppendInt(l.text, n, 10)
}

func (l *line) real(name string, f float64) {
	l.key(name)
	l.text = strconv.AppendFloat(l.text, f, 'f', -1, 64)
}

func (l *line) bool(name string, b bool) {
	l.key(name)
	l.text = strconv.AppendBool(l.text, b)
}

// safe is a text of ours, which needs no escapes.
func (l *line) safe(name, text string) {
	l.key(name)
	l.text = append(append(append(l.text, '"'), text...), '"')
}

func (l *line) string(name string, text *string) {
	if text == nil {
		l.null(name)
		return
	}
	l.key(name)
	l.json(*text)
}

func wholeOrNull[N ~int32 | ~int64](l *line, name string, n *N) {
	if n == nil {
		l.null(name)
		return
	}
	l.whole(name, int64(*n))
}

// record appends a record as encoding/json would by its tags, without reflection.
func (l *line) record(r *Record) {
	l.text = append(l.text, '{')
	l.whole("seq", int64(r.Seq))
	l.safe("at", r.At)
	l.safe("kind", r.Kind)
	wholeOrNull(l, "schedule_id", r.ScheduleID)
	wholeOrNull(l, "computer_id", r.ComputerID)
	l.string("computer", r.Computer)
	wholeOrNull(l, "job_id", r.JobID)
	l.string("job", r.Job)
	l.string("start_time", r.StartTime)
	l.safe("utc_offset", r.UTCOffset)
	wholeOrNull(l, "status_code", r.StatusCode)
	l.bool("baseline", r.Baseline)
	l.bool("inferred", r.Inferred)
	l.bool("inexact", r.Inexact)
	l.some("state", r.State)
	if r.TookS != nil {
		l.real("took_s", *r.TookS)
	}
	l.flag("took_exact", r.TookExact)
	if r.TookMostS != nil {
		l.real("took_at_most_s", *r.TookMostS)
	}
	l.flag("gone", r.Gone)
	l.flag("ghost", r.Ghost)
	l.some("os_name", r.OSName)
	l.some("group", r.Group)
	l.some("folder", r.Folder)
	if !r.event.Kind.OfRow() {
		l.detail(r)
	}
	l.text = append(l.text, '}')
}

// detail appends what only events have that are of no row.
func (l *line) detail(r *Record) {
	l.some("stage", r.Stage)
	l.number("seconds", int64(r.Seconds))
	l.number("runs", int64(r.Runs))
	l.some("since", r.Since)
	l.some("start_clock", r.StartClock)
	l.some("asked_job", r.AskedJob)
	l.some("checksum", r.Checksum)
	l.some("version", r.Version)
	l.number("projection", int64(r.Projection))
	l.some("covered_until", r.Until)
	l.some("reason", r.Reason)
	l.some("settings", r.Settings)
	l.number("step_ms", r.StepMS)
	l.number("from", int64(r.From))
	l.number("to", int64(r.To))
	for _, was := range []struct {
		name string
		text *string
	}{{"renamed_from", r.RenamedFrom}, {"moved_from", r.MovedFrom}, {"os_name_was", r.OSNameWas}} {
		if was.text != nil {
			l.string(was.name, was.text)
		}
	}
}

// some, flag and number append what is not empty, false or 0.
func (l *line) some(name, text string) {
	if text != "" {
		l.string(name, &text)
	}
}

func (l *line) flag(name string, set bool) {
	if set {
		l.bool(name, true)
	}
}

func (l *line) number(name string, n int64) {
	if n != 0 {
		l.whole(name, n)
	}
}
