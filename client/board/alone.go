package board

import (
	"io"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/plain"
)

type problemView struct {
	view
	Heading, Text string
	Links         []Link
	Alone         bool // no way leads from here
}

// Write writes the page. The error is the writer's.
func (p *Problem) Write(w io.Writer) error {
	v := &problemView{view: newView(&p.Frame, "problem", "/"), Alone: p.Kind == ProblemCode}
	key := "problem." + p.Kind
	v.Heading = v.pen.say(key + ".title")
	switch {
	case p.Kind == ProblemWrong && p.Say.Key != "":
		v.Text = v.pen.say(p.Say.Key, append(slices.Clone(p.Say.Places), "hint", v.Say("at.hint"))...)
	case p.Say.Key != "":
		v.Text = v.pen.phrases(p.Say)
	case p.Kind == ProblemOutside:
		v.Text = v.pen.say(key+".text", "from", v.minute(p.From), "until", v.minute(p.Until))
	case p.Text != "":
		v.Text = plain.Text(p.Text)
	default:
		v.Text = v.pen.say(key + ".text")
	}
	for _, l := range p.Links {
		v.Links = append(v.Links, Link{shown(l.Text), l.Href})
	}
	for _, l := range p.Ways {
		v.Links = append(v.Links, Link{v.Say(l.Text), l.Href})
	}
	v.Name = v.Heading
	return write(w, "problem", v)
}

// WriteFragment writes the whole page: the script takes its words from there.
func (p *Problem) WriteFragment(w io.Writer, _ string) error { return p.Write(w) }

type loginView struct {
	view
	Wrong bool
	Next  string
}

// Write writes the page. The error is the writer's.
func (l *Login) Write(w io.Writer) error {
	v := &loginView{view: newView(&l.Frame, "login", "/login"), Wrong: l.Wrong, Next: l.Next}
	v.Name = v.Say("login")
	return write(w, "login", v)
}
