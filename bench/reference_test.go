package bench_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

const (
	poll   = 5 * time.Second
	winter = jobmon.Offset(3600)
)

// reference plays the reference workload of the log's figures: deployments of the standard build, each of another
// computer, 20 of them side by side, read every 5 s with a delay of up to 60 ms, each marker asking for its file. Every
// batch goes to keep, as the daemon would commit it.
func reference(tb testing.TB, deployments int, keep func(at jobmon.Instant, events []jobmon.Event) error) {
	tb.Helper()
	const sideBySide = 20
	now := jobmon.InstantOf(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
	r := &referenceSite{
		tb: tb, ds: simulator.NewDS(now, winter, 1), state: history.New(), keep: keep,
		random: rand.New(rand.NewPCG(1, 1)),
	}
	r.ds.SetHook(r)
	build := simulator.AddStandardBuild(r.ds)
	var computers []jobmon.ComputerID
	for i := range deployments {
		computers = append(computers, r.ds.AddComputer(fmt.Sprintf("PC-%04d", i+1)))
	}
	settings := jobmon.DefaultSettings()
	settings.Site = "DS01"
	r.commit([]jobmon.Event{
		{Kind: jobmon.KindDaemonStarted, Text: "reference", Count: 1},
		{Kind: jobmon.KindConfigured, Text: settings.Encode()},
		{Kind: jobmon.KindClock, Seconds: int32(winter)},
	})
	running := make([]jobmon.ComputerID, sideBySide)
	for begun, cycle := 0, 0; ; cycle++ {
		busy := false
		for i, id := range running {
			if id != 0 && r.ds.Busy(id) {
				busy = true
				continue
			}
			if running[i] = 0; begun < deployments {
				running[i] = computers[begun%len(computers)]
				r.ds.Schedule(running[i], build.Chain, r.ds.WallNow())
				begun++
				busy = true
			}
		}
		if cycle%(24*3600/5) == 0 {
			r.ds.Purge(r.ds.Now().Add(-12 * time.Hour))
		}
		r.ds.Advance(poll)
		r.read()
		if !busy {
			return
		}
	}
}

// referenceSite does what the poller and the journal do, without waiting.
type referenceSite struct {
	tb     testing.TB
	ds     *simulator.DS
	state  *history.State
	keep   func(at jobmon.Instant, events []jobmon.Event) error
	random *rand.Rand
	at     jobmon.Instant
}

func (r *referenceSite) read() {
	s := r.ds.Snapshot(r.state.Projection.Watching())
	s.Normalize()
	s.Gone = r.state.Mirror.Missing(s.Rows)
	s.Rows, _ = r.state.Mirror.Compare(s.Rows)
	r.commit(jobmon.Diff(r.state.Mirror, s, jobmon.DiffOptions{}))
	r.commit(r.state.Projection.Judge(s.Now, s.Offset))
}

func (r *referenceSite) commit(events []jobmon.Event) {
	if len(events) == 0 {
		return
	}
	r.at = max(r.at, r.ds.Now()+jobmon.Instant(r.random.IntN(60)))
	batch := r.state.Projection.Extend(r.at, r.state.Seq+1, events)
	for i := range batch.Events {
		if batch.Events[i].Kind == jobmon.KindRefreshed {
			batch.Events[i].Sum = r.random.Uint64() // a checksum is as good as random
		}
	}
	if err := r.keep(r.at, batch.Events); err != nil {
		r.tb.Fatal(err)
	}
	r.state.Note(&batch)
	r.state.Projection.Changed()
}

// Ask implements simulator.Hook: a read, then the request's own commit.
func (r *referenceSite) Ask(_ context.Context, computer jobmon.Computer, job string) {
	r.read()
	r.commit([]jobmon.Event{{Kind: jobmon.KindRefreshed, Computer: computer.ID, Name: job}})
}

// Deliver implements simulator.Hook.
func (r *referenceSite) Deliver(context.Context, jobmon.Computer) error { return nil }
