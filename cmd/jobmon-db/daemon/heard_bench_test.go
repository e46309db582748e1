package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// hangs is a target that never answers.
type hangs struct{}

func (hangs) Send(ctx context.Context, _ *notices.Message) error { <-ctx.Done(); return ctx.Err() }
func (hangs) Probe(context.Context) (string, error)              { return "", nil }

// noHistory is a log whose past nobody asks for: the targets hang at the first message.
type noHistory struct{ *store.Log }

func (noHistory) Last() uint64 { return 0 }
func (noHistory) Notices(context.Context, uint64) iter.Seq2[*notices.Notice, error] {
	return func(func(*notices.Notice, error) bool) {}
}

// heard is a cycle that hands what it recorded to an outbox, as the daemon does.
type heard struct {
	cycle
	outbox *notify.Outbox // nil for none
}

func (h *heard) take(s *jobmon.Snapshot) error {
	s.Gone = h.state.Mirror.Missing(s.Rows)
	read := *s
	read.Rows, _ = h.state.Mirror.Compare(s.Rows)
	batch := h.state.Projection.Extend(s.Now, h.state.Seq+1, jobmon.Diff(h.state.Mirror, &read, jobmon.DiffOptions{}))
	if len(batch.Events) == 0 {
		return nil
	}
	if _, err := h.log.Append(s.Now, batch.Events); err != nil {
		return err
	}
	h.state.Note(&batch)
	shown := map[jobmon.ComputerID]*jobmon.Progress{}
	for _, id := range h.state.Projection.Changed() {
		shown[id], _ = h.state.Projection.Progress(id)
	}
	if h.outbox == nil {
		return nil
	}
	h.outbox.Put(batch.Last(), h.state.Projection.Notices(&batch,
		func(id jobmon.ComputerID) *jobmon.Progress { return shown[id] },
		func(id jobmon.JobID) string { return h.state.Mirror.Jobs[id].Folder }))
	return nil
}

// BenchmarkCommitBesideTargets commits the same reads into two logs in turn: one hands what is worth a message to ten
// targets that hang, the other has none. ratio says how much longer the former takes: the median difference of two
// commits of one read, beside the median of a commit alone.
func BenchmarkCommitBesideTargets(b *testing.B) {
	begin := func() *heard {
		log, err := store.Open(b.TempDir(), store.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { log.Close() })
		return &heard{cycle: cycle{log: log, state: history.New()}}
	}
	without, beside := begin(), begin()
	targets := map[string]notify.Spec{}
	all := func(*notices.Notice) bool { return true }
	for i := range 10 {
		targets[fmt.Sprint("target-", i)] = notify.Spec{Target: hangs{}, Wants: all}
	}
	beside.outbox = notify.NewOutbox(notify.Options{
		Folder: b.TempDir(), Log: noHistory{beside.log}, Logger: zerolog.Nop(),
		Now: func() jobmon.Instant { return jobmon.InstantOf(time.Now()) },
		Window: func(target string, state json.RawMessage) notify.Window {
			return notices.NewWindow(beside.log.ID(), target, state)
		},
	})
	if err := beside.outbox.Set(targets); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() { beside.outbox.Run(ctx); close(done) }()
	defer func() { stop(); <-done }()

	s := busySite(jobmon.InstantOf(time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)))
	s.Rows = s.Rows[:100*100] // of 100 computers
	var took [2][]time.Duration
	step := 0
	commit := func() {
		for i := range 2 {
			h := []*heard{without, beside}[(i+step)%2]
			began := time.Now()
			if err := h.take(s); err != nil {
				b.Fatal(err)
			}
			which := 0
			if h == beside {
				which = 1
			}
			took[which] = append(took[which], time.Since(began))
		}
	}
	commit()
	took = [2][]time.Duration{}
	for b.Loop() {
		s.Now += 5000
		rows := slices.Clone(s.Rows)
		for computer := range 100 { // one in ten of them fails
			r := &rows[100*computer+step/2%100]
			r.Status = jobmon.StatusRunning
			if step%2 == 1 {
				r.Status = jobmon.StatusOf(jobmon.Code(computer % 10 / 9 * 1603))
			}
		}
		s.Rows = rows
		step++
		commit()
	}
	more := make([]time.Duration, len(took[0]))
	for i := range more {
		more[i] = took[1][i] - took[0][i]
	}
	slices.Sort(more)
	slices.Sort(took[0])
	alone50, more50 := float64(took[0][len(more)/2]), float64(more[len(more)/2])
	b.ReportMetric(alone50/1e6, "alone-ms")
	b.ReportMetric(1+more50/alone50, "ratio")
	if beside.outbox.Status()[0].Waiting == 0 && step > 2 {
		b.Error("nothing waits for the targets: the benchmark measures nothing")
	}
}
