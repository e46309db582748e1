package mssql

import (
	"context"
	"math"
	"slices"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Read implements ingest.Source. Rows whose ids are NULL, and values too large for an int32, cannot be recorded: such
// rows are left out and warned about, here and by the other methods. Names are made valid UTF-8 and kept up to 10,000
// characters.
func (s *Source) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	var snap *jobmon.Snapshot
	err := s.reading(ctx, "read", func(tables schema) ([]part, func() error) {
		r := &quickRead{schema: tables, query: q, utc: jobmon.NoStart, local: jobmon.NoStart, online: map[int64]bool{}}
		return r.parts(), func() (err error) {
			snap, err = r.snapshot()
			return err
		}
	})
	return snap, err
}

// Lookup implements ingest.Source. It sends more than one batch for more than 20,000 ids.
func (s *Source) Lookup(ctx context.Context, ids ingest.IDs) (*jobmon.Snapshot, error) {
	found := &jobmon.Snapshot{}
	for first := true; first || len(ids.Rows) > 0; first = false {
		some := ingest.IDs{Rows: ids.Rows[:min(len(ids.Rows), idsPerBatch)]}
		if first {
			some.Jobs, some.Computers = ids.Jobs, ids.Computers
		}
		ids.Rows = ids.Rows[len(some.Rows):]
		err := s.reading(ctx, "lookup", func(tables schema) ([]part, func() error) {
			var rows []jobmon.Row
			n := newNames(tables)
			parts := slices.Concat(lookupParts(tables, some.Rows, &rows), n.lookupParts(some))
			return parts, func() error {
				found.Rows = append(found.Rows, rows...)
				n.into(found)
				return nil
			}
		})
		if err != nil {
			return nil, err
		}
	}
	found.Normalize()
	return found, nil
}

// Page implements ingest.Source, with 5,000 rows a page.
func (s *Source) Page(ctx context.Context, from jobmon.ScheduleID) ([]jobmon.Row, jobmon.ScheduleID, error) {
	var page jobmon.Snapshot
	through := jobmon.ScheduleID(math.MaxInt32)
	err := s.reading(ctx, "page", func(tables schema) ([]part, func() error) {
		page.Rows = make([]jobmon.Row, 0, rowsPerPage)
		last, count := int64(from), 0
		p := pagePart(tables, from, &page.Rows, func(id int64) { last, count = id, count+1 })
		return []part{p}, func() error {
			if count == rowsPerPage && last < math.MaxInt32 { // a row that was left out counts too
				through = jobmon.ScheduleID(max(last, int64(from)))
			}
			return nil
		}
	})
	if err != nil {
		return nil, 0, err
	}
	page.Normalize()
	return page.Rows, through, nil
}

// Names implements ingest.Source.
func (s *Source) Names(ctx context.Context) (*jobmon.Snapshot, error) {
	names := &jobmon.Snapshot{}
	err := s.reading(ctx, "names", func(tables schema) ([]part, func() error) {
		n := newNames(tables)
		return n.parts(), func() error {
			n.into(names)
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	names.Normalize()
	return names, nil
}

// Cost implements ingest.Source. Bytes are those of the connection, encryption and login included.
func (s *Source) Cost() ingest.Cost {
	cost := s.cost
	cost.Bytes = s.wire.received.Load()
	return cost
}

// reading sends one batch, made for the tables that the connection has found, and then takes what it gave; a batch
// without parts is none.
func (s *Source) reading(
	ctx context.Context, name string, prepare func(schema) (parts []part, take func() error),
) error {
	return s.with(ctx, func(ctx context.Context) error {
		parts, take := prepare(s.session.schema)
		if len(parts) == 0 {
			return nil
		}
		left, err := s.session.read(ctx, name, parts...)
		if err != nil {
			return err
		}
		s.warn(left)
		return take()
	})
}

// mostWarned bounds how many distinct rows are remembered as reported.
const mostWarned = 100

// warn logs rows that were left out, once per distinct first row.
func (s *Source) warn(left leftOut) {
	if left.count > 0 && !slices.Contains(s.warned, left.first) {
		s.warned = append(s.warned, left.first)
		s.warned = s.warned[max(0, len(s.warned)-mostWarned):]
		s.options.Log.Warn().Int("rows", left.count).Str("first", left.first).
			Msg("rows with values that cannot be used are left out")
	}
}
