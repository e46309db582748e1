package history

import (
	"iter"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

// noticed is what the batches were worth when they were committed: with the pictures and folders of the daemon's state.
func noticed(s *State, b *jobmon.Batch) []*notices.Notice {
	return s.Projection.Notices(b, func(id jobmon.ComputerID) *jobmon.Progress {
		picture, _ := s.Projection.Progress(id)
		return picture
	}, func(id jobmon.JobID) string { return s.Mirror.Jobs[id].Folder })
}

// gather reads all of it.
func gather(t *rapid.T, found iter.Seq2[*notices.Notice, error]) (list []*notices.Notice) {
	for n, err := range found {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, n)
	}
	return list
}

// TestNoticesAreTheSameFromAnyPlace is the law of notices: what was found live is found again from any event on, also
// from one within a batch, with caches and without, and up to any event.
func TestNoticesAreTheSameFromAnyPlace(t *testing.T) {
	t.Parallel()
	topics := map[notices.Topic]int{}
	lawtest.Check(t, func(t *rapid.T) {
		s := newSite(t, rapid.Uint64().Draw(t, "seed"))
		s.live(t, rapid.IntRange(5, 60).Draw(t, "cycles"))
		log, state := storetest.Open(t), New()
		keeper := often(log)
		var live []*notices.Notice
		for i := range s.batches {
			b := &s.batches[i]
			if _, err := log.Append(b.At, b.Events); err != nil {
				t.Fatal(err)
			}
			apply(t, state, b)
			live = append(live, noticed(state, b)...)
			if err := keeper.Keep(keeper.Pack(state, false)...); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range live {
			topics[n.Topic]++
		}
		for range 5 {
			after := rapid.Uint64Range(0, state.Seq).Draw(t, "after")
			last := rapid.Uint64Range(after, state.Seq).Draw(t, "last")
			var want []*notices.Notice
			for _, n := range live {
				if n.Event.Seq > after && n.Event.Seq <= ending(s.batches, last) {
					want = append(want, n)
				}
			}
			if got := gather(t, Notices(log, state.Chronicle, after, last)); !reflect.DeepEqual(got, want) {
				t.Fatalf("behind event %d up to %d: %d notices, want %d", after, last, len(got), len(want))
			}
			for n, err := range Notices(log, state.Chronicle, after, last) { // who has enough stops
				if err != nil || n != want[0] && !reflect.DeepEqual(n, want[0]) {
					t.Fatalf("%+v, %v", n, err)
				}
				break
			}
		}
	})
	for _, topic := range []notices.Topic{
		notices.Failed, notices.Ready, notices.EndedEarly, notices.StandingStill, notices.SourceLost,
		notices.SourceRestored, // the law of projector has repairs
	} {
		if topics[topic] == 0 {
			t.Errorf("the histories have nothing that is %s: %v", topic, topics)
		}
	}
}

// TestNoticesBehindACut: a log whose beginning was cut off, without caches, has them as the whole log had.
func TestNoticesBehindACut(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		s := newSite(t, rapid.Uint64().Draw(t, "seed"))
		s.live(t, rapid.IntRange(5, 60).Draw(t, "cycles"))
		at := rapid.IntRange(0, len(s.batches)-1).Draw(t, "cut")
		state := New()
		var log list
		var live []*notices.Notice
		for i := range s.batches {
			b := &s.batches[i]
			apply(t, state, b)
			if i > at {
				log, live = append(log, *b), append(live, noticed(state, b)...)
			} else if i == at {
				standIn, err := StandIn(state, 1)
				if err != nil {
					t.Fatal(err)
				}
				log = append(log, standIn)
			}
		}
		if got := gather(t, Notices(log, state.Chronicle, 0, state.Seq)); !reflect.DeepEqual(got, live) {
			t.Fatalf("%d notices behind a cut at event %d differ from %d", len(got), s.batches[at].Last(), len(live))
		}
	})
}

// ending is the end of the batch that holds the event.
func ending(batches []jobmon.Batch, seq uint64) uint64 {
	for i := range batches {
		if batches[i].Last() >= seq {
			return batches[i].Last()
		}
	}
	return seq
}
