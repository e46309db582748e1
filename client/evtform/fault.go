package evtform

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/nearest"
)

// Fault is one thing that is wrong with a template.
type Fault struct {
	Line   int // from 1; 0: it is about all of it
	Column int // in bytes from 1; 0: unknown. It may be somewhat behind what it means
	Text   string
}

// Error is the line and the text.
func (f Fault) Error() string {
	if f.Line == 0 {
		return f.Text
	}
	return fmt.Sprintf("line %d: %s", f.Line, f.Text)
}

// The standard library's words, which it gives no other form.
var (
	libraryPlace = regexp.MustCompile(`(?s)^template: [^:]*:(\d+)(?::(\d+))?: (.*)$`)
	executing    = regexp.MustCompile(`(?s)^executing "[^"]*" at <(.*?)>: (.*)$`)
	fieldOf      = regexp.MustCompile(`^can't evaluate field (\S+) in type (\S+)$`)
	notDefined   = regexp.MustCompile(`^function "(.*)" not defined$`)
)

// faultOf puts an error of the standard library into words for the template's author.
func faultOf(err error) error {
	if fault := (Fault{}); errors.As(err, &fault) {
		return err
	}
	m := libraryPlace.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	f := Fault{Text: m[3]}
	f.Line, _ = strconv.Atoi(m[1])
	if column, err := strconv.Atoi(m[2]); err == nil {
		f.Column = column + 1
	}
	at := ""
	if m := executing.FindStringSubmatch(f.Text); m != nil {
		at, f.Text = m[1], m[2]
	}
	for _, bound := range []error{errTooLong, errTooMuch} {
		if errors.Is(err, bound) {
			return Fault{Line: f.Line, Text: bound.Error()}
		}
	}
	switch {
	case fieldOf.MatchString(f.Text):
		m := fieldOf.FindStringSubmatch(f.Text)
		f.Text = noFieldIn(m[1], m[2])
	case notDefined.MatchString(f.Text):
		name := notDefined.FindStringSubmatch(f.Text)[1]
		known := slices.Sorted(maps.Keys(functions(&meter{})))
		f.Text = fmt.Sprintf("there is no function %s%s", name, meant(name, known))
	case at != "":
		f.Text = at + ": " + strings.ReplaceAll(f.Text, workName, "")
	}
	return f
}

// noFieldIn says that something has no field of that name.
func noFieldIn(name, typ string) string {
	if strings.HasPrefix(typ, "[]") {
		return fmt.Sprintf("a list has no field %s; go through it with range", name)
	}
	_, short, _ := strings.Cut(typ, ".")
	for _, v := range []any{View{}, Computer{}, Session{}, Counts{}, Stage{}, Failure{}, Why{}, Still{}, Later{}, LeftOut{}} {
		if t := reflect.TypeOf(v); t.Name() == short {
			return noField(name, t).Error()
		}
	}
	return fmt.Sprintf("a text or number has no field %s", name)
}

func noField(name string, t reflect.Type) error {
	var known []string
	for i := range t.NumField() {
		known = append(known, t.Field(i).Name)
	}
	of := "the file"
	if t.Name() != "View" {
		of = t.Name()
	}
	return fmt.Errorf("%s has no field %s%s", of, name, meant(name, known))
}

// meant proposes the closest of the known names, or lists them.
func meant(name string, known []string) string {
	known = slices.DeleteFunc(slices.Clone(known), func(n string) bool { return n == workName })
	if near := nearest.Meant(name, known); len(near) > 0 {
		return "; did you mean " + near[0] + "?"
	}
	return "; there are " + strings.Join(known, ", ")
}
