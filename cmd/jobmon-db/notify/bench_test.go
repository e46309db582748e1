package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// endless is a log that makes its notices when they are read: one an event.
type endless struct{ last uint64 }

func (l *endless) ID() string   { return "0123456789abcdef0123456789abcdef" }
func (l *endless) Last() uint64 { return l.last }

func (l *endless) Notices(ctx context.Context, behind uint64) iter.Seq2[*notices.Notice, error] {
	return func(yield func(*notices.Notice, error) bool) {
		for seq := behind + 1; seq <= l.last && ctx.Err() == nil; seq++ {
			if !yield(failure(seq), nil) {
				return
			}
		}
	}
}

func failure(seq uint64) *notices.Notice {
	e := jobmon.Event{Seq: seq, At: jobmon.InstantOf(time.Now()), Computer: jobmon.ComputerID(seq%50 + 1)}
	return &notices.Notice{Topic: notices.Failed, Event: e, Picture: &jobmon.Progress{Seq: seq}}
}

func benched(b *testing.B, log Log, target Target) *Outbox {
	b.Helper()
	o := NewOutbox(Options{
		Folder: b.TempDir(), Log: log, Logger: zerolog.Nop(),
		Now:    func() jobmon.Instant { return jobmon.InstantOf(time.Now()) },
		Window: func(string, json.RawMessage) Window { return single{} },
	})
	if err := o.Set(specs(Webhook, target)); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { o.Run(ctx); close(done) }()
	b.Cleanup(func() { cancel(); <-done })
	return o
}

// BenchmarkDelivery sends 10,000 signed messages, most of them from the log, to a receiver on this computer.
func BenchmarkDelivery(b *testing.B) {
	const messages = 10_000
	got := make(chan struct{}, messages)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		got <- struct{}{}
	}))
	defer server.Close()
	hook, err := New(&Settings{Kind: Webhook, URL: server.URL, Secret: testSecret}, plainly{}, "jobmon-db/bench")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		log := &endless{}
		o := benched(b, log, hook)
		log.last = messages // nothing reads it before Put
		for seq := uint64(1); seq <= messages; seq++ {
			o.Put(seq, []*notices.Notice{failure(seq)})
		}
		for range messages {
			<-got
		}
	}
	b.ReportMetric(float64(messages*b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkBacklog puts notices for ten targets that take none: what stays in memory does not follow their number.
func BenchmarkBacklog(b *testing.B) {
	for _, backlog := range []uint64{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(backlog), func(b *testing.B) {
			var tries atomic.Int64
			var held float64
			for b.Loop() {
				log := &endless{last: backlog}
				targets := map[string]Spec{}
				for i := range 10 {
					targets[fmt.Sprint("target-", i)] = Spec{Wants: all, Target: targetFunc(
						func(context.Context, *notices.Message) error { tries.Add(1); return errors.New("away") })}
				}
				before := heap()
				log.last = 0
				o := benched(b, log, targetFunc(nil))
				if err := o.Set(targets); err != nil {
					b.Fatal(err)
				}
				log.last = backlog
				for seq := uint64(1); seq <= backlog; seq++ {
					o.Put(seq, []*notices.Notice{failure(seq)})
				}
				held = max(heap()-before, 0)
				if waits := o.Status()[0].Waiting; waits < int(backlog) {
					b.Fatalf("%d of %d messages wait", waits, backlog)
				}
			}
			b.ReportMetric(held/(1<<20), "MiB-held")
		})
	}
}

// heap is what is left when all garbage is collected.
func heap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
