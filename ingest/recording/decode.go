package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/textfile"
)

const (
	maxOffset = 14 * 3600 // seconds, either way

	again = "ask for the file again, or take the line as it stood in the original"
)

// Decode reads a file. Blank lines, CRLF line ends, a byte order mark and UTF-16, which editors and shells leave, are
// no part of it; anything else that Encode would not write is an error that names the line.
func Decode(in io.Reader) (*Recording, error) {
	lines := bufio.NewScanner(textfile.NewReader(in))
	lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
	d := &decoder{}
	for lines.Scan() {
		if d.at++; d.at > MaxLines {
			return nil, d.refuse(ErrDamaged, fmt.Sprintf("there are more than %d lines", MaxLines), again)
		}
		if wrong := (*textfile.Error)(nil); errors.As(lines.Err(), &wrong) && d.at >= wrong.Line {
			break // the scanner still gives the beginning of the line
		}
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		d.lines++
		if err := d.line(text); err != nil {
			return nil, err
		}
	}
	wrong := (*textfile.Error)(nil)
	if errors.As(lines.Err(), &wrong) {
		d.at = wrong.Line
		return nil, d.refuse(ErrDamaged, "it "+wrong.Reason, again)
	}
	d.at++
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong) && d.recording == nil:
		return nil, d.foreign()
	case errors.Is(err, bufio.ErrTooLong):
		return nil, d.refuse(ErrDamaged, fmt.Sprintf("the line is longer than %d bytes", MaxLine), again)
	case err != nil:
		return nil, fmt.Errorf("line %d: %w", d.at, err)
	case d.recording == nil:
		return nil, d.foreign()
	case !d.ended:
		return nil, d.refuse(ErrTruncated, "the line that counts the others is missing",
			"copy the file again, or ask for it again")
	}
	return d.recording, nil
}

type decoder struct {
	recording *Recording
	at        int // the number of the line, from 1
	lines     int // that were not blank
	ended     bool
}

func (d *decoder) refuse(kind error, what, next string) error {
	return fmt.Errorf("line %d: %s: %w; %s", d.at, what, kind, next)
}

func (d *decoder) foreign() error {
	return d.refuse(ErrForeign, "a recording begins with a line about itself",
		"name a file that jobmon-db check --record wrote")
}

// damaged is refuse, for a line that does not hold what it should.
func (d *decoder) damaged(format string, args ...any) error {
	return d.refuse(ErrDamaged, fmt.Sprintf(format, args...), again)
}

func (d *decoder) line(text []byte) error {
	if d.recording == nil {
		return d.header(text)
	}
	if d.ended {
		return d.damaged("something follows the line that counts the others")
	}
	l, err := d.strictly(text)
	if err != nil {
		return err
	}
	t := d.recording.Tables
	switch {
	case l.Job != nil:
		return d.job(t, l.Job)
	case l.Computer != nil:
		return d.computer(t, l.Computer)
	case l.Row != nil:
		return d.row(t, l.Row)
	case l.Agent != nil:
		return d.agent(t, l.Agent)
	case l.End != nil && l.End.Lines != d.lines:
		return d.refuse(ErrTruncated, fmt.Sprintf("%d lines were written and %d are here", l.End.Lines, d.lines),
			"copy the file again, or ask for it again")
	case l.End != nil:
		d.ended = true
		return nil
	}
	return d.damaged("it is none of job, computer, row, agent and end")
}

func (d *decoder) header(text []byte) error {
	var first struct { // of every version
		Recording struct {
			Format, Program string
			V               int
		}
	}
	// What is wrong with other values is found below.
	if _ = json.Unmarshal(text, &first); first.Recording.Format != format {
		return d.foreign()
	}
	switch v := first.Recording.V; {
	case v > Version:
		return d.refuse(ErrNewer, fmt.Sprintf("its format is version %d, and this program knows those up to %d", v,
			Version),
			"use the program that made it, version "+first.Recording.Program+", or a newer one")
	}
	l, err := d.strictly(text)
	if err != nil {
		return err
	}
	h := l.Recording
	if h.V < 1 {
		return d.damaged("there is no version %d of the format", h.V)
	}
	at, err := time.Parse(instantForm, h.At)
	if err != nil {
		return d.damaged("at is %q, not a time in UTC like 2026-11-22T14:05:00.000Z", h.At)
	}
	zone, err := time.Parse("-07:00", h.UTCOffset)
	if err != nil {
		return d.damaged("utc_offset is %q, not like +01:00", h.UTCOffset)
	}
	_, offset := zone.Zone()
	if offset < -maxOffset || offset > maxOffset {
		return d.damaged("utc_offset is %q, more than 14 h", h.UTCOffset)
	}
	d.recording = &Recording{Program: h.Program, Server: h.Server, Unknown: h.Unknown, Pseudonyms: h.Pseudonyms,
		Tables: &jobmon.Snapshot{Now: jobmon.InstantOf(at), Offset: jobmon.Offset(offset)}}
	return nil
}

func (d *decoder) job(t *jobmon.Snapshot, j *job) error {
	if j.ID == nil {
		return d.damaged("the job has no id")
	}
	if n := len(t.Jobs); n > 0 && t.Jobs[n-1].ID >= *j.ID {
		return d.damaged("job %d follows job %d, and ids ascend", *j.ID, t.Jobs[n-1].ID)
	}
	t.Jobs = append(t.Jobs, jobmon.Job{ID: *j.ID, Name: j.Name, Folder: j.Folder})
	return nil
}

func (d *decoder) computer(t *jobmon.Snapshot, c *computer) error {
	if c.ID == nil {
		return d.damaged("the computer has no id")
	}
	if n := len(t.Computers); n > 0 && t.Computers[n-1].ID >= *c.ID {
		return d.damaged("computer %d follows computer %d, and ids ascend", *c.ID, t.Computers[n-1].ID)
	}
	t.Computers = append(t.Computers, jobmon.Computer{ID: *c.ID, Name: c.Name, OSName: c.OSName, Group: c.Group,
		Ghost: c.Ghost})
	return nil
}

func (d *decoder) row(t *jobmon.Snapshot, r *row) error {
	if r.ID == nil || r.Job == nil || r.Computer == nil {
		return d.damaged("a row has an id, a job and a computer")
	}
	if n := len(t.Rows); n > 0 && t.Rows[n-1].ID >= *r.ID {
		return d.damaged("row %d follows row %d, and ids ascend", *r.ID, t.Rows[n-1].ID)
	}
	read := jobmon.Row{ID: *r.ID, Job: *r.Job, Computer: *r.Computer, Start: jobmon.NoStart}
	if r.Start != nil {
		start, err := time.Parse(wallForm, *r.Start)
		if err != nil {
			return d.damaged("start is %q, not a time like 2026-11-22T14:05:00.000, or null", *r.Start)
		}
		read.Start = jobmon.WallTimeOf(start)
	}
	if r.Status != nil {
		read.Status = jobmon.StatusOf(*r.Status)
	}
	t.Rows = append(t.Rows, read)
	return nil
}

func (d *decoder) agent(t *jobmon.Snapshot, a *agent) error {
	if a.Computer == nil {
		return d.damaged("the agent has no computer")
	}
	if n := len(t.Agents); n > 0 && t.Agents[n-1].Computer >= *a.Computer {
		return d.damaged("the agent of computer %d follows that of %d, and ids ascend", *a.Computer,
			t.Agents[n-1].Computer)
	}
	read := jobmon.Agent{Computer: *a.Computer, State: jobmon.AgentOnline}
	switch a.State {
	case jobmon.AgentOnline.String():
	case jobmon.AgentOffline.String():
		read.State = jobmon.AgentOffline
	default:
		return d.damaged("the agent is %q, not online or offline", a.State)
	}
	t.Agents = append(t.Agents, read)
	return nil
}
