package recording

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Source plays a recording back: the tables stay as they were recorded, and the clock goes on from the recorded moment,
// so that pictures age. It is used by one goroutine at a time.
type Source struct {
	recording *Recording
	at        jobmon.Instant // what the clock showed
	began     time.Time      // at this moment of ours
	rows      uint64
	closed    bool
}

var _ ingest.Source = (*Source)(nil)

var errClosed = errors.New("the playback of the recording is closed")

// NewSource begins to play now. The recording must not change while it does.
func NewSource(r *Recording) *Source {
	return &Source{recording: r, at: r.Tables.Now, began: time.Now()}
}

func (s *Source) usable(ctx context.Context) error {
	if s.closed {
		return errClosed
	}
	return ctx.Err()
}

// Read implements ingest.Source. The agents of computers for which none was recorded are unknown.
func (s *Source) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	t := s.recording.Tables
	snap := &jobmon.Snapshot{Now: s.at.Add(time.Since(s.began)), Offset: t.Offset}
	for _, row := range t.Rows {
		if !row.Status.Finished() || row.ID > q.Above {
			snap.Rows = append(snap.Rows, row)
		}
	}
	for _, id := range q.Watch {
		agent, ok := find(t.Agents, id, agentID)
		if !ok {
			agent = jobmon.Agent{Computer: id}
		}
		snap.Agents = append(snap.Agents, agent)
	}
	snap.Normalize()
	s.rows += uint64(len(snap.Rows) + len(snap.Agents))
	return snap, nil
}

// Lookup implements ingest.Source.
func (s *Source) Lookup(ctx context.Context, ids ingest.IDs) (*jobmon.Snapshot, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	t := s.recording.Tables
	snap := &jobmon.Snapshot{
		Rows: among(t.Rows, ids.Rows, rowID), Jobs: among(t.Jobs, ids.Jobs, jobID), Computers: among(t.Computers, ids.Computers, computerID),
	}
	snap.Normalize()
	s.rows += uint64(len(snap.Rows) + len(snap.Jobs) + len(snap.Computers))
	return snap, nil
}

// pageRows is how many rows a page has.
const pageRows = 5000

// Page implements ingest.Source.
func (s *Source) Page(ctx context.Context, from jobmon.ScheduleID) ([]jobmon.Row, jobmon.ScheduleID, error) {
	if err := s.usable(ctx); err != nil {
		return nil, 0, err
	}
	all := s.recording.Tables.Rows
	at, _ := search(all, from, rowID)
	rows, through := all[at:], jobmon.ScheduleID(math.MaxInt32)
	if len(rows) > pageRows {
		rows = rows[:pageRows]
		through = rows[pageRows-1].ID
	}
	s.rows += uint64(len(rows))
	return slices.Clone(rows), through, nil
}

// Names implements ingest.Source.
func (s *Source) Names(ctx context.Context) (*jobmon.Snapshot, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	t := s.recording.Tables
	s.rows += uint64(len(t.Jobs) + len(t.Computers))
	return &jobmon.Snapshot{Jobs: slices.Clone(t.Jobs), Computers: slices.Clone(t.Computers)}, nil
}

// Cost implements ingest.Source: rows are counted, there are neither batches nor bytes.
func (s *Source) Cost() ingest.Cost { return ingest.Cost{Rows: s.rows} }

// Close implements ingest.Source.
func (s *Source) Close() error {
	s.closed = true
	return nil
}

func rowID(r jobmon.Row) jobmon.ScheduleID           { return r.ID }
func jobID(j jobmon.Job) jobmon.JobID                { return j.ID }
func computerID(c jobmon.Computer) jobmon.ComputerID { return c.ID }
func agentID(a jobmon.Agent) jobmon.ComputerID       { return a.Computer }

func search[T any, K cmp.Ordered](list []T, id K, idOf func(T) K) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(v T, id K) int { return cmp.Compare(idOf(v), id) })
}

func find[T any, K cmp.Ordered](list []T, id K, idOf func(T) K) (found T, ok bool) {
	if at, ok := search(list, id, idOf); ok {
		return list[at], true
	}
	return found, false
}

func among[T any, K cmp.Ordered](list []T, ids []K, idOf func(T) K) []T {
	var found []T
	for _, id := range ids {
		if v, ok := find(list, id, idOf); ok {
			found = append(found, v)
		}
	}
	return found
}
