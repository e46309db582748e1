package board

import (
	"io"
	"strings"

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
	v := &problemView{view: newView(&p.Frame, "problem", "/"), Heading: shown(p.Title), Text: plain.Text(p.Text)}
	if before, _, long := strings.Cut(v.Text, ": write "); long && p.Kind == ProblemWrong {
		v.Text = before + ": " + v.Say("at.hint")
	}
	v.Alone = p.Kind == ProblemCode
	for _, l := range p.Links {
		v.Links = append(v.Links, Link{Text: shown(l.Text), Href: l.Href})
	}
	if key := "problem." + p.Kind + ".title"; v.pen.w.Has(key) {
		v.Heading = v.Say(key)
	}
	if key := "problem." + p.Kind + ".text"; v.pen.w.Has(key) {
		v.Text = v.Say(key)
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
