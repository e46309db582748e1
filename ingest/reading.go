package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	tries      = 4                      // of one batch, while the errors are transient
	firstPause = 100 * time.Millisecond // before the second try, then doubling; varied by half either way
)

// reading is what a cycle saw. Of the rows it holds those that differ from the mirror.
type reading struct {
	*jobmon.Snapshot
	*moment
	rows   int  // that were read, changed or not
	passed bool // a pass ended with it

	gap     time.Duration // since the last good read of this run
	paused  bool          // this machine slept meanwhile
	doubted bool          // its clock is doubted: Now and Offset are those of the clock believed so far
	step    time.Duration // by which a clock stepped that is believed from this read on
}

// reader reads a source so that law 3 of docs/sqlserver.md holds: quickly each time, and everything in passes.
type reader struct {
	source  Source
	timeout time.Duration // for a page, and for a quick read together with its look-up
	retried func(error)   // gets the errors after which a batch is sent again
	alive   func(time.Duration)
	index   index
	pass    *pass // underway, nil for none
}

// read reads what changed since the mirror. A pass under way goes on before it, within the limit but at least by one
// page; a limit of 0 lets it rest.
func (r *reader) read(
	ctx context.Context, m *jobmon.Mirror, watch []jobmon.ComputerID, limit time.Duration,
) (*reading, error) {
	r.index.follow(m)
	pages, passed := paged{highest: r.index.highest}, false
	for began := time.Now(); r.pass != nil && time.Since(began) < limit; {
		done, err := r.paging(ctx, &pages)
		if err != nil {
			return nil, err
		}
		if done {
			r.pass, passed = nil, true
		}
	}
	ctx, cancel := r.within(ctx)
	defer cancel()
	got, err := r.quick(ctx, m, watch, &pages)
	if err != nil {
		return nil, err
	}
	got.passed = passed
	return got, nil
}

func (r *reader) paging(ctx context.Context, pages *paged) (done bool, err error) {
	ctx, cancel := r.within(ctx)
	defer cancel()
	return r.step(ctx, pages)
}

func (r *reader) within(ctx context.Context) (context.Context, context.CancelFunc) {
	r.alive(r.timeout)
	return context.WithTimeoutCause(ctx, r.timeout, fmt.Errorf("the source did not answer within %v", r.timeout))
}

// quick reads after the pages, so that its rows are newer, and confirms: a row counts as gone when two reads did not
// return it.
func (r *reader) quick(
	ctx context.Context, m *jobmon.Mirror, watch []jobmon.ComputerID, pages *paged,
) (*reading, error) {
	q := Query{Above: above(pages.highest), Watch: watch}
	got := &reading{}
	s, err := try(ctx, r, "read the source", func(ctx context.Context) (*jobmon.Snapshot, error) {
		got.moment = &moment{began: time.Now()}
		return r.source.Read(ctx, q)
	})
	if err != nil {
		return nil, err
	}
	got.moment.ended, got.moment.server = time.Now(), s.Now
	got.Snapshot, got.rows = s, pages.count+len(s.Rows)
	if n := pages.names; n != nil {
		s.Jobs, s.Computers, s.AllJobs, s.AllComputers = n.Jobs, n.Computers, true, true
	}

	read := s.Rows
	changed, unfinished := r.index.mirror.Compare(read)
	ids := IDs{Rows: r.index.missing(read, unfinished, q.Above)}
	late := r.sortPages(pages, read, q.Above, &ids)
	for _, row := range late {
		s.Late = append(s.Late, row.ID)
	}
	for _, id := range pages.gone {
		if !contains(read, id) {
			s.Gone = append(s.Gone, id)
		}
	}
	r.unnamed(&ids, m, s, changed, watch)
	found, err := r.lookUp(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	s.Rows = append(append(late, changed...), found...)
	s.Normalize()
	return got, nil
}

// sortPages returns the changed rows that only the pages hold. It adds to ids the rows of which the pages alone do not
// say what became of them: those absent from their page, and those that had not finished there.
func (r *reader) sortPages(
	pages *paged, read []jobmon.Row, above jobmon.ScheduleID, ids *IDs,
) (late []jobmon.Row) {
	for _, id := range pages.missing {
		if !contains(read, id) {
			ids.Rows = append(ids.Rows, id)
		}
	}
	late = pages.rows[:0]
	for _, row := range pages.rows {
		_, awaited := r.index.unfinished[row.ID] // it ended since the last read, which saw it unfinished
		switch {
		case contains(read, row.ID):
		case row.Status.Finished() && row.ID <= above && !awaited:
			late = append(late, row)
		default:
			ids.Rows = append(ids.Rows, row.ID)
		}
	}
	slices.Sort(ids.Rows)
	ids.Rows = slices.Compact(ids.Rows)
	return late
}

// lookUp reads the rows and names with these ids. Names go into the snapshot, and so do ids of rows that are gone. It
// returns the other rows, unless the mirror has them so already.
func (r *reader) lookUp(ctx context.Context, s *jobmon.Snapshot, ids IDs) ([]jobmon.Row, error) {
	if ids.empty() {
		return nil, nil
	}
	what := fmt.Sprintf("look up %d rows that a read did not return, %d jobs and %d computers",
		len(ids.Rows), len(ids.Jobs), len(ids.Computers))
	found, err := try(ctx, r, what, func(ctx context.Context) (*jobmon.Snapshot, error) {
		return r.source.Lookup(ctx, ids)
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids.Rows {
		if !contains(found.Rows, id) {
			s.Gone = append(s.Gone, id)
		}
	}
	s.Jobs, s.Computers = append(s.Jobs, found.Jobs...), append(s.Computers, found.Computers...)
	changed, _ := r.index.mirror.Compare(found.Rows)
	return changed, nil
}

// unnamed adds to ids the jobs and computers of the rows that neither the mirror nor the snapshot knows.
func (r *reader) unnamed(
	ids *IDs, m *jobmon.Mirror, s *jobmon.Snapshot, rows []jobmon.Row, watch []jobmon.ComputerID,
) {
	for i := range rows {
		if id := rows[i].Job; !known(m.Jobs, s.Jobs, id, func(j jobmon.Job) jobmon.JobID { return j.ID }) {
			ids.Jobs = append(ids.Jobs, id)
		}
		id := rows[i].Computer
		if !known(m.Computers, s.Computers, id, func(c jobmon.Computer) jobmon.ComputerID { return c.ID }) {
			ids.Computers = append(ids.Computers, id)
		}
	}
	if len(ids.Computers) > 0 {
		// A new computer may be an old one that was installed anew, whose first record becomes a ghost.
		ids.Computers = append(ids.Computers, watch...)
	}
	slices.Sort(ids.Jobs)
	slices.Sort(ids.Computers)
	ids.Jobs, ids.Computers = slices.Compact(ids.Jobs), slices.Compact(ids.Computers)
}

func known[K cmp.Ordered, V any](before map[K]V, read []V, id K, idOf func(V) K) bool {
	if _, ok := before[id]; ok {
		return true
	}
	_, ok := slices.BinarySearchFunc(read, id, func(v V, id K) int { return cmp.Compare(idOf(v), id) })
	return ok
}

// try sends a batch, and again for as long as ctx allows and the server asks for it. What says what the batch is for.
func try[T any](ctx context.Context, r *reader, what string, batch func(context.Context) (T, error)) (T, error) {
	got, err := backoff.Retry(ctx, func() (T, error) {
		got, err := batch(ctx)
		if err != nil && !errors.Is(err, ErrTransient) {
			return got, backoff.Permanent(err)
		}
		return got, err
	}, backoff.WithMaxTries(tries), backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: firstPause, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: time.Second,
	}), backoff.WithNotify(func(err error, _ time.Duration) { r.retried(err) }))
	switch {
	case err != nil && ctx.Err() != nil:
		return got, context.Cause(ctx)
	case err != nil:
		return got, fmt.Errorf("%s: %w", what, err)
	}
	return got, nil
}

// ReadAll reads everything once: all rows, jobs and computers, and no agents. The timeout is for each page, and for
// what follows the last one; 0 means 15 s. Transient errors are tried again.
func ReadAll(ctx context.Context, source Source, timeout time.Duration) (*jobmon.Snapshot, error) {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	m := jobmon.NewMirror()
	r := &reader{
		source: source, timeout: timeout, retried: func(error) {}, alive: func(time.Duration) {}, pass: newPass(),
	}
	got, err := r.read(ctx, m, nil, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return got.Snapshot, nil
}
