package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/gallery"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/inuse"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// Site is a site of the fleet: the hub's copy of its log, and what follows from it. It implements fleet.Copy for its
// follower, and control.Daemon for commands.
type Site struct {
	inuse.Log
	hub    *Hub
	name   string
	dir    string
	logger zerolog.Logger
	held   *instance.Lock

	follower *fleet.Follower // once it runs

	mu      sync.Mutex
	state   *history.State
	keeper  *history.Keeper
	gallery gallery.Gallery
	record  record
	trouble // why the hub cannot use its copy
	sending sending
	covered coverage
}

// openSite opens the copy of a site's log, if there is one yet and it can be opened: else run tries again.
func openSite(h *Hub, name string) *Site {
	s := &Site{
		hub: h, name: name, dir: filepath.Join(h.options.DataDir, sitesFolder, name), state: history.New(),
		logger: h.options.Logger.With().Str("site", name).Logger(), gallery: gallery.Gallery{Site: name},
	}
	s.tryOpen()
	return s
}

func (s *Site) open() (err error) {
	if s.held, err = lockFolder(s.dir, s.hub.options.Command); err != nil {
		return err
	}
	c := coverage{Coverage: daemon.ReadCoverage(s.dir)}
	s.mu.Lock()
	s.readRecord()
	s.covered = c
	s.mu.Unlock()
	if _, err := store.Current(s.dir); errors.Is(err, store.ErrNoLog) {
		return nil
	}
	l, err := s.load(store.Options{})
	if err != nil {
		return err
	}
	s.use(l, c)
	return nil
}

// loaded is a log with what follows from it.
type loaded struct {
	log    *store.Log
	keeper *history.Keeper
	state  *history.State
	broken error // why it cannot be folded
}

// load opens the log in the folder. One that cannot be folded is open all the same: what arrives is kept.
func (s *Site) load(o store.Options) (l loaded, err error) {
	o.LockWait = lockWait
	o.Damaged = func(e *store.Error) {
		s.logger.Error().Err(e).Uint64("from", e.Seq).Uint64("to", e.Last).
			Msg("some events in the hub's copy of the log are damaged and left out: stop the hub, move the site's " +
				"folder away and start the hub, which then gets the whole log again")
	}
	if l.log, err = store.Open(s.dir, o); err != nil {
		return l, err
	}
	for _, note := range l.log.Notes() {
		s.logger.Error().Msg(note)
	}
	l.keeper = &history.Keeper{Log: l.log}
	if l.state, l.broken = l.keeper.Load(s.slower); l.broken != nil {
		l.state = history.New()
	}
	l.state.Shed(history.MostTold)
	l.state.Projection.Changed() // all of the past
	return l, nil
}

// use uses the log from now on, and shows what follows from it. It is complete as far as the coverage says.
func (s *Site) use(l loaded, c coverage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.covered = c
	s.state, s.keeper, s.broken, s.gallery = l.state, l.keeper, l.broken, gallery.Gallery{Site: s.name}
	_ = s.Exchange(func() (*store.Log, error) { return l.log, nil })
}

// lockWait is how long a start waits for a command that still reads the log.
const lockWait = 5 * time.Second

func (s *Site) slower(err error) {
	if !errors.Is(err, store.ErrClosed) {
		s.logger.Warn().Err(err).Msg("the next start will take longer")
	}
}

// Name is the site's name in the fleet.
func (s *Site) Name() string { return s.name }

// Dir is the site's data folder.
func (s *Site) Dir() string { return s.dir }

// run follows the site until ctx ends.
func (s *Site) run(ctx context.Context) {
	var beside sync.WaitGroup
	defer beside.Wait()
	if !s.usable() {
		beside.Go(func() { s.hub.make(ctx, s) }) // the site publishes meanwhile
		if !s.await(ctx) {
			return
		}
	}
	beside.Go(func() { s.mend(ctx) })
	beside.Go(func() { s.hub.answer(ctx, s.dir, s) })
	beside.Go(func() { s.send(ctx) })
	f := s.hub.link.Follow(fleet.FollowerOptions{
		Site: s.name, Copy: s, GapWait: s.hub.options.GapWait, Logger: s.logger, Beat: s.heard,
		Ahead: s.hub.options.Ahead,
	})
	s.mu.Lock()
	s.follower = f // from now on the state says that NATS is away
	s.mu.Unlock()
	s.hub.make(ctx, s)
	f.Run(ctx)
}

// close keeps the newest state for the next start, and closes the log.
func (s *Site) close() error {
	var errs []error
	if log := s.InUse(); log != nil {
		s.mu.Lock()
		var caches []store.Cache
		if s.broken == nil {
			caches = s.keeper.Pack(s.state, true)
		}
		s.mu.Unlock()
		if err := s.keeper.Keep(caches...); err != nil {
			s.slower(err)
		}
		errs = append(errs, log.Close())
	}
	s.saveCoverage()
	if s.held != nil {
		errs = append(errs, s.held.Release())
	}
	return errors.Join(errs...)
}

// ID implements fleet.Copy.
func (s *Site) ID() string {
	if log := s.InUse(); log != nil {
		return log.ID()
	}
	return ""
}

// End implements fleet.Copy.
func (s *Site) End() (seq uint64, sum uint32) {
	if log := s.InUse(); log != nil {
		if seq, sum = log.End(); seq > 0 {
			return seq, sum
		}
	}
	return 0, 0
}

// Follow implements fleet.Copy: first the log, then what is shown.
func (s *Site) Follow(links []jobmon.Link) error {
	end, _ := s.End()
	for i := range links {
		if (end > 0 || i > 0) && history.IsCut(&links[i].Batch) {
			return fmt.Errorf("%w: event %d stands for history that was cut off, as only the first batch of a log does",
				fleet.ErrUnjoined, links[i].First())
		}
	}
	err := s.InUse().Follow(links)
	if errors.Is(err, store.ErrUnjoined) {
		return fmt.Errorf("%w: %w", fleet.ErrUnjoined, err)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.fold(links)
	s.arrived()
	var caches []store.Cache
	if s.broken == nil {
		caches = s.keeper.Pack(s.state, false)
	}
	s.mu.Unlock()
	s.report()
	s.hub.signal()
	if err := s.keeper.Keep(caches...); err != nil {
		s.slower(err)
	}
	return nil
}

// fold takes up batches that are on the disk, unless the log is broken: see mend. The caller holds mu.
func (s *Site) fold(links []jobmon.Link) {
	if s.broken != nil {
		return
	}
	for i := range links {
		b := &links[i].Batch
		if b.Last() <= s.state.Seq {
			continue // mend read it in the log
		}
		if s.broken = s.state.Apply(b); s.broken != nil {
			return
		}
		if s.sending.sender != nil {
			s.show()
			s.tell(b)
		}
	}
	s.show()
	s.state.Shed(history.MostTold)
}

// show hands pictures that changed to those who ask for all. The caller holds mu.
func (s *Site) show() {
	for _, id := range s.state.Projection.Changed() {
		if p, ok := s.state.Projection.Progress(id); ok {
			s.gallery.Show(p)
		}
	}
}

// BeginAnew implements fleet.Copy. The log that was followed so far is kept, and the site's record says why.
func (s *Site) BeginAnew(id, dsName, why string) error {
	defer s.report()
	s.hush()
	o := store.Options{ID: id, Site: dsName}
	err := s.setAside(o, why)
	l, failed := s.load(o) // the new log, or the old one where it could not be set aside
	if failed != nil {
		return errors.Join(err, failed)
	}
	s.use(l, coverage{})
	s.hush() // the daemon may have spoken of the old log meanwhile
	s.saveCoverage()
	return err
}

// setAside keeps the log in use, if there is one, under another name, and begins an empty one in its place.
func (s *Site) setAside(o store.Options, why string) error {
	log := s.InUse()
	if log == nil {
		return nil
	}
	last, _ := log.End()
	was := aside{LogID: log.ID(), Last: last, Why: why, At: jobmon.InstantOf(time.Now())}
	if err := log.Close(); err != nil {
		return err
	}
	name, err := store.SetAside(s.dir, o)
	if name != "" && last == 0 { // nothing to keep
		err = errors.Join(err, os.Remove(filepath.Join(s.dir, name)))
	}
	if was.File = name; name != "" && last > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.record.Asides = append(s.record.Asides, was)
		err = errors.Join(err, s.writeRecord())
	}
	return err
}
