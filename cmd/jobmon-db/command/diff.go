package command

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/deployments"
)

type diffOptions struct {
	from, to  string
	computers []string
	output    string
	out       string
}

func (a *app) replayDiff() *cobra.Command {
	var o diffOptions
	c := &cobra.Command{
		Use:   "diff T1 T2 [COMPUTER...]",
		Short: "Show what changed between two moments",
		Long: `Show what changed between two moments, computer by computer: deployments that began or ended, stages that
began, ended or were added late, jobs that failed, were added or cancelled, how many rows were scheduled and
cancelled, and computers that are new or gone. Computers on which nothing changed are counted.

COMPUTER is a name, one with * and ? (PC-00*), or an id; id:N and name:N say which.
A time is written as ` + replay.Forms + `.
Put -- in front of times that begin with a minus.` + sitesHelp,
		Example: `  jobmon-db replay diff 14:00 15:00
  jobmon-db replay diff -- -2h now
  jobmon-db replay diff "yesterday 18:00" "today 07:00" PC-0003
  jobmon-db replay diff seq:1200 seq:1300 -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return &usageError{fmt.Errorf("say from when to when; see %s --help", c.CommandPath())}
			}
			return nil
		},
	}
	asked := a.question(c)
	outputFlag(c, &o.output, "table", "json")
	outFlag(c, &o.out)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.from, o.to, o.computers = args[0], args[1], args[2:]
		return a.answer(c.Context(), asked, o.out, func(a *app, q question, out io.Writer) error {
			return a.diff(c.Context(), out, q, o)
		})
	}
	return c
}

// diff prints what changed between the moments.
func (a *app) diff(ctx context.Context, out io.Writer, q question, o diffOptions) error {
	s, err := openSites(ctx, q)
	if err != nil {
		return err
	}
	defer s.done(a.stderr)
	meant, err := s.meant(o.computers, a.stderr)
	if err != nil {
		return err
	}
	if o.from, o.to, err = s.between(a, o); err != nil {
		return err
	}
	var all []changedLog
	for _, p := range meant {
		d := changedLog{of: p.opened}
		these := o
		these.from, these.to = s.within(p.opened, o.from), s.within(p.opened, o.to)
		d.from, d.to, err = a.moments(p.opened, these)
		if s.skip(p.opened, err) {
			continue
		}
		if err != nil {
			return err
		}
		show, done := a.progress("reading the log")
		d.changed, d.quiet, d.begun, d.ended, err = p.Changes(p.only, d.from, d.to, show)
		done()
		if err != nil {
			return err
		}
		all = append(all, d)
	}
	if o.output == "json" {
		return s.diffJSON(out, all)
	}
	s.heading(a.stderr, func(p *opened) []jobmon.Instant {
		for _, d := range all {
			if d.of == p {
				return []jobmon.Instant{d.begun, d.ended}
			}
		}
		return nil
	})
	return s.diffTable(out, all, a.look(q))
}

// changedLog is what changed in a log between two batches, each named by its last event.
type changedLog struct {
	of           *opened
	from, to     uint64
	begun, ended jobmon.Instant
	changed      []*deployments.Changed
	quiet        int // computers on which nothing changed
}

// between are the two moments as every site understands them.
func (s *sites) between(a *app, o diffOptions) (from, to string, err error) {
	if !s.several() {
		return o.from, o.to, nil
	}
	begin, end, err := a.points(s.Log, o)
	return begin.Time.Format(time.RFC3339Nano), end.Time.Format(time.RFC3339Nano), err
}

// points are the two moments.
func (a *app) points(p *past.Log, o diffOptions) (begin, end replay.Point, err error) {
	if begin, err = p.Parse(o.from); err != nil {
		return begin, end, err
	}
	if end, err = p.ParseEnd(o.to, begin); err != nil {
		return begin, end, err
	}
	if end.Recurs() && jobmon.InstantOf(end.Time) > p.Covered {
		fmt.Fprintf(a.stderr, "%s is still to come; this is the end of the log, %s.\n", p.Named(end),
			p.Local(p.Covered))
		end = replay.Point{Time: p.Covered.Time(), First: p.Covered.Time()}
	}
	return begin, end, p.Covers(end)
}

// moments are the batches between which the changes lie, each given by its last event.
func (a *app) moments(p *opened, o diffOptions) (from, to uint64, err error) {
	begin, end, err := a.points(p.Log, o)
	if err != nil {
		return 0, 0, err
	}
	if from, err = p.SeqAt(begin, remarks(a.stderr)); err != nil {
		return 0, 0, err
	}
	if to, err = p.SeqAt(end, remarks(a.stderr)); err != nil {
		return 0, 0, err
	}
	if from > to {
		err = &usageError{fmt.Errorf("%s (%s) is behind %s (%s): write the earlier one first", o.from, p.Named(begin),
			o.to, p.Named(end))}
	}
	return from, to, err
}

type changeRecord struct {
	Session int                 `json:"session,omitempty"`
	What    deployments.Subject `json:"what"` // computer, deployment, stage or job
	Name    string              `json:"name,omitempty"`
	From    string              `json:"from,omitempty"`
	To      string              `json:"to,omitempty"`
	At      *string             `json:"at"` // UTC
	Late    bool                `json:"late,omitempty"`
	Code    jobmon.Code         `json:"status_code,omitempty"`
}

type changedRecord struct {
	ComputerID jobmon.ComputerID `json:"computer_id"`
	Computer   string            `json:"computer"`
	Scheduled  int               `json:"rows_scheduled"`
	Removed    int               `json:"rows_removed"`
	Changes    []changeRecord    `json:"changes"`
}

type momentRecord struct {
	Seq uint64  `json:"seq"`
	At  *string `json:"at"` // UTC
}

type diffRecord struct {
	Site      string          `json:"site,omitempty"`
	From      momentRecord    `json:"from"`
	To        momentRecord    `json:"to"`
	Computers []changedRecord `json:"computers"`
	Quiet     int             `json:"quiet_computers"`
}

// diffJSON prints a record, or a list with one of each site where several are asked.
func (s *sites) diffJSON(out io.Writer, all []changedLog) error {
	list := []diffRecord{}
	for i := range all {
		list = append(list, all[i].record())
	}
	if s.several() {
		return plain.WriteJSON(out, list)
	}
	return plain.WriteJSON(out, list[0])
}

func (d *changedLog) record() diffRecord {
	record := diffRecord{d.of.Member,
		momentRecord{d.from, past.Stamp(d.begun)}, momentRecord{d.to, past.Stamp(d.ended)},
		[]changedRecord{}, d.quiet}
	for _, c := range d.changed {
		one := changedRecord{c.ID, jobmon.ComputerName(c.ID, c.Name), c.Scheduled, c.Removed, []changeRecord{}}
		for _, ch := range c.Changes {
			one.Changes = append(one.Changes, changeRecord{
				ch.Session, ch.What, ch.Name, ch.From, ch.To, past.Stamp(ch.At), ch.Late, ch.Code,
			})
		}
		record.Computers = append(record.Computers, one)
	}
	return record
}

func (s *sites) diffTable(out io.Writer, all []changedLog, look term.Options) error {
	var rows [][]term.Cell
	for i := range all {
		for _, row := range all[i].rows() {
			rows = append(rows, s.row(all[i].of.Member, row))
		}
	}
	if len(rows) > 0 {
		err := term.List(out, s.titles([]term.Column{
			{Title: "COMPUTER", Least: 8}, {Title: "NO", Right: true}, {Title: "TIME"}, {Title: "WHAT"},
			{Title: "NAME", Least: 10}, {Title: "CHANGE", Least: 10},
		}), rows, look)
		if err != nil {
			return err
		}
	}
	for _, d := range all {
		from := "From"
		if s.several() {
			from = s.in(d.of) + "from"
		}
		_, err := fmt.Fprintf(out, "%s %s (seq %d) to %s (seq %d): changes on %s, none on %d.\n", from,
			d.of.Local(d.begun), d.from, d.of.Local(d.ended), d.to, words.Count(len(d.changed), "computer"), d.quiet)
		if err != nil {
			return err
		}
	}
	return nil
}

// rows are the lines of the table.
func (d *changedLog) rows() (rows [][]term.Cell) {
	clock := d.of.Clock()
	names := map[string]int{}
	for _, c := range d.changed {
		names[c.Name]++
	}
	for _, c := range d.changed {
		name := term.Cell{Text: jobmon.ComputerName(c.ID, c.Name), Tone: term.Strong}
		if names[c.Name] > 1 {
			name.Tail = fmt.Sprintf(" id:%d", c.ID)
		}
		line := func(number int, at jobmon.Instant, what, subject string, change term.Cell) {
			session, time := "", ""
			if number > 0 {
				session = strconv.Itoa(number)
			}
			if at != 0 {
				time = clock.In(at.Time()).Format("01-02 15:04:05")
			}
			rows = append(rows, []term.Cell{name, {Text: session}, {Text: time}, {Text: what}, {Text: subject}, change})
			name = term.Cell{} // once is enough
		}
		for _, ch := range c.Changes {
			line(ch.Session, ch.At, string(ch.What), ch.Name, changeCell(ch))
		}
		if text := rowsText(c); text != "" {
			line(0, 0, "rows", "", term.Cell{Text: text})
		}
	}
	return rows
}

func changeCell(ch deployments.Change) term.Cell {
	c := term.Cell{Text: ch.To}
	if ch.From != "" {
		c.Text = ch.From + " -> " + ch.To
	}
	if ch.Code != 0 {
		c.Text += ", code " + ch.Code.Text()
	}
	if ch.Late {
		c.Tail = ", late"
	}
	switch ch.To {
	case "failed", string(jobmon.ResultWithFailures):
		c.Tone = term.Badly
	case "succeeded", string(jobmon.ResultReady), string(jobmon.ResultAfterRetries):
		c.Tone = term.Well
	case "running":
		c.Tone = term.Busily
	}
	return c
}

func rowsText(c *deployments.Changed) string {
	switch {
	case c.Scheduled > 0 && c.Removed > 0:
		return fmt.Sprintf("%d scheduled, %d cancelled", c.Scheduled, c.Removed)
	case c.Scheduled > 0:
		return fmt.Sprintf("%d scheduled", c.Scheduled)
	case c.Removed > 0:
		return fmt.Sprintf("%d cancelled", c.Removed)
	}
	return ""
}
