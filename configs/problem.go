package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Layer says which of the places a value came from. Each overrides those before it.
type Layer string

// The layers in their order.
const (
	FromDefault     Layer = "default"
	FromFile        Layer = "file"
	FromEnvironment Layer = "environment"
	FromFlag        Layer = "flag"
)

// Origin is where a value came from.
type Origin struct {
	Layer Layer
	Name  string // the file's path, the variable's name, the flag with its dashes; "" for a default
	Line  int    // in the file, from 1; 0 where there is none
}

// String names the place: "default", "<path>, line 12", "environment variable JOBMON_SITE", "flag --site".
func (o Origin) String() string {
	switch {
	case o.Layer == FromEnvironment:
		return "environment variable " + o.Name
	case o.Layer == FromFlag:
		return "flag " + o.Name
	case o.Line > 0:
		return fmt.Sprintf("%s, line %d", o.Name, o.Line)
	case o.Layer == FromFile:
		return o.Name
	}
	return string(o.Layer)
}

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Origin Origin
	Key    string // as it was given; "" when it is not about one key
	Value  string // as it was given; "(hidden)" when it is or may be a secret
	Reason string // what is wrong and what is allowed
	err    error
}

// String is the problem in one line.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", p.Origin)
	if p.Key != "" && p.Key != p.Origin.Name {
		fmt.Fprintf(&b, "%s: ", p.Key)
	}
	switch p.Value {
	case "":
	case hidden:
		b.WriteString(hidden + " ")
	default:
		fmt.Fprintf(&b, "%q ", p.Value)
	}
	b.WriteString(p.Reason)
	return b.String()
}

// compareProblems puts what is found at one place together.
func compareProblems(a, b Problem) int {
	layers := []Layer{FromDefault, FromFile, FromEnvironment, FromFlag}
	return cmp.Or(
		cmp.Compare(slices.Index(layers, a.Origin.Layer), slices.Index(layers, b.Origin.Layer)),
		cmp.Compare(a.Origin.Line, b.Origin.Line),
		cmp.Compare(a.Origin.Name, b.Origin.Name),
	)
}

// Error lists everything that is wrong with a configuration: the file by line, then the environment and the flags by
// name. It satisfies errors.Is for the errors of the file system that are
// among its problems.
type Error struct {
	Problems []Problem
}

// Error is a line that counts the problems and a line for each.
func (e *Error) Error() string {
	var b strings.Builder
	if len(e.Problems) == 1 {
		b.WriteString("the configuration has a problem:")
	} else {
		fmt.Fprintf(&b, "the configuration has %d problems:", len(e.Problems))
	}
	for _, p := range e.Problems {
		b.WriteString("\n  ")
		b.WriteString(p.String())
	}
	return b.String()
}

// Unwrap gives the errors of the file system among the problems.
func (e *Error) Unwrap() []error {
	var list []error
	for _, p := range e.Problems {
		if p.err != nil {
			list = append(list, p.err)
		}
	}
	return list
}
