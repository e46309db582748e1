// Package deployments says what a log's deployments were like: when they began and how they ended, where their time
// went, how long jobs and stages take, and what changed between two moments. It folds the log with the projector,
// whose rules for sessions and stages are the only ones; it is pure, and what it tells depends on the events alone.
package deployments

import (
	"slices"
	"sort"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// Deployment is one session of one computer, with what stands beside it in the log.
type Deployment struct {
	projector.Account
	End    jobmon.Instant // when it ended; of one that goes on the time of the log's last batch
	Jobs   []Job          // its runs, in the same order
	Stages []Stage
	Gaps   []Gap // in which it was not watched, clipped to it, in order
	Took   time.Duration
	Why    Reason // why Took says nothing of how long such a deployment takes; "" when it does
}

// Job is one run of a job.
type Job struct {
	projector.Run
	Folder string        // where the job was when it ran
	Took   time.Duration // from its start to its end, so far when it runs; 0 when either is not known
	Most   time.Duration // not 0: all that is known of how long it took is that it was not longer
	Why    Reason        // why Took is no honest duration, "" when it is
}

// Length is how long it took, as far as that was seen.
func (j *Job) Length() jobmon.Length {
	return jobmon.Length{Took: j.Took, Most: j.Most, Inexact: j.StartInexact || j.EndInexact}
}

// Length is how long it took, as far as that was seen.
func (st *Stage) Length() jobmon.Length {
	return jobmon.Length{Took: st.Took, Most: st.Most, Inexact: st.Inexact}
}

// Stage is a stage and how long it took.
type Stage struct {
	jobmon.Stage
	BeganSeq uint64        // the event with which it began, 0 when it did not
	Took     time.Duration // from its beginning to its end, so far when it runs; 0 when either is not known
	Why      Reason        // why Took is no honest duration, "" when it is
}

// GapKind says what kept us from watching.
type GapKind string

// The kinds of gaps.
const (
	DaemonStopped GapKind = "daemon stopped"
	SourceLost    GapKind = "source lost"
	Unrecorded    GapKind = "nothing recorded"
	Damaged       GapKind = "events damaged"
	ClockStepped  GapKind = "clock stepped" // a moment: what was reckoned across it would be wrong
	NotYetWatched GapKind = "not watched yet"
)

// Gap is a time in which nothing was seen. To is 0 as long as it lasts.
type Gap struct {
	From, To jobmon.Instant
	Kind     GapKind
	from, to uint64 // the events of its beginning and its end
}

// Fold folds a log and reports its deployments. It is not safe for concurrent use.
type Fold struct {
	projection *projector.Projection
	watch      watch
	only       map[jobmon.ComputerID]bool // nil for all computers
	cut        uint64                     // the last event that was cut off
	at         jobmon.Instant             // of the last batch
	folders    map[jobmon.JobID][]placed
}

// placed is a job's folder from an event on.
type placed struct {
	seq    uint64
	folder string
}

// New begins behind the projection, which it goes on with: projector.New for a log's beginning. The chronicle
// (history.Facts) tells what was before: where jobs were, and when nobody watched; see Told. Cut is the last event of
// the history that was cut off, 0 for none: what began in it has no honest duration. Only, if not empty, says which
// computers are of interest: the others cost little then, and none of theirs is reported.
func New(from *projector.Projection, chronicle []jobmon.Event, cut uint64, only ...jobmon.ComputerID) *Fold {
	f := &Fold{projection: from, watch: newWatch(), cut: cut, at: from.At(), folders: map[jobmon.JobID][]placed{}}
	for i := range chronicle {
		if chronicle[i].Seq <= from.Seq() {
			f.note(&chronicle[i])
		}
	}
	f.watch.at = f.at
	for _, id := range only {
		if f.only == nil {
			f.only = map[jobmon.ComputerID]bool{}
		}
		f.only[id] = true
	}
	return f
}

func (f *Fold) note(e *jobmon.Event) {
	f.watch.note(e)
	if e.Kind != jobmon.KindJob || e.Flags.Has(jobmon.Gone) {
		return
	}
	if been := f.folders[e.Job]; len(been) == 0 || been[len(been)-1].folder != e.Place {
		f.folders[e.Job] = append(been, placed{e.Seq, e.Place})
	}
}

// Apply folds a batch and reports the sessions that it ends for good. Each belongs to the caller.
func (f *Fold) Apply(b *jobmon.Batch, tell func(*Deployment)) {
	gap, unrecorded := jobmon.Unrecorded(b, f.watch.at)
	for i := range b.Events {
		if e := &b.Events[i]; unrecorded && e.Seq == gap.Seq {
			f.note(&gap)
		}
		f.note(&b.Events[i])
	}
	f.at, f.watch.at = b.At, b.At
	if f.only != nil {
		b = f.part(b)
	}
	f.projection.ApplyTelling(b, func(a *projector.Account) { f.tell(a, tell) })
}

// part is the batch without what concerns other computers alone.
func (f *Fold) part(b *jobmon.Batch) *jobmon.Batch {
	foreign := func(e jobmon.Event) bool {
		return !e.Kind.OfDaemon() && e.Kind != jobmon.KindJob && !f.only[e.Computer]
	}
	return &jobmon.Batch{At: b.At, Events: slices.DeleteFunc(slices.Clone(b.Events), foreign)}
}

func (f *Fold) tell(a *projector.Account, tell func(*Deployment)) {
	if f.only == nil || f.only[a.Computer.ID] {
		tell(f.deployment(a))
	}
}

// Rest reports every computer's last session, by id: it may be over, go on, or be opened again by what is yet to come.
func (f *Fold) Rest(tell func(*Deployment)) {
	f.projection.Accounts(func(a *projector.Account) { f.tell(a, tell) })
}

// Reach is the time of the last batch, which may hold nothing that is of interest: what goes on, goes on until then.
func (f *Fold) Reach(at jobmon.Instant) { f.Apply(&jobmon.Batch{At: at}, nil) }

// At is the last batch's time.
func (f *Fold) At() jobmon.Instant { return f.at }

// folder is where a job was when that event was told.
func (f *Fold) folder(job jobmon.JobID, seq uint64) string {
	been := f.folders[job]
	at := sort.Search(len(been), func(i int) bool { return been[i].seq > seq })
	if at == 0 {
		at = min(1, len(been)) // its first row came before its name
	}
	if at == 0 {
		return ""
	}
	return been[at-1].folder
}

// deployment puts beside the account what else is known.
func (f *Fold) deployment(a *projector.Account) *Deployment {
	d := &Deployment{Account: *a, End: a.Session.Ended, Jobs: make([]Job, 0, len(a.Runs))}
	if d.End == 0 {
		d.End = max(f.at, a.At)
	}
	for _, r := range a.Runs {
		j := Job{Run: r, Why: f.whyJob(&r), Folder: f.folder(r.Job, r.StartedSeq)}
		if r.StartedSeq == 0 {
			j.Folder = f.folder(r.Job, f.projection.Seq())
		}
		switch {
		case r.Started == 0:
		case r.Ended != 0:
			j.Took = max(0, r.Ended.Sub(r.Started))
			inexact := r.StartInexact || r.EndInexact
			if inexact && (!r.StartInexact || r.Unseen > 0) || r.Inferred && r.Unseen > 0 {
				j.Most = j.Took + r.Unseen
			}
		case r.State == jobmon.StateRunning:
			j.Took = max(0, d.End.Sub(r.Started))
		}
		d.Jobs = append(d.Jobs, j)
	}
	d.Took, d.Why = max(0, d.End.Sub(a.Session.Began)), f.whyDeployment(a)
	d.Gaps = f.within(d)
	f.stages(d)
	return d
}

// within lists the gaps that touch the deployment.
func (f *Fold) within(d *Deployment) []Gap {
	var list []Gap
	add := func(g Gap) {
		if g.To == 0 || g.To > d.End {
			g.To = d.End
		}
		g.From = max(g.From, d.Session.Began)
		if g.From < g.To || g.From == g.To && g.Kind == ClockStepped {
			list = append(list, g)
		}
	}
	var seen jobmon.Instant
	for _, r := range d.Runs {
		if r.Baseline && (seen == 0 || r.Arrived < seen) {
			seen = r.Arrived
		}
	}
	if seen != 0 {
		add(Gap{From: d.Session.Began, To: seen, Kind: NotYetWatched})
	}
	for _, g := range f.watch.gaps { // by sequence, too: the clock may have shown the same time before
		if (g.to == 0 || g.to > d.OpenSeq) && (d.EndSeq == 0 || g.from < d.EndSeq) {
			add(g)
		}
	}
	return list
}
