package projector_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/projector"
)

// habits say what may happen in a town.
type habits struct {
	steps, zones, agents, names, settings, firstRead bool

	quarters bool // plans for whole quarters of an hour from now, which look like another zone's present
	oddities bool // several rows run at once, or are queued again while they run; records come and go
}

var everything = habits{
	steps: true, zones: true, agents: true, names: true, settings: true, firstRead: true, quarters: true,
	oddities: true,
}

// live lets a town live for some reads. After each, look may look at it.
func (w *town) lives(h habits, look func()) {
	if h.zones {
		zones := []jobmon.Offset{-12 * 3600, -3600, 0, 3600, 2 * 3600, 20700, 14 * 3600}
		w.offset, w.zone = rapid.SampledFrom(zones).Draw(w.T, "offset"), rapid.SampledFrom(zones).Draw(w.T, "zone")
	}
	if h.firstRead && rapid.Bool().Draw(w.T, "rows before the first read") {
		w.baseline()
	}
	w.read()
	look()
	for range rapid.IntRange(1, 30).Draw(w.T, "reads") {
		seconds := rapid.SampledFrom([]int{5, 5, 30, 61, 300, 1860, 3660, 5 * 3600, 13 * 3600}).Draw(w.T, "seconds")
		w.now = w.now.Add(time.Duration(seconds) * time.Second)
		for range rapid.IntRange(0, 3).Draw(w.T, "moves") {
			w.happens(h)
		}
		if w.cycle(h) {
			look()
		}
	}
}

// baseline are rows that nobody saw arrive.
func (w *town) baseline() {
	for id := range jobmon.ComputerID(3) {
		kinds := rapid.StringMatching(`[bmrrr]{0,5}`).Draw(w.T, "old rows")
		start := w.wall(-rapid.SampledFrom([]time.Duration{
			time.Minute, time.Hour, 11 * time.Hour, 400 * 24 * time.Hour, -2 * time.Hour,
		}).Draw(w.T, "age"))
		for _, row := range w.drop(towns+id, start, kinds) {
			w.set(row, rapid.SampledFrom([]jobmon.Status{
				jobmon.StatusNull, jobmon.StatusNull, jobmon.StatusRunning, jobmon.StatusOf(0),
			}).Draw(w.T, "status"))
		}
	}
}

// starts are when something is planned: now, soon, in whole quarters of an hour, tomorrow, or at no time.
func (w *town) start(h habits) jobmon.WallTime {
	choice := []int{0, 0, 0, 0, 10, 65, 127, 7*60 + 7, 26 * 60, 8 * 24 * 60, -1}
	if h.quarters {
		choice = append(choice, 120, 165)
	}
	minutes := rapid.SampledFrom(choice).Draw(w.T, "start in minutes")
	if minutes < 0 {
		return jobmon.NoStart
	}
	return w.wall(time.Duration(minutes) * time.Minute)
}

func (w *town) row() (jobmon.Row, bool) {
	if len(w.rows) == 0 {
		return jobmon.Row{}, false
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(w.rows))).Draw(w.T, "row")
	return w.rows[id], true
}

// happens lets one thing happen.
func (w *town) happens(h habits) {
	on := towns + jobmon.ComputerID(rapid.IntRange(0, 2).Draw(w.T, "computer"))
	r, any := w.row()
	most := 13
	if h.oddities {
		most = 18
	}
	switch move := rapid.IntRange(0, most).Draw(w.T, "move"); {
	case move <= 2 || !any:
		w.drop(on, w.start(h), rapid.SampledFrom([]string{
			"bmrmrm", "bmrm", "mr", "m", "r", "rr", "rrr", "br", "b", "rmr",
		}).Draw(w.T, "kinds"))
	case move <= 5: // DS begins the first row that waits there, as it does
		if first, ok := w.first(on); ok {
			w.set(first, jobmon.StatusRunning)
		}
	case move <= 8 && r.Status.Running():
		w.set(r.ID, jobmon.StatusOf(rapid.SampledFrom([]jobmon.Code{0, 0, 0, 1603}).Draw(w.T, "code")))
	case move == 9 && r.Status.Finished():
		w.set(r.ID, jobmon.StatusNull)
		w.move(r.ID, w.start(h))
	case move == 10 && r.Status.Waiting():
		to := w.start(h)
		for id, other := range w.rows {
			if other.Computer == r.Computer && other.Status.Waiting() {
				w.move(id, to)
			}
		}
	case move == 11:
		delete(w.rows, r.ID)
	case move == 12:
		for id, other := range w.rows {
			if other.Computer == r.Computer && other.Status.Waiting() {
				delete(w.rows, id)
			}
		}
	case move == 13 && h.agents:
		w.agents[on] = jobmon.AgentState(rapid.IntRange(0, 2).Draw(w.T, "agent"))
	case move > 13:
		w.oddly(move, on, r, h)
	}
}

// oddly lets something happen that is rare in the field.
func (w *town) oddly(move int, on jobmon.ComputerID, r jobmon.Row, h habits) {
	switch {
	case move == 14 && r.Status.Waiting(): // beside what runs, or unseen, or ahead of its time
		became := []jobmon.Status{jobmon.StatusRunning, jobmon.StatusOf(0), jobmon.StatusOf(1603)}
		w.set(r.ID, rapid.SampledFrom(became).Draw(w.T, "at once"))
	case move == 15 && r.Status.Running():
		w.set(r.ID, jobmon.StatusNull)
		w.move(r.ID, w.start(h))
	case move == 16:
		if _, there := w.computers[on]; there && rapid.Bool().Draw(w.T, "deleted") {
			delete(w.computers, on)
			return
		}
		w.computers[on] = jobmon.Computer{
			ID: on, Name: rapid.SampledFrom([]string{"PC-0001", "PC-0009"}).Draw(w.T, "name"),
			Group: rapid.SampledFrom([]string{"", "Berlin"}).Draw(w.T, "group"), Ghost: rapid.Bool().Draw(w.T, "ghost"),
		}
	case move == 17: // the id was used again
		r.Computer = on
		w.rows[r.ID] = r
		w.recurs[r.ID] = !r.Status.Waiting()
	case move == 18 && r.Status.Waiting():
		w.move(r.ID, w.start(h))
	}
}

// first is the row that DS begins next on a computer: nothing runs, and its time has come.
func (w *town) first(on jobmon.ComputerID) (jobmon.ScheduleID, bool) {
	var list []jobmon.Row
	for _, r := range w.rows {
		if r.Computer == on && r.Status.Running() {
			return 0, false
		}
		if r.Computer == on && r.Status.Waiting() && r.Start != jobmon.NoStart && r.Start <= w.wall(0) {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return 0, false
	}
	return slices.MinFunc(list, func(a, b jobmon.Row) int {
		return int(a.Start-b.Start)*1000 + int(a.ID-b.ID)
	}).ID, true
}

// cycle reads, or something happens to the daemon, its clocks or its settings as well. It says whether it read.
func (w *town) cycle(h habits) (read bool) {
	switch kind := rapid.IntRange(0, 19).Draw(w.T, "kind of read"); {
	case kind == 0:
		w.read(jobmon.Event{
			Kind: jobmon.KindSourceLost, Text: "unreachable",
		}, jobmon.Event{Kind: jobmon.KindSourceRestored})
	case kind == 1:
		w.read(jobmon.Event{
			Kind: jobmon.KindDaemonStarted, Text: "test", Count: projector.Version, Until: w.now.Add(w.ahead),
		})
	case kind == 2:
		w.commit(w.now.Add(w.ahead), []jobmon.Event{
			{Kind: jobmon.KindRefreshed, Computer: towns, Name: w.jobs[jobmon.JobID(w.next-1)]},
		})
		return false
	case kind == 3 && h.steps:
		w.step(rapid.SampledFrom([]time.Duration{
			time.Minute, 13 * time.Hour, 55 * 24 * time.Hour, -time.Minute, -13 * time.Hour, -w.ahead,
		}).Draw(w.T, "step"))
	case kind == 4 && h.steps:
		w.offset += jobmon.Offset(rapid.SampledFrom([]int{-3600, 3600}).Draw(w.T, "by"))
		w.read()
	case kind == 7 && h.oddities && h.steps: // the clock is set while the daemon is away
		by := rapid.SampledFrom([]time.Duration{time.Hour, 55 * 24 * time.Hour, -time.Hour, -w.ahead}).Draw(w.T, "step")
		until := w.now.Add(w.ahead)
		w.ahead += by
		w.read(jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "test", Count: projector.Version, Until: until},
			jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(w.offset), Step: by.Milliseconds()})
	case kind == 5 && h.settings:
		w.settings.Markers = rapid.SampledFrom([]string{"auto", "auto", "tagged", "all"}).Draw(w.T, "markers")
		w.settings.Marker = rapid.SampledFrom([]string{`(?i)\(JM\)`, `Job`, `[13579]$`}).Draw(w.T, "marker")
		w.settings.Gap = rapid.SampledFrom([]time.Duration{
			time.Minute, 30 * time.Minute, 3 * time.Hour,
		}).Draw(w.T, "gap")
		w.settings.StartZone = rapid.SampledFrom([]string{"", "Europe/Berlin", "UTC"}).Draw(w.T, "start zone")
		w.read(jobmon.Event{Kind: jobmon.KindConfigured, Text: w.settings.Encode()})
	case kind == 6 && h.names:
		if r, ok := w.row(); ok {
			w.jobs[r.Job] = strings.TrimPrefix(w.jobs[r.Job], "(JM) ")
		}
		w.read()
	default:
		w.read()
	}
	return true
}

// TestWhatWaitsIsTheSameReplayedAndResumed is Law 2 for histories of clocks that step, offsets that change, rows of a
// first read, recurring jobs, agents, and start_times in another zone.
func TestWhatWaitsIsTheSameReplayedAndResumed(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) { newTown(t).lives(everything, func() {}) })
}

// TestEveryUnfinishedRowIsInItsPicture: in a stage, or beside the deployment. Build jobs are never shown, and a closing
// marker opens no stage, but the picture says that one waits.
func TestEveryUnfinishedRowIsInItsPicture(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		w, h := newTown(t), everything
		h.settings, h.names = false, false // the names below say what a marker is
		w.lives(h, w.requireRows)
	})
}

func (w *town) requireRows() {
	for _, id := range w.live.Pictures() {
		p, _ := w.live.Progress(id)
		beside := map[string]bool{}
		for _, l := range w.live.Aside(id) {
			beside[l.Name] = true
		}
		unfinished, inStages := 0, 0
		if p.Session != nil {
			for _, st := range p.Session.Stages {
				inStages += st.Jobs - st.JobsDone
			}
		}
		for row := range w.mirror.Rows.All() {
			name := w.mirror.Jobs[row.Job].Name
			if row.Computer != id || row.Status.Finished() || beside[name] || strings.HasPrefix(name, "Build") ||
				w.overtaken(row) {
				continue
			}
			if !strings.HasPrefix(name, "(JM)") {
				unfinished++
			} else if !w.shows(p, strings.TrimPrefix(name, "(JM) ")) && row.Status.Waiting() && p.Asked != name &&
				(p.Session == nil || p.Session.LastMarker) {
				w.Fatalf("after event %d marker %q waits and is nowhere:\n%s", w.seq, name, sketch(p))
			}
		}
		if unfinished > inStages {
			w.Fatalf(
				"after event %d computer %d has %d unfinished jobs in no list, and %d in its stages:\n%s", w.seq, id,
				unfinished, inStages, sketch(p),
			)
		}
	}
}

// overtaken says whether something that can begin another deployment started behind the row, which says that it
// still runs.
func (w *town) overtaken(row jobmon.Row) bool {
	over := false
	for _, b := range w.batches {
		for _, e := range b.Events {
			if e.Kind == jobmon.KindStarted && e.Schedule == row.ID {
				over = false
			} else if e.Kind == jobmon.KindStarted && e.Computer == row.Computer {
				over = over || !strings.HasPrefix(w.mirror.Jobs[e.Job].Name, "Job")
			}
		}
	}
	return over && row.Status.Running()
}

func (w *town) shows(p *jobmon.Progress, stage string) bool {
	return p.Session != nil && slices.ContainsFunc(p.Session.Stages, func(st jobmon.Stage) bool {
		return st.Name == stage
	})
}

// TestReadyIsNotSaidWhileAFreshMarkerWaits: a marker that never ran, is due, and has waited for less than twelve hours
// belongs to a deployment that is not complete.
func TestReadyIsNotSaidWhileAFreshMarkerWaits(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		w := newTown(t)
		w.lives(habits{}, func() {
			for row := range w.mirror.Rows.All() {
				marker := strings.HasPrefix(w.jobs[row.Job], "(JM)")
				if !marker || !row.Status.Waiting() || w.recurs[row.ID] || row.Start == jobmon.NoStart ||
					row.Start > w.wall(0) ||
					w.wall(0)-row.Start > jobmon.WallTime(11*time.Hour.Milliseconds()) {
					continue
				}
				p, ok := w.live.Progress(row.Computer)
				if ok && p.Asked == w.jobs[row.Job] {
					continue // its script says that it runs
				}
				if !ok || p.Session == nil || p.Session.Ended != 0 || p.Session.LastMarker && p.Asked == "" {
					w.Fatalf("%v, after event %d: %q of %v waits on computer %d since %v:\n%s", w.wall(0), w.seq,
						w.jobs[row.Job],
						row.Start, row.Computer, w.arrived[row.ID].Wall(w.zone), sketch(p))
				}
			}
		})
	})
}
