// Package waterfall draws where one deployment's time went: its stages and jobs as bars on an axis of time, for a
// terminal, as an SVG picture, and as an HTML page for a report. Work, waiting and unwatched time differ by
// shape and word; colour only repeats them. It is pure; names are drawn as text, whatever they hold. All functions are
// safe for concurrent use.
package waterfall

import (
	"fmt"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
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
	Doubt   string        // why Took is no honest duration, "" when it is
	Waited  time.Duration // before a stage began
	Remark  string        // what else is to be said: "code 1603", "attempt 2"
	Folder  string        // of a job
}

// Gap is a time in which nobody watched, or a moment at which the clock jumped.
type Gap struct {
	From, To jobmon.Instant
	What     string
}

// Chart is a deployment.
type Chart struct {
	Computer   string
	ID         jobmon.ComputerID
	Site       string // name of the DS server, "" for none
	Number     int
	Result     string // in words
	Good, Bad  bool   // the result is
	Began, End jobmon.Instant
	Running    bool // End is as far as the log knows
	Took       time.Duration
	Working    time.Duration
	Waiting    time.Duration
	Unseen     time.Duration
	Lines      []Line
	Gaps       []Gap
	Notes      []string // what else the reader must know, a sentence each

	Clock func(jobmon.Instant) time.Time // in the zone in which times are shown
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
		return "the UTC offset changed meanwhile"
	}
	if zone := c.Clock(c.Began).Format("-07:00"); zone != "+00:00" {
		return "UTC" + zone
	}
	return "UTC"
}

// when says from when to when the deployment was.
func (c *Chart) when() string {
	began := c.Clock(c.Began).Format(time.DateTime + c.offset())
	if c.Running {
		return fmt.Sprintf("%s to %s, and goes on (%s)", began, c.at(c.End), c.zone())
	}
	return fmt.Sprintf("%s to %s (%s)", began, c.at(c.End), c.zone())
}

// share is a part of the whole in percent.
func (c *Chart) share(part time.Duration) int {
	whole := c.Working + c.Waiting + c.Unseen
	if whole <= 0 {
		return 0
	}
	return int((200*part/whole + 1) / 2)
}

// summary says where the time went, in words.
func (c *Chart) summary() string {
	return fmt.Sprintf("working %s (%d %%), waiting %s (%d %%), unseen %s (%d %%)",
		jobmon.Span(c.Working), c.share(c.Working), jobmon.Span(c.Waiting), c.share(c.Waiting), jobmon.Span(c.Unseen),
		c.share(c.Unseen))
}

// remark is all that is to be said beside a line.
func (l *Line) remark() string {
	var list []string
	if l.Late {
		list = append(list, "added late")
	}
	if l.State == jobmon.StateFailed || l.State == jobmon.StateCancelled || l.State == jobmon.StateUnknown ||
		l.State == jobmon.StateWaiting {
		list = append(list, l.State.String())
	}
	if l.Running {
		list = append(list, "goes on")
	}
	if l.Remark != "" {
		list = append(list, l.Remark)
	}
	if l.Waited >= 30*time.Second {
		list = append(list, "waited "+jobmon.Span(l.Waited)+" before")
	}
	if l.Doubt != "" {
		list = append(list, l.Doubt)
	}
	return strings.Join(list, ", ")
}

// took is how long it took, "~" when that is not certain.
func (l *Line) took() string {
	switch {
	case !l.Known:
		return ""
	case l.Doubt != "" && l.Took.Exact():
		return "~" + l.Took.String()
	}
	return l.Took.String()
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
