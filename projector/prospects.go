package projector

import "slices"

// prospect is what a session knows of the stages of a name, that was frozen when the first of them appeared.
type prospect struct {
	name       string
	considered bool  // how long they take was looked up, known or not
	asked      int32 // for this number of jobs
	told       bool  // by an event
	seconds    int32
	runs       int32
	jobs       int32 // that the stage had then
}

// holds reports whether nothing has to be looked up for a stage of that name with that number of jobs.
func (p prospect) holds(jobs int) bool {
	return p.told && alike(int(p.jobs), jobs) || p.considered && int(p.asked) == jobs
}

// prospects holds what a session knows of its stages, each name once. They are few.
type prospects []prospect

// get returns what is known of that name, or nothing.
func (l prospects) get(name string) prospect {
	for _, known := range l {
		if known.name == name {
			return known
		}
	}
	return prospect{name: name}
}

// of returns the entry of that name; it is valid until the next call.
func (l *prospects) of(name string) *prospect {
	at := slices.IndexFunc(*l, func(p prospect) bool { return p.name == name })
	if at < 0 {
		at = len(*l)
		*l = append(*l, prospect{name: name})
	}
	return &(*l)[at]
}
