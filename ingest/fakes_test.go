package ingest_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// fakeSource is a database that the test holds in its hands.
type fakeSource struct {
	mu        sync.Mutex
	tables    *jobmon.Mirror
	hidden    map[jobmon.ScheduleID]bool // rows that Read and Page miss and Lookup finds
	ahead     time.Duration              // of the server's clock
	offset    jobmon.Offset
	glitch    func() (ahead time.Duration, offset jobmon.Offset) // on top of these, nil for none
	delay     time.Duration                                      // of each Read
	fail      func(read int) error                               // asked at the end of each Read, counted from 1
	failPage  func(page int) error                               // asked at the end of each Page, counted from 1
	began     []time.Time                                        // when each Read began
	asked     []ingest.IDs                                       // of each Lookup
	pages     int                                                // read so far
	names     int                                                // how often they were read
	pageDelay time.Duration
	turned    func(page int)      // what happens after each, counted from 1
	reveal    int                 // the page at which nothing is hidden any more
	stuck     bool                // every page ends at id 0
	watch     []jobmon.ComputerID // of the last Read
	busy      bool
}

func newSource() *fakeSource {
	return &fakeSource{tables: jobmon.NewMirror(), hidden: map[jobmon.ScheduleID]bool{}}
}

// change changes the source between two of its reads.
func (s *fakeSource) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// put writes rows into event_schedule.
func (s *fakeSource) put(rows ...jobmon.Row) {
	s.change(func() {
		for _, r := range rows {
			s.tables.Rows.Put(r)
		}
	})
}

func (s *fakeSource) failWith(err error) {
	s.change(func() { s.fail = func(int) error { return err } })
}

// heal ends a failure.
func (s *fakeSource) heal() { s.change(func() { s.fail = nil }) }

func (s *fakeSource) reads() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.began)
}

func (s *fakeSource) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	s.mu.Lock()
	if s.busy {
		panic("two reads at once")
	}
	s.busy = true
	s.began = append(s.began, time.Now())
	s.watch = q.Watch
	delay := s.delay
	s.mu.Unlock()

	pause := time.NewTimer(delay)
	defer pause.Stop()
	select {
	case <-ctx.Done():
	case <-pause.C:
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if s.fail != nil {
		if err := s.fail(len(s.began)); err != nil {
			return nil, err
		}
	}
	snapshot := &jobmon.Snapshot{Now: now().Add(s.ahead), Offset: s.offset}
	if s.glitch != nil {
		ahead, offset := s.glitch()
		snapshot.Now, snapshot.Offset = snapshot.Now.Add(ahead), snapshot.Offset+offset
	}
	for r := range s.tables.Rows.All() {
		if (!r.Status.Finished() || r.ID > q.Above) && !s.hidden[r.ID] {
			snapshot.Rows = append(snapshot.Rows, r)
		}
	}
	for _, id := range q.Watch {
		snapshot.Agents = append(snapshot.Agents, jobmon.Agent{Computer: id, State: s.tables.Agents[id]})
	}
	snapshot.Normalize()
	return snapshot, nil
}

func (s *fakeSource) Lookup(_ context.Context, ids ingest.IDs) (*jobmon.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, ids)
	found := &jobmon.Snapshot{
		Rows:      pick(s.tables.Rows.Get, ids.Rows),
		Jobs:      pick(among(s.tables.Jobs), ids.Jobs),
		Computers: pick(among(s.tables.Computers), ids.Computers),
	}
	return found, nil
}

func among[K comparable, V any](all map[K]V) func(K) (V, bool) {
	return func(id K) (V, bool) {
		v, ok := all[id]
		return v, ok
	}
}

func pick[K, V any](get func(K) (V, bool), ids []K) (found []V) {
	for _, id := range ids {
		if v, ok := get(id); ok {
			found = append(found, v)
		}
	}
	return found
}

// pageRows is how many rows the fake puts on a page.
const pageRows = 3

func (s *fakeSource) Page(_ context.Context, from jobmon.ScheduleID) ([]jobmon.Row, jobmon.ScheduleID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pageDelay > 0 {
		s.mu.Unlock()
		time.Sleep(s.pageDelay) // of the bubble
		s.mu.Lock()
	}
	if s.pages++; s.pages == s.reveal {
		clear(s.hidden)
	}
	if s.turned != nil {
		defer s.turned(s.pages)
	}
	if s.stuck {
		return nil, 0, nil
	}
	if s.failPage != nil {
		if err := s.failPage(s.pages); err != nil {
			return nil, 0, err
		}
	}
	var rows []jobmon.Row
	for r := range s.tables.Rows.From(from) {
		if s.hidden[r.ID] {
			continue
		}
		if rows = append(rows, r); len(rows) == pageRows {
			return rows, r.ID, nil
		}
	}
	return rows, math.MaxInt32, nil
}

// turnedPages is how many pages were read so far.
func (s *fakeSource) turnedPages() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages
}

// lookups are what was looked up so far.
func (s *fakeSource) lookups() []ingest.IDs {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// batches is how many batches were sent so far.
func (s *fakeSource) batches() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.began) + len(s.asked) + s.pages + s.names
}

func (s *fakeSource) Names(context.Context) (*jobmon.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names++
	names := &jobmon.Snapshot{
		Jobs: slices.Collect(maps.Values(s.tables.Jobs)), Computers: slices.Collect(maps.Values(s.tables.Computers)),
	}
	names.Normalize()
	return names, nil
}

func (s *fakeSource) Cost() ingest.Cost { return ingest.Cost{} }

func (s *fakeSource) Close() error { return nil }

// fakeJournal is a log in memory: it outlives the pollers that write it.
type fakeJournal struct {
	mu       sync.Mutex
	mirror   *jobmon.Mirror
	batches  []jobmon.Batch
	fail     error         // what Commit returns
	failFrom int           // Commit fails when there are so many batches, 0 for never
	hang     chan struct{} // holds up Commit until it is closed, nil for not
	due      []jobmon.Event
	dueAsked []jobmon.WallTime
	watching []jobmon.ComputerID
}

func newJournal() *fakeJournal { return &fakeJournal{mirror: jobmon.NewMirror()} }

func (j *fakeJournal) change(do func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	do()
}

func (j *fakeJournal) Mirror() *jobmon.Mirror { return j.mirror }

func (j *fakeJournal) Watching() []jobmon.ComputerID {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.watching
}

func (j *fakeJournal) Judge(at jobmon.Instant, offset jobmon.Offset) []jobmon.Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dueAsked = append(j.dueAsked, at.Wall(offset))
	return slices.Clone(j.due)
}

func (j *fakeJournal) Commit(ctx context.Context, at jobmon.Instant, events []jobmon.Event) error {
	if j.hang != nil {
		<-j.hang
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := cmp.Or(ctx.Err(), j.fail); err != nil {
		return err
	}
	if j.failFrom != 0 && len(j.batches) >= j.failFrom {
		return errFull
	}
	if len(events) == 0 {
		panic("a batch is never empty")
	}
	for i := range events {
		j.mirror.Apply(&events[i])
		if events[i].Kind == jobmon.KindDue {
			j.due = slices.DeleteFunc(j.due, func(e jobmon.Event) bool { return e.Schedule == events[i].Schedule })
		}
	}
	j.batches = append(j.batches, jobmon.Batch{At: at, Events: events})
	return nil
}

// now is the mirror as it is, and how many batches there are.
func (j *fakeJournal) now() (*jobmon.Mirror, int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return clone(j.mirror), len(j.batches)
}

// begins returns the time of the first batch.
func (j *fakeJournal) begins() jobmon.Instant {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.batches[0].At
}

// told are all batches since the last call, an event a word: its kind, its row, and what matters of its flags.
func (j *fakeJournal) told() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []string
	for _, b := range j.batches {
		var words []string
		for _, e := range b.Events {
			words = append(words, word(e))
		}
		lines = append(lines, strings.Join(words, ", "))
	}
	j.batches = nil
	return lines
}

func word(e jobmon.Event) string {
	w := e.Kind.String()
	switch {
	case e.Kind.OfRow():
		w += fmt.Sprintf(" %d", e.Schedule)
	case e.Kind == jobmon.KindJob:
		w += fmt.Sprintf(" %d", e.Job)
	case e.Computer != 0:
		w += fmt.Sprintf(" %d", e.Computer)
	case e.Kind == jobmon.KindClock:
		w += fmt.Sprintf(" %d %d", e.Seconds, e.Step)
	}
	if e.Flags.Has(jobmon.Baseline) {
		w += " baseline"
	}
	if e.Flags.Has(jobmon.Inexact) {
		w += " inexact"
	}
	return w
}

// run is one run of the poller.
type run struct {
	*ingest.Poller
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
	log    *bytes.Buffer // to be read after stop
}

const interval = 5 * time.Second

// start runs a poller inside a bubble until stop is called or the test ends.
func start(t *testing.T, s *fakeSource, j *fakeJournal, tweaks ...func(*ingest.Options)) *run {
	t.Helper()
	r := &run{t: t, done: make(chan error, 1), log: &bytes.Buffer{}}
	options := ingest.Options{
		Interval: interval, Timeout: 15 * time.Second, Version: "1.2.3", Projection: 7,
		Settings: jobmon.DefaultSettings(),
		Logger:   zerolog.New(r.log).Level(zerolog.InfoLevel),
	}
	for _, tweak := range tweaks {
		tweak(&options)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.Poller, r.cancel = ingest.New(s, j, options), cancel
	go func() { r.done <- r.Run(ctx) }()
	t.Cleanup(func() { r.stop() })
	synctest.Wait()
	return r
}

// stop ends the run and returns what Run returned; the second time nil.
func (r *run) stop() error {
	if r.cancel == nil {
		return nil
	}
	r.cancel()
	r.cancel = nil
	select {
	case err := <-r.done:
		return err
	case <-time.After(time.Minute):
		r.t.Error("Run does not end")
		return nil
	}
}

// pass lets time go by, by the bubble's clock.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// readOnce waits for one more read and its commit.
func (r *run) readOnce() jobmon.Instant {
	r.t.Helper()
	at, err := r.Refresh(r.t.Context())
	if err != nil {
		r.t.Fatalf("Refresh: %v", err)
	}
	synctest.Wait()
	return at
}

func requireTold(t *testing.T, j *fakeJournal, want ...string) {
	t.Helper()
	if got := j.told(); !slices.Equal(got, want) {
		t.Fatalf("told:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func row(id jobmon.ScheduleID, status jobmon.Status) jobmon.Row {
	return jobmon.Row{ID: id, Job: 1, Computer: 5000001, Start: 60_000, Status: status}
}
