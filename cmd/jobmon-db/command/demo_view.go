package command

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// view shows pictures that change.
type view interface {
	Show(pictures []jobmon.Progress) error
}

// liveTable redraws the board on a terminal, below a heading.
type liveTable struct {
	*app
	heading string
}

// Show implements view.
func (v *liveTable) Show(pictures []jobmon.Progress) error {
	board := bytes.NewBufferString(v.heading)
	if err := term.Board(board, pictures, v.termOptions()); err != nil {
		return err
	}
	return v.redraw(board.Bytes())
}

// changeLines prints a line whenever something about a computer changed.
type changeLines struct {
	out  io.Writer
	last map[jobmon.ComputerKey]string
}

// Show implements view.
func (v *changeLines) Show(pictures []jobmon.Progress) error {
	pictures = slices.Clone(pictures)
	slices.SortStableFunc(pictures, func(a, b jobmon.Progress) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
	})
	for i := range pictures {
		p := &pictures[i]
		line := changeLine(p)
		if line == "" || v.last[p.Computer.Key()] == line {
			continue
		}
		v.last[p.Computer.Key()] = line
		if p.Computer.Site != "" {
			line = fmt.Sprintf("%-8s %s", p.Computer.Site, line)
		}
		if _, err := fmt.Fprintf(v.out, "%s  %s\n", p.At.Wall(p.Offset).Time().Format("15:04:05"), line); err != nil {
			return err
		}
	}
	return nil
}

// changeLine is what is worth a line when it changes: the stage, what is done, what failed, what came late.
func changeLine(p *jobmon.Progress) string {
	s := p.Session
	if s == nil {
		return ""
	}
	what := "between two jobs"
	switch {
	case s.State == jobmon.SessionPlanned:
		what = "planned"
	case s.State != jobmon.SessionOpen:
		what = s.Outcome().String()
	case s.Current >= 0:
		what = s.Stages[s.Current].Name
	case s.Next >= 0:
		what = "next: " + s.Stages[s.Next].Name
	}
	line := fmt.Sprintf("%-10s %-28s %2d of %2d stages, %2d of %2d jobs",
		term.Plain(jobmon.ComputerName(p.Computer.ID,
			p.Computer.Name)), term.Plain(what), s.StagesDone, len(s.Stages), s.JobsDone, s.Jobs)
	if s.Failed > 0 {
		line += fmt.Sprintf(", %d failed", s.Failed)
	}
	if s.Late > 0 {
		line += fmt.Sprintf(", %d added", s.Late)
	}
	return line
}
