package history

import (
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Tables is the mirror as it is while events are told one after the other, with the server's UTC offset. Names of what is
// gone are kept, so that its events can still be told by name.
type Tables struct {
	*jobmon.Mirror
	Offset jobmon.Offset

	cut parts
}

// NewTables returns the tables of an empty log.
func NewTables() *Tables { return &Tables{Mirror: jobmon.NewMirror()} }

// Apply folds one event.
func (t *Tables) Apply(e *jobmon.Event) {
	switch {
	case e.Kind == jobmon.KindCut:
		t.takeUp(e)
	case e.Kind == jobmon.KindClock:
		t.Offset = jobmon.Offset(e.Seconds)
	case !e.Flags.Has(jobmon.Gone):
		t.Mirror.Apply(e)
	}
}

// takeUp takes up what stands for history that was cut off. The caller has read it already: what cannot be read
// is told without names.
func (t *Tables) takeUp(e *jobmon.Event) {
	name, form, data, err := t.cut.add(e)
	if err != nil {
		return
	}
	w := wanted{facts: func(f *Facts) {
		for i := range f.Chronicle {
			t.Apply(&f.Chronicle[i])
		}
	}}
	_ = w.part(name, form, data)
}

// Among puts the chronicle among one computer's batches, so that Tables can be kept without reading the whole log. An event
// that belongs to both comes once; events of the chronicle behind the last batch are left out.
func Among(batches iter.Seq2[jobmon.Batch, error], chronicle []jobmon.Event) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for b, err := range batches {
			if err != nil {
				yield(b, err)
				return
			}
			events := make([]jobmon.Event, 0, len(b.Events))
			for i := range b.Events {
				e := &b.Events[i]
				for len(chronicle) > 0 && chronicle[0].Seq <= e.Seq {
					if chronicle[0].Seq < e.Seq {
						events = append(events, chronicle[0])
					}
					chronicle = chronicle[1:]
				}
				events = append(events, *e)
			}
			if b.Events = events; !yield(b, nil) {
				return
			}
		}
	}
}

// Beside puts the chronicle among one computer's batches as batches of their own, for those who fold: what concerns every computer is
// told when it was, and nothing is left out. Events of the chronicle that are of a batch's time, and before it, become part of it.
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
