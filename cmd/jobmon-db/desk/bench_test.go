package desk

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

// year is a log of a million events of 1,000 computers: an hour of a site, again and again over a year with other
// rows, and the caches that a daemon keeps on the way.
func year(b *testing.B) *site {
	b.Helper()
	hours := watch(b, 1000, 1<<30)
	hours.pass(b, time.Hour, time.Minute)
	var batches []jobmon.Batch
	for batch, err := range hours.Read(0) {
		if err != nil {
			b.Fatal(err)
		}
		batches = append(batches, batch)
	}
	log := storetest.Open(b)
	s := &site{asked: &asked{Log: log, state: history.New()}, keeper: &history.Keeper{Log: log}}
	again := int(1_000_000/hours.state.Seq) + 1
	for n := range again {
		later := time.Duration(n) * 365 * 24 * time.Hour / time.Duration(again)
		for _, batch := range batches {
			events := slices.Clone(batch.Events)
			for i := range events {
				e := &events[i]
				if e.At = e.At.Add(later); e.Kind.OfRow() {
					e.Schedule += jobmon.ScheduleID(n * 1_000_000)
					e.Start += jobmon.WallTime(later.Milliseconds())
				}
			}
			if _, err := s.Append(batch.At.Add(later), events); err != nil {
				b.Fatal(err)
			}
			appended := jobmon.Batch{At: batch.At.Add(later), Events: events}
			for i := range events {
				events[i].Seq = s.state.Seq + uint64(i) + 1
			}
			if err := s.state.Apply(&appended); err != nil {
				b.Fatal(err)
			}
			if err := s.keeper.Keep(s.keeper.Pack(s.state, false)...); err != nil {
				b.Fatal(err)
			}
		}
	}
	return s
}

// percentile is the duration that 95 of 100 do not exceed, in milliseconds.
func percentile(durations []time.Duration) float64 {
	slices.Sort(durations)
	return float64(durations[len(durations)*95/100].Microseconds()) / 1000
}

// benchmarkSlider asks for any moment of a year with a million events and 1,000 computers, and beside it for what is
// the least: the projection then. A step is one to an event beside the moment before.
func benchmarkSlider(b *testing.B, s *site) {
	random := rand.New(rand.NewPCG(1, 1))
	const questions = 60
	for b.Loop() {
		d := New(s)
		var asked, floor, steps []time.Duration
		took := func(into *[]time.Duration, question func() error) {
			began := time.Now()
			if err := question(); err != nil {
				b.Fatal(err)
			}
			*into = append(*into, time.Since(began))
		}
		for range questions {
			seq := 1 + random.Uint64N(s.state.Seq)
			at := func(seq uint64) func() error {
				return func() error {
					m, err := d.At(b.Context(), "", seqText(seq))
					if err == nil && len(m.Pictures) == 0 {
						b.Fatal("nothing is shown")
					}
					return err
				}
			}
			took(&asked, at(seq))
			took(&steps, at(min(seq+1000, s.state.Seq)))
			took(&floor, func() error {
				_, err := history.Project(s.Log, seq)
				return err
			})
		}
		b.ReportMetric(percentile(asked), "ms/p95")
		b.ReportMetric(percentile(steps), "ms/step-p95")
		b.ReportMetric(percentile(floor), "ms/floor-p95")
	}
}

// benchmarkTimeline asks for the timeline of a year with a million events: at first, and again, beside the reading of
// all events.
func benchmarkTimeline(b *testing.B, s *site) {
	_, end, _ := s.Last()
	for b.Loop() {
		d := New(s)
		ask := func() float64 {
			began := time.Now()
			if _, err := d.Timeline(b.Context(), begin(), end, 500, jobmon.ComputerKey{}); err != nil {
				b.Fatal(err)
			}
			return float64(time.Since(began).Microseconds()) / 1000
		}
		b.ReportMetric(ask(), "ms/first")
		b.ReportMetric(ask(), "ms/again")
		began := time.Now()
		for _, err := range s.Scan(0) {
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms/floor")
	}
}

// BenchmarkPast measures questions about a year.
func BenchmarkPast(b *testing.B) {
	s := year(b)
	b.Run("slider", func(b *testing.B) { benchmarkSlider(b, s) })
	b.Run("timeline", func(b *testing.B) { benchmarkTimeline(b, s) })
}
