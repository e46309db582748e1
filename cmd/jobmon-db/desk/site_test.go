package desk

import (
	"cmp"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

// asked is a daemon as far as a desk asks it: a log and the pictures at its end.
type asked struct {
	*store.Log
	state *history.State
	ahead bool
	name  string
	age   time.Duration // since it was heard of last; 0 is 2 s
	sited bool          // its pictures name the site, as those of a hub do
}

func (d *asked) Info() control.Info {
	last, at, _ := d.Last()
	age := cmp.Or(d.age, 2*time.Second).Milliseconds()
	return control.Info{LogID: d.ID(), Site: d.name, Last: last, Covered: at, AgeMS: age}
}

func (d *asked) Durable() ([]jobmon.Progress, uint64, error) {
	if d.ahead {
		return nil, 0, errors.New("the log cannot be written")
	}
	list := d.state.Names.Mark(history.Pictures(d.state.Projection))
	for i := range list {
		if d.sited {
			list[i].Computer.Site = d.name
		}
	}
	return list, d.state.Seq, nil
}

// site is a made-up Deployment Server whose events go into a log.
type site struct {
	*asked
	ds     *simulator.DS
	keeper *history.Keeper
	offset jobmon.Offset
	skew   time.Duration // of its server's clock
}

// begin is when sites begin, in UTC.
func begin() jobmon.Instant { return jobmon.InstantOf(time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC)) }

// watch watches a site with so many computers. Checkpoints are so many events apart.
func watch(t testing.TB, computers int, apart uint64) *site {
	return watchAt(t, "DS01", 3600, 7, computers, apart)
}

// watchAt watches a site of that name in a zone; what happens there depends on the seed.
func watchAt(t testing.TB, name string, offset jobmon.Offset, seed uint64, computers int, apart uint64) *site {
	log := storetest.Open(t)
	s := &site{
		asked:  &asked{Log: log, state: history.New(), name: name},
		offset: offset,
		ds:     simulator.NewDS(begin(), offset, seed),
		keeper: &history.Keeper{Log: log, CheckpointEvery: apart, BytesPerEvent: 1 << 20},
	}
	simulator.Play(s.ds, computers)
	settings := jobmon.DefaultSettings()
	settings.Site = name
	s.commit(t, jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "1"},
		jobmon.Event{Kind: jobmon.KindConfigured, Text: settings.Encode()},
		jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(offset)})
	return s
}

// commit appends what happened, and all that follows from it.
func (s *site) commit(t testing.TB, events ...jobmon.Event) {
	t.Helper()
	if len(events) == 0 {
		return
	}
	b := s.state.Projection.Extend(s.ds.Now().Add(s.skew), s.state.Seq+1, events)
	if len(b.Events) == 0 {
		return
	}
	if _, err := s.Append(b.At, b.Events); err != nil {
		t.Fatal(err)
	}
	s.state.Note(&b)
	if err := s.keeper.Keep(s.keeper.Pack(s.state, false)...); err != nil {
		t.Fatal(err)
	}
}

// pass lets time pass, with a read now and then.
func (s *site) pass(t testing.TB, long, between time.Duration) {
	t.Helper()
	for end := s.ds.Now().Add(long); s.ds.Now() < end; {
		s.ds.Advance(between)
		read := s.ds.Snapshot(s.state.Projection.Watching())
		read.Normalize()
		read.Gone = s.state.Mirror.Missing(read.Rows)
		events := s.state.Projection.Judge(read.Now, read.Offset)
		s.commit(t, append(events, jobmon.Diff(s.state.Mirror, read, jobmon.DiffOptions{})...)...)
	}
}

// away is a time in which the source cannot be read.
func (s *site) away(t testing.TB, long time.Duration) {
	s.commit(t, jobmon.Event{Kind: jobmon.KindSourceLost, Text: "unreachable"})
	s.ds.Advance(long)
	s.commit(t, jobmon.Event{Kind: jobmon.KindSourceRestored})
}

// step has the server's clock jump.
func (s *site) step(t testing.TB, by time.Duration) {
	s.skew += by
	s.commit(t, jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(s.offset), Step: by.Milliseconds()})
}

func seqText(seq uint64) string { return fmt.Sprintf("seq:%d", seq) }
