package deployments

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// site draws what a busy console and an unreliable server may do in some hours; or in days, with agents that come and
// go and jobs that are planned for later.
func site(t *rapid.T, days bool) *desk {
	d := newDesk(t)
	names := []string{build, markA, markB, markZ, driver, office, visio}
	at, next := clock("08:00"), 1
	text := func(later time.Duration) string {
		wall := at.Add(later).Wall(3600).Time()
		return fmt.Sprint(wall.Day()-9) + wall.Format(" 15:04:05")
	}
	lost, seconds, starts, mostMoves, end := false, []int{1, 5, 61, 600, 1900}, []time.Duration{0}, 9, clock("22:00")
	if days {
		seconds, starts = append(seconds, 13*3600), []time.Duration{0, 0, 0, 65 * time.Minute, 26 * time.Hour}
		mostMoves, end = 10, clock("9 22:00")
	}
	for range rapid.IntRange(1, 40).Draw(t, "reads") {
		at = at.Add(time.Duration(rapid.SampledFrom(seconds).Draw(t, "seconds")) * time.Second)
		if at > end {
			break
		}
		for range rapid.IntRange(0, 4).Draw(t, "moves") {
			id := rapid.IntRange(1, next).Draw(t, "row")
			_, known := d.rows[jobmon.ScheduleID(id)]
			switch move := rapid.IntRange(0, mostMoves).Draw(t, "move"); {
			case move <= 1:
				list := rapid.SliceOfN(rapid.SampledFrom(names), 1, 7).Draw(t, "names")
				start := rapid.SampledFrom(starts).Draw(t, "start")
				d.dropOn(
					rapid.SampledFrom([]jobmon.ComputerID{pc, pc + 1}).Draw(t, "computer"),
					next,
					text(start),
					list...)
				next += len(list)
			case move <= 6 && known:
				d.set(rapid.SampledFrom([]jobmon.Code{-1, -1, 0, 0, 1603}).Draw(t, "code"), id)
			case move == 7 && known:
				d.requeue(id)
			case move == 8:
				d.remove(id)
			case move == 10:
				d.agents[pc] = jobmon.AgentState(rapid.IntRange(0, 2).Draw(t, "agent"))
			case move == 9:
				d.folders[rapid.SampledFrom(names).Draw(t, "job")] = rapid.SampledFrom([]string{"Build", "Other"}).
					Draw(t, "folder")
			}
		}
		event := rapid.IntRange(0, 9).Draw(t, "event")
		if len(d.log) == 0 {
			event = 9
		}
		switch {
		case lost:
			lost = false
			d.readAfterGap(text(0))
		case event == 0:
			lost = true
			d.tell(text(0), jobmon.Event{Kind: jobmon.KindSourceLost})
		case event == 1:
			d.tell(text(0), jobmon.Event{Kind: jobmon.KindDaemonStarted, Until: at.Add(-time.Minute)})
		case event == 2:
			at = at.Add(-10 * time.Minute)
			d.tell(text(0), jobmon.Event{Kind: jobmon.KindClock, Seconds: 3600, Step: -600_000})
		case event == 3:
			asks := rapid.SampledFrom(names).Draw(t, "asks")
			d.tell(text(0), jobmon.Event{Kind: jobmon.KindRefreshed, Computer: pc, Name: asks})
		default:
			d.read(text(0))
		}
	}
	return d
}

// TestTheTimeOfADeploymentIsDivided: its parts follow one another and sum up to it, and so do its stages and what is
// beside.
func TestTheTimeOfADeploymentIsDivided(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		for _, one := range site(t, true).all() {
			at := one.Session.Began
			for _, p := range one.Parts() {
				if p.From != at || p.To <= p.From {
					t.Fatalf("part %v begins where the one before does not end, at %v", p, at)
				}
				at = p.To
			}
			if one.End > one.Session.Began && at != one.End {
				t.Fatalf("the parts end at %v, the deployment at %v", at, one.End)
			}
			all, stages, beside := one.Spent()
			sum := beside.Total()
			for i, st := range stages {
				sum += st.Total()
				if st.Before > st.Waiting {
					t.Fatalf("stage %d waited %s, %s of it before", i, st.Waiting, st.Before)
				}
			}
			if all.Total() != one.Took || sum != one.Took {
				t.Fatalf("%s took %s, its parts %s, its stages %s", one.Computer.Name, one.Took, all.Total(), sum)
			}
		}
	})
}

// TestEverySecondIsChargedToWhatWasCurrent follows the events themselves: between two batches time goes to the stage
// of the run that started last among those that run, else to the stage of the run that starts next.
func TestEverySecondIsChargedToWhatWasCurrent(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		d := site(t, true)
		if slices.ContainsFunc(d.log, func(b jobmon.Batch) bool { return b.Events[0].Kind == jobmon.KindClock }) {
			return // a moment that the clock showed twice tells no batch from another
		}
		for _, one := range d.all() {
			if slices.ContainsFunc(one.Runs, func(r projector.Run) bool { return r.Baseline }) {
				continue // when it started is not known
			}
			parts := one.Parts()
			for i := 1; i < len(d.log); i++ {
				from, to := max(d.log[i-1].At, one.Session.Began), min(d.log[i].At, one.End)
				if from >= to || d.log[i-1].Last() < one.OpenSeq {
					continue
				}
				doing, stage, known := one.wanted(d.running(i-1, one.Computer.ID), d.log[i-1].Last())
				for _, p := range parts {
					if !known || p.To <= from || p.From >= to {
						continue
					}
					if p.Stage != stage || p.Doing != doing && p.Doing != NotSeen {
						t.Fatalf("%v to %v goes to %s in stage %d, want %s in stage %d\n%q",
							from, to, p.Doing, p.Stage, doing, stage, told(one))
					}
				}
			}
		}
	})
}

// wanted is what time goes to behind that event, given the run that is at work; known is false where only hindsight
// could say.
func (d *Deployment) wanted(atWork, seq uint64) (doing Doing, stage int, known bool) {
	next := uint64(0)
	for _, r := range d.Runs {
		switch {
		case r.StartedSeq == 0:
		case r.StartedSeq == atWork:
			return Working, r.Stage, true
		case r.Class == jobmon.BuildJob:
			if r.StartedSeq <= seq && (r.EndedSeq == 0 || r.EndedSeq > seq) {
				return Working, -1, atWork == 0
			}
		case r.StartedSeq > seq && (next == 0 || r.StartedSeq < next):
			next, stage = r.StartedSeq, r.Stage
		}
	}
	return Waiting, stage, next != 0 && atWork == 0
}

// running is the event by which the real job or marker started that runs behind that batch, the last of several; 0
// for none.
func (d *desk) running(batch int, id jobmon.ComputerID) (last uint64) {
	started := map[jobmon.ScheduleID]uint64{}
	for _, b := range d.log[:batch+1] {
		for _, e := range b.Events {
			switch {
			case e.Computer != id || e.Job == d.jobs[build]:
			case e.Kind == jobmon.KindStarted:
				started[e.Schedule] = e.Seq
			case e.Kind == jobmon.KindFinished, e.Kind == jobmon.KindRemoved, e.Kind == jobmon.KindRequeued:
				delete(started, e.Schedule)
			}
		}
	}
	for _, seq := range started {
		last = max(last, seq)
	}
	return last
}

// TestWhatIsToldIsWhatWasShown: every deployment told is one that a picture showed, as the picture showed it last.
func TestWhatIsToldIsWhatWasShown(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		d := site(t, false)
		all := map[session]*Deployment{}
		for _, one := range d.all() {
			key := session{one.Computer.ID, one.Session.Number}
			if all[key] != nil {
				t.Fatalf("%v is reported twice", key)
			}
			all[key] = one
		}
		unseen := func(one *Deployment) bool { // the batch that brought it to its end began the next one: no picture showed that end
			if d.inOneBatch(one.OpenSeq, one.EndSeq) || d.plannedAt(one.Computer.ID, one.EndSeq) || d.steppedBehind(one) {
				return true
			}
			for _, next := range all {
				if next.Computer.ID == one.Computer.ID && next != one && d.inOneBatch(one.EndSeq, next.OpenSeq) {
					return true
				}
			}
			return false
		}
		for key, one := range all {
			if one.Deployment && d.shown[key] == nil && !unseen(one) {
				t.Fatalf("%v was never shown", key)
			}
		}
		for key, shown := range d.shown {
			if key.number == 0 {
				continue // planned: nothing has begun
			}
			one := all[key]
			if one == nil {
				t.Fatalf("%v was shown and is not told", key)
			}
			if !one.Deployment {
				continue // its picture is only drawn when somebody asks
			}
			if one.Overtaken {
				if one.Session.Began != shown.Began || one.Session.State != jobmon.SessionComplete {
					t.Fatalf("%v: told %+v, shown %+v", key, one.Session, shown)
				}
				continue
			}
			if !unseen(one) && !reflect.DeepEqual(&one.Session, shown) {
				t.Fatalf("%v: told %+v, shown %+v", key, one.Session, shown)
			}
		}
	})
}

// TestABeginningInTheMiddle: going on behind a checkpoint, looking at one computer only, or reading that computer's
// part of the log alone, tells the same of every session that had not ended for good by then.
func TestABeginningInTheMiddle(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		d := site(t, true)
		if len(d.log) == 0 {
			return
		}
		cut := rapid.IntRange(0, len(d.log)-1).Draw(t, "cut")
		before, facts := projector.New(), history.New()
		for i := range d.log {
			if i < cut {
				before.Apply(&d.log[i])
			}
			facts.Note(&d.log[i])
		}
		resumed, err := projector.Decode(before.Encode())
		if err != nil {
			t.Fatal(err)
		}
		only := rapid.SampledFrom([][]jobmon.ComputerID{nil, {pc}, {pc, pc + 1}}).Draw(t, "only")
		f := New(resumed, facts.Chronicle, 0, only...)
		var list []*Deployment
		tell := func(one *Deployment) { list = append(list, one) }
		batches := func(yield func(jobmon.Batch, error) bool) {
			for i := cut; i < len(d.log) && yield(d.log[i], nil); i++ {
			}
		}
		if len(only) == 1 && rapid.Bool().Draw(t, "alone") {
			behind := slices.DeleteFunc(
				slices.Clone(facts.Chronicle),
				func(e jobmon.Event) bool { return e.Seq <= before.Seq() },
			)
			batches = history.Beside(of(only[0], batches), behind)
		}
		for b := range batches {
			f.Apply(&b, tell)
		}
		f.Reach(d.log[len(d.log)-1].At)
		f.Rest(tell)
		inOrder(list)
		over := func(one *Deployment) bool {
			return overBefore(before, one) || only != nil && !slices.Contains(only, one.Computer.ID)
		}
		got, want := slices.DeleteFunc(list, over), slices.DeleteFunc(d.all(), over)
		if len(got) != len(want) {
			t.Fatalf("%d sessions, want %d", len(got), len(want))
		}
		for i := range got {
			if a, b := told(got[i]), told(want[i]); !slices.Equal(a, b) {
				t.Fatalf("told\n%q\nwant\n%q", a, b)
			}
			if only != nil { // the end of a batch is that of its own part
				got[i].Runs, want[i].Runs, got[i].OpenSeq = nil, nil, want[i].OpenSeq
			}
			if !reflect.DeepEqual(got[i].Account, want[i].Account) {
				t.Fatalf("told\n%+v\nwant\n%+v", got[i].Account, want[i].Account)
			}
		}
	})
}

// of picks out one computer's events.
func of(id jobmon.ComputerID, batches iter.Seq2[jobmon.Batch, error]) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for b := range batches {
			b.Events = slices.DeleteFunc(slices.Clone(b.Events), func(e jobmon.Event) bool { return e.Computer != id })
			if len(b.Events) > 0 && !yield(b, nil) {
				return
			}
		}
	}
}

// overBefore says whether the session had ended for good by then.
func overBefore(p *projector.Projection, one *Deployment) bool {
	alive := false
	p.Accounts(func(a *projector.Account) {
		alive = alive || a.Computer.ID == one.Computer.ID && a.Session.Number == one.Session.Number
	})
	return !alive && one.OpenSeq <= p.Seq()
}

// plannedAt says whether the computer's screen showed a plan behind the batch of that event.
func (d *desk) plannedAt(id jobmon.ComputerID, seq uint64) bool {
	at := slices.IndexFunc(d.log, func(b jobmon.Batch) bool { return b.First() <= seq && seq <= b.Last() })
	if at < 0 {
		return false
	}
	number, shown := d.screens[at][id]
	return shown && number == 0
}

// steppedBehind says whether the clock stepped after a session's end while its computer's screen showed another one. Its
// times are set right then, and no picture shows it.
func (d *desk) steppedBehind(one *Deployment) bool {
	for i, b := range d.log {
		stepped := slices.ContainsFunc(b.Events, func(e jobmon.Event) bool { return e.Kind == jobmon.KindClock })
		if b.First() > one.EndSeq && stepped && d.screens[i][one.Computer.ID] != one.Session.Number {
			return true
		}
	}
	return false
}

// inOneBatch says whether both events were committed together.
func (d *desk) inOneBatch(a, b uint64) bool {
	return slices.ContainsFunc(d.log, func(batch jobmon.Batch) bool {
		return batch.First() <= min(a, b) && max(a, b) <= batch.Last()
	})
}
