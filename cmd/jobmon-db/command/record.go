package command

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// record is one event as replay tells it. The first fourteen fields are in every line of ndjson, null where they have no
// meaning; others script against their names.
type record struct {
	Seq        uint64  `json:"seq"`
	At         string  `json:"at"` // UTC
	Kind       string  `json:"kind"`
	ScheduleID *int32  `json:"schedule_id"`
	ComputerID *int32  `json:"computer_id"`
	Computer   *string `json:"computer"`
	JobID      *int32  `json:"job_id"`
	Job        *string `json:"job"`
	StartTime  *string `json:"start_time"` // the server's wall clock
	UTCOffset  string  `json:"utc_offset"`
	StatusCode *int32  `json:"status_code"`
	Baseline   bool    `json:"baseline"`
	Inferred   bool    `json:"inferred"`
	Inexact    bool    `json:"inexact"`

	Gone       bool   `json:"gone,omitempty"`
	Ghost      bool   `json:"ghost,omitempty"`
	OSName     string `json:"os_name,omitempty"`
	Group      string `json:"group,omitempty"`
	Folder     string `json:"folder,omitempty"`
	Stage      string `json:"stage,omitempty"`
	Seconds    int32  `json:"seconds,omitempty"` // expected: the typical duration
	Runs       int32  `json:"runs,omitempty"`
	AskedJob   string `json:"asked_job,omitempty"` // refreshed: the job that the script named
	Checksum   string `json:"checksum,omitempty"`  // refreshed: first 8 bytes of the file's SHA-256, hex
	Version    string `json:"version,omitempty"`
	Projection int32  `json:"projection,omitempty"`
	Until      string `json:"covered_until,omitempty"` // daemon-started: UTC
	Reason     string `json:"reason,omitempty"`
	Settings   string `json:"settings,omitempty"`
	StepMS     int64  `json:"step_ms,omitempty"`
	From       uint64 `json:"from,omitempty"`
	To         uint64 `json:"to,omitempty"`

	at     jobmon.Instant
	offset jobmon.Offset
	status jobmon.Status
}

// newRecord tells an event with the names of its time.
func newRecord(e *jobmon.Event, t *history.Tables) *record {
	r := &record{
		Seq: e.Seq, At: e.At.String(), Kind: e.Kind.String(), UTCOffset: t.Offset.String(),
		Baseline: e.Flags.Has(jobmon.Baseline), Inferred: e.Flags.Has(jobmon.Inferred), Inexact: e.Flags.Has(jobmon.Inexact),
		Gone: e.Flags.Has(jobmon.Gone), Ghost: e.Flags.Has(jobmon.Ghost),
		at: e.At, offset: t.Offset, status: e.Status,
	}
	if e.Kind.OfRow() {
		r.ScheduleID = new(int32(e.Schedule))
		if e.Start != jobmon.NoStart {
			r.StartTime = new(e.Start.String())
		}
		if e.Status.Set {
			r.StatusCode = new(e.Status.Code)
		}
	}
	if e.Kind.OfRow() || e.Kind == jobmon.KindJob {
		r.JobID = new(int32(e.Job))
		r.Job = new(jobmon.JobName(e.Job, t.Jobs[e.Job].Name))
	}
	if !e.Kind.OfDaemon() && e.Kind != jobmon.KindJob && e.Kind != jobmon.KindCut {
		r.ComputerID = new(int32(e.Computer))
		r.Computer = new(jobmon.ComputerName(e.Computer, t.Computers[e.Computer].Name))
	}
	r.addDetail(e)
	return r
}

func (r *record) addDetail(e *jobmon.Event) {
	switch e.Kind {
	case jobmon.KindJob:
		r.Folder = e.Place
	case jobmon.KindComputer:
		r.OSName, r.Group = e.Text, e.Place
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
	}
}

// print writes the event as a line of the table.
func (r *record) print(out io.Writer) error {
	who := ""
	if r.Computer != nil {
		who = *r.Computer
	}
	what := r.words()
	if r.Job != nil {
		what = *r.Job + "  " + what
	}
	at := r.at.Wall(r.offset).Time().Format(time.DateTime)
	line := fmt.Sprintf("%7d  %s  %-15s  %-15s  %s", r.Seq, at, term.Plain(who), r.Kind, term.Plain(what))
	_, err := fmt.Fprintln(out, strings.TrimRight(line, " "))
	return err
}

// words is what a person wants to know beside the kind.
func (r *record) words() string {
	var words []string
	add := func(format string, args ...any) { words = append(words, fmt.Sprintf(format, args...)) }
	if r.ScheduleID != nil {
		switch {
		case r.status.Finished():
			add("code %d", r.status.Code)
		case r.status.Running() && r.Kind != jobmon.KindStarted.String():
			add("running")
		}
		switch {
		case r.StartTime == nil:
			add("not scheduled")
		case r.Kind == jobmon.KindScheduled.String() || r.Kind == jobmon.KindRescheduled.String() || r.Kind == jobmon.KindDue.String():
			add("for %s", strings.Replace((*r.StartTime)[:16], "T", " ", 1))
		}
		add("row %d", *r.ScheduleID)
	}
	for _, flag := range []struct {
		set  bool
		word string
	}{{r.Baseline, "baseline"}, {r.Inferred, "inferred"}, {r.Inexact, "inexact"}, {r.Gone, "gone"}, {r.Ghost, "ghost"}} {
		if flag.set {
			words = append(words, flag.word)
		}
	}
	for _, detail := range []struct{ label, text string }{
		{"", r.Reason}, {"folder ", r.Folder}, {"group ", r.Group}, {"os name ", r.OSName}, {"asked by ", r.AskedJob},
		{"version ", r.Version}, {"watched until ", r.Until}, {"", settingsWords(r.Settings)},
	} {
		if detail.text != "" {
			words = append(words, detail.label+detail.text)
		}
	}
	if r.Stage != "" {
		add("%s: usually %d s (%d runs)", r.Stage, r.Seconds, r.Runs)
	}
	if r.Kind == jobmon.KindClock.String() {
		add("UTC%s", r.UTCOffset)
	}
	if r.Kind == jobmon.KindCut.String() {
		add("history before this was cut off: events %d to %d", r.From, r.To)
	}
	if r.StepMS != 0 {
		add("stepped by %d ms", r.StepMS)
	}
	return strings.Join(words, ", ")
}

// settingsWords are recorded settings without the text of a template, which is long.
func settingsWords(text string) string {
	settings, err := jobmon.DecodeSettings(text)
	if err != nil || settings.Form == (jobmon.Form{}) {
		return text
	}
	settings.Form.Template = fmt.Sprintf("(%d bytes)", len(settings.Form.Template))
	return settings.Encode()
}
