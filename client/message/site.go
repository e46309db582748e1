package message

import (
	"cmp"
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

func (p *pen) source() {
	if p.n.Topic == notices.SourceRestored || p.n.Healed {
		p.title(good, "source-restored")
		p.fact("label.when", p.exact(p.n.Event.At))
		p.fact("label.was", p.was("was.lost"))
		return
	}
	p.title(bad, "source-lost")
	p.since()
	p.fact("label.reason", reason(p.n))
	p.fact("label.means", p.Text("means.lost"))
	p.fact("label.do", p.Text("do.lost"))
}

func (p *pen) damaged() {
	p.title(bad, "damaged")
	p.fact("label.when", p.exact(p.n.Event.At))
	p.fact("label.events", p.Say("events", "from", strconv.FormatUint(p.n.Event.From, 10),
		"to", strconv.FormatUint(p.n.Event.To, 10)))
	p.fact("label.reason", reason(p.n))
	p.fact("label.do", p.Text("do.damaged"))
}

func (p *pen) disk() {
	if p.n.Healed {
		p.title(good, "disk-free")
		p.fact("label.when", p.exact(p.n.Event.At))
		p.fact("label.was", p.was("was.full"))
		return
	}
	p.title(bad, "disk-full")
	p.since()
	p.fact("label.reason", reason(p.n))
	p.fact("label.means", p.Text("means.full"))
	p.fact("label.do", p.Text("do.full"))
}

// reason is what was said of why something failed: what a server or a system wrote, in one line.
func reason(n *notices.Notice) string { return fit(plain.Text(n.Event.Text), 500, asIs) }

// digest says how many messages of which topic it stands for, and how the problems stand that they are about.
func (w *Writer) digest(m *notices.Message) *said {
	last := m.Notices[len(m.Notices)-1]
	p := w.about(last)
	all := len(m.Notices) + m.More
	p.said.title = p.Say(p.CountKey("title.digest", all), "site", p.Name(cmp.Or(w.Site, p.site())),
		"n", strconv.Itoa(all))
	w.lines(p.said, m)
	for _, topic := range notices.Topics() {
		if n := m.Counts[topic]; n > 0 {
			p.fact("topic."+string(topic), strconv.Itoa(n))
			if p.said.left > 0 {
				p.said.tone = max(p.said.tone, toneOf(topic))
			}
		}
	}
	from, to := cmp.Or(m.Began, m.Notices[0].Event.At), last.Event.At
	for _, n := range m.Notices {
		from, to = min(from, n.Event.At), max(to, n.Event.At)
	}
	p.fact("label.period", p.Say("period", "from", p.exact(from), "to", p.exact(to)))
	p.said.link = w.address(last, 0)
	return p.said
}

func toneOf(topic notices.Topic) tone {
	switch topic {
	case notices.Repaired, notices.Ready, notices.SourceRestored:
		return good
	case notices.EndedEarly, notices.StandingStill:
		return warn
	}
	return bad
}

// lines adds a line for each problem: its newest notice, and how many there are. What is left is about other problems.
func (w *Writer) lines(to *said, m *notices.Message) {
	to.left = len(m.Notices) + m.More
	for i, n := range m.Notices {
		p, of := w.about(n), 1
		if p.notice(); i < len(m.Each) {
			of = m.Each[i]
		}
		text := p.said.title
		if of > 1 {
			text = p.Say("digest.line", "title", text, "n", strconv.Itoa(of))
		}
		to.lines = append(to.lines, line{text, of})
		to.left -= of
		to.tone = max(to.tone, p.said.tone)
	}
}
