package history

import (
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Beside puts the chronicle among one computer's batches as batches of their own, for those who fold: what concerns
// every computer is told when it was, and nothing is left out. Events of the chronicle that are of a batch's time,
// and before it, become part of it.
func Beside(batches iter.Seq2[jobmon.Batch, error], chronicle []jobmon.Event) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		var own jobmon.Batch // of events of the chronicle
		flush := func() bool {
			b := own
			own = jobmon.Batch{}
			return len(b.Events) == 0 || yield(b, nil)
		}
		take := func() bool {
			e := chronicle[0]
			chronicle = chronicle[1:]
			if e.At != own.At && !flush() {
				return false
			}
			own.At, own.Events = e.At, append(own.Events, e)
			return true
		}
		for b, err := range batches {
			if err != nil {
				yield(b, err)
				return
			}
			for len(chronicle) > 0 && chronicle[0].Seq < b.First() {
				if !take() {
					return
				}
			}
			if own.At != b.At && !flush() {
				return
			}
			for _, e := range b.Events {
				for len(chronicle) > 0 && chronicle[0].Seq <= e.Seq {
					if chronicle[0].Seq < e.Seq {
						own.Events = append(own.Events, chronicle[0])
					}
					chronicle = chronicle[1:]
				}
				own.Events = append(own.Events, e)
			}
			if own.At = b.At; !flush() {
				return
			}
		}
		for len(chronicle) > 0 {
			if !take() {
				return
			}
		}
		flush()
	}
}
