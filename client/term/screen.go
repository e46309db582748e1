package term

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Screen writes one computer's picture in full: who and when, what runs, the stages, failures, what comes later. The
// error is the writer's.
func Screen(w io.Writer, p *jobmon.Progress, o Options) error {
	_, err := io.WriteString(w, draw(p, o).b.String())
	return err
}

func draw(p *jobmon.Progress, o Options) *screen {
	o = o.of(p.Computer.Site)
	s := &screen{Options: o, p: p, at: o.moment(p), current: -1}
	s.clock = o.clock(p.Offset, s.at)
	s.head()
	if p.Session == nil {
		s.say(Plainly, "No deployment of this computer has been seen.", "")
	} else {
		s.session(p.Session)
		s.stages(p.Session)
		s.failures(p.Session)
	}
	s.later()
	return s
}

// screen is the text as it grows.
type screen struct {
	Options
	p       *jobmon.Progress
	at      jobmon.Instant // up to when durations are counted
	clock   clock
	b       strings.Builder
	current int // the line of the stage that runs, or comes next; -1 for none
}

// say writes a line. When it is too long text is cut, tail stays; where little room is anyway, it goes on in another
// line.
func (s *screen) say(st Tone, text, tail string) {
	line := text + tail
	switch {
	case s.Width == 0 || s.narrow():
	case Columns(text) <= s.width() && Columns(line) > s.width():
		line = strings.Join(wrap(line, s.width()), "\n")
	default:
		line = Cell{Text: text, Tail: tail}.fit(s.width())
	}
	s.sentence(&s.b, st, line)
}

func (s *screen) head() {
	c := s.p.Computer
	name := label(jobmon.ComputerName(c.ID, c.Name))
	s.say(Strong, name, "")
	id, state := fmt.Sprintf("id %d", c.ID), ", agent "+s.p.Agent.String()
	if s.p.Site != "" {
		id += " on " + label(s.p.Site)
	}
	if c.Site != "" {
		id += ", site " + c.Site
	}
	switch {
	case s.p.Computer.Gone:
		state = ", deleted in DS"
	case s.p.Agent == jobmon.AgentOffline:
		state = ", " + offline(s.p.AgentSince, s.p.AgentAtLeast, s.clock)
	}
	if c.Ghost && !c.Gone {
		state += ", ghost: the console does not show it"
	}
	s.say(Plainly, id, state)
	if s.p.Continues != 0 {
		s.say(Strong, fmt.Sprintf("continues as id:%d: what stands here as unfinished is not under way", s.p.Continues),
			"")
	}
	if c.Group != "" {
		s.say(Plainly, "group "+label(c.Group), "")
	}
	if c.OSName != "" && !strings.EqualFold(c.OSName, c.Name) {
		s.say(Plainly, "its system is named "+label(c.OSName), "")
	}
	switch {
	case s.p.Seq == 0:
		s.say(Plainly, fmt.Sprintf("As of %s%s", s.clock.exact(s.at), s.whose()), "")
	case s.Now == 0:
		s.say(Plainly, fmt.Sprintf("Status of %s%s, event %d", s.clock.exact(s.p.At), s.whose(), s.p.Seq), "")
	default:
		s.say(Plainly, fmt.Sprintf("Last event %d at %s, %s ago", s.p.Seq, s.clock.exact(s.p.At),
			jobmon.Span(s.at.Sub(s.p.At))), "")
	}
	if s.p.SourceLost {
		s.say(Badly, lost(s.p, "", s.clock), "")
	}
	s.b.WriteString("\n")
}

// session says how the deployment stands.
func (s *screen) session(d *jobmon.SessionProgress) {
	s.began(d)
	if !d.Unended() {
		s.say(outcomeStyle(d), "Result: "+d.Outcome().String(), "")
		return
	}
	if d.SilentSince != 0 {
		s.say(Badly, "!! "+silent(d, s.clock), "; it goes on when a job starts")
	}
	if d.Still != nil {
		s.say(Badly, "!! "+standing(d.Still, s.clock), "")
	}
	if stage, ok := at(d.Stages, d.Current); ok {
		s.say(Busily, "Now: "+label(stage.Name), s.progress(stage))
		if s.p.Agent == jobmon.AgentOffline {
			s.say(Badly, "!! "+offline(s.p.AgentSince, s.p.AgentAtLeast, s.clock), "; the job still counts as running")
		}
	}
	if d.Why != nil {
		s.say(Plainly, "Waiting: "+strings.TrimPrefix(why(d.Why, d, s.clock), "waits "), "")
	}
	if stage, ok := at(d.Stages, d.Next); ok {
		s.say(Plainly, "Next: "+label(stage.Name), "")
	}
	if s.p.Asked != "" {
		s.say(Plainly, "DS says that this runs: "+label(s.p.Asked), "")
	}
	s.estimate(d)
	if d.LastMarker {
		s.say(Plainly, "No marker waits: the computer's own screen gets no further updates.", "")
	}
}

// began says when the deployment began and ended, and how far it is.
func (s *screen) began(d *jobmon.SessionProgress) {
	if d.State == jobmon.SessionPlanned {
		s.say(Plainly, fmt.Sprintf("Planned%s: %d stages, %d jobs", takes(d), len(d.Stages), d.Jobs), "")
		return
	}
	text := fmt.Sprintf("Deployment %d began %s", d.Number, s.clock.at(d.Began))
	if d.WatchedSince != 0 {
		text = fmt.Sprintf("Deployment %d had begun before %s, since when it is watched", d.Number,
			s.clock.at(d.WatchedSince))
	}
	end := s.at
	if d.State != jobmon.SessionOpen {
		end = d.Ended
		text += ", ended " + s.clock.at(end)
	}
	if d.WatchedSince == 0 && d.Began != 0 && end != 0 {
		text += ", " + jobmon.Span(end.Sub(d.Began))
	}
	s.say(Plainly, text, "")
	s.say(Plainly, fmt.Sprintf("[%s] %d%%  %d of %d stages, %d of %d jobs",
		bar(d.Percent, s.barWidth()), d.Percent, d.StagesDone, len(d.Stages), d.JobsDone, d.Jobs), "")
	if text := tallies(d); text != "" {
		s.say(Plainly, text, "")
	}
}

// estimate says when the deployment will be ready, or what is known when the estimate holds no more.
func (s *screen) estimate(d *jobmon.SessionProgress) {
	if d.State == jobmon.SessionPlanned {
		return
	}
	_, _, usedUp := d.Estimate(s.at)
	if text := ready(d, s.at, s.clock); usedUp == 0 && text != "" {
		s.say(Plainly, "Ready "+text, "")
	}
	if usedUp == 0 {
		return
	}
	text := fmt.Sprintf(" the estimate is used up since %s.", s.clock.at(usedUp))
	if stage, ok := at(d.Stages, d.Current); ok && stage.Began != 0 && stage.Expected > 0 {
		text += fmt.Sprintf(" %s takes longer than usual.", label(stage.Name))
	}
	unknown := 0
	for i := range d.Stages {
		if stage := &d.Stages[i]; stage.Began == 0 && stage.Expected == 0 && !stage.State.Ended() {
			unknown++
		}
	}
	if d.ToCome > 0 {
		text += fmt.Sprintf(" What has not begun usually takes %s.", jobmon.Span(d.ToCome))
	}
	if unknown > 0 {
		text += fmt.Sprintf(" Of %d of the stages to come no usual time is known.", unknown)
	}
	s.say(Busily, "Ready: not known;", text)
}

// barWidth leaves the numbers behind the bar their room.
func (s *screen) barWidth() int {
	if s.narrow() {
		return 10
	}
	return 30
}

// tallies counts what is out of the ordinary.
func tallies(d *jobmon.SessionProgress) string {
	var list []string
	for _, part := range []struct {
		n    int
		word string
	}{{d.Failed, "failed"}, {d.Cancelled, "cancelled"}, {d.Late, "added late"}} {
		if part.n > 0 {
			list = append(list, fmt.Sprintf("%d %s", part.n, part.word))
		}
	}
	return strings.Join(list, ", ")
}

// progress is how far a running stage is, in words.
func (s *screen) progress(stage *jobmon.Stage) string {
	text := ""
	if stage.Began != 0 {
		text = fmt.Sprintf(" since %s, %s", s.clock.at(stage.Began), jobmon.Span(s.at.Sub(stage.Began)))
	}
	if stage.Expected > 0 {
		text += fmt.Sprintf(" (usually %s)", jobmon.Span(stage.Expected))
	}
	switch {
	case s.Now != 0 && stage.JobsDone < stage.Jobs && stage.Jobs > 1:
		text += fmt.Sprintf(", job %d of %d", stage.JobsDone+1, stage.Jobs)
	case stage.JobsDone > 0:
		text += fmt.Sprintf(", %d of %d jobs done", stage.JobsDone, stage.Jobs)
	case stage.Jobs > 1:
		text += fmt.Sprintf(", %d jobs", stage.Jobs)
	}
	return text
}

// Mark returns the mark of a state, and its tone.
func Mark(state jobmon.RowState) (string, Tone) {
	switch state {
	case jobmon.StateRunning:
		return ">>", Busily
	case jobmon.StateSucceeded:
		return "ok", Well
	case jobmon.StateFailed:
		return "!!", Badly
	case jobmon.StateCancelled:
		return "--", Faintly
	case jobmon.StateUnknown:
		return "??", Faintly
	}
	return "..", Plainly
}

func (s *screen) stages(d *jobmon.SessionProgress) {
	if len(d.Stages) == 0 {
		return
	}
	s.b.WriteString("\n")
	i := d.Current
	if i < 0 {
		i = d.Next
	}
	if _, ok := at(d.Stages, i); ok {
		s.current = strings.Count(s.b.String(), "\n") + i
	}
	columns := []Column{{}, {Least: 10}, {spare: 2}, {spare: 1}, {Right: true, spare: 3}, {Least: 5}}
	var rows [][]Cell
	for i := range d.Stages {
		stage := &d.Stages[i]
		sign, st := Mark(stage.State)
		name := Cell{Text: label(stage.Name)}
		if i == d.Current {
			name.Tone = Strong
		}
		at, took := s.times(stage)
		rows = append(rows, []Cell{
			{Text: sign, Tone: st}, name, {Text: stage.State.String(), Tone: st}, {Text: at}, {Text: took},
			{Text: remarks(stage, s.Now)},
		})
	}
	s.table(&s.b, columns, "  ", rows)
}

// times says when a stage ran and how long.
func (s *screen) times(stage *jobmon.Stage) (at, took string) {
	switch {
	case stage.Began != 0 && stage.Ended != 0:
		length := jobmon.Length{Took: stage.Ended.Sub(stage.Began), Most: stage.Most, Inexact: stage.Inexact}
		return s.clock.between(stage.Began, stage.Ended), s.brief(length.String())
	case stage.Ended != 0:
		return "until " + s.clock.at(stage.Ended), ""
	case stage.Began != 0 && stage.State.Ended():
		return "since " + s.clock.at(stage.Began), ""
	case stage.Began != 0:
		return "since " + s.clock.at(stage.Began), s.brief(jobmon.Span(s.at.Sub(stage.Began)))
	}
	return "", ""
}

// remarks are what else is to be said of a stage, the most telling first.
func remarks(stage *jobmon.Stage, now jobmon.Instant) string {
	var list []string
	if stage.Failed > 0 {
		list = append(list, fmt.Sprintf("%d of %d jobs failed", stage.Failed, max(stage.Jobs, stage.Failed)))
	}
	if stage.Late {
		list = append(list, "added")
	}
	if overdue(stage, now) {
		list = append(list, "overdue")
	}
	if stage.Attempt > 1 {
		list = append(list, fmt.Sprintf("attempt %d", stage.Attempt))
	}
	if stage.Inexact {
		list = append(list, "times not exact")
	}
	if stage.Expected > 0 && stage.State == jobmon.StateWaiting {
		list = append(list, "usually "+jobmon.Span(stage.Expected))
	}
	return strings.Join(list, ", ")
}

// failures names every job that failed, also those that were repaired.
func (s *screen) failures(d *jobmon.SessionProgress) {
	var rows [][]Cell
	for _, stage := range d.Stages {
		for _, f := range stage.Failures {
			state, word := jobmon.StateFailed, "failed"
			if f.Repaired {
				state, word = jobmon.StateSucceeded, "failed, repaired since"
			}
			sign, st := Mark(state)
			job := "a job of " + label(stage.Name)
			if f.Job != "" {
				job = label(f.Job) + ", in " + label(stage.Name)
			}
			code, meaning := f.Code.String(), f.Code.Meaning()
			if hex := f.Code.Hex(); hex != "" { // the form by which it is looked up
				code, meaning = hex, strings.TrimSpace(strconv.FormatInt(int64(f.Code), 10)+" "+meaning)
			}
			if meaning != "" {
				job += ": " + meaning
			}
			rows = append(rows, []Cell{
				{Text: sign, Tone: st}, {Text: s.clock.at(f.At)}, {Text: "code " + code}, {Text: word, Tone: st},
				{Text: job},
			})
		}
	}
	if len(rows) == 0 {
		return
	}
	s.b.WriteString("\n")
	s.say(Strong, "Failures", "")
	s.table(&s.b, []Column{{}, {spare: 2}, {Right: true}, {spare: 1}, {Least: 16}}, "  ", rows)
}

// later lists what counts in nothing.
func (s *screen) later() {
	if len(s.p.Beside()) == 0 {
		return
	}
	s.b.WriteString("\n")
	s.say(Strong, "Not part of this", "")
	var rows [][]Cell
	for _, row := range s.p.Beside() {
		at, word, reason := "", row.State.String(), ""
		if row.Start != jobmon.NoStart {
			at = s.clock.start(row.Start)
		}
		switch {
		case row.Stuck:
			word = "stuck: long past due"
		case row.Why != nil:
			reason = why(row.Why, nil, s.clock)
		}
		rows = append(rows, []Cell{{Text: ".."}, {Text: at}, {Text: word}, {Text: label(row.Name)}, {Text: reason}})
	}
	s.table(&s.b, []Column{{}, {spare: 2}, {spare: 1}, {Least: 16}, {Least: 13}}, "  ", rows)
}
