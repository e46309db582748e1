package evt

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// maxWork bounds what a template does for one file. It counts the bytes of texts that are made, and for each round of a
// loop the bytes of the template in it and a little more. So it depends on no clock, and a file takes seconds at worst.
const maxWork = 8 << 20

// templateName is how templates name themselves in the errors of the standard library.
const templateName = "file"

var (
	errTooLong = fmt.Errorf("the file would be longer than %d bytes; leave out stages that ended, or shorten names",
		MaxBytes)
	errTooMuch  = errors.New("it goes on for too long: its loops repeat too often")
	errLongText = fmt.Errorf("a text would be longer than %d bytes", MaxBytes)
)

// siteTemplate is a form ready to write one file.
type siteTemplate struct {
	form jobmon.Form
	text *template.Template
	work *meter
}

// parseTemplate reads a form's template. Errors are Faults.
func parseTemplate(form jobmon.Form) (*siteTemplate, error) {
	switch {
	case len(form.Template) > MaxBytes:
		return nil, Fault{Text: fmt.Sprintf("the template is longer than %d bytes", MaxBytes)}
	case !utf8.ValidString(form.Template) || strings.Contains(form.Template, "\x00"):
		before, _, _ := strings.Cut(strings.ToValidUTF8(form.Template, "\x00"), "\x00")
		line := 1 + strings.Count(before, "\n")
		return nil, Fault{line, "there are characters that are not UTF-8; save the template as UTF-8"}
	}
	work := &meter{}
	text, err := template.New(templateName).Option("missingkey=error").Funcs(work.functions()).Parse(form.Template)
	if err != nil {
		return nil, faultOf(err)
	}
	for _, t := range text.Templates() {
		if t.Tree != nil {
			countRounds(t.Tree.Root, true)
		}
	}
	return &siteTemplate{form, text, work}, nil
}

// countRounds has each round of a loop, and each template, begin with zero bytes for the meter, as many as the round
// costs.
func countRounds(list *parse.ListNode, round bool) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.IfNode:
			countRounds(n.List, false)
			countRounds(n.ElseList, false)
		case *parse.WithNode:
			countRounds(n.List, false)
			countRounds(n.ElseList, false)
		case *parse.RangeNode:
			countRounds(n.List, true)
			countRounds(n.ElseList, false)
		}
	}
	if round {
		cost := &parse.TextNode{NodeType: parse.NodeText, Text: make([]byte, 128+len(list.String()))}
		list.Nodes = slices.Insert(list.Nodes, 0, parse.Node(cost))
	}
}

// write fills in the template. Errors are Faults.
func (t *siteTemplate) write(view map[string]any) ([]byte, error) {
	if err := t.text.Execute(t.work, view); err != nil {
		return nil, faultOf(err)
	}
	content, err := encodeText(t.work.out.String(), t.form)
	if err == nil && len(content) > MaxBytes {
		err = errTooLong
	}
	if err != nil {
		return nil, Fault{Text: err.Error()}
	}
	return content, nil
}

// meter takes the output of one execution and counts its work.
type meter struct {
	out  strings.Builder
	work int
}

// Write takes no more than a file can hold; zero bytes are what a round costs, see countRounds.
func (m *meter) Write(p []byte) (int, error) {
	switch {
	case len(p) > 0 && p[0] == 0:
		return len(p), m.charge(len(p))
	case m.out.Len()+len(p) > MaxBytes:
		return 0, errTooLong
	}
	return m.out.Write(p)
}

func (m *meter) charge(n int) error {
	if m.work += n; m.work > maxWork {
		return errTooMuch
	}
	return nil
}

// text charges for a text that a function made, and refuses one that is too long.
func (m *meter) text(s string) (string, error) {
	if len(s) > MaxBytes {
		return "", errLongText
	}
	return s, m.charge(len(s))
}

// Fault is one thing that is wrong with a template.
type Fault struct {
	Line int // from 1; 0: it is about all of it
	Text string
}

// Error is the line and the text.
func (f Fault) Error() string {
	if f.Line == 0 {
		return f.Text
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.Text)
}

// faultOf makes a fault of the library's `template: file:3:12: executing "file" at <.Nmae>: map has no entry ...`.
func faultOf(err error) Fault {
	_, place, ok := strings.Cut(err.Error(), "template: "+templateName+":")
	if !ok {
		return Fault{Text: err.Error()}
	}
	line, text, _ := strings.Cut(place, ":")
	f := Fault{Text: strings.TrimSpace(text)}
	f.Line, _ = strconv.Atoi(line)
	if _, at, ok := strings.Cut(f.Text, " at <"); ok {
		f.Text = strings.Replace(at, ">: ", ": ", 1)
	}
	if at, name, ok := strings.Cut(f.Text, "map has no entry for key "); ok {
		f.Text = at + "there is no field " + strings.Trim(name, `"`) + " in it"
	}
	if _, name, ok := strings.Cut(f.Text, `function "`); ok && strings.HasSuffix(name, `" not defined`) {
		name = strings.TrimSuffix(name, `" not defined`)
		f.Text = fmt.Sprintf("there is no function %s%s", name, meant(name, (&meter{}).functions()))
	}
	return f
}
