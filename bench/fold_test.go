package bench_test

import (
	"testing"

	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// BenchmarkFold folds the reference workload into pictures, in turn with its floor, reading and decoding it, and goes
// through a checkpoint of its end. JOBMON_BENCH_DIR and JOBMON_BENCH_EVENTS are those of BenchmarkStart.
func BenchmarkFold(b *testing.B) {
	log, err := store.Open(referenceLog(b), store.Options{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	fold := func(p *projector.Projection) (events int) {
		for batch, err := range log.Scan(0) {
			if err != nil {
				b.Fatal(err)
			}
			if events += len(batch.Events); p != nil {
				p.Apply(&batch)
			}
		}
		return events
	}
	measure := func(name string, into func() *projector.Projection) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			events := 0
			for b.Loop() {
				events += fold(into())
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
	measure("decode", func() *projector.Projection { return nil })
	measure("fold", projector.New)

	p := projector.New()
	fold(p)
	checkpoint := p.Encode()
	b.Run("checkpoint/encode", func(b *testing.B) {
		b.SetBytes(int64(len(checkpoint)))
		for b.Loop() {
			p.Encode()
		}
	})
	b.Run("checkpoint/decode", func(b *testing.B) {
		b.SetBytes(int64(len(checkpoint)))
		for b.Loop() {
			if _, err := projector.Decode(checkpoint); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pictures", func(b *testing.B) {
		for b.Loop() {
			history.Pictures(p)
		}
	})
}
