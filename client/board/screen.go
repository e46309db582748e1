package board

import (
	"html"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// screen is what a computer's logon screen shows, in the monitor's words.
type screen struct {
	Name, Place     string
	Agent           string // in words, "" unknown
	AgentOn         bool
	Label, Icon     string // above the name: "Now"
	Tone            string // "run", "wait", "good", "bad"
	Hero            template.HTML
	Facts           []template.HTML
	Usual           template.HTML
	Bar             template.HTML // how much of the stage at work is over
	Moves           bool          // the way from the parcel to the computer is drawn
	Failure         *failBox
	Notices         []notice
	Rows            []stageLine
	Above, Below    template.HTML
	Stages          template.HTML // the stage bar
	Done, End, Left template.HTML
	Age             template.HTML
	Call            string // whom to call
	Tel             template.URL
}

// failBox is the newest failure.
type failBox struct{ Title, Code, At, Job, Meaning, More template.HTML }

// notice is what else needs to be known.
type notice struct{ Title, Text template.HTML }

// stageLine is a line of the list.
type stageLine struct {
	State, Icon string
	Name, Right template.HTML
	Tag         template.HTML
	Current     bool
}

// listed is how many lines the list has at most.
const listed = 14

func safe(text string) template.HTML { return template.HTML(text) } //nolint:gosec // phrases are escaped

// screenOf draws the screen of a picture; places is how many lines its list has at most.
func (p *pen) screenOf(c *jobmon.Progress, places int) *screen {
	v := &screen{Name: jobmon.ComputerName(c.Computer.ID, shown(c.Computer.Name)), Call: p.f.Support}
	var place []string
	for _, text := range []string{c.Computer.Group, p.f.Site, c.Site} {
		if text = shown(text); text != "" && !slices.Contains(place, text) {
			place = append(place, text)
		}
	}
	v.Place = strings.Join(place, " · ")
	switch c.Agent {
	case jobmon.AgentOnline:
		v.Agent, v.AgentOn = p.w.Text("agent.on"), true
	case jobmon.AgentOffline:
		v.Agent = p.w.Text("agent.off")
	}
	v.Tel = telephone(v.Call)
	v.Age = safe(p.w.phrase("age.of", "at", p.f.wall(c.At).Format(time.TimeOnly), "time", p.since(c.At)))
	p.hero(v, c)
	p.notices(v, c)
	if s := c.Session; s != nil {
		p.list(v, s, places)
		bar := newPen(p.f, p.lasts)
		bar.bar(c, "stages", longWidth)
		v.Stages = bar.html()
		v.Done = safe(p.w.phrase("done", "n", number(s.StagesDone), "all", number(len(s.Stages))))
		v.End, v.Left = p.endOf(s)
	}
	return v
}

// telephone is the number in a text as an address to call, "" for none.
func telephone(text string) template.URL {
	digits := ""
	for _, r := range text {
		if r >= '0' && r <= '9' || r == '+' && digits == "" {
			digits += string(r)
		}
	}
	if len(digits) < 3 {
		return ""
	}
	return template.URL("tel:" + digits) //nolint:gosec // digits only
}

// hero sets the largest words: what happens, or what comes next, or how it ended.
func (p *pen) hero(v *screen, c *jobmon.Progress) {
	s := c.Session
	fact := func(text string) {
		if text != "" {
			v.Facts = append(v.Facts, safe(text))
		}
	}
	switch {
	case s == nil:
		v.Label, v.Icon, v.Tone, v.Hero = p.w.Text("idle"), "pause", "wait", safe(p.w.phrase("idle.name"))
		if c.Unknown {
			fact(p.w.phrase("idle.unknown"))
			return
		}
		fact(p.w.phrase("idle.text"))
		return
	case !s.Unended():
		p.ended(v, s)
		return
	}
	if stage := current(s); stage != nil {
		v.Label, v.Icon, v.Tone, v.Hero, v.Moves = p.w.Text("now"), "play", "run", safe(p.w.name(stage.Name)), true
		if stage.Began != 0 {
			fact(p.w.phrase("since", "time", p.at(stage.Began)) + " · " + p.since(stage.Began))
		}
		if stage.Expected > 0 {
			v.Usual = safe(p.w.phrase("usual", "usual", p.w.about(stage.Expected)))
		}
		bar := newPen(p.f, p.lasts)
		bar.put(`<svg class="part" viewBox="0 0 216 12" preserveAspectRatio="none" aria-hidden="true">`)
		bar.box("b-todo", 0, 0, barWidth, barHeight, "")
		bar.filled(stage, 0, barWidth)
		bar.put(`</svg>`)
		v.Bar = bar.html()
		return
	}
	v.Label, v.Icon, v.Tone, v.Hero = p.w.Text("now"), "pause", "wait", safe(p.w.phrase("nothing.now"))
	if stage := next(s); stage != nil {
		v.Label, v.Hero = p.w.Text("next"), safe(p.w.name(stage.Name))
		if s.State == jobmon.SessionPlanned {
			v.Label = p.w.Text("planned")
		}
		if s.Why == nil {
			fact(p.w.phrase("next.text"))
		}
	}
	if s.Why != nil {
		fact(p.why(s.Why, s.State == jobmon.SessionOpen && s.JobsDone > 0))
	}
}

func (p *pen) ended(v *screen, s *jobmon.SessionProgress) {
	v.Icon, v.Tone = "minus", "warn"
	switch s.Result {
	case jobmon.ResultReady, jobmon.ResultAfterRetries:
		v.Icon, v.Tone = "tick", "good"
	case jobmon.ResultWithFailures:
		v.Icon, v.Tone = "alert", "warn"
	}
	v.Hero = safe(p.result(s))
	line := p.w.phrase("ended.jobs", "n", number(s.JobsDone), "all", number(s.Jobs)) + " · " +
		p.w.phrase("ended.at", "time", p.at(s.Ended))
	if s.Began != 0 && s.WatchedSince == 0 {
		line = p.w.phrase("ended.after", "time", p.w.lasting(s.Ended.Sub(s.Began))) + " · " + line
	}
	v.Facts = append(v.Facts, safe(p.resultText(s)), safe(line))
}

// notices sets the failure box and what else needs somebody.
func (p *pen) notices(v *screen, c *jobmon.Progress) {
	s := c.Session
	if list := failures(s); len(list) > 0 {
		f := list[0]
		m := newPen(p.f, false)
		m.meaning(f.Code)
		box := &failBox{Title: safe(p.w.phrase("failed.stage", "name", p.w.name(f.Stage))), Meaning: m.html(),
			Code: safe(p.w.phrase("failed.code", "code", esc(f.Code.String()))),
			At:   safe(p.w.phrase("failed.at", "time", p.at(f.At))), Job: safe(p.w.name(f.Job))}
		if f.Job == "" {
			box.Job = ""
		}
		if len(list) > 1 {
			box.More = safe(p.w.phrase("failed.more", "n", number(len(list)-1)))
		}
		v.Failure = box
	}
	add := func(title, text string) { v.Notices = append(v.Notices, notice{safe(title), safe(text)}) }
	if c.SourceLost {
		add(p.w.phrase("lost"), p.w.phrase("lost.since", "time", p.at(c.SourceSince))+" "+p.w.phrase("lost.text"))
	}
	switch {
	case c.Continues != 0 || c.Computer.Gone:
		add(p.elsewhere(c), p.w.phrase("record.gone.text"))
	case c.Computer.Ghost:
		add(p.w.phrase("record.ghost"), p.w.phrase("record.ghost.text"))
	}
	if s == nil || !s.Unended() {
		return
	}
	switch stage := current(s); {
	case s.SilentSince != 0 || s.Still != nil && s.Still.Why != jobmon.StillStage:
		add(p.still(s))
	case stage != nil && p.overdue(c) && stage.Began != 0:
		usual := p.w.about(stage.Expected)
		add(p.w.phrase("overdue"), p.w.phrase("overdue.text", "time", p.since(stage.Began), "usual", usual))
	}
}

// endOf says when it will be over, in the monitor's words.
func (p *pen) endOf(s *jobmon.SessionProgress) (end, left template.HTML) {
	if s.State == jobmon.SessionPlanned && s.Takes > 0 {
		key := "takes"
		if s.TakesAtLeast {
			key = "takes.least"
		}
		return safe(p.w.phrase(key, "time", p.w.about(s.Takes))), ""
	}
	if _, _, usedUp := s.Estimate(p.now); usedUp != 0 && s.ToCome > 0 {
		left = safe(p.w.phrase("end.to.come", "time", p.w.about(s.ToCome)))
	}
	return safe(html.EscapeString(p.speaker().End(s, p.now))), left
}

// list sets the lines of the stages: those around the one at work where there are too many.
func (p *pen) list(v *screen, s *jobmon.SessionProgress, places int) {
	focus := max(s.Current, s.Next, 0)
	if s.Current >= 0 {
		focus = s.Current
	}
	from, to := 0, len(s.Stages)
	if to > places {
		from = min(max(0, focus-places/3), to-places)
		to = from + places
	}
	begins := p.starts(s)
	for i := from; i < to; i++ {
		stage := &s.Stages[i]
		line := stageLine{State: stage.State.String(), Name: safe(p.w.name(stage.Name)), Current: i == s.Current,
			Icon: stageIcon(stage.State), Right: safe(p.stageWord(stage, begins[i]))}
		switch {
		case stage.Late:
			line.Tag = safe(p.w.phrase("tag.late"))
		case stage.Attempt > 1:
			line.Tag = safe(p.w.phrase("tag.attempt", "n", number(stage.Attempt)))
		}
		v.Rows = append(v.Rows, line)
	}
	if from > 0 {
		v.Above = safe(p.w.phrase("rows.above", "n", number(from)))
	}
	if to < len(s.Stages) {
		v.Below = safe(p.w.phrase("rows.below", "n", number(len(s.Stages)-to)))
	}
}

func stageIcon(s jobmon.RowState) string {
	switch s {
	case jobmon.StateSucceeded:
		return "tick"
	case jobmon.StateFailed:
		return "cross"
	case jobmon.StateRunning:
		return "play"
	case jobmon.StateWaiting:
		return "ring"
	}
	return "minus"
}

// starts is when waiting stages will begin, as far as each one before has a typical duration.
func (p *pen) starts(s *jobmon.SessionProgress) map[int]jobmon.Instant {
	begins := map[int]jobmon.Instant{}
	stage := current(s)
	if s.State != jobmon.SessionOpen || s.Why != nil || stage == nil || stage.Expected == 0 || stage.Began == 0 ||
		p.now.Sub(stage.Began) > stage.Expected {
		return begins
	}
	at := stage.Began.Add(stage.Expected)
	for i := range s.Stages {
		if next := &s.Stages[i]; next.State == jobmon.StateWaiting && i != s.Current {
			begins[i] = at
			if next.Expected == 0 {
				break
			}
			at = at.Add(next.Expected)
		}
	}
	return begins
}

// stageWord is the word or time behind a stage's name.
func (p *pen) stageWord(s *jobmon.Stage, begins jobmon.Instant) string {
	switch s.State {
	case jobmon.StateSucceeded:
		switch {
		case s.Most > 0:
			return p.w.phrase("row.done.most", "time", p.w.lasting(s.Most))
		case s.Began == 0 || s.Ended == 0:
			return p.w.phrase("row.done")
		}
		return p.w.phrase("row.done.in", "time", p.w.lasting(s.Ended.Sub(s.Began)))
	case jobmon.StateFailed:
		for i := len(s.Failures) - 1; i >= 0; i-- {
			if f := s.Failures[i]; !f.Repaired {
				return p.w.phrase("row.failed.code", "code", f.Code.Short())
			}
		}
		return p.w.phrase("row.failed")
	case jobmon.StateRunning:
		if s.Began == 0 {
			return p.w.phrase("row.running")
		}
		return p.w.phrase("row.running.for", "time", p.since(s.Began))
	case jobmon.StateWaiting:
		if begins != 0 {
			return p.w.phrase("row.about", "time", p.at(begins))
		}
		return p.w.phrase("row.waiting")
	case jobmon.StateCancelled:
		return p.w.phrase("row.cancelled")
	}
	return p.w.phrase("row.unknown")
}
