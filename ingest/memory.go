package ingest

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync/atomic"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Memory is a Source over tables in memory. It is safe for concurrent use if Tables is.
type Memory struct {
	// Tables returns everything as it is now: both clocks, normalized lists, and the agents of watch. It is not changed
	// afterwards.
	Tables func(ctx context.Context, watch []jobmon.ComputerID) (*jobmon.Snapshot, error)
	// PageRows is how many rows a page has.
	PageRows int

	rows atomic.Uint64
}

var _ Source = (*Memory)(nil)

// Read implements Source.
func (m *Memory) Read(ctx context.Context, q Query) (*jobmon.Snapshot, error) {
	t, err := m.Tables(ctx, q.Watch)
	if err != nil {
		return nil, err
	}
	s := &jobmon.Snapshot{Now: t.Now, Offset: t.Offset, Agents: t.Agents}
	for _, row := range t.Rows {
		if !row.Status.Finished() || row.ID > q.Above {
			s.Rows = append(s.Rows, row)
		}
	}
	m.rows.Add(uint64(len(s.Rows) + len(s.Agents)))
	return s, nil
}

// Lookup implements Source.
func (m *Memory) Lookup(ctx context.Context, ids IDs) (*jobmon.Snapshot, error) {
	t, err := m.Tables(ctx, nil)
	if err != nil {
		return nil, err
	}
	s := &jobmon.Snapshot{
		Rows:      among(t.Rows, ids.Rows, func(r jobmon.Row) jobmon.ScheduleID { return r.ID }),
		Jobs:      among(t.Jobs, ids.Jobs, func(j jobmon.Job) jobmon.JobID { return j.ID }),
		Computers: among(t.Computers, ids.Computers, func(c jobmon.Computer) jobmon.ComputerID { return c.ID }),
	}
	s.Normalize()
	m.rows.Add(uint64(len(s.Rows) + len(s.Jobs) + len(s.Computers)))
	return s, nil
}

// among are the entries of an ascending list with these ids.
func among[T any, K cmp.Ordered](list []T, ids []K, idOf func(T) K) (found []T) {
	for _, id := range ids {
		at, ok := slices.BinarySearchFunc(list, id, func(v T, id K) int { return cmp.Compare(idOf(v), id) })
		if ok {
			found = append(found, list[at])
		}
	}
	return found
}

// Page implements Source.
func (m *Memory) Page(ctx context.Context, from jobmon.ScheduleID) ([]jobmon.Row, jobmon.ScheduleID, error) {
	t, err := m.Tables(ctx, nil)
	if err != nil {
		return nil, 0, err
	}
	at, _ := slices.BinarySearchFunc(t.Rows, from, func(r jobmon.Row, id jobmon.ScheduleID) int {
		return cmp.Compare(r.ID, id)
	})
	rows, through := t.Rows[at:], jobmon.ScheduleID(math.MaxInt32)
	if len(rows) > m.PageRows {
		rows = rows[:m.PageRows]
		through = rows[m.PageRows-1].ID
	}
	m.rows.Add(uint64(len(rows)))
	return slices.Clone(rows), through, nil
}

// Names implements Source.
func (m *Memory) Names(ctx context.Context) (*jobmon.Snapshot, error) {
	t, err := m.Tables(ctx, nil)
	if err != nil {
		return nil, err
	}
	m.rows.Add(uint64(len(t.Jobs) + len(t.Computers)))
	return &jobmon.Snapshot{Jobs: slices.Clone(t.Jobs), Computers: slices.Clone(t.Computers)}, nil
}

// Cost implements Source: rows are counted, there are neither batches nor bytes.
func (m *Memory) Cost() Cost { return Cost{Rows: m.rows.Load()} }

// Close implements Source; there is nothing to close.
func (m *Memory) Close() error { return nil }
