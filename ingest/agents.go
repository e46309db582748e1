package ingest

import (
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// agents delays the report that a known agent is no longer connected: agents that reconnect leave the sessions table
// for a moment. An agent that is back is reported at once.
type agents struct {
	away map[jobmon.ComputerID]time.Time // since which read; of agents that are still reported as connected
}

// settled leaves out the agents that are reported as connected and have been away for less than settle.
func (a *agents) settled(
	read []jobmon.Agent, known map[jobmon.ComputerID]jobmon.AgentState, at time.Time, settle time.Duration,
) []jobmon.Agent {
	away := make(map[jobmon.ComputerID]time.Time)
	read = slices.DeleteFunc(read, func(agent jobmon.Agent) bool {
		if agent.State != jobmon.AgentOffline || known[agent.Computer] != jobmon.AgentOnline {
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
