package replay

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/nearest"
)

// Ask says in words which events are wanted: one of those named in each list that is not empty.
type Ask struct {
	Computers []string // id, name, "id:N", "name:N", or a name with * and ?
	Jobs      []string // name, "id:N", or a name with * and ?
	Folders   []string // path or name of a folder, with all below it, or either with * and ?
	Kinds     []string // or with * and ?
	States    []string // of a row after the event
	Grep      []string // regular expressions over what is printed, see Record.Text
}

// Mistake says that something was asked for that cannot be.
type Mistake struct{ error }

func (m *Mistake) Unwrap() error { return m.error }

func mistake(format string, args ...any) error { return &Mistake{fmt.Errorf(format, args...)} }

// UnknownError says that the log knows nothing of that name.
type UnknownError struct {
	What, Asked string
	Closest     []string // the most similar names, the best first
}

func (e *UnknownError) Error() string {
	closest := strings.Join(e.Closest, ", ")
	switch {
	case closest == "":
		return fmt.Sprintf("no %s %q: the log knows none yet", e.What, e.Asked)
	case names.IsPattern(e.Asked):
		return fmt.Sprintf("no %s in the log fits %q; among them are %s", e.What, e.Asked, closest)
	}
	return fmt.Sprintf("no %s %q in the log; the closest are %s", e.What, e.Asked, closest)
}

// Filter says whether an event is wanted. It is not safe for concurrent use.
type Filter struct {
	computers []jobmon.ComputerID // ascending; empty for any
	names     []names.Pattern     // computers that come later are wanted too when their name is
	jobs      []names.Pattern
	jobIDs    map[jobmon.JobID]bool // that ever had such a name
	folders   []names.Pattern
	kinds     map[jobmon.Kind]bool
	states    map[jobmon.RowState]bool
	grep      *finder // nil for any
}

// NewFilter makes a filter. Errors: *names.UnknownError, *names.AmbiguousError, *UnknownError and *Mistake.
func NewFilter(a Ask, known names.Computers, c *Chronicle) (*Filter, error) {
	f := &Filter{}
	var err error
	if f.computers, f.names, err = known.Meant(a.Computers); err != nil {
		return nil, err
	}
	if err := f.findJobs(a.Jobs, c); err != nil {
		return nil, err
	}
	if err := f.findFolders(a.Folders, c); err != nil {
		return nil, err
	}
	if err := f.findKinds(a.Kinds); err != nil {
		return nil, err
	}
	if err := f.findStates(a.States); err != nil {
		return nil, err
	}
	if f.grep, err = newFinder(a.Grep); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Filter) findJobs(wanted []string, c *Chronicle) error {
	if len(wanted) == 0 {
		return nil
	}
	f.jobIDs = map[jobmon.JobID]bool{}
	for _, text := range wanted {
		found := false
		if rest, ok := strings.CutPrefix(text, "id:"); ok {
			if id, err := strconv.ParseInt(rest, 10, 32); err == nil && len(c.jobs[jobmon.JobID(id)]) > 0 {
				f.jobIDs[jobmon.JobID(id)], found = true, true
			}
		} else {
			pattern := names.NewPattern(strings.TrimPrefix(text, "name:"))
			f.jobs = append(f.jobs, pattern)
			for id, versions := range c.jobs {
				if slices.ContainsFunc(versions, func(v version[jobmon.Job]) bool { return pattern.Fits(v.is.Name) }) {
					f.jobIDs[id], found = true, true
				}
			}
		}
		if !found {
			return &UnknownError{
				"job",
				text,
				nearest.First(text, c.eachJob(func(j jobmon.Job) string { return j.Name })),
			}
		}
	}
	return nil
}

// eachJob lists what each job ever was.
func (c *Chronicle) eachJob(name func(jobmon.Job) string) []string {
	var list []string
	for _, versions := range c.jobs {
		for _, v := range versions {
			list = append(list, name(v.is))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (f *Filter) findFolders(wanted []string, c *Chronicle) error {
	for _, text := range wanted {
		pattern := names.NewFolderPattern(text)
		all := c.eachJob(func(j jobmon.Job) string { return j.Folder })
		if !slices.ContainsFunc(all, pattern.Holds) {
			return &UnknownError{"folder", text, nearest.First(text, all)}
		}
		f.folders = append(f.folders, pattern)
	}
	return nil
}

// Kinds lists the kinds of events.
func Kinds() []string {
	var list []string
	for k := jobmon.Kind(1); !strings.HasPrefix(k.String(), "unknown"); k++ {
		list = append(list, k.String())
	}
	return list
}

func (f *Filter) findKinds(wanted []string) error {
	known := Kinds()
	for _, text := range wanted {
		pattern, found := names.NewPattern(text), false
		for i, name := range known {
			if pattern.Fits(name) {
				if f.kinds == nil {
					f.kinds = map[jobmon.Kind]bool{}
				}
				f.kinds[jobmon.Kind(i+1)], found = true, true
			}
		}
		if !found {
			return mistake("invalid --kind %q; use one of: %s", text, strings.Join(known, ", "))
		}
	}
	return nil
}

// States lists the states of rows.
func States() []string {
	var list []string
	for _, s := range jobmon.RowStates() {
		list = append(list, s.String())
	}
	return list
}

func (f *Filter) findStates(wanted []string) error {
	for _, text := range wanted {
		state, ok := jobmon.ParseRowState(strings.ToLower(text))
		if !ok {
			return mistake("invalid --state %q; use one of: %s", text, strings.Join(States(), ", "))
		}
		if f.states == nil {
			f.states = map[jobmon.RowState]bool{}
		}
		f.states[state] = true
	}
	return nil
}

// Wants says whether the event is asked for. The chronicle knows what came before it.
func (f *Filter) Wants(e *jobmon.Event, c *Chronicle) bool {
	f.learn(e)
	ofJob := e.Kind.OfRow() || e.Kind == jobmon.KindJob
	switch {
	case f.kinds != nil && !f.kinds[e.Kind]:
	case len(f.computers) > 0 && !f.ofComputer(e):
	case f.jobIDs != nil && !(ofJob && f.jobIDs[e.Job]):
	case f.folders != nil && !(ofJob && f.inFolder(c.Job(e.Job, e.Seq).Folder)):
	case f.states != nil && !f.states[c.State(e)]:
	default:
		return f.grep == nil || f.grep.finds(e, c)
	}
	return false
}

// learn notes computers and jobs that come while events are followed.
func (f *Filter) learn(e *jobmon.Event) {
	switch {
	case e.Kind == jobmon.KindJob && names.FitsAny(f.jobs, e.Name):
		f.jobIDs[e.Job] = true
	case e.Kind == jobmon.KindComputer && (names.FitsAny(f.names, e.Name) || names.FitsAny(f.names, e.Text)):
		if i, found := slices.BinarySearch(f.computers, e.Computer); !found {
			f.computers = slices.Insert(f.computers, i, e.Computer)
		}
	}
}

func (f *Filter) ofComputer(e *jobmon.Event) bool {
	if e.Kind.OfDaemon() || e.Kind == jobmon.KindJob {
		return false
	}
	_, found := slices.BinarySearch(f.computers, e.Computer)
	return found
}

func (f *Filter) inFolder(folder string) bool {
	return slices.ContainsFunc(f.folders, func(p names.Pattern) bool { return p.Holds(folder) })
}
