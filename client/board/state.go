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

// Counts is how many computers are in each state.
func Counts(pictures []jobmon.Progress, now jobmon.Instant) map[string]int {
	counts := make(map[string]int, len(states())+1)
	for i := range pictures {
		counts[StateOf(&pictures[i], now)]++
	}
	counts["all"] = len(pictures)
	return counts
}
