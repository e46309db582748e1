package projector

import (
	"cmp"
	"slices"
)

// prospect is what a session knows of the stages of a name, that was frozen when the first of them appeared.
type prospect struct {
	name       string
	considered bool  // how long they take was looked up, known or not
	asked      int32 // for so many jobs
	told       bool  // by an event
	seconds    int32
	runs       int32
	jobs       int32 // that the stage had when it was told
}

// holds reports whether there is nothing to look up for a stage of that name with so many jobs.
func (p prospect) holds(jobs int) bool {
	return p.told && alike(int(p.jobs), jobs) || p.considered && int(p.asked) == jobs
}

// prospects holds what a session knows of its stages, by name.
type prospects []prospect

func (l prospects) find(name string) (at int, found bool) {
	return slices.BinarySearchFunc(l, name, func(p prospect, name string) int { return cmp.Compare(p.name, name) })
}

// get is what is known of that name, or nothing.
func (l prospects) get(name string) (known prospect) {
	if at, found := l.find(name); found {
		known = l[at]
	}
	return known
}

// of is the entry of that name, which holds until the next one is asked for.
func (l *prospects) of(name string) *prospect {
	at, found := l.find(name)
	if !found {
		*l = slices.Insert(*l, at, prospect{name: name})
	}
	return &(*l)[at]
}

// take adds what is known of a name to what is known of it already.
func (l *prospects) take(p prospect) {
	if !p.considered && !p.told {
		return
	}
	known := l.of(p.name)
	if p.considered {
		known.considered, known.asked = true, p.asked
	}
	if p.told {
		known.told, known.seconds, known.runs, known.jobs = true, p.seconds, p.runs, p.jobs
	}
}
