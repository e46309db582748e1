package deployments

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// Period is a time from Since on and before Until, both UTC.
type Period struct{ Since, Until jobmon.Instant }

// Holds says whether the moment lies in it.
func (p Period) Holds(at jobmon.Instant) bool { return p.Since <= at && at < p.Until }

// Before is the period of the same length that ends where this one begins.
func (p Period) Before() Period { return Period{Since: p.Since - (p.Until - p.Since), Until: p.Since} }

// Key is what figures are of: a job (by id, under its newest name), a stage, a folder, a day or a site. Only the fields
// of what is asked for are set.
type Key struct {
	Job  jobmon.JobID
	Name string // of the stage, the folder, the site or, as "2026-11-22" by the DS server's clock, the day
}

// Figures say how something went in a period. Durations are those of runs that succeeded and are honest.
type Figures struct {
	Runs, Failures int
	Results        map[jobmon.Result]int // of a day's deployments; ResultNone counts those that go on
	Left           map[Reason]int        // runs without an honest duration, by reason
	durations      []jobmon.Length       // of a run that came and went between two reads, how long that can have taken
	Worst          Worst
}

// Worst is the longest of the durations.
type Worst struct {
	jobmon.Length
	Computer jobmon.Computer
	At       jobmon.Instant // when it began
	Seq      uint64         // the event with which it began: the clock may have been set since
}

// compare orders the longest first, of equal ones the earliest.
func (w *Worst) compare(v *Worst) int {
	return cmp.Or(cmp.Compare(v.Took, w.Took), cmp.Compare(w.At, v.At), w.Computer.Key().Compare(v.Computer.Key()))
}

// Counted is how many durations the figures rest on.
func (f *Figures) Counted() int { return len(f.durations) }

// Median is the middle duration, of an even number the mean of the two in the middle; 0 when there are none. It has a
// Most when a run is in the middle of which only that is known: such runs count with the longest that they can have
// taken.
func (f *Figures) Median() jobmon.Length {
	n := len(f.durations)
	if n == 0 {
		return jobmon.Length{}
	}
	f.sort()
	low, high := f.durations[(n-1)/2], f.durations[n/2]
	mean := (low.Took + high.Took) / 2
	if low.Most > 0 || high.Most > 0 {
		return jobmon.Length{Took: mean, Most: mean}
	}
	return jobmon.Length{Took: mean}
}

// P90 is the least duration that nine of ten do not exceed; 0 when there are none.
func (f *Figures) P90() jobmon.Length {
	n := len(f.durations)
	if n == 0 {
		return jobmon.Length{}
	}
	f.sort()
	return f.durations[(9*n+9)/10-1]
}

func (f *Figures) sort() {
	slices.SortFunc(
		f.durations,
		func(a, b jobmon.Length) int { return cmp.Or(cmp.Compare(a.Took, b.Took), cmp.Compare(b.Most, a.Most)) },
	)
}

// Line is about one key: how it went in the period, and in the one before.
type Line struct {
	Key
	Name        string // of the job, too
	Now, Before Figures
}

// Trend says how a median stands to the one of the period before.
type Trend string

// Trends. Medians of fewer than LeastRuns runs are not compared; less than a tenth is no change.
const (
	NoRunsBefore Trend = "no runs before"
	TooFewRuns   Trend = "too few runs"
	Slower       Trend = "slower"
	Faster       Trend = "faster"
	AsBefore     Trend = "as before"
)

// LeastRuns is how many honest durations both periods need for a trend.
const LeastRuns = 3

// Trend compares the medians; change is in percent of the one before, 0 where they are not compared.
func (l *Line) Trend() (trend Trend, change int) {
	switch before, now := l.Before.Median().Took, l.Now.Median().Took; {
	case l.Before.Runs == 0:
		return NoRunsBefore, 0
	case l.Before.Counted() < LeastRuns || l.Now.Counted() < LeastRuns || before == 0:
		return TooFewRuns, 0
	default:
		change = int((200*(now-before)/before + 1) / 2)
		if now < before {
			change = -int((200*(before-now)/before + 1) / 2)
		}
		switch {
		case 10*(now-before) >= before:
			return Slower, change
		case 10*(before-now) >= before:
			return Faster, change
		}
		return AsBefore, change
	}
}

// Stats gathers figures of a period and of the one before it. Add every deployment once. It keeps the durations of
// each key.
type Stats struct {
	Period
	Jobs    func(*Job) bool // which runs count; nil for all
	ByNames bool            // jobs of one name are one, as several servers have each its own ids
	jobs    map[Key]*Line
	stages  map[Key]*Line
	folders map[Key]*Line
	days    map[Key]*Line
	sites   map[Key]*Line
	whole   Line                    // of all deployments
	newest  map[jobmon.JobID]uint64 // the run that gave the job its name
	told    int                     // deployments with a part in the period
	runs    int                     // of real jobs, in the period
}

// NewStats gathers for that period.
func NewStats(p Period, jobs func(*Job) bool) *Stats {
	return &Stats{
		Period: p, Jobs: jobs,
		jobs: map[Key]*Line{}, stages: map[Key]*Line{}, folders: map[Key]*Line{}, days: map[Key]*Line{},
		sites:  map[Key]*Line{},
		newest: map[jobmon.JobID]uint64{},
	}
}

// Told is how many deployments have a part in the period.
func (s *Stats) Told() int { return s.told }

// Runs is how many runs of jobs began in the period, wanted or not.
func (s *Stats) Runs() int { return s.runs }

// Touches says whether the deployment, or a run of it, began in the period.
func (s *Stats) Touches(d *Deployment) bool {
	return s.Holds(d.Session.Began) ||
		slices.ContainsFunc(d.Runs, func(r projector.Run) bool { return s.Holds(r.Started) })
}

// figures are those to which something belongs that began at that time, nil where it counts in none. now says that it
// began in the period itself.
func (s *Stats) figures(of map[Key]*Line, key Key, name string, at jobmon.Instant) (f *Figures, now bool) {
	if now = s.Holds(at); !now && !s.Before().Holds(at) {
		return nil, now
	}
	l := of[key]
	if l == nil {
		l = &Line{Key: key, Name: name}
		of[key] = l
	}
	if now {
		return &l.Now, now
	}
	return &l.Before, now
}

// Add counts a deployment: itself and its stages and runs by when each began.
func (s *Stats) Add(d *Deployment) {
	part := false
	figures := func(of map[Key]*Line, key Key, name string, at jobmon.Instant) *Figures {
		f, now := s.figures(of, key, name, at)
		part = part || now
		return f
	}
	wanted := false
	for i := range d.Jobs {
		j := &d.Jobs[i]
		if j.StartedSeq == 0 || j.Class != jobmon.RealJob {
			continue
		}
		at, why := cmp.Or(j.Started, d.Session.Began), j.Why
		if s.Holds(at) {
			s.runs++
		}
		if s.Jobs != nil && !s.Jobs(j) {
			continue
		}
		wanted = true
		failed := j.State == jobmon.StateFailed
		if failed {
			why = Failed
		}
		key, worst := s.KeyOf(j), Worst{counted(j.Length()), d.Computer, at, j.StartedSeq}
		figures(s.jobs, key, j.Name, at).add(failed, why, worst)
		figures(s.folders, Key{Name: j.Folder}, j.Folder, at).add(failed, why, worst)
		if l := s.jobs[key]; l != nil && !s.ByNames && j.StartedSeq >= s.newest[j.Job] {
			l.Name, s.newest[j.Job] = j.Name, j.StartedSeq
		}
	}
	if s.Jobs != nil {
		if part && wanted {
			s.told++
		}
		return // stages and days are of whole deployments
	}
	for i := range d.Stages {
		st := &d.Stages[i]
		if st.Began == 0 {
			continue
		}
		f := figures(s.stages, Key{Name: st.Name}, st.Name, st.Began)
		f.add(st.State == jobmon.StateFailed, st.Why, Worst{counted(st.Length()), d.Computer, st.Began, st.BeganSeq})
	}
	day := d.Session.Began.Wall(d.Offset).Time().Format(time.DateOnly)
	if f := figures(s.days, Key{Name: day}, day, d.Session.Began); f != nil {
		f.deployment(d)
		figures(s.sites, Key{Name: d.Computer.Site}, d.Computer.Site, d.Session.Began).deployment(d)
		if s.Holds(d.Session.Began) {
			s.whole.Now.deployment(d)
		} else {
			s.whole.Before.deployment(d)
		}
	}
	if part {
		s.told++
	}
}

// KeyOf is what a run of a job is counted under.
func (s *Stats) KeyOf(j *Job) Key {
	if s.ByNames {
		return Key{Name: j.Name}
	}
	return Key{Job: j.Job}
}

// deployment counts a deployment.
func (f *Figures) deployment(d *Deployment) {
	f.add(d.Session.Result == jobmon.ResultWithFailures, d.Why,
		Worst{jobmon.Length{Took: d.Took}, d.Computer, d.Session.Began, d.OpenSeq})
	if f.Results == nil {
		f.Results = map[jobmon.Result]int{}
	}
	f.Results[d.Session.Result]++
}

// Whole are the figures of all deployments that began in the period.
func (s *Stats) Whole() *Line { return &s.whole }

// counted is the length with which a run counts: the longest that it can have taken where nothing else is known.
func counted(l jobmon.Length) jobmon.Length {
	l.Took = max(l.Took, l.Most)
	return l
}

func (f *Figures) add(failed bool, why Reason, w Worst) {
	if f == nil {
		return
	}
	f.Runs++
	if failed {
		f.Failures++
	}
	if why != Honest {
		if f.Left == nil {
			f.Left = map[Reason]int{}
		}
		f.Left[why]++
		return
	}
	if len(f.durations) == 0 || w.compare(&f.Worst) < 0 {
		f.Worst = w
	}
	f.durations = append(f.durations, w.Length)
}

// ByJob, ByStage and ByFolder list what ran in the period, what ran most often first; ByDay lists its days and BySite
// its sites in order.
func (s *Stats) ByJob() []*Line    { return sorted(s.jobs) }
func (s *Stats) ByStage() []*Line  { return sorted(s.stages) }
func (s *Stats) ByFolder() []*Line { return sorted(s.folders) }
func (s *Stats) ByDay() []*Line    { return byName(s.days) }
func (s *Stats) BySite() []*Line   { return byName(s.sites) }

func byName(of map[Key]*Line) []*Line {
	list := sorted(of)
	slices.SortFunc(list, func(a, b *Line) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func sorted(of map[Key]*Line) []*Line {
	list := slices.DeleteFunc(slices.Collect(maps.Values(of)), func(l *Line) bool { return l.Now.Runs == 0 })
	slices.SortFunc(list, func(a, b *Line) int {
		return cmp.Or(cmp.Compare(b.Now.Runs, a.Now.Runs), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Job, b.Job))
	})
	return list
}
