package message

import (
	"cmp"
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
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

// named is how many computers a digest names.
const named = 50

// digest says how many messages of which topic it stands for, and which computers they are about.
func (w *Writer) digest(m *notices.Message) *said {
	first, last := m.Notices[0], m.Notices[len(m.Notices)-1]
	p := w.about(last)
	all := len(m.Notices) + m.More
	p.said.title = p.Say(p.CountKey("title.digest", all), "site", p.Name(cmp.Or(w.Site, p.site())),
		"n", strconv.Itoa(all))
	for _, topic := range notices.Topics() {
		if n := m.Counts[topic]; n > 0 {
			p.fact("topic."+string(topic), strconv.Itoa(n))
			p.said.tone = max(p.said.tone, toneOf(topic))
		}
	}
	p.fact("label.period", p.Say("period", "from", p.exact(first.Event.At), "to", p.exact(last.Event.At)))
	p.said.lines, p.said.left = w.lines(m.Notices)
	p.said.left += m.More
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

// lines has a line for each computer, in the order in which they came: the newest notice of it and how many there are.
// left is how many notices are about others.
func (w *Writer) lines(list []*notices.Notice) (lines []line, left int) {
	type subject struct {
		computer jobmon.ComputerID
		topic    notices.Topic // of what is about no computer
	}
	var order []subject
	newest, count := map[subject]*notices.Notice{}, map[subject]int{}
	for _, n := range list {
		about := subject{computer: n.Computer()}
		if about.computer == 0 {
			about.topic = n.Topic
		}
		switch {
		case count[about] == 0 && len(order) == named:
			left++
			continue
		case count[about] == 0:
			order = append(order, about)
		}
		newest[about] = n
		count[about]++
	}
	for _, about := range order {
		p := w.about(newest[about])
		p.notice()
		text, n := p.said.title, count[about]
		if n > 1 {
			text = p.Say("digest.line", "title", text, "n", strconv.Itoa(n))
		}
		lines = append(lines, line{text, n})
	}
	return lines, left
}
