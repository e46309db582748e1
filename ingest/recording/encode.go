package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// line is one line of the file: an object with one member, which says what the line is.
type line struct {
	Recording *header   `json:"recording,omitempty"`
	Job       *job      `json:"job,omitempty"`
	Computer  *computer `json:"computer,omitempty"`
	Row       *row      `json:"row,omitempty"`
	Agent     *agent    `json:"agent,omitempty"`
	End       *end      `json:"end,omitempty"`
}

type header struct {
	Format     string   `json:"format"`
	V          int      `json:"v"`
	At         string   `json:"at"`         // UTC, by the server's clock
	UTCOffset  string   `json:"utc_offset"` // of the server's wall clock
	Program    string   `json:"program"`
	Server     string   `json:"server"`
	Pseudonyms bool     `json:"pseudonyms"`
	Unknown    []string `json:"unknown,omitempty"`
}

type job struct {
	ID     *jobmon.JobID `json:"id"`
	Name   string        `json:"name"`
	Folder string        `json:"folder,omitempty"`
}

type computer struct {
	ID     *jobmon.ComputerID `json:"id"`
	Name   string             `json:"name"`
	OSName string             `json:"os_name,omitempty"`
	Group  string             `json:"group,omitempty"`
	Ghost  bool               `json:"ghost,omitempty"`
}

type row struct {
	ID       *jobmon.ScheduleID `json:"id"`
	Job      *jobmon.JobID      `json:"job"`
	Computer *jobmon.ComputerID `json:"computer"`
	Start    *string            `json:"start"`  // the server's wall clock
	Status   *jobmon.Code       `json:"status"` // null: not started
}

type agent struct {
	Computer *jobmon.ComputerID `json:"computer"`
	State    string             `json:"state"` // online or offline
}

type end struct {
	Lines int `json:"lines"` // of the whole file that are not blank, this one included
}

const (
	format      = "jobmon-db recording"
	instantForm = "2006-01-02T15:04:05.000Z"
	wallForm    = "2006-01-02T15:04:05.000"
)

// Encode gives the bytes of the file. The same recording gives the same bytes. It fails when a time has no date of four
// digits, the offset is none of whole minutes within 14 h, or a line grows beyond MaxLine. Texts that are not valid
// UTF-8 are made so; agents of unknown state are left out.
func (r *Recording) Encode() ([]byte, error) {
	w := &writer{}
	w.json = json.NewEncoder(&w.out)
	w.json.SetEscapeHTML(false)
	t := r.Tables
	if t.Offset%60 != 0 || t.Offset < -maxOffset || t.Offset > maxOffset {
		return nil, fmt.Errorf("the server's clock is %d s ahead of UTC, which no zone is: nothing can be recorded",
			t.Offset)
	}
	w.line(line{Recording: &header{
		Format: format, V: Version, At: w.time(t.Now.Time(), instantForm), UTCOffset: t.Offset.String(),
		Program: r.Program, Server: r.Server, Pseudonyms: r.Pseudonyms, Unknown: r.Unknown,
	}})
	for _, j := range t.Jobs {
		w.line(line{Job: &job{&j.ID, j.Name, j.Folder}})
	}
	for _, c := range t.Computers {
		w.line(line{Computer: &computer{&c.ID, c.Name, c.OSName, c.Group, c.Ghost}})
	}
	for _, s := range t.Rows {
		l := &row{ID: &s.ID, Job: &s.Job, Computer: &s.Computer}
		if s.Start != jobmon.NoStart {
			l.Start = new(w.time(s.Start.Time(), wallForm))
		}
		if s.Status.Set {
			l.Status = &s.Status.Code
		}
		w.line(line{Row: l})
	}
	for _, a := range t.Agents {
		if a.State != jobmon.AgentUnknown {
			w.line(line{Agent: &agent{&a.Computer, a.State.String()}})
		}
	}
	w.line(line{End: &end{Lines: w.lines + 1}})
	return w.out.Bytes(), w.err
}

// writer gathers the lines, and keeps the first error.
type writer struct {
	out   bytes.Buffer
	json  *json.Encoder
	lines int
	err   error
}

func (w *writer) line(l line) {
	if w.err != nil {
		return
	}
	before := w.out.Len()
	w.lines++
	if w.err = w.json.Encode(l); w.err == nil && w.out.Len()-before > MaxLine {
		w.err = fmt.Errorf("line %d of the recording would be longer than %d bytes", w.lines, MaxLine)
	}
}

func (w *writer) time(t time.Time, form string) string {
	if w.err == nil && (t.Year() < 0 || t.Year() > 9999) {
		w.err = fmt.Errorf("line %d of the recording: the year %d is beyond what can be written", w.lines+1, t.Year())
	}
	return t.Format(form)
}
