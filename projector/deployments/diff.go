package deployments

import (
	"cmp"
	"maps"
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Subject says what changed.
type Subject string

// What can change.
const (
	OfComputer   Subject = "computer"
	OfDeployment Subject = "deployment"
	OfSession    Subject = "session" // that is no deployment
	OfStage      Subject = "stage"
	OfJob        Subject = "job"
)

// Change is one thing that is not as it was.
type Change struct {
	Session int // number of the deployment, 0 for what concerns none
	What    Subject
	Name    string         // of the stage or the job
	From    string         // what it was: a state, a result, a name; "" for nothing
	To      string         // what it is; "" for nothing
	At      jobmon.Instant // since when, 0 when that is not known
	Late    bool           // a stage or job that was added after the deployment had begun
	Code    jobmon.Code    // of a job that failed
}

// Changed is a computer on which something changed.
type Changed struct {
	jobmon.Computer
	Changes   []Change // in the order in which they came
	Scheduled int      // rows that were scheduled in between
	Removed   int      // rows that were removed before they had ended
}

// Diff gathers what changed between two moments of a fold. Note what the chronicle tells up to the fold's beginning,
// and each batch behind it, Begin at the first moment, tell it the deployments that end for good after it, and End at
// the second.
type Diff struct {
	now, then map[jobmon.ComputerID]whereabouts
	before    map[which]*Deployment
	over      map[jobmon.ComputerID][]*Deployment
	scheduled map[jobmon.ComputerID]int
	removed   map[jobmon.ComputerID]int
	begun     bool
}

// whereabouts is what is known of a computer in the tables.
type whereabouts struct {
	jobmon.Computer
	gone bool
	at   jobmon.Instant // when that was last told
}

// which is one session of one computer.
type which struct {
	computer jobmon.ComputerID
	number   int
}

// NewDiff begins with nothing; Note tells it what the tables hold, too.
func NewDiff() *Diff {
	return &Diff{
		now:    map[jobmon.ComputerID]whereabouts{},
		before: map[which]*Deployment{}, over: map[jobmon.ComputerID][]*Deployment{},
		scheduled: map[jobmon.ComputerID]int{}, removed: map[jobmon.ComputerID]int{},
	}
}

// Note takes in a batch that the fold has folded.
func (d *Diff) Note(b *jobmon.Batch) {
	for i := range b.Events {
		e := &b.Events[i]
		switch {
		case e.Kind == jobmon.KindComputer:
			w := whereabouts{Computer: d.now[e.Computer].Computer, gone: e.Flags.Has(jobmon.Gone), at: e.At}
			if !w.gone {
				w.Computer = jobmon.Computer{
					ID:     e.Computer,
					Name:   e.Name,
					Group:  e.Place,
					OSName: e.Text,
					Ghost:  e.Flags.Has(jobmon.Ghost),
				}
			}
			d.now[e.Computer] = w
		case e.Kind == jobmon.KindRemoved:
			if d.begun && !e.Status.Finished() {
				d.removed[e.Computer]++
			}
		case e.Kind == jobmon.KindScheduled && d.begun:
			d.scheduled[e.Computer]++
		}
	}
}

// Begin is the first moment.
func (d *Diff) Begin(f *Fold) {
	d.begun, d.then = true, maps.Clone(d.now)
	f.Rest(func(one *Deployment) { d.before[which{one.Computer.ID, one.Session.Number}] = one })
}

// Tell takes in a deployment that ended for good; those before the first moment do not count.
func (d *Diff) Tell(one *Deployment) {
	if d.begun {
		d.over[one.Computer.ID] = append(d.over[one.Computer.ID], one)
	}
}

// End is the second moment: it lists the computers on which something changed, by id, and says on how many nothing did.
func (d *Diff) End(f *Fold) (changed []*Changed, quiet int) {
	f.Rest(d.Tell)
	ids := map[jobmon.ComputerID]bool{}
	for id := range d.now {
		ids[id] = true
	}
	for id := range d.over {
		ids[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if f.only != nil && !f.only[id] {
			continue
		}
		c := &Changed{Computer: d.now[id].Computer, Scheduled: d.scheduled[id], Removed: d.removed[id]}
		c.ID = id
		c.computer(d.then, d.now)
		for _, one := range d.over[id] {
			c.deployment(d.before[which{id, one.Session.Number}], one)
		}
		slices.SortStableFunc(c.Changes, func(a, b Change) int {
			if a.At == 0 || b.At == 0 {
				return 0
			}
			return cmp.Compare(a.At, b.At)
		})
		if len(c.Changes) == 0 && c.Scheduled == 0 && c.Removed == 0 {
			quiet++
			continue
		}
		changed = append(changed, c)
	}
	return changed, quiet
}

// computer compares what the tables hold of the computer itself.
func (c *Changed) computer(then, now map[jobmon.ComputerID]whereabouts) {
	was, known := then[c.ID]
	is, there := now[c.ID]
	add := func(from, to string) {
		c.Changes = append(c.Changes, Change{What: OfComputer, From: from, To: to, At: is.at})
	}
	switch {
	case !there:
	case !known:
		add("", "new")
	case !was.gone && is.gone:
		add("", "gone")
	case was.gone && !is.gone:
		add("gone", "there again")
	case was.Name != is.Name:
		add(was.Name, is.Name)
	case !was.Ghost && is.Ghost:
		add("", "a ghost")
	case was.Ghost && !is.Ghost:
		add("a ghost", "in "+is.Group)
	}
}

// deployment compares a deployment with what it was; before is nil when it was not there.
func (c *Changed) deployment(before, after *Deployment) {
	number := after.Session.Number
	add := func(change Change) {
		change.Session = number
		c.Changes = append(c.Changes, change)
	}
	was, what := "", OfDeployment
	if !after.Deployment {
		what = OfSession
	}
	if before == nil {
		add(Change{What: what, To: "began", At: after.Session.Began})
	} else {
		was = how(before)
	}
	c.stages(before, after, add)
	c.jobs(before, after, add)
	if is := how(after); is != was && is != "open" {
		add(Change{What: what, From: cmp.Or(was, "open"), To: is, At: since(&after.Session)})
	} else if is != was && was != "" {
		add(Change{What: what, From: was, To: is}) // opened again, or moving again
	}
}

// how says how a deployment ended, or how it stands.
func how(d *Deployment) string {
	return cmp.Or(string(d.Session.Result), d.Session.Phase())
}

// since is when the deployment came to what how says; 0 where that is not known.
func since(s *jobmon.SessionProgress) jobmon.Instant {
	if s.Ended == 0 && s.SilentSince == 0 && s.Still != nil {
		return s.Still.Since
	}
	return cmp.Or(s.Ended, s.SilentSince)
}

// stages compares the stages, by their names and, where several have the same, in their order.
func (c *Changed) stages(before, after *Deployment, add func(Change)) {
	left := map[string][]*Stage{}
	if before != nil {
		for i := range before.Stages {
			st := &before.Stages[i]
			left[st.Name] = append(left[st.Name], st)
		}
	}
	for i := range after.Stages {
		st := &after.Stages[i]
		change := Change{What: OfStage, Name: st.Name, To: st.State.String(), Late: st.Late, At: st.Began}
		if st.Ended != 0 {
			change.At = st.Ended
		}
		if was := left[st.Name]; len(was) > 0 {
			left[st.Name] = was[1:]
			if change.From = was[0].State.String(); was[0].State == st.State && was[0].Began == st.Began {
				continue
			}
		} else if before == nil && st.State == jobmon.StateWaiting && !st.Late {
			continue // that the deployment began says it
		}
		add(change)
	}
	for i := 0; before != nil && i < len(before.Stages); i++ {
		name := before.Stages[i].Name
		if gone := left[name]; len(gone) > 0 {
			add(Change{What: OfStage, Name: name, From: gone[0].State.String(), To: "gone"})
			left[name] = gone[1:]
		}
	}
}

// jobs lists runs that failed, and jobs that were added or cancelled.
func (c *Changed) jobs(before, after *Deployment, add func(Change)) {
	type run struct {
		row  jobmon.ScheduleID
		from uint64
	}
	was := map[run]jobmon.RowState{}
	rows := map[jobmon.ScheduleID]bool{}
	if before != nil {
		for i := range before.Runs {
			r := &before.Runs[i]
			was[run{r.Schedule, r.StartedSeq}], rows[r.Schedule] = r.State, true
			if r.StartedSeq != 0 {
				was[run{r.Schedule, 0}] = 0
			}
		}
	}
	for i := range after.Runs {
		r := &after.Runs[i]
		if r.Class != jobmon.RealJob {
			continue
		}
		old, known := was[run{r.Schedule, r.StartedSeq}]
		switch {
		case r.State == jobmon.StateFailed && old != jobmon.StateFailed:
			add(
				Change{
					What: OfJob,
					Name: r.Name,
					From: word(was[run{r.Schedule, 0}]),
					To:   r.State.String(),
					At:   r.Ended,
					Late: r.Late,
					Code: r.Code,
				},
			)
		case r.State == jobmon.StateCancelled && old != jobmon.StateCancelled:
			add(Change{What: OfJob, Name: r.Name, From: word(old), To: r.State.String(), At: r.Ended, Late: r.Late})
		case before != nil && !known && !rows[r.Schedule] && !(after.Overtaken && r.State == jobmon.StateWaiting):
			add(Change{What: OfJob, Name: r.Name, To: "added", At: r.Arrived, Late: r.Late})
		}
	}
}

func word(s jobmon.RowState) string {
	if s == 0 {
		return ""
	}
	return s.String()
}
