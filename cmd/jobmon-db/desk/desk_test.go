package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// file is all pictures as their files have them.
func file(t testing.TB, list []jobmon.Progress) []byte {
	t.Helper()
	var all bytes.Buffer
	for i := range list {
		p := list[i]
		p.Later = p.Beside()
		one, err := evt.Encode(&p)
		if err != nil {
			t.Error(err)
		}
		all.Write(one)
	}
	return all.Bytes()
}

// english are remarks as they are in English.
func english(remarks []words.Phrase) (text string) {
	for _, remark := range remarks {
		text += remark.English
	}
	return text
}

// shown returns what "replay show --at" prints: the pictures, the time up to which durations are counted, and remarks.
func shown(t testing.TB, s *site, at string) (list []jobmon.Progress, now jobmon.Instant, remarks string) {
	t.Helper()
	p, err := past.Open(s.Log, s.ID(), "DS01")
	if err != nil {
		t.Error(err)
		return nil, 0, ""
	}
	info := s.Info()
	p.Heard(info.Covered, info.AgeMS)
	var said strings.Builder
	seq, now, err := p.Place(at, func(remark words.Phrase) { said.WriteString(remark.English) })
	if err != nil {
		t.Error(at, err)
		return nil, 0, ""
	}
	projection, err := history.Project(s.Log, seq)
	if err != nil {
		t.Error(err)
		return nil, 0, ""
	}
	return past.Listed(history.Pictures(projection)), now, strings.TrimSpace(said.String())
}

// TestAMomentIsWhatReplayShowPrints: at any moment, in whatever order and however many at once, with what is kept of
// the moments before and while the log grows.
func TestAMomentIsWhatReplayShowPrints(t *testing.T) {
	t.Parallel()
	s := watch(t, 12, 700)
	s.pass(t, 90*time.Minute, 20*time.Second)
	s.away(t, 7*time.Minute)
	s.pass(t, time.Hour, 20*time.Second)
	d := New(s)
	span := s.ds.Now().Sub(begin())
	for range 2 {
		var readers sync.WaitGroup
		for reader := range 3 {
			readers.Go(func() {
				random := rand.New(rand.NewPCG(uint64(reader), 1))
				seq := s.state.Seq / 2
				for range 25 {
					at := begin().Add(time.Duration(random.Int64N(int64(span)))).String()
					switch random.IntN(3) {
					case 0:
						seq = 1 + random.Uint64N(s.state.Seq)
						at = fmt.Sprintf("seq:%d", seq)
					case 1: // a step to the next event or back
						seq = min(max(seq+random.Uint64N(3), 2)-1, s.state.Seq)
						at = fmt.Sprintf("seq:%d", seq)
					}
					got, err := d.At(t.Context(), "", at)
					if err != nil {
						t.Errorf("%s: %v", at, err)
						continue
					}
					want, now, remarks := shown(t, s, at)
					if !bytes.Equal(file(t, got.Pictures), file(t, want)) || got.Now != now || english(got.Said) != remarks {
						t.Errorf("at %s is shown something else: %d pictures of %s, want %d of %s", at, len(got.Pictures),
							got.Now, len(want), now)
					}
				}
			})
		}
		readers.Wait()
		s.pass(t, 10*time.Minute, 20*time.Second)
	}
}

// TestTheSourceIsLostWhenItWas: also where it is read again by now.
func TestTheSourceIsLostWhenItWas(t *testing.T) {
	t.Parallel()
	s := watch(t, 3, 300)
	s.pass(t, 20*time.Minute, 20*time.Second)
	lost := s.ds.Now()
	s.away(t, 10*time.Minute)
	s.pass(t, 20*time.Minute, 20*time.Second)
	d := New(s)
	for _, c := range []struct {
		at    jobmon.Instant
		since jobmon.Instant
	}{{lost.Add(-time.Minute), 0}, {lost.Add(5 * time.Minute), lost}, {lost.Add(12 * time.Minute), 0}} {
		m, err := d.At(t.Context(), "", c.at.String())
		if err != nil || m.SourceLost != (c.since != 0) || m.LostSince != c.since || m.Offset != 3600 {
			t.Errorf("at %s: %+v, %v; want lost since %s", c.at, m.Frame, err, c.since)
		}
	}
}

// TestQuestionsThatHaveNoAnswer: each is refused with an error of its own kind.
func TestQuestionsThatHaveNoAnswer(t *testing.T) {
	t.Parallel()
	s := watch(t, 3, 300)
	s.pass(t, 20*time.Minute, 20*time.Second)
	d := New(s)
	_, last, _ := s.Last()
	var outside *http.Outside
	if _, err := d.At(t.Context(), "", "2025-01-01"); !errors.As(err, &outside) || outside.From != begin() ||
		outside.Until != last.Add(2*time.Second) || outside.Offset != 3600 {
		t.Errorf("%v: %+v", err, outside)
	}
	var wrong *http.Wrong
	if _, err := d.At(t.Context(), "", "half past two"); !errors.As(err, &wrong) || !strings.Contains(wrong.Text, "RFC 3339") {
		t.Errorf("%v", err)
	}
	var unknown *http.Unknown
	if _, err := d.Computer(t.Context(), "", "PC-9999", "", 0); !errors.As(err, &unknown) || len(unknown.Closest) == 0 {
		t.Errorf("%v: %+v", err, unknown)
	}
	if _, err := d.Computer(t.Context(), "", "PC-0001", "", 99); !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
	s.ahead = true
	if _, err := d.Now(t.Context()); !errors.Is(err, http.ErrBusy) {
		t.Errorf("%v", err)
	}
}

// TestNobodyWaitsForACancelledQuestion: one that nobody waits for any more stops, and gives its place to the next.
func TestNobodyWaitsForACancelledQuestion(t *testing.T) {
	t.Parallel()
	s := watch(t, 3, 300)
	s.pass(t, 20*time.Minute, 20*time.Second)
	d := New(s)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range mostAtOnce {
		d.places <- struct{}{}
	}
	if _, err := d.At(gone, "", "now"); !errors.Is(err, context.Canceled) {
		t.Errorf("while all places are taken: %v", err)
	}
	for range mostAtOnce {
		<-d.places
	}
	for range 3 * mostAtOnce {
		if _, err := d.At(gone, "", "now"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
	if _, err := d.At(t.Context(), "", "now"); err != nil {
		t.Error(err)
	}
}

// TestAComputersPage has what its commands print.
func TestAComputersPage(t *testing.T) {
	t.Parallel()
	s := watch(t, 6, 300)
	s.pass(t, 5*time.Hour, 20*time.Second)
	d := New(s)
	c, err := d.Computer(t.Context(), "", "PC-0002", "", 0)
	if err != nil || c.Picture == nil || c.Picture.Computer.Name != "PC-0002" || len(c.Deployments) < 2 || c.Chart == nil {
		t.Fatalf("%+v, %v", c, err)
	}
	if c.Deployments[0].Number != len(c.Deployments) || c.Chart.Number != c.Deployments[0].Number {
		t.Errorf("%+v, the chart is of %d", c.Deployments, c.Chart.Number)
	}
	for i := range c.Events[1:] {
		if c.Events[i].Seq <= c.Events[i+1].Seq {
			t.Fatalf("event %+v before %+v", c.Events[i], c.Events[i+1])
		}
	}
	if len(c.Events) != min(len(c.Events)+c.MoreEvents, mostEvents) {
		t.Errorf("%d events are listed, and %d more", len(c.Events), c.MoreEvents)
	}
	// in the middle of its first deployment nothing is known of what came later
	first := c.Deployments[len(c.Deployments)-1]
	then, err := d.Computer(t.Context(), "", "PC-0002", first.Began.Add(5*time.Minute).String(), 1)
	if err != nil || len(then.Deployments) != 1 || then.Deployments[0].Ended != 0 || then.Shown != 1 ||
		then.Events[0].At > then.Now || !then.Chart.Running {
		t.Errorf("%+v, %v", then, err)
	}
}

// TestALogThatCannotBeReadLeavesThePresent: the daemon's own pictures are shown, with a remark that names no file.
func TestALogThatCannotBeReadLeavesThePresent(t *testing.T) {
	t.Parallel()
	s := watch(t, 3, 300)
	s.pass(t, 20*time.Minute, 20*time.Second)
	want, err := New(s).Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d := New(broken{s.asked})
	got, err := d.Now(t.Context())
	if err != nil || got.Trouble == nil || english(got.Said) != http.Unreadable || got.Site != want.Site || got.Now != want.Now ||
		got.Offset != want.Offset || !bytes.Equal(file(t, got.Pictures), file(t, want.Pictures)) {
		t.Errorf("%+v, %v", got.Frame, err)
	}
	if _, err := d.At(t.Context(), "", "-5m"); err == nil {
		t.Error("the past of a log that cannot be read")
	}
	for _, id := range []string{"PC-0002", fmt.Sprint(want.Pictures[1].Computer.ID), "partly"} {
		d := d
		if id == "partly" {
			d, id = New(partly{s.asked}), "PC-0002"
		}
		c, err := d.Computer(t.Context(), "", id, "", 0)
		if err != nil || c.Trouble == nil || english(c.Said) != http.Unreadable || c.Now != want.Now ||
			!reflect.DeepEqual(c.Picture, &want.Pictures[1]) {
			t.Errorf("%s: %+v, %v", id, c, err)
		}
	}
	var unknown *http.Unknown
	if _, err := d.Computer(t.Context(), "", "PC-9999", "", 0); !errors.As(err, &unknown) {
		t.Error(err)
	}
	if _, err := d.Computer(t.Context(), "", "PC-0002", "-5m", 0); err == nil {
		t.Error("a computer's past of a log that cannot be read")
	}
}

// broken is a daemon whose log cannot be read.
type broken struct{ *asked }

// partly is a daemon whose log cannot be read where a computer's events are.
type partly struct{ *asked }

func (partly) ExtractComputer(jobmon.ComputerID, uint64) (store.Extract, error) {
	return store.Extract{}, errBroken
}

var errBroken = errors.New("read /srv/data/jobmon-db.log: input/output error")

func (broken) Extract(uint64) (store.Extract, error) { return store.Extract{}, errBroken }

func (broken) Caches() ([]store.Cache, error) { return nil, errBroken }
