package ingest

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// agents holds back that a known agent is no longer connected until it has been so for some time: agents that reconnect
// leave the sessions table for a moment, and nobody is helped by being told. That one is back is told at once.
type agents struct {
	away map[jobmon.ComputerID]time.Time // since which read; of agents that are still told as connected
}

// settled leaves out the agents that are told as connected and have not been away for so long.
func (a *agents) settled(read []jobmon.Agent, told map[jobmon.ComputerID]jobmon.AgentState, at time.Time, settle time.Duration) []jobmon.Agent {
	away := make(map[jobmon.ComputerID]time.Time)
	read = slices.DeleteFunc(read, func(agent jobmon.Agent) bool {
		if agent.State != jobmon.AgentOffline || told[agent.Computer] != jobmon.AgentOnline {
			return false
		}
		since, ok := a.away[agent.Computer]
		if !ok {
			since = at
		}
		away[agent.Computer] = since
		return at.Sub(since) < settle
	})
	a.away = away
	return read
}
