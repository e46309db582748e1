package recording

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// pageRows is how many rows a page has.
const pageRows = 5000

// Source plays a recording back: the tables stay as they were recorded, and the clock goes on from the recorded moment,
// so that pictures age. The agents of computers for which none was recorded are unknown.
type Source struct {
	ingest.Memory
	recording *Recording
	at        jobmon.Instant // what the clock showed
	began     time.Time      // at this moment of ours
	closed    atomic.Bool
}

var errClosed = errors.New("the playback of the recording is closed")

// NewSource begins to play now. The recording must not change while it does.
func NewSource(r *Recording) *Source {
	s := &Source{recording: r, at: r.Tables.Now, began: time.Now()}
	s.Tables, s.PageRows = s.tables, pageRows
	return s
}

func (s *Source) tables(ctx context.Context, watch []jobmon.ComputerID) (*jobmon.Snapshot, error) {
	if s.closed.Load() {
		return nil, errClosed
	}
	t := *s.recording.Tables
	t.Now, t.Agents = s.at.Add(time.Since(s.began)), nil
	for _, id := range watch {
		agent := jobmon.Agent{Computer: id}
		byID := func(a jobmon.Agent, id jobmon.ComputerID) int { return cmp.Compare(a.Computer, id) }
		at, ok := slices.BinarySearchFunc(s.recording.Tables.Agents, id, byID)
		if ok {
			agent = s.recording.Tables.Agents[at]
		}
		t.Agents = append(t.Agents, agent)
	}
	agents := &jobmon.Snapshot{Agents: t.Agents}
	agents.Normalize()
	t.Agents = agents.Agents
	return &t, ctx.Err()
}

// Close implements ingest.Source.
func (s *Source) Close() error {
	s.closed.Store(true)
	return nil
}
