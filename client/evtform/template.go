package evtform

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	texttemplate "text/template"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The bounds of what a template may do for one file. Work is counted in bytes of the template, each time that they are
// carried out, and of the texts that functions make: a fraction of a second for all of it.
const (
	maxWork = 8 << 20
	maxText = MaxBytes // of what a function makes
)

// fileName is how templates name themselves in the messages of the standard library.
const fileName = "file"

// workName is the function by which a template counts its work. Nobody calls it by accident.
const workName = "jobmon__work"

// template is a form ready for use; it is not changed.
type template struct {
	form jobmon.Form
	text *texttemplate.Template
}

// parse reads a form's template and has it count its work. Errors are Faults.
func parseForm(form jobmon.Form) (*template, error) {
	switch {
	case len(form.Template) > MaxBytes:
		return nil, Fault{Text: fmt.Sprintf("the template is longer than %d bytes", MaxBytes)}
	case !utf8.ValidString(form.Template):
		valid := strings.ToValidUTF8(form.Template, "\x00")
		return nil, Fault{Line: 1 + strings.Count(valid[:strings.IndexByte(valid+"\x00", 0)], "\n"), Text: "there are characters that are not UTF-8; save the template as UTF-8"}
	}
	text, err := texttemplate.New(fileName).Funcs(functions(&meter{})).Parse(form.Template)
	if err != nil {
		return nil, faultOf(err)
	}
	if name, line := circle(text, form.Template); name != "" {
		return nil, Fault{Line: line, Text: fmt.Sprintf("the template %q calls itself", name)}
	}
	for _, t := range text.Templates() {
		if t.Tree != nil {
			if err := countWork(t.Tree.Root, true); err != nil {
				return nil, err
			}
		}
	}
	return &template{form, text}, nil
}

// write carries out the template.
func (t *template) write(v *View) ([]byte, error) {
	text, err := t.execute(v)
	if err != nil {
		return nil, faultOf(err)
	}
	content, err := encode(text, t.form)
	if err == nil && len(content) > MaxBytes {
		err = errTooLong
	}
	return content, err
}

func (t *template) execute(v *View) (string, error) {
	m := &meter{}
	run, err := t.text.Clone()
	if err != nil {
		return "", fmt.Errorf("make the template ready: %w", err)
	}
	var out bounded
	err = run.Funcs(functions(m)).Execute(&out, v)
	return out.String(), err
}

var (
	errTooLong  = fmt.Errorf("the file would be longer than %d bytes; leave out stages that ended, or shorten names", MaxBytes)
	errTooMuch  = errors.New("it goes on for too long: its loops repeat too often")
	errLongText = fmt.Errorf("a text would be longer than %d bytes", maxText)
)

// bounded takes no more than a file can hold.
type bounded struct{ strings.Builder }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > MaxBytes {
		return 0, errTooLong
	}
	return b.Builder.Write(p)
}

var _ io.Writer = (*bounded)(nil)

// meter counts the work of one execution.
type meter struct{ work int }

func (m *meter) charge(n int) error {
	if m.work += n; m.work > maxWork {
		return errTooMuch
	}
	return nil
}

// text charges for a text that a function made, and refuses one that is too long.
func (m *meter) text(s string) (string, error) {
	if len(s) > maxText {
		return "", errLongText
	}
	return s, m.charge(len(s))
}

// countWork has each round of the loops in a list begin with counting what it is about to do, and if the list is itself
// such a round, or a whole template, all of it.
func countWork(list *parse.ListNode, round bool) error {
	if list == nil {
		return nil
	}
	for _, n := range list.Nodes {
		for i, inner := range branches(n) {
			if err := countWork(inner, i == 0 && n.Type() == parse.NodeRange); err != nil {
				return err
			}
		}
	}
	if !round {
		return nil
	}
	// written out, a template is about as long as it is
	counting, err := node(fmt.Sprintf("{{%s %d}}", workName, 16+len(list.String())))
	if err != nil {
		return err
	}
	list.Nodes = slices.Insert(list.Nodes, 0, counting)
	return nil
}

// node makes a template's action that stands nowhere in its text.
func node(text string) (parse.Node, error) {
	t, err := texttemplate.New(fileName).Funcs(functions(&meter{})).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("have the template count its work: %w", err)
	}
	n := t.Tree.Root.Nodes[0]
	if action, ok := n.(*parse.ActionNode); ok {
		action.Pos = math.MaxInt32
	}
	return n, nil
}

// circle is a template that calls itself, perhaps by way of others, and the line of a call; "" when none does.
func circle(text *texttemplate.Template, source string) (name string, line int) {
	calls := map[string][]*parse.TemplateNode{}
	for _, t := range text.Templates() {
		if t.Tree != nil {
			each(t.Tree.Root, func(list *parse.ListNode, i int) {
				if call, ok := list.Nodes[i].(*parse.TemplateNode); ok {
					calls[t.Name()] = append(calls[t.Name()], call)
				}
			})
		}
	}
	const under, done = 1, 2
	state := map[string]int{}
	var visit func(at string) bool
	visit = func(at string) bool {
		state[at] = under
		for _, call := range calls[at] {
			if state[call.Name] == under || state[call.Name] == 0 && visit(call.Name) {
				if name == "" {
					name, line = call.Name, 1+strings.Count(source[:call.Pos], "\n")
				}
				return true
			}
		}
		state[at] = done
		return false
	}
	for _, at := range slices.Sorted(maps.Keys(calls)) {
		if state[at] == 0 && visit(at) {
			return name, line
		}
	}
	return "", 0
}

// each goes through everything that stands in a list, and in the lists within it.
func each(list *parse.ListNode, visit func(list *parse.ListNode, i int)) {
	if list == nil {
		return
	}
	for i := range list.Nodes {
		visit(list, i)
		for _, inner := range branches(list.Nodes[i]) {
			each(inner, visit)
		}
	}
}

// branches are the lists of an if, with or range.
func branches(n parse.Node) []*parse.ListNode {
	switch n := n.(type) {
	case *parse.IfNode:
		return []*parse.ListNode{n.List, n.ElseList}
	case *parse.WithNode:
		return []*parse.ListNode{n.List, n.ElseList}
	case *parse.RangeNode:
		return []*parse.ListNode{n.List, n.ElseList}
	}
	return nil
}
