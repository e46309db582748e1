// Package waterfall draws where one deployment's time went: its stages and jobs as bars on an axis of time, for a
// terminal, as an SVG picture, and as an HTML page for a report. Work, waiting and unwatched time differ by
// shape and word; colour only repeats them. It is pure; names are drawn as text, whatever they hold. All functions are
// safe for concurrent use.
package waterfall

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Kind says what a piece of time went to.
type Kind int

// The kinds.
const (
	Waiting Kind = iota // no job was at work
	Working
	Failed // a job was at work that failed
	Unseen // nobody watched
)

// Bar is a piece of time on a line.
type Bar struct {
	From, To jobmon.Instant
	Kind     Kind
}

// Line is a stage, or a job below its stage.
type Line struct {
	Name    string
	Job     bool // else a stage
	State   jobmon.RowState
	Running bool // its last bar goes on
	Late    bool // added after the deployment had begun
	Bars    []Bar
	Began   jobmon.Instant // 0 for not, or unseen
	Ended   jobmon.Instant
	Took    jobmon.Length
	Known   bool          // Took is
	Doubt   string        // why Took is no honest duration, "" when it is: a word of the kind "reason"
	Waited  time.Duration // before a stage began
	Code    jobmon.Code   // which a failed job ended with
	Attempt int           // above 1: it was tried again
	Beside  bool          // what ran beside the stages; it has no name of its own
	Folder  string        // of a job
}

// Gap is a time in which nobody watched, or a moment at which the clock jumped.
type Gap struct {
	From, To jobmon.Instant
	What     string // a word of the kind "gap"
}

// Chart is a deployment.
type Chart struct {
	Computer   string
	ID         jobmon.ComputerID
	Site       string // name of the DS server, "" for none
	Number     int
	Result     jobmon.Outcome
	Good, Bad  bool // the result is
	Began, End jobmon.Instant
	Running    bool // End is as far as the log knows
	Took       time.Duration
	Working    time.Duration
	Waiting    time.Duration
	Unseen     time.Duration
	Lines      []Line
	Gaps       []Gap
	Notes      []words.Phrase // what else the reader must know

	Clock func(jobmon.Instant) time.Time // in the zone in which times are shown
	Words Words
}

// at is a time of day, with the date when the deployment goes over midnight, with the UTC offset when that changes
// meanwhile.
func (c *Chart) at(i jobmon.Instant) string {
	if i == 0 {
		return ""
	}
	t, layout := c.Clock(i), "15:04:05"
	if t.Format(time.DateOnly) != c.Clock(c.Began).Format(time.DateOnly) {
		layout = time.DateTime
	}
	return t.Format(layout + c.offset())
}

// offset is the layout of the UTC offset behind a time: "" when the deployment has one only.
func (c *Chart) offset() string {
	if _, began := c.Clock(c.Began).Zone(); c.End != 0 {
		if _, end := c.Clock(c.End).Zone(); end != began {
			return " -07:00"
		}
	}
	return ""
}

// zone names the zone of all times.
func (c *Chart) zone() string {
	if c.offset() != "" {
		return c.Words.say("waterfall.offsets")
	}
	if zone := c.Clock(c.Began).Format("-07:00"); zone != "+00:00" {
		return "UTC" + zone
	}
	return "UTC"
}

// when says from when to when the deployment was.
func (c *Chart) when() string {
	began := c.Clock(c.Began).Format(time.DateTime + c.offset())
	key := "waterfall.period"
	if c.Running {
		key = "waterfall.open"
	}
	return fmt.Sprintf("%s (%s)", c.Words.say(key, "from", began, "to", c.at(c.End)), c.zone())
}

// title names the deployment.
func (c *Chart) title() string {
	return c.Words.say("waterfall.title", "computer", c.Computer, "n", strconv.Itoa(c.Number))
}

// note is a sentence for the reader.
func (c *Chart) note(n words.Phrase) string { return c.Words.say(n.Key, n.Places...) }

// gap says when nobody watched, or the clock jumped, and why.
func (c *Chart) gap(g Gap, between string) string {
	if g.From == g.To {
		return c.at(g.From) + between + c.Words.word("gap", g.What)
	}
	return c.between(g.From, g.To) + between + c.Words.word("gap", g.What)
}

// between is "09:00:00 to 09:12:00".
func (c *Chart) between(from, to jobmon.Instant) string {
	return c.Words.say("waterfall.period", "from", c.at(from), "to", c.at(to))
}

// name is what the line is called.
func (c *Chart) name(l *Line) string {
	if l.Beside {
		return c.Words.say("waterfall.beside")
	}
	return l.Name
}

// share is a part of the whole in percent.
func (c *Chart) share(part time.Duration) int {
	whole := c.Working + c.Waiting + c.Unseen
	if whole <= 0 {
		return 0
	}
	return int((200*part/whole + 1) / 2)
}

// part is a piece of the time, what it went to and its share: word, time and percent.
type part struct {
	kind Kind
	word string
	took time.Duration
}

// parts are what the time went to.
func (c *Chart) parts() []part {
	return []part{
		{Working, c.Words.say("waterfall.working"), c.Working},
		{Waiting, c.Words.say("waterfall.waiting"), c.Waiting},
		{Unseen, c.Words.say("waterfall.unseen"), c.Unseen},
	}
}

// summary says where the time went, in words.
func (c *Chart) summary() string {
	var list []string
	for _, p := range c.parts() {
		list = append(list, fmt.Sprintf("%s %s (%d %%)", p.word, c.Words.span(p.took), c.share(p.took)))
	}
	return strings.Join(list, ", ")
}

// remark is all that is to be said beside a line.
func (c *Chart) remark(l *Line) string {
	state := ""
	switch l.State {
	case jobmon.StateFailed, jobmon.StateCancelled, jobmon.StateUnknown, jobmon.StateWaiting:
		state = c.state(l)
	}
	return c.remarks(l, state)
}

// beyondState is remark for a table that has a column for the state.
func (c *Chart) beyondState(l *Line) string { return c.remarks(l, "") }

func (c *Chart) remarks(l *Line, state string) string {
	var list []string
	add := func(said bool, key string, places ...any) {
		if said {
			list = append(list, c.Words.say(key, places...))
		}
	}
	add(l.Late, "waterfall.added")
	if state != "" {
		list = append(list, state)
	}
	add(l.Running, "waterfall.goes.on")
	add(l.State == jobmon.StateFailed && l.Job, "waterfall.code", "code", l.Code.TextIn(c.Words.Lang))
	add(l.Attempt > 1 && l.Job, "waterfall.attempt", "n", strconv.Itoa(l.Attempt))
	add(l.Attempt > 1 && !l.Job, "waterfall.again")
	add(l.Waited >= 30*time.Second, "waterfall.waited", "time", c.Words.span(l.Waited))
	if l.Doubt != "" {
		list = append(list, c.Words.word("reason", l.Doubt))
	}
	return strings.Join(list, ", ")
}

// state is where the line stands, in a word.
func (c *Chart) state(l *Line) string { return c.Words.word("row-state", l.State.String()) }

// took is how long it took, "~" when that is not certain.
func (c *Chart) took(l *Line) string {
	switch {
	case !l.Known:
		return ""
	case l.Doubt != "" && l.Took.Exact():
		return "~" + c.Words.span(l.Took.Took)
	}
	return c.Words.units().Length(l.Took)
}

// steps are the distances that marks of the axis may have.
func steps() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{
		time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
		10 * time.Minute,
		15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day,
		2 * day, 7 * day, 30 * day,
	}
}

// tick is a mark of the axis.
type tick struct {
	at    jobmon.Instant
	label string
}

// ticks are at most so many marks, at round times of the clock.
func (c *Chart) ticks(most int) []tick {
	long := c.End.Sub(c.Began)
	all := steps()
	step := all[len(all)-1]
	for _, s := range all {
		if int(long/s) < most {
			step = s
			break
		}
	}
	form := "15:04"
	switch {
	case step < time.Minute:
		form = "15:04:05"
	case step >= 24*time.Hour:
		form = "01-02"
	case long > 24*time.Hour:
		form = "01-02 15:04"
	}
	form += c.offset()
	_, offset := c.Clock(c.Began).Zone()
	shift, width := int64(offset)*1000, step.Milliseconds()
	first := (int64(c.Began) + shift + width - 1) / width * width
	var list []tick
	for at := jobmon.Instant(first - shift); at <= c.End && len(list) <= 2*most; at = at.Add(step) {
		list = append(list, tick{at, c.Clock(at).Format(form)})
	}
	return list
}

// fit is a text safe for a terminal and cut to so many columns.
func fit(text string, width int) string { return term.Fit(term.Plain(text), width) }
