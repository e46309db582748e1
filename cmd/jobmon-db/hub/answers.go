package hub

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// coverage is until when the hub's copy of the log is complete.
type coverage struct {
	daemon.Coverage
	written time.Time // when the file was written

	// awaited is the oldest beat about events that the copy has not got; it came at since, zero for none. They are
	// stuck once that is too long ago.
	awaited fleet.Beat
	since   time.Time
	stuck   bool
}

// coverageEvery is how often the file that says until when the site's source was watched is written.
const coverageEvery = 5 * time.Second

// heard takes what the site's daemon says of itself. Its log is complete until some time with some event: so is the
// copy when it has that event, and not before.
func (s *Site) heard(b *fleet.Beat) {
	s.mu.Lock()
	c, own := &s.covered, b.LogID == s.ID()
	due := false
	if own && b.Covered != 0 && b.AgeMS >= 0 {
		read := jobmon.InstantOf(time.Now().Add(-time.Duration(b.AgeMS) * time.Millisecond))
		c.AheadMS = b.Covered.Sub(read).Milliseconds()
		if c.Until == 0 {
			c.Until = s.state.At
		}
		if due = time.Since(c.written) >= coverageEvery; due {
			c.written = time.Now()
		}
	}
	if c.since.IsZero() || own && b.Last <= s.state.Seq {
		c.awaited, c.since = *b, time.Now()
	}
	s.arrived()
	if own {
		s.sending.poke(b)
	}
	s.mu.Unlock()
	if due {
		s.saveCoverage()
	}
}

// arrived takes the word of the awaited beat for the copy, where that shows the beat's newest event. The caller holds
// mu.
func (s *Site) arrived() {
	c := &s.covered
	if c.since.IsZero() || c.awaited.LogID != s.ID() || c.awaited.Last > s.state.Seq {
		return
	}
	if c.awaited.Covered != 0 && c.awaited.AgeMS >= 0 {
		c.Until = c.awaited.Covered
	}
	c.since, c.stuck = time.Time{}, false
}

// stands says whether events are stuck, over a connection to NATS that was made then: one that was made anew has a
// moment for them, unless they were stuck before. The caller holds mu.
func (c *coverage) stands(up time.Time) (stuck bool) {
	if !c.since.IsZero() && min(time.Since(c.since), time.Since(up)) > fleet.AwayAfter {
		c.stuck = true
	}
	return c.stuck
}

func (s *Site) saveCoverage() {
	if s.InUse() == nil {
		return
	}
	s.mu.Lock()
	c := s.covered.Coverage
	s.mu.Unlock()
	if err := daemon.WriteCoverage(s.dir, c); err != nil {
		s.logger.Warn().Err(err).Msg("cannot write down until when the site's source was watched")
	}
}

// following is how it stands with following the site; zero before it begins.
func (s *Site) following() (f fleet.FollowerState) {
	s.mu.Lock()
	follower := s.follower
	s.mu.Unlock()
	f.Delay = -1
	if follower != nil {
		f = follower.State()
	}
	return f
}

// complete is until when the copy is complete, by the clock of the site's server, and how many milliseconds ago that
// was, -1 for unknown. The caller holds mu.
func (s *Site) complete() (until jobmon.Instant, ageMS int64) {
	until = max(s.covered.Until, s.state.At)
	if s.covered.Until == 0 {
		return until, -1
	}
	now := jobmon.InstantOf(time.Now().Add(s.covered.Ahead()))
	return until, max(0, now.Sub(until).Milliseconds())
}

// Info implements control.Daemon.
func (s *Site) Info() control.Info {
	info := control.Info{Version: s.hub.options.Version, PID: os.Getpid(), LogID: s.ID()}
	if log := s.InUse(); log != nil {
		info.Site = log.Site()
		info.Last, _, _ = log.Last()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	info.Covered, info.AgeMS = s.complete()
	return info
}

// fleetSite is how it stands with the site.
func (s *Site) fleetSite() control.FleetSite {
	f := s.following()
	end, _ := s.End()
	c := control.FleetSite{
		Site: s.name, LogID: s.ID(), Last: f.Beat.Last, Published: f.Published, Has: end, DelayMS: -1,
		Away: f.Away, Trouble: cmp.Or(s.inTheWay(), s.hub.hurt(), f.Trouble),
		Refused: f.Beat.Refused != "", Unbelieved: f.Refused,
	}
	if f.Beat.LogID == c.LogID && !c.Refused {
		c.Last = max(c.Last, end) // what came since the beat
	}
	if f.Delay >= 0 {
		c.DelayMS = f.Delay.Milliseconds()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, c.AgeMS = s.complete()
	switch {
	case c.Away != "":
	case s.covered.stands(f.Up): // asked only while NATS is there
		c.Away = "events"
	case f.Beat.Lost:
		c.Away = "source"
	}
	c.Aside = len(s.record.Asides)
	c.Computers = s.gallery.Counts(&s.mu, s.newest).Computers
	return c
}

// newest is what the pictures are drawn from. The caller holds mu.
func (s *Site) newest() *history.State { return s.state }

// State is how pages show that it stands with the site.
func (s *Site) State() board.SiteState {
	c := s.fleetSite()
	b := board.SiteState{
		Name: s.name, Away: c.Away, Computers: c.Computers, Trouble: c.Trouble, Age: -1,
		Behind: c.Lacks(),
	}
	if c.AgeMS >= 0 {
		b.Age = time.Duration(c.AgeMS) * time.Millisecond
	}
	if log := s.InUse(); log != nil {
		b.Server = log.Site()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.Offset = s.state.Projection.Offset()
	b.Unread = s.unopened != nil || s.broken != nil
	return b
}

// Fleet implements control.Daemon.
func (s *Site) Fleet() []control.FleetSite { return []control.FleetSite{s.fleetSite()} }

// Durable implements desk.Daemon. The pictures have the name of their site. Where the log cannot be folded, they are
// the last ones that could be: State says why.
func (s *Site) Durable() ([]jobmon.Progress, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gallery.Pictures(&s.mu, s.newest), s.state.Seq, nil
}

// ServerTime is what the clock of the site's SQL Server shows, as far as its daemon said.
func (s *Site) ServerTime() jobmon.Instant {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.covered.Until == 0 {
		return s.state.At
	}
	return jobmon.InstantOf(time.Now().Add(s.covered.Ahead()))
}

// errAtTheSite says that only the site's own daemon can do something.
var errAtTheSite = errors.New("this is the hub's copy of the site's log: ask the daemon at the site itself")

// Refresh implements control.Daemon.
func (s *Site) Refresh(context.Context, control.RefreshRequest) (control.RefreshAnswer, error) {
	return control.RefreshAnswer{}, errAtTheSite
}

// Compact implements control.Daemon.
func (s *Site) Compact(context.Context, control.CompactRequest) (control.Compaction, error) {
	return control.Compaction{}, errors.New("a hub does not compact the logs that it follows: stop it, and compact " +
		"the site's folder")
}

// Compaction implements control.Daemon.
func (s *Site) Compaction() control.Compaction { return control.Compaction{} }

// Reload implements control.Daemon.
func (s *Site) Reload(context.Context, control.ReloadRequest) (control.Reload, error) {
	return control.Reload{}, errAtTheSite
}

// Info implements control.Daemon.
func (h *Hub) Info() control.Info {
	return control.Info{Version: h.options.Version, PID: os.Getpid(), AgeMS: -1}
}

// Fleet implements control.Daemon.
func (h *Hub) Fleet() []control.FleetSite {
	list := []control.FleetSite{}
	for _, s := range h.Sites() {
		list = append(list, s.fleetSite())
	}
	return list
}

// Targets implements control.Daemon.
func (h *Hub) Targets() []control.Target {
	list := []control.Target{}
	for _, s := range h.Sites() {
		for _, t := range s.Targets() {
			t.Name = s.name + "/" + t.Name
			list = append(list, t)
		}
	}
	return list
}

// errOneSite says that a question is about one log.
var errOneSite = errors.New("this is a hub, which has the logs of many sites: name one with --site")

// Extract implements control.Daemon.
func (h *Hub) Extract(uint64) (store.Extract, error) { return store.Extract{}, errOneSite }

// ExtractComputer implements control.Daemon.
func (h *Hub) ExtractComputer(jobmon.ComputerID, uint64) (store.Extract, error) {
	return store.Extract{}, errOneSite
}

// Caches implements control.Daemon.
func (h *Hub) Caches() ([]store.Cache, error) { return nil, errOneSite }

// CachePage implements control.Daemon.
func (h *Hub) CachePage(string, int) (store.CachePage, error) { return store.CachePage{}, errOneSite }

// Moment implements control.Daemon.
func (h *Hub) Moment(jobmon.Instant) (store.Moment, bool, error) {
	return store.Moment{}, false, errOneSite
}

// Refresh implements control.Daemon.
func (h *Hub) Refresh(context.Context, control.RefreshRequest) (control.RefreshAnswer, error) {
	return control.RefreshAnswer{}, errAtTheSite
}

// Compact implements control.Daemon.
func (h *Hub) Compact(context.Context, control.CompactRequest) (control.Compaction, error) {
	return control.Compaction{}, errors.New("a hub does not compact the logs that it follows: stop it, and compact " +
		"the folder of a site, sites/NAME in its data folder")
}

// Compaction implements control.Daemon.
func (h *Hub) Compaction() control.Compaction { return control.Compaction{} }

// Reload implements control.Daemon.
func (h *Hub) Reload(context.Context, control.ReloadRequest) (control.Reload, error) {
	return control.Reload{}, errors.New("a hub reads its configuration at its start: start it again")
}
