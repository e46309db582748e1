package evt

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
	"github.com/jobmon-db/jobmon-db/internal/nearest"
)

// maxFaults bounds how many faults Check lists.
const maxFaults = 20

// sample is what a template sees of a picture that it must be able to write.
type sample struct {
	name string
	view map[string]any
}

// sampleKey makes the links in samples.
var sampleKey = link.Key("of samples")

// pictures are samples of every kind.
var pictures = sync.OnceValue(func() []sample {
	list := []sample{{"stopped", viewOf(stopped(5000123, "03. (JM) Office"))}}
	for _, picture := range samples.Pictures() {
		picture.Progress.PublicURL = "https://board.example.org"
		if f, _, err := fit(picture.Progress, sampleKey); err == nil { // all of them have a time
			list = append(list, sample{picture.Name, viewOf(f)})
		}
	}
	return list
})

// Check fills the template in for pictures of every kind and lists what is wrong with it, by line; nil: nothing was
// found. Of each kind it finds the first fault; names of fields that no picture has it finds everywhere.
func Check(form jobmon.Form) []Fault {
	if _, err := encodeText("", form); err != nil {
		return []Fault{{Text: err.Error()}}
	}
	if _, err := parseTemplate(form); err != nil {
		return []Fault{asFault(err)}
	}
	found := unknownFields(form.Template)
	in := map[Fault][]string{}
	for _, sample := range pictures() {
		t, err := parseTemplate(form)
		if err == nil {
			_, err = t.write(sample.view)
		}
		if err == nil {
			continue
		}
		f := asFault(err)
		in[f] = append(in[f], sample.name)
		if strings.HasSuffix(f.Text, errTooMuch.Error()) {
			break // once is enough of a template that goes on and on
		}
	}
	for f, kinds := range in {
		switch sameLine := func(g Fault) bool { return g.Line == f.Line && g.Line != 0 }; {
		case slices.ContainsFunc(found, sameLine):
			continue
		case len(kinds) < len(pictures()) && f.Line != 0:
			f.Text += " (for a picture of this kind: " + kinds[0] + ")"
		}
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b Fault) int { return cmp.Or(a.Line-b.Line, strings.Compare(a.Text, b.Text)) })
	return found[:min(len(found), maxFaults)]
}

func asFault(err error) Fault {
	var f Fault
	if !errors.As(err, &f) {
		f.Text = err.Error()
	}
	return f
}

var (
	actions  = regexp.MustCompile(`(?s){{.*?}}`)
	literals = regexp.MustCompile("(?s)/\\*.*?\\*/|\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")
	fields   = regexp.MustCompile(`\.(\pL\w*)`)
)

// unknownFields finds the names of fields that no picture has.
func unknownFields(text string) (found []Fault) {
	known := map[string]any{}
	for _, sample := range pictures() {
		names(sample.view, known)
	}
	for _, at := range actions.FindAllStringIndex(text, -1) {
		line := 1 + strings.Count(text[:at[0]], "\n")
		action := literals.ReplaceAllStringFunc(text[at[0]:at[1]], func(s string) string {
			return strings.Repeat("\n", strings.Count(s, "\n"))
		})
		for _, field := range fields.FindAllStringSubmatchIndex(action, -1) {
			name := action[field[2]:field[3]]
			f := Fault{line + strings.Count(action[:field[2]], "\n"), "there is no field " + name + meant(name, known)}
			if _, ok := known[name]; !ok && !slices.Contains(found, f) {
				found = append(found, f)
			}
		}
	}
	return found
}

// names enters the names of all fields of a view.
func names(view any, into map[string]any) {
	switch view := view.(type) {
	case map[string]any:
		for name, value := range view {
			into[name] = nil
			names(value, into)
		}
	case []map[string]any:
		for _, each := range view {
			names(each, into)
		}
	}
}

// meant proposes the closest of the known names.
func meant(name string, known map[string]any) string {
	return cmp.Or(nearest.Hint(name, slices.Collect(maps.Keys(known))), "; see docs/evt-template.md")
}
