package hub

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// followed is the hub's copy of a server's log, without a hub at work.
type followed struct {
	*Site
	from *server
}

func newFollowed(t *testing.T, messages func(s *Site) Sender) *followed {
	t.Helper()
	h := &Hub{
		options: Options{DataDir: t.TempDir(), Logger: zerolog.Nop(), Messages: messages},
		hurt:    func() string { return "" }, changed: make(chan struct{}, 1),
	}
	f := &followed{openSite(h, "DS01"), newServer(t, "DS01", 2)}
	t.Cleanup(func() {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	if err := f.BeginAnew(f.from.log.ID(), f.from.log.Site(), ""); err != nil {
		t.Fatal(err)
	}
	f.work(t, 50)
	return f
}

// work lets the server work, and the copy follow it.
func (f *followed) work(t *testing.T, cycles int) {
	t.Helper()
	f.from.work(cycles)
	end, _ := f.End()
	if err := f.Follow(f.from.links(end + 1)); err != nil {
		t.Fatal(err)
	}
}

// links are the batches of the server's log from that event on.
func (s *server) links(from uint64) (links []jobmon.Link) {
	s.t.Helper()
	for l, err := range s.log.Links(from) {
		if err != nil {
			s.t.Fatal(err)
		}
		links = append(links, l)
	}
	return links
}

// says is a beat of the server.
func (f *followed) says(notices bool) *fleet.Beat {
	last, at, _ := f.from.log.Last()
	return &fleet.Beat{LogID: f.from.log.ID(), Last: last, Covered: at, Notices: notices}
}

// A log that could not be folded is read once more. Meanwhile pages are answered, and what arrives is shown afterwards.
func TestTheStateIsTakenFromTheLog(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, nil)
	f.broken = errors.New("it cannot be read")
	log := f.InUse()
	state, err := history.Load(log)
	f.work(t, 5) // before it is shown
	if _, seq, err := f.Durable(); err != nil || seq != state.Seq {
		t.Errorf("event %d instead of %d, %v", seq, state.Seq, err)
	}
	f.renew(log, state, err)
	f.fold(f.from.links(0)) // what was on the disk before, and comes to be taken up behind it
	same(t, f.from, f.Site)
	f.work(t, 5)
	same(t, f.from, f.Site)

	had := f.state
	if err := f.BeginAnew("00112233445566778899aabbccddeeff", "another", "a test"); err != nil {
		t.Fatal(err)
	}
	f.renew(log, had, nil)
	f.renew(log, nil, errors.New("the log is closed"))
	if f.state == had || f.broken != nil {
		t.Errorf("what an earlier log says is shown: %v", f.broken)
	}
}

// Until when a log is complete says nothing about the log that replaces it.
func TestAnotherLogIsNotComplete(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, nil)
	f.heard(f.says(false))
	if c := daemon.ReadCoverage(f.dir); c.Until == 0 || f.Info().Covered != c.Until {
		t.Fatalf("%+v", c)
	}
	if err := f.BeginAnew("00112233445566778899aabbccddeeff", "another", "a test"); err != nil {
		t.Fatal(err)
	}
	f.heard(f.says(false)) // of the log before
	if c := daemon.ReadCoverage(f.dir); c.Until != 0 || f.Info().Covered != 0 || f.ServerTime() != 0 {
		t.Errorf("%+v, %+v", c, f.Info())
	}
}

// What is said to be fresh is fresh in the copy: a beat about events that the copy has not got says nothing about it.
func TestACopyIsAsOldAsItsEvents(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, nil)
	now := func() *fleet.Beat {
		b := f.says(false)
		b.Covered = jobmon.InstantOf(time.Now())
		return b
	}
	long := jobmon.InstantOf(time.Now().Add(-time.Hour))
	had := f.says(false)
	had.Covered, had.AgeMS = long, time.Hour.Milliseconds()
	f.heard(had)
	f.from.work(5) // nothing of it arrives
	f.heard(now())
	f.covered.since = f.covered.since.Add(-2 * fleet.AwayAfter)
	f.heard(now())
	info, site := f.Info(), f.Fleet()[0]
	if age := time.Duration(info.AgeMS) * time.Millisecond; info.Covered != long || age.Round(time.Minute) != time.Hour {
		t.Errorf("complete until %s, %s ago", info.Covered, age)
	}
	if site.Away != "events" || f.State().Age.Round(time.Minute) != time.Hour {
		t.Errorf("%+v, %+v", site, f.State())
	}
	if behind := time.Since(f.ServerTime().Time()).Round(time.Minute); behind != 0 {
		t.Errorf("the server's clock is %s behind", behind)
	}
	if !f.covered.stands(time.Now()) {
		t.Error("a new connection to NATS brings events that were stuck")
	}
	f.work(t, 0)
	if info, site := f.Info(), f.Fleet()[0]; info.AgeMS > 60_000 || site.AgeMS > 60_000 || site.Away != "" {
		t.Errorf("%+v, %+v", info, site)
	}
}

// A server of the hub's own that cannot write is the trouble of every site that has no other, and the hub is not ready.
func TestTheHubsServerCannotWrite(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, nil)
	const why = "the hub's NATS server cannot write"
	f.hub.hurt = func() string { return why }
	if got := f.Fleet()[0].Trouble; got != why || f.State().Trouble != why || f.hub.Unready() != why {
		t.Errorf("%q, %q, %q", got, f.State().Trouble, f.hub.Unready())
	}
	f.broken = errors.New("it cannot be read")
	if got := f.Fleet()[0].Trouble; got == why {
		t.Errorf("%q", got)
	}
}

// hesitant is a sender that ends slowly: much happens meanwhile.
type hesitant struct {
	post
	ends func()
}

func (h *hesitant) Run(ctx context.Context) {
	h.post.Run(ctx)
	h.ends()
}

// What happens while a sender is made, or ends, decides whether the hub sends.
func TestWhatHappensWhileASenderIsMade(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(f *followed) error
		begins    bool
	}{
		"nothing":               {func(*followed) error { return nil }, true},
		"the word is withdrawn": {func(f *followed) error { f.heard(f.says(false)); return nil }, false},
		"the word is given anew, further on": {func(f *followed) error {
			f.heard(f.says(false))
			f.from.work(5)
			f.heard(f.says(true))
			return nil
		}, false},
		"the copy cannot be read": {func(f *followed) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.broken = errors.New("it cannot be read")
			return nil
		}, false},
		"another log": {func(f *followed) error { return f.BeginAnew(fmt.Sprintf("%032x", 1), "another", "") }, false},
	} {
		var f *followed
		made := 0
		f = newFollowed(t, func(*Site) Sender {
			if made++; made == 1 {
				if err := c.meanwhile(f); err != nil {
					t.Error(err)
				}
			}
			return &post{}
		})
		f.heard(f.says(true))
		f.speak(t.Context())
		if begun := f.sending.sender != nil; begun != c.begins || made != 1 {
			t.Errorf("%s: it sends: %t, %d senders", name, begun, made)
		}
		f.quiet()
	}
}

// A copy that begins anew ends what is sent about the log before, and the word of its daemon with it.
func TestNothingIsSentAboutTheLogBefore(t *testing.T) {
	t.Parallel()
	var f *followed
	made := 0
	f = newFollowed(t, func(*Site) Sender {
		made++
		return &hesitant{ends: func() { f.speak(t.Context()) }} // a beat came
	})
	f.heard(f.says(true))
	f.speak(t.Context())
	if err := f.BeginAnew("00112233445566778899aabbccddeeff", "another", "a test"); err != nil {
		t.Fatal(err)
	}
	f.heard(f.says(true))
	f.speak(t.Context())
	if made != 1 || f.sending.sender != nil {
		t.Errorf("%d senders", made)
	}
}
