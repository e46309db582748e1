package history

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// site is a Deployment Server on which something of everything happens, and the batches that its daemon commits.
type site struct {
	ds       *simulator.DS
	random   *rand.Rand
	calm     int // in one of so many cycles something happens that happens now and then
	settings jobmon.Settings
	build    []jobmon.JobID
	state    *State
	next     uint64
	batches  []jobmon.Batch
	inexact  bool // the next read comes after a gap
}

// newSite begins in the middle of deployments, which the first read finds.
func newSite(t rapid.TB, seed uint64) *site {
	const winter = jobmon.Offset(3600)
	ds := simulator.NewDS(jobmon.InstantOf(time.Date(2025, 11, 3, 6, 0, 0, 0, time.UTC)), winter, seed)
	s := &site{
		ds:       ds,
		random:   rand.New(rand.NewPCG(seed, 1)),
		settings: jobmon.DefaultSettings(),
		state:    New(),
		next:     1,
	}
	s.settings.Site = "DS01"
	s.calm = 4 + 40*s.random.IntN(2)
	standard := simulator.AddStandardBuild(ds)
	s.build = standard.Chain
	unmarked := slices.DeleteFunc(slices.Clone(s.build), func(id jobmon.JobID) bool { return id == standard.Monitor })
	for i := range 3 {
		ds.Schedule(ds.AddComputer(fmt.Sprintf("PC-%04d", i+1)), s.build, ds.WallNow())
	}
	ds.Schedule(ds.AddComputer("PC-0004"), unmarked, ds.WallNow()) // without build job nothing says when it began
	ds.Advance(time.Duration(s.random.IntN(40)) * time.Minute)
	s.commit(
		t,
		jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "1", Count: projector.Version},
		jobmon.Event{
			Kind: jobmon.KindConfigured,
			Text: s.settings.Encode(),
		},
		jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(winter)},
	)
	return s
}

func (s *site) commit(t rapid.TB, events ...jobmon.Event) {
	if len(events) == 0 {
		return
	}
	b := s.state.Projection.Extend(s.ds.Now(), s.next, events)
	if len(b.Events) == 0 {
		return
	}
	for i := range b.Events {
		if e := &b.Events[i]; e.Kind == jobmon.KindRefreshed {
			e.Sum = s.random.Uint64()
		}
	}
	s.state.Note(&b)
	s.next = b.Last() + 1
	b.Events = slices.Clone(b.Events)
	s.batches = append(s.batches, b)
}

// read is one cycle.
func (s *site) read(t rapid.TB) {
	snapshot := s.ds.Snapshot(s.state.Projection.Watching())
	snapshot.Normalize()
	snapshot.Gone = s.state.Mirror.Missing(snapshot.Rows)
	o := jobmon.DiffOptions{Baseline: len(s.batches) == 1, Inexact: s.inexact}
	s.inexact = false
	s.commit(
		t,
		slices.Concat(
			s.state.Projection.Judge(snapshot.Now, snapshot.Offset),
			jobmon.Diff(s.state.Mirror, snapshot, o),
		)...)
}

// happens lets one thing happen that happens now and then.
func (s *site) happens(t rapid.TB) {
	ds, pick := s.ds, func(n int) int { return s.random.IntN(n) }
	var computers []jobmon.ComputerID
	for id := range s.state.Mirror.Computers {
		computers = append(computers, id)
	}
	slices.Sort(computers)
	if len(computers) == 0 {
		computers = append(computers, ds.AddComputer("PC-0100"))
	}
	pc := computers[pick(len(computers))]
	rows := ds.History()
	switch pick(25) {
	case 0, 1, 2, 3, 4, 20, 21, 22: // a deployment, now or tonight
		ds.Schedule(pc, s.build, ds.WallNow()+jobmon.WallTime(pick(2)*pick(10)*3_600_000))
	case 24: // somebody switches the computer off in the middle, until the next day
		ds.SetAgent(pc, true)
		ds.Schedule(pc, s.build, ds.WallNow())
		ds.Advance(4 * time.Minute)
		s.read(t)
		ds.SetAgent(pc, false)
		ds.Advance(s.settings.Abandoned + time.Minute)
		s.read(t)
		s.commit(t, jobmon.Event{Kind: jobmon.KindRefreshed, Computer: pc})
		ds.SetAgent(pc, true)
	case 23:
		ds.Schedule(ds.AddComputer(fmt.Sprintf("PC-%04d", pick(5))), s.build, ds.WallNow())
	case 5, 6: // more jobs
		ds.Schedule(pc, s.build[pick(len(s.build)):], ds.WallNow())
	case 7:
		for _, id := range ds.Schedule(pc, s.build[2:5], ds.WallNow()) {
			ds.SetOutcome(id, 1603)
		}
	case 8:
		ds.RenameJob(s.build[pick(len(s.build))], fmt.Sprintf("%02d. (JM) Stage %d", pick(9), pick(4)))
	case 9:
		ds.RenameComputer(pc, fmt.Sprintf("PC-%04d", pick(5)), "OS"+fmt.Sprint(pick(3)))
	case 10:
		ds.Purge(ds.Now())
	case 11:
		ds.DeleteRemaining(pc)
	case 12:
		if len(rows) > 0 {
			ds.Requeue(rows[pick(len(rows))].Row.ID)
		}
	case 13: // a script asks
		name := s.state.Mirror.Jobs[s.build[pick(len(s.build))]].Name
		s.commit(
			t,
			jobmon.Event{Kind: jobmon.KindRefreshed, Computer: pc + jobmon.ComputerID(pick(2)*1000), Name: name},
		)
	case 14: // the source is lost for some time
		s.commit(t, jobmon.Event{Kind: jobmon.KindSourceLost, Text: "unreachable"})
		ds.Advance(time.Duration(pick(300)) * time.Minute)
		s.commit(t, jobmon.Event{Kind: jobmon.KindSourceRestored})
		s.inexact = true
	case 15: // the daemon is stopped for some time
		s.commit(t, jobmon.Event{Kind: jobmon.KindDaemonStopped})
		until := ds.Now()
		ds.Advance(time.Duration(pick(900)) * time.Minute)
		s.commit(t, jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "2", Count: projector.Version, Until: until})
		s.inexact = true
	case 16: // the log lost its end
		from := s.next
		s.next += uint64(1 + pick(50))
		s.commit(t, jobmon.Event{Kind: jobmon.KindDamaged, From: from, To: s.next - 1, Text: "restored"})
	case 17:
		s.settings.Markers = []string{"auto", "tagged", "all"}[pick(3)]
		s.settings.HideNames = pick(2) == 0
		s.settings.Abandoned = time.Duration(1+pick(12)) * time.Hour
		s.settings.Gap = time.Duration(1+pick(40)) * time.Minute
		s.commit(t, jobmon.Event{Kind: jobmon.KindConfigured, Text: s.settings.Encode()})
	case 18:
		offset := jobmon.Offset(3600 * (1 + pick(2)))
		ds.SetOffset(offset)
		s.commit(t, jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(offset), Step: int64(pick(2) * 5000)})
	case 19:
		switch pick(4) {
		case 0:
			ds.MakeGhost(pc)
		case 1:
			ds.Redeploy(pc)
		case 2:
			ds.SetAgent(pc, pick(2) == 0)
		case 3:
			ds.DeleteComputer(pc)
		}
	}
}

// live lets so many cycles pass: near to one another while something runs, far apart otherwise.
func (s *site) live(t rapid.TB, cycles int) {
	s.read(t)
	for range cycles {
		if s.random.IntN(s.calm) == 0 {
			s.happens(t)
		}
		wait := 90 * time.Second
		if len(s.state.Projection.Watching()) == 0 || s.random.IntN(40) == 0 {
			wait = time.Duration(s.random.IntN(14)) * time.Hour
		}
		s.ds.Advance(wait)
		s.read(t)
	}
}
