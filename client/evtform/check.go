package evtform

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"

	texttemplate "text/template"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// mostFaults is how many are told at once.
const mostFaults = 20

// Check carries the form out for pictures of every kind and lists what is wrong with it, by line; nil: nothing was
// found. What is at fault is left out and the rest tried on; only where the template cannot be read at all is it one
// fault. Branches that no picture takes are looked at too, as far as the names and kinds of fields in them go.
func Check(form jobmon.Form) []Fault {
	if _, err := encode("", form); err != nil {
		return []Fault{{Text: err.Error()}}
	}
	if _, err := parseForm(form); err != nil {
		return []Fault{asFault(err)}
	}
	found := map[Fault]bool{}
	for _, sample := range samples() {
		v := viewOf(sample.file)
		if !try(form, v, sample.name, nil, found) {
			break // once is enough of a template that goes on and on
		}
		try(form, v, sample.name, everyBranch, found)
	}
	list := slices.SortedFunc(maps.Keys(found), func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Text, b.Text))
	})
	return list[:min(len(list), mostFaults)]
}

func asFault(err error) Fault {
	var f Fault
	if !errors.As(err, &f) {
		f.Text = err.Error()
	}
	return f
}

// certain are the faults that do not depend on the data, so that they count in a branch that the data does not take.
var certain = regexp.MustCompile(`can't evaluate field|wrong number of args|wrong type|expected |incompatible types|pick needs|has no field`)

// try carries out the template for a picture again and again, without what failed; change alters it beforehand. It is false
// when the template reached a bound.
func try(form jobmon.Form, v *View, sample string, change func(*texttemplate.Template), found map[Fault]bool) bool {
	t, err := parseForm(form)
	if err != nil {
		return true
	}
	if change != nil {
		change(t.text)
	}
	for range mostFaults {
		text, err := t.execute(v)
		if err == nil {
			content, err := encode(text, form)
			if err == nil && len(content) > MaxBytes {
				err = errTooLong
			}
			if err != nil && change == nil {
				found[Fault{Text: err.Error()}] = true
			}
			return true
		}
		f := asFault(faultOf(err))
		bound := errors.Is(err, errTooLong) || errors.Is(err, errTooMuch) || errors.Is(err, errLongText)
		switch {
		case change != nil && (bound || !certain.MatchString(err.Error())):
		case certain.MatchString(err.Error()) || bound:
			found[f] = true
		default:
			f.Text += fmt.Sprintf(" (for a picture of this kind: %s)", sample)
			known := func(g Fault) bool { return g.Line == f.Line && g.Column == f.Column }
			if !slices.ContainsFunc(slices.Collect(maps.Keys(found)), known) {
				found[f] = true
			}
		}
		if bound || !leaveOut(t.text, form.Template, f) {
			return !bound
		}
	}
	return true
}

// everyBranch has both branches of every condition carried out, and the condition for itself.
func everyBranch(text *texttemplate.Template) {
	always, err := texttemplate.New(fileName).Parse("{{if true}}{{end}}")
	if err != nil {
		return
	}
	yes := always.Tree.Root.Nodes[0].(*parse.IfNode)
	branch := func(at parse.Pos, list *parse.ListNode) *parse.IfNode {
		n := *yes
		n.Pos, n.List = at, list
		return &n
	}
	for _, t := range text.Templates() {
		if t.Tree == nil {
			continue
		}
		each(t.Tree.Root, func(list *parse.ListNode, i int) {
			n, ok := list.Nodes[i].(*parse.IfNode)
			if !ok || n.Pipe == yes.Pipe {
				return
			}
			both := &parse.ListNode{NodeType: parse.NodeList, Pos: n.Pos}
			both.Nodes = append(both.Nodes, &parse.ActionNode{NodeType: parse.NodeAction, Pos: n.Pos, Line: n.Line, Pipe: n.Pipe}, branch(n.Pos, n.List))
			if n.ElseList != nil {
				both.Nodes = append(both.Nodes, branch(n.Pos, n.ElseList))
			}
			list.Nodes[i] = branch(n.Pos, both)
		})
	}
}

// leaveOut takes what stands at the place of a fault out of the template.
func leaveOut(text *texttemplate.Template, source string, f Fault) bool {
	lines := strings.SplitAfter(source, "\n")
	if f.Line < 1 || f.Line > len(lines) || f.Column < 1 {
		return false
	}
	at := parse.Pos(len(strings.Join(lines[:f.Line-1], "")) + f.Column - 1)
	var in *parse.ListNode
	index, best := 0, parse.Pos(-1)
	for _, t := range text.Templates() {
		if t.Tree == nil {
			continue
		}
		each(t.Tree.Root, func(list *parse.ListNode, i int) {
			if p := list.Nodes[i].Position(); p <= at && p >= best { // the innermost comes last
				in, index, best = list, i, p
			}
		})
	}
	if in == nil {
		return false
	}
	in.Nodes[index] = &parse.TextNode{NodeType: parse.NodeText, Pos: best}
	return true
}
