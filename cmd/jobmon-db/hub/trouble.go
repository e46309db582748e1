package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/gallery"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// trouble is why the hub cannot use its copy of a site. It concerns no other site. The site's mu guards it.
type trouble struct {
	unopened error // the folder or the log in it cannot be opened
	broken   error // the log cannot be folded: it is followed, and what is shown is what it was before
	unread   error // the record of the logs that were set aside cannot be read
	unmade   error // the site's stream cannot be made
	said     string
}

// How often what is in the way is looked at again. A log is not folded anew for each batch: that takes as long as the
// log is.
const (
	openEvery = 10 * time.Second
	foldEvery = 10 * time.Minute
)

// tryOpen opens the copy, or records why it cannot be opened.
func (s *Site) tryOpen() {
	err := s.open()
	if err != nil && s.held != nil {
		err = errors.Join(err, s.held.Release()) // somebody may mend the folder
		s.held = nil
	}
	s.mu.Lock()
	s.unopened = err
	s.mu.Unlock()
	s.report()
}

// usable says whether the copy is open.
func (s *Site) usable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unopened == nil
}

// await tries to open the copy until that succeeds; it returns false when ctx ends before.
func (s *Site) await(ctx context.Context) bool {
	for patience.Sleep(ctx, cmp.Or(s.hub.options.openEvery, openEvery)) == nil {
		if s.tryOpen(); s.usable() {
			s.logger.Info().Msg("the copy of the site's log is open")
			return true
		}
	}
	return false
}

// mend looks again at what is in the way of an open copy, until ctx ends.
func (s *Site) mend(ctx context.Context) {
	for patience.Sleep(ctx, cmp.Or(s.hub.options.foldEvery, foldEvery)) == nil {
		s.mu.Lock()
		if s.unread != nil {
			s.readRecord()
		}
		broken := s.broken != nil
		s.mu.Unlock()
		if broken {
			s.refold()
		}
		s.report()
	}
}

// refold takes the state from the log. That takes as long as the log is, and nobody waits for it.
func (s *Site) refold() {
	log := s.InUse()
	state, err := history.Load(log)
	s.renew(log, state, err)
}

// renew shows a state that was taken from the log, with what was appended to the log meanwhile. Where that failed, or
// fails, it records why.
func (s *Site) renew(log *store.Log, state *history.State, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if log != s.InUse() {
		return // another log has replaced it
	}
	if err == nil {
		err = catchUp(log, state)
	}
	if s.broken = err; err != nil {
		return
	}
	state.Shed(history.MostTold)
	state.Projection.Changed()
	s.state, s.gallery = state, gallery.Gallery{Site: s.name}
	s.arrived()
}

// catchUp takes up what the log has behind the state.
func catchUp(log *store.Log, state *history.State) error {
	for b, err := range log.Scan(state.Seq + 1) {
		if err == nil {
			err = state.Apply(&b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sentence says what is in the way and what to do, "" for nothing. The caller holds mu.
func (t *trouble) sentence(dir string) string {
	const anew = "and the hub gets all of it anew from the stream and the site"
	var held *instance.HeldError
	text := ""
	switch {
	case errors.As(t.unopened, &held):
		text = fmt.Sprintf("another program works in the hub's folder of this site, which is followed again when that "+
			"ends: %v", t.unopened)
	case errors.Is(t.unopened, fs.ErrPermission):
		text = fmt.Sprintf("the hub may not use its folder of this site: give its account the right to %s, or move "+
			"that folder away, %s (%v)", dir, anew, t.unopened)
	case t.unopened != nil:
		text = fmt.Sprintf("the hub cannot read its copy of this site's log: move the folder %s away, %s (%v)", dir,
			anew, t.unopened)
	case errors.Is(t.broken, history.ErrNewerCut):
		text = fmt.Sprintf("the hub keeps this site's log and cannot show it: %v at the hub", t.broken)
	case t.broken != nil:
		text = fmt.Sprintf("the hub keeps this site's log and cannot read it: stop the hub, move the folder %s away "+
			"and start it, %s (%v)", dir, anew, t.broken)
	case t.unread != nil:
		text = t.unread.Error()
	case t.unmade != nil:
		text = fmt.Sprintf("the site's stream cannot be made; trying again: %v", t.unmade)
	}
	return plain.Text(text)
}

// inTheWay is the sentence of what is in the way, "" for nothing.
func (s *Site) inTheWay() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble.sentence(s.dir)
}

// cannotMake records why the site's stream cannot be made, nil for no reason.
func (s *Site) cannotMake(err error) {
	s.mu.Lock()
	s.unmade = err
	s.mu.Unlock()
	s.report()
}

// report logs what is in the way, once.
func (s *Site) report() {
	s.mu.Lock()
	text := s.trouble.sentence(s.dir)
	news := text != s.said
	s.said = text
	s.mu.Unlock()
	if news && text != "" {
		s.logger.Error().Msg(text)
	}
}

// readRecord reads which logs were set aside. The caller holds mu, or nobody else has the site yet.
func (s *Site) readRecord() { s.record, s.unread = readRecord(s.dir) }

// writeRecord writes it. A record that could not be read is kept beside it.
func (s *Site) writeRecord() error {
	if s.unread != nil {
		path := filepath.Join(s.dir, recordFile)
		if err := os.Rename(path, path+".unreadable"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		s.unread = nil
	}
	return s.record.write(s.dir)
}
