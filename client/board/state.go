package board

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// The states of a computer on the board, in their order there.
const (
	StateFailed  = "failed"
	StateStill   = "still"
	StateRunning = "running"
	StateWaiting = "waiting"
	StateReady   = "ready"
	StateOther   = "other" // ended early, abandoned, deleted, or no deployment was seen
)

func states() []string {
	return []string{StateFailed, StateStill, StateRunning, StateWaiting, StateReady, StateOther}
}

func stateKnown(name string) bool { return slices.Contains(states(), name) }

// StateOf is where a computer stands at that time. A failure comes first: nothing is as urgent.
func StateOf(p *jobmon.Progress, now jobmon.Instant) string {
	s, phase := p.Session, term.PhaseOf(p, now)
	switch {
	case s == nil || s.Unended() && (p.Continues != 0 || p.Computer.Gone):
		return StateOther
	case s.Failed > 0:
		return StateFailed
	case s.SilentSince != 0 && s.Unended():
		return StateStill
	}
	switch phase {
	case term.PhaseOverdue:
		if s.Still != nil && s.Still.Why != jobmon.StillStage {
			return StateStill
		}
		return StateRunning
	case term.PhaseRunning:
		return StateRunning
	case term.PhaseWaiting, term.PhasePlanned:
		return StateWaiting
	}
	if isReady(s) {
		return StateReady
	}
	return StateOther
}

// Counts is how many computers are in each state, and of a fleet how many of each site.
func Counts(pictures []jobmon.Progress, f *Frame) (all map[string]int, sites map[string]map[string]int) {
	all = map[string]int{"all": 0}
	for i := range f.Sites {
		if sites == nil {
			sites = make(map[string]map[string]int, len(f.Sites))
		}
		sites[f.Sites[i].Name] = map[string]int{"all": 0}
	}
	for len(pictures) > 0 {
		site, n := pictures[0].Computer.Site, 0 // whose pictures stand together
		now, of := f.Now, map[string]int{}
		if s := f.site(site); s != nil {
			now, of = s.Now, sites[site]
		}
		for ; n < len(pictures) && pictures[n].Computer.Site == site; n++ {
			state := StateOf(&pictures[n], now)
			all[state]++
			of[state]++
		}
		all["all"] += n
		of["all"] += n
		pictures = pictures[n:]
	}
	return all, sites
}
