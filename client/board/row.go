package board

import (
	"strings"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Row writes a computer's row of the board, as the stream sends it. Its bytes are the same until something changes:
// the script counts on what time alone changes.
func Row(c *jobmon.Progress, f *Frame) ([]byte, error) {
	p := newPen(f.of(c.Computer.Site), true)
	p.row(c, StateOf(c, p.now))
	return p.b, nil
}

// row writes the row of a computer in that state.
func (p *pen) row(c *jobmon.Progress, state string) {
	p.put(`<tr id="c`, c.Computer.Key().String(), `" data-state="`, state, `" data-key="`, p.key(c, state), `"`)
	p.attribute("data-site", c.Computer.Site)
	p.attribute("data-group", c.Computer.Group)
	p.attribute("data-server", c.Site)
	site := p.f.site(c.Computer.Site)
	if site.old() {
		p.put(` data-old="1"`)
	}
	p.attribute("data-text", searchText(c))
	p.put(`><td class="c-state">`, sign(state), `<span>`, p.w.phrase("state."+state), `</span></td>`)
	p.put(`<th scope="row" class="c-name"><a href="`, esc(p.f.computer(c.Computer.Key())), `" title="`,
		p.w.phrase("id", "id", number(int(c.Computer.ID))), `">`, p.computerName(c), `</a> `,
		`<small>`, esc(c.Computer.Group), `</small></th>`)
	p.place(site)
	p.put(`<td class="c-now">`)
	p.happens(c, state)
	p.put(`</td><td class="c-bar">`)
	p.bar(c, "bar", barWidth)
	p.put(`</td><td class="c-jobs">`)
	if s := c.Session; s != nil && s.Jobs > 0 {
		p.put(number(s.JobsDone), `/`, number(s.Jobs))
	}
	p.put(`</td><td class="c-ready">`)
	if s := c.Session; s != nil && p.elsewhere(c) == "" {
		p.put(p.ready(s))
	}
	p.put(`</td><td class="c-why">`)
	p.remarks(c, state)
	p.put(`</td><td class="c-news">`, p.since(c.At), `</td></tr>`)
}

// searchText is what a search looks through, in small letters.
func searchText(c *jobmon.Progress) string {
	parts := []string{
		inFleet(c.Computer.Site, c.Computer.Name), c.Computer.OSName, number(int(c.Computer.ID)), c.Computer.Group,
	}
	if s := c.Session; s != nil {
		if stage := current(s); stage != nil {
			parts = append(parts, stage.Name)
		}
		for i, f := range failures(s) {
			if i == 3 {
				break
			}
			parts = append(parts, f.Job, f.Stage, f.Code.String())
		}
	}
	var b strings.Builder
	for i, part := range parts {
		if part == "" || i == 1 && strings.EqualFold(part, c.Computer.Name) {
			continue
		}
		b.WriteString(strings.ToLower(shown(part)) + " ")
	}
	return strings.TrimSpace(b.String())
}

func (p *pen) computerName(c *jobmon.Progress) string {
	return esc(jobmon.ComputerName(c.Computer.ID, c.Computer.Name))
}

// inFleet is a computer's name with its site, where it has one.
func inFleet(site, name string) string {
	if site == "" || name == "" {
		return name
	}
	return site + "/" + name
}

// happens says what happens now, and since when.
func (p *pen) happens(c *jobmon.Progress, state string) {
	s := c.Session
	if s == nil {
		p.put(`<span>`, p.w.phrase("idle.name"), `</span>`)
		return
	}
	if text := p.elsewhere(c); s.Unended() && text != "" {
		p.put(`<span>`, text, `</span>`)
		return
	}
	if !s.Unended() {
		p.put(`<b>`, p.result(s), `</b> <span>`, p.w.phrase("ended.at", "time", p.at(s.Ended)))
		if s.Began != 0 && s.WatchedSince == 0 {
			p.put(", ", p.w.phrase("ended.after", "time", p.w.lasting(s.Ended.Sub(s.Began))))
		}
		p.put(`</span>`)
		return
	}
	stage, then := current(s), next(s)
	switch {
	case stage != nil:
		p.put(`<b>`, p.w.name(stage.Name), `</b>`)
		if stage.Began != 0 {
			p.put(` <span>`, p.w.phrase("since", "time", p.at(stage.Began)), `, `, p.since(stage.Began))
			if stage.Expected > 0 && (state == StateFailed || state == StateStill) {
				p.put(`, `, p.w.phrase("usual", "usual", p.w.about(stage.Expected)))
			}
			p.put(`</span>`)
		}
	case state == StateFailed || state == StateStill:
		p.put(`<b>`, p.w.phrase("nothing"), `</b>`)
		if at := idleSince(s); at != 0 {
			p.put(` <span>`, p.w.phrase("since", "time", p.at(at)), `, `, p.since(at), `</span>`)
		}
	case then != nil:
		p.put(`<span class="next">`, p.w.phrase("next.is", "name", p.w.name(then.Name)), `</span>`)
	}
}

// remarks says what there is to know besides: failures, why it waits, what takes long, what was added.
func (p *pen) remarks(c *jobmon.Progress, state string) {
	s := c.Session
	if s == nil {
		p.beside(c)
		return
	}
	list := failures(s)
	if len(list) > 0 {
		f := list[0]
		p.put(`<b class="bad">`, p.failedJob(&f), `</b> <span>`)
		p.meaning(f.Code)
		if len(list) > 1 {
			p.put(` `, p.w.phrase("failed.more", "n", number(len(list)-1)))
		}
		p.put(`</span> `)
	}
	switch {
	case !s.Unended():
		if state == StateOther {
			p.put(`<span>`, p.resultText(s), `</span> `)
		}
	case state == StateStill:
		head, text := p.still(s)
		p.put(`<b class="warn">`, head, `</b> <span>`, text, `</span> `)
	case s.Current >= 0 && p.overdue(c):
		text := p.w.phrase("longer")
		if stage := current(s); stage != nil && stage.Expected > 0 {
			text = p.w.phrase("longer.than", "time", p.w.about(stage.Expected))
		}
		p.put(`<b class="warn">`, text, `</b> `)
	case s.Current < 0 && s.Why != nil:
		p.put(`<span>`, p.why(s.Why, s.State == jobmon.SessionOpen && s.JobsDone > 0), `</span> `)
	case c.Agent == jobmon.AgentOffline:
		p.put(`<span>`, p.offline(c.AgentSince, c.AgentAtLeast), `</span> `)
	}
	if s.State == jobmon.SessionPlanned && s.Takes > 0 {
		key := "takes"
		if s.TakesAtLeast {
			key = "takes.least"
		}
		p.put(`<span>`, p.w.phrase(key, "time", p.w.about(s.Takes)), `</span> `)
	}
	if s.Late > 0 && s.Unended() {
		p.put(`<span>`, p.w.count("added", s.Late), `</span> `)
	}
	if c.Computer.Ghost {
		p.put(`<span>`, p.w.phrase("record.ghost"), `</span> `)
	}
	p.beside(c)
}

// failedJob names a failure: "Office 2024: code 17002, 14:11".
func (p *pen) failedJob(f *failure) string {
	name := f.Job
	if name == "" {
		name = f.Stage
	}
	return p.w.phrase("failed.job", "name", p.w.name(name), "code", esc(f.Code.String()), "time", p.at(f.At))
}

// meaning writes what the code means, where that is known.
func (p *pen) meaning(code jobmon.Code) {
	text := code.MeaningIn(p.w.Say("lang"))
	if text == "" {
		return
	}
	p.put(`<span class="means">`, esc(sentence(text)), `.</span>`)
}

// sentence begins a text as a sentence.
func sentence(text string) string {
	_, first := utf8.DecodeRuneInString(text)
	return strings.ToUpper(text[:first]) + text[first:]
}

// beside names what runs or waits beside the deployment.
func (p *pen) beside(c *jobmon.Progress) {
	said, more := false, 0
	for _, row := range c.Beside() {
		switch {
		case row.State != jobmon.StateRunning && row.Why == nil:
		case said:
			more++
		default:
			said = true
			p.put(`<span>`, p.w.phrase("beside", "name", p.w.name(row.Name)), ` `)
			if row.Why != nil {
				p.put(p.why(row.Why, false))
			} else {
				p.put(p.w.phrase("row.running"))
			}
		}
	}
	if more > 0 {
		p.put(` `, p.w.phrase("beside.more", "n", number(more)))
	}
	if said {
		p.put(`</span>`)
	}
}
