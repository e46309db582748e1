package evt

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// drawing turns a picture into a File.
type drawing struct {
	p    *jobmon.Progress
	link *Link
}

// cuts says how much is left out; the zero value leaves out nothing.
type cuts struct {
	finished int // stages that ended without failure, oldest first
	failures int // failures, oldest first
	later    int // entries of the later list, from its end
	name     int // characters by which the longest name is shorter than MaxName
	rest     int // other stages: see removable
}

// shortest is the length to which names are cut at worst.
const shortest = 16

// knobs lists the cuts in the order in which they are made, and how far each can go.
func (d *drawing) knobs(c *cuts) (knobs []*int, limits []int) {
	finished, rest := d.removable()
	failures := 0
	for _, s := range d.stages() {
		failures += len(s.Failures)
	}
	return []*int{&c.finished, &c.failures, &c.later, &c.name, &c.rest},
		[]int{len(finished), failures, len(d.p.Later), MaxName - shortest, len(rest)}
}

// removable lists the indexes of the stages that may go, in the order in which they go. The stage that runs and the
// next one stay.
func (d *drawing) removable() (finished, rest []int) {
	var failed, planned []int
	for i, s := range d.stages() {
		switch {
		case i == d.p.Session.Current || i == d.p.Session.Next:
		case s.State.Ended() && s.Failed == 0:
			finished = append(finished, i)
		case s.State.Ended():
			failed = append(failed, i)
		default:
			planned = append(planned, i)
		}
	}
	slices.Reverse(planned)
	return finished, append(planned, failed...)
}

func (d *drawing) stages() []jobmon.Stage {
	if d.p.Session == nil {
		return nil
	}
	return d.p.Session.Stages
}

// file draws the whole file.
func (d *drawing) file(c cuts) *File {
	p, limit := d.p, MaxName-c.name
	f := &File{
		Format: format, V: Version, Seq: p.Seq, Kind: KindIdle,
		At: utc(p.At), AtLocal: d.local(p.At), UTCOffsetS: min(max(-MaxOffset, int(p.Offset)), MaxOffset),
		Source:   SourceOK,
		Server:   shorten(p.Site, limit),
		Agent:    p.Agent.String(),
		SettleS:  seconds(p.Settle),
		QuietS:   seconds(p.Quiet),
		Computer: Computer{ID: int32(p.Computer.ID), Unknown: p.Unknown},
	}
	f.Stale, f.Link = p.Stale, d.link
	if p.SourceLost {
		f.Source, f.SourceSince, f.SourceSinceLocal = SourceLost, utc(p.SourceSince), d.local(p.SourceSince)
	}
	if p.Unknown {
		f.Agent = jobmon.AgentUnknown.String()
		return f
	}
	f.Computer.Name, f.Computer.OSName = shorten(p.Computer.Name, limit), shorten(p.Computer.OSName, limit)
	f.Computer.Group = shorten(p.Computer.Group, limit)
	f.Computer.Ghost, f.Computer.Gone = p.Computer.Ghost, p.Computer.Gone
	f.AgentSince, f.AgentSinceLocal = utc(p.AgentSince), d.local(p.AgentSince)
	f.AgentAtLeast = p.AgentSince != 0 && p.AgentAtLeast
	f.Asked = shorten(p.Asked, limit)
	var left LeftOut
	if p.Session != nil {
		d.session(f, &left, c)
	}
	left.Later = count(c.later)
	f.Later = later(p.Later[:len(p.Later)-c.later], limit)
	if left != (LeftOut{}) {
		f.LeftOut = &left
	}
	return f
}

func later(rows []jobmon.Pending, limit int) (list []Pending) {
	for _, row := range rows {
		pending := Pending{Name: shorten(row.Name, limit), State: row.State.String(), Stuck: row.Stuck,
			StartLocal: local(row.Start)}
		if row.Why != nil {
			pending.Why = string(row.Why.Kind)
		}
		list = append(list, pending)
	}
	return list
}

// session draws what is there only when a deployment is.
func (d *drawing) session(f *File, left *LeftOut, c cuts) {
	s := d.p.Session
	f.Kind = KindDeployment
	f.Session = &Session{
		Number: count(s.Number), State: s.State.String(), Result: string(s.Result),
		Began: utc(s.Began), BeganLocal: d.local(s.Began),
		Ended: utc(s.Ended), EndedLocal: d.local(s.Ended),
		WatchedSince: utc(s.WatchedSince), WatchedSinceLocal: d.local(s.WatchedSince),
		SilentSince: utc(s.SilentSince), SilentSinceLocal: d.local(s.SilentSince),
	}
	if s.WatchedSince == 0 {
		f.Session.ElapsedS = d.elapsed(s.Began, s.Ended, s.State == jobmon.SessionOpen)
	}
	f.Counts = &Counts{
		Stages: count(len(s.Stages)), StagesDone: count(s.StagesDone), Jobs: count(s.Jobs), JobsDone: count(s.JobsDone),
		Failed: count(s.Failed), Cancelled: count(s.Cancelled), Late: count(s.Late),
	}
	if s.State == jobmon.SessionPlanned {
		f.TakesS, f.TakesAtLeast = seconds(s.Takes), s.TakesAtLeast
	} else {
		f.Percent = new(s.Percent)
	}
	d.estimate(f)
	if w := s.Still; w != nil {
		f.Still = &Still{Why: w.Why, Name: shorten(w.Name, MaxName-c.name), Since: utc(w.Since),
			SinceLocal: d.local(w.Since)}
	}
	if w := s.Why; w != nil {
		f.Why = &Why{
			Kind: string(w.Kind), Job: shorten(w.Job, MaxName-c.name),
			Since: utc(w.Since), SinceLocal: d.local(w.Since), AtLeast: w.AtLeast,
		}
		if w.Kind == jobmon.WaitDue {
			f.Why.StartLocal = local(w.Start)
		}
	}
	f.NoMoreUpdates = s.LastMarker
	d.list(f, left, c)
}

// estimate draws when the deployment is expected to end.
func (d *drawing) estimate(f *File) {
	p, s := d.p, d.p.Session
	if s.ETA != 0 {
		f.ETA, f.ETALocal, f.ETAAtLeast = utc(s.ETA), d.local(s.ETA), s.ETAAtLeast
		f.ETAS = new(seconds(s.ETA.Sub(p.At)))
	}
	if s.ETAHolds != 0 {
		f.ETAHolds, f.ETAHoldsLocal = utc(s.ETAHolds), d.local(s.ETAHolds)
		f.ETAHoldsS = new(seconds(s.ETAHolds.Sub(p.At)))
	}
	f.ToComeS = seconds(s.ToCome)
}

// list draws the stages that stay.
func (d *drawing) list(f *File, left *LeftOut, c cuts) {
	s := d.p.Session
	gone := map[int]bool{}
	if c.finished+c.rest > 0 {
		finished, rest := d.removable()
		for _, i := range slices.Concat(finished[:c.finished], rest[:c.rest]) {
			gone[i] = true
		}
	}
	f.Stages = make([]Stage, 0, len(s.Stages)-len(gone))
	skip := c.failures
	for i, stage := range s.Stages {
		cut := min(skip, len(stage.Failures))
		skip -= cut
		left.Failures = count(left.Failures + cut)
		if gone[i] {
			left.Failures = count(left.Failures + len(stage.Failures) - cut)
			if stage.State.Ended() {
				left.Finished = count(left.Finished + 1)
			} else {
				left.Unfinished = count(left.Unfinished + 1)
			}
			continue
		}
		if i == s.Current {
			f.Current = new(len(f.Stages))
		}
		if i == s.Next {
			f.Next = new(len(f.Stages))
		}
		f.Stages = append(f.Stages, d.stage(&stage, stage.Failures[cut:], MaxName-c.name))
	}
}

func (d *drawing) stage(s *jobmon.Stage, failures []jobmon.Failure, limit int) Stage {
	stage := Stage{
		Name: shorten(s.Name, limit), State: s.State.String(), Late: s.Late,
		Began: utc(s.Began), BeganLocal: d.local(s.Began),
		Ended: utc(s.Ended), EndedLocal: d.local(s.Ended),
		ElapsedS: d.elapsed(s.Began, s.Ended, s.Ended == 0 && !s.State.Ended()),
		Inexact:  s.Inexact, AtMostS: seconds(s.Most + time.Second - 1), PlannedLocal: local(s.Start),
		ExpectedS: seconds(s.Expected), Overdue: s.Overdue,
		Jobs: count(s.Jobs), JobsDone: count(s.JobsDone), Failed: count(s.Failed),
	}
	if s.Expected > 0 {
		stage.Runs = count(s.Runs)
	}
	if s.Attempt > 1 {
		stage.Attempt = count(s.Attempt)
	}
	for _, failure := range failures {
		stage.Failures = append(stage.Failures, Failure{
			Job: shorten(failure.Job, limit), Code: failure.Code, Hex: failure.Code.Hex(),
			Meaning: failure.Code.Meaning(),
			At:      utc(failure.At), AtLocal: d.local(failure.At), Repaired: failure.Repaired,
		})
	}
	return stage
}

// local is the DS server's clock reading at a moment, by the offset of the picture's time. All of a picture's times
// use this one offset, so that the differences between them are true also across a change of it.
func (d *drawing) local(i jobmon.Instant) Local {
	if i == 0 {
		return 0
	}
	return local(i.Wall(d.p.Offset))
}

// elapsed is the time from began to ended, or to the picture's time for what still goes on; nil when unknown.
func (d *drawing) elapsed(began, ended jobmon.Instant, goesOn bool) *int64 {
	if goesOn {
		ended = d.p.At
	}
	if began == 0 || ended == 0 {
		return nil
	}
	return new(seconds(ended.Sub(began))) // never negative, though the server's clock may have been set back
}

// seconds cuts a duration to whole seconds, within the bounds of a file.
func seconds(d time.Duration) int64 { return min(max(0, int64(d/time.Second)), MaxSeconds) }

// shorten cuts a name to limit characters, the last of which is then an ellipsis.
func shorten(name string, limit int) string {
	n, end := 0, 0
	for i := range name {
		if n == limit-1 {
			end = i
		}
		if n == limit {
			return name[:end] + "…"
		}
		n++
	}
	return name
}
