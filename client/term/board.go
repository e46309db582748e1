// Package term draws pictures as text for people: a line for each computer, or one computer's whole screen. It only
// writes to the writer it is given and asks no terminal anything. A state has a word and a mark; colour only
// repeats them; names cannot reach the terminal as commands. All functions are safe for concurrent use.
package term

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Options say how to draw.
type Options struct {
	Width int            // columns of a line; 0 for any number, as for a pipe; fewer than 36 count as 36
	Color bool           // with ANSI colours
	UTC   bool           // times in UTC instead of the DS server's
	Now   jobmon.Instant // the present, for live views: durations are counted up to it; 0: up to the picture's time

	// Ahead is by how much the clocks of sites' servers are ahead of Now, where pictures are of several.
	Ahead map[string]time.Duration
}

func (o Options) width() int { return max(o.Width, 36) }

// narrow says that a line holds less than the usual terminal's.
func (o Options) narrow() bool { return o.Width > 0 && o.Width < 80 }

// moment is the time up to which a picture's durations are counted.
func (o Options) moment(p *jobmon.Progress) jobmon.Instant { return max(p.At, o.Now) }

// overdue says whether a stage is overdue at present; without present (0) whether it was at the time of its picture.
func overdue(stage *jobmon.Stage, now jobmon.Instant) bool {
	return stage.Overdue || stage.State == jobmon.StateRunning && stage.Began != 0 &&
		jobmon.IsOverdue(now.Sub(stage.Began), stage.Expected)
}

// brief is the text of a duration, short where there is little room.
func (o Options) brief(text string) string {
	if o.roomy() {
		return text
	}
	return jobmon.Brief(text)
}

// roomy says that lines need not be crammed.
func (o Options) roomy() bool { return o.Width == 0 || o.Width >= 100 }

// Board writes a table with a line for each picture, in the order given, and below it what holds for all: whether the
// source is lost, the time of the newest picture and the zone of all times. The error is the writer's.
func Board(w io.Writer, pictures []jobmon.Progress, o Options) error {
	if len(pictures) == 0 {
		_, err := io.WriteString(w, "No deployment has been seen yet.\n")
		return err
	}
	all := newestOf(pictures)
	names := ambiguous(pictures)
	columns := []Column{{Least: 10}, {}, {Right: true, spare: 2}, {Right: true}, {Right: true, spare: 1}, {spare: 3},
		{Least: 10}}
	now := "NOW, SINCE"
	if o.roomy() {
		now = "NOW"
	}
	rows := [][]Cell{head("COMPUTER", "DONE", "JOBS", "FAIL", "LATE", "READY", now)}
	for i := range pictures {
		p := &pictures[i]
		o := o.of(p.Computer.Site)
		rows = append(rows, o.line(p, o.boardClock(all[p.Computer.Site]), names[nameKey(p.Computer)], true))
	}
	var b strings.Builder
	columns, rows = withSites(columns, rows, pictures, 0)
	o.table(&b, columns, o.gap(), rows)
	b.WriteString("\n")
	o.asOf(&b, all)
	_, err := io.WriteString(w, b.String())
	return err
}

// nameKey is the same for names of one site that are the same to SQL Server: neither case nor blanks at the end matter.
func nameKey(c jobmon.Computer) string {
	return c.Site + "/" + strings.ToLower(strings.TrimRight(c.Name, " "))
}

// ambiguous are the names that several computers have, by their keys.
func ambiguous(pictures []jobmon.Progress) map[string]bool {
	names := make(map[string]bool, len(pictures))
	for i := range pictures {
		name := nameKey(pictures[i].Computer)
		_, seen := names[name]
		names[name] = seen
	}
	return names
}

// whose says whose time is shown, where that is not said by "UTC".
func (o Options) whose() string {
	if o.UTC {
		return ""
	}
	return ", the DS server's time"
}

func head(titles ...string) []Cell {
	row := make([]Cell, len(titles))
	for i, title := range titles {
		row[i] = Cell{Text: title, Tone: Faintly}
	}
	return row
}

// nameOf is a computer's name, with its id where several computers have that name.
func nameOf(c jobmon.Computer, ambiguous bool) Cell {
	name := Cell{Text: label(jobmon.ComputerName(c.ID, c.Name)), least: 4, Tone: Strong}
	if ambiguous {
		name.Tail = fmt.Sprintf(" id:%d", c.ID)
	}
	if c.Ghost {
		name.Tail += " (ghost)"
	}
	return name
}

// line is one computer's line of the board. Worded says that no other column has a word for what is overdue.
func (o Options) line(p *jobmon.Progress, clock clock, ambiguous, worded bool) []Cell {
	name := nameOf(p.Computer, ambiguous)
	s := p.Session
	if p.Computer.Gone {
		name.Tail += " (gone)"
	}
	if s == nil {
		now := Cell{Text: "no deployment seen", Tone: Faintly}
		if text := waits(p, clock); text != "" {
			now = Cell{Text: "not in a deployment: " + text}
		}
		return []Cell{name, {}, {}, {}, {}, {}, now}
	}
	failed := Cell{Text: fmt.Sprint(s.Failed)}
	if s.Failed > 0 {
		failed.Tone = Badly
	}
	line := []Cell{
		name,
		{Text: o.percent(s)},
		{Text: fmt.Sprintf("%d/%d", s.JobsDone, s.Jobs)},
		failed,
		{Text: fmt.Sprint(s.Late)},
		{Text: ready(s, o.moment(p), clock)},
		o.now(p, clock, worded),
	}
	if s.State == jobmon.SessionPlanned {
		line[1], line[5] = Cell{}, Cell{}
	}
	if s.Unended() && elsewhere(p) != "" {
		line[5], line[6] = Cell{}, Cell{Text: elsewhere(p), Tone: Faintly}
	}
	return line
}

// elsewhere is why nothing can run on the computer, "" where something can.
func elsewhere(p *jobmon.Progress) string {
	switch {
	case p.Continues != 0:
		return fmt.Sprintf("continues as id:%d", p.Continues)
	case p.Computer.Gone:
		return "deleted in DS"
	}
	return ""
}

// percent is a bar as long as there is room for, and the number.
func (o Options) percent(s *jobmon.SessionProgress) string {
	number := fmt.Sprintf("%3d%%", s.Percent)
	switch {
	case o.narrow():
		return number
	case o.roomy():
		return bar(s.Percent, 10) + " " + number
	}
	return bar(s.Percent, 5) + " " + number
}

// ready is when the deployment ended, or is expected to end as far as is known at that time.
func ready(s *jobmon.SessionProgress, now jobmon.Instant, clock clock) string {
	if !s.Unended() {
		return "at " + clock.at(s.Ended)
	}
	switch eta, atLeast, usedUp := s.Estimate(now); {
	case usedUp != 0:
		return "used up " + clock.at(usedUp)
	case eta == 0:
		return ""
	case atLeast:
		return "at least " + clock.at(eta)
	default:
		return "about " + clock.at(eta)
	}
}

// now is what happens, or why nothing does, or how it ended.
func (o Options) now(p *jobmon.Progress, clock clock, worded bool) Cell {
	s := p.Session
	if !s.Unended() {
		c := Cell{Text: s.Outcome().String(), Tone: outcomeStyle(s)}
		if text := waits(p, clock); text != "" {
			c.Text += "; not part of it: " + text
		}
		return c
	}
	if stage, ok := at(s.Stages, s.Current); ok {
		c := Cell{Text: label(stage.Name), least: 7, Tone: Busily}
		switch {
		case o.Now != 0:
			c.Tail = o.elapsed(stage)
		case stage.Began != 0:
			c.Tail = " " + clock.at(stage.Began)
			if o.roomy() {
				c.Tail = " since" + c.Tail
			}
		}
		switch {
		case p.Agent == jobmon.AgentOffline && o.roomy():
			c.Tail = ", " + offline(p.AgentSince, p.AgentAtLeast, clock)
		case p.Agent == jobmon.AgentOffline:
			c.Text, c.Tail = offline(0, false, clock)+", "+c.Text, ""
		}
		if worded && overdue(stage, o.Now) {
			c.Text = "overdue: " + c.Text
		}
		return c
	}
	return Cell{Text: idle(s, clock)}
}

// idle says what is to be known of a deployment of which nothing runs.
func idle(s *jobmon.SessionProgress, clock clock) string {
	switch {
	case s.SilentSince != 0:
		return silent(s, clock)
	case s.Still != nil:
		return standing(s.Still, clock)
	}
	next := ""
	if stage, ok := at(s.Stages, s.Next); ok {
		next = "next: " + label(stage.Name)
	}
	switch {
	case s.State == jobmon.SessionPlanned && s.Why != nil:
		return "planned: " + why(s.Why, s, clock) + takes(s)
	case s.State == jobmon.SessionPlanned:
		return "planned" + takes(s)
	case s.Why == nil:
		return next
	case next != "":
		next = "; " + next
	}
	return why(s.Why, s, clock) + next
}

// waits names the first row that runs or waits beside the deployment, and says why.
func waits(p *jobmon.Progress, clock clock) string {
	text, more := "", 0
	for _, row := range p.Beside() {
		if row.State != jobmon.StateRunning && row.Why == nil {
			continue
		}
		if text != "" {
			more++
			continue
		}
		if text = label(row.Name) + ", "; row.Why != nil {
			text += why(row.Why, nil, clock)
		} else {
			text += "runs"
		}
	}
	if more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

// takes says what a planned deployment usually takes; "" where that is not known.
func takes(s *jobmon.SessionProgress) string {
	switch {
	case s.Takes == 0:
		return ""
	case s.TakesAtLeast:
		return ", takes at least " + jobmon.Span(s.Takes)
	}
	return ", takes about " + jobmon.Span(s.Takes)
}

// silent says since when nothing has started, which people call abandoned.
func silent(s *jobmon.SessionProgress, clock clock) string {
	return fmt.Sprintf("abandoned: nothing has started since %s", clock.at(s.SilentSince))
}

// standing says why a deployment stands still, and since when.
func standing(w *jobmon.Standing, clock clock) string {
	text := map[string]string{
		jobmon.StillStage: "takes much longer than usual", jobmon.StillAgent: "runs, its agent is offline",
		jobmon.StillIdle: "is due and has not begun",
	}[w.Why]
	return fmt.Sprintf("stands still since %s: %s %s", clock.at(w.Since), label(w.Name), text)
}

// offline says that the agent is away, and since when as far as that is known.
func offline(since jobmon.Instant, atLeast bool, clock clock) string {
	switch {
	case since == 0:
		return "agent offline"
	case atLeast:
		return "agent offline, at least since " + clock.at(since)
	}
	return "agent offline since " + clock.at(since)
}

// elapsed says for how long a stage has been running, and where there is room what that means.
func (o Options) elapsed(stage *jobmon.Stage) string {
	text := ""
	if stage.Began != 0 {
		text = ", " + o.brief(jobmon.Span(o.Now.Sub(stage.Began)))
	}
	if !o.roomy() {
		return text
	}
	if stage.Expected > 0 {
		text += " of about " + jobmon.Span(stage.Expected)
	}
	if stage.Jobs > 1 && stage.JobsDone < stage.Jobs {
		text += fmt.Sprintf(", job %d of %d", stage.JobsDone+1, stage.Jobs)
	}
	return text
}

// at is the stage of that index, if there is one.
func at(stages []jobmon.Stage, index int) (*jobmon.Stage, bool) {
	if index < 0 || index >= len(stages) {
		return nil, false
	}
	return &stages[index], true
}

func outcomeStyle(s *jobmon.SessionProgress) Tone {
	switch s.Result {
	case jobmon.ResultReady, jobmon.ResultAfterRetries:
		return Well
	}
	if s.Failed > 0 {
		return Badly
	}
	return Plainly
}

// why says in words why nothing runs, or why a row waits. S is nil for a row that is in no deployment.
func why(w *jobmon.Waiting, s *jobmon.SessionProgress, clock clock) string {
	switch w.Kind {
	case jobmon.WaitAgentOffline:
		return offline(w.Since, w.AtLeast, clock)
	case jobmon.WaitGhost:
		return "on a ghost"
	case jobmon.WaitDue:
		if s != nil && s.State == jobmon.SessionOpen && s.JobsDone > 0 {
			return "continues at " + clock.start(w.Start)
		}
		return "waits until " + clock.start(w.Start)
	case jobmon.WaitBehind:
		if w.Job == "" {
			return "behind another job"
		}
		return fmt.Sprintf("behind %q, which runs since %s", label(w.Job), clock.at(w.Since))
	case jobmon.WaitServer:
		return "DS has not begun it"
	}
	return string(w.Kind)
}

// lost says that the source is lost.
func lost(p *jobmon.Progress, in string, clock clock) string {
	return fmt.Sprintf("!! %sThe DS database has not been readable since %s: all this is older.", in,
		clock.at(p.SourceSince))
}
