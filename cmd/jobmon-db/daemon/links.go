package daemon

import (
	"errors"
	"io/fs"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// links holds the key of the links on screens. A journal's lock guards it.
type links struct {
	dataDir string
	logger  zerolog.Logger
	key     link.Key // nil until it is needed
	failed  bool     // there is none, which is logged
}

// of is the key for a picture's file. The first picture with a link makes it.
func (l *links) of(p *jobmon.Progress) link.Key {
	if !evt.Links(p) {
		return nil
	}
	return l.load(link.MakeKey)
}

func (l *links) load(from func(dataDir string) (link.Key, error)) link.Key {
	if l.key != nil || l.failed {
		return l.key
	}
	key, err := from(l.dataDir)
	if l.key = key; err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.failed = true
		l.logger.Error().Err(err).Msg("screens show no link to the board until the next start: restore the file, or " +
			"remove it for a new key, which ends all links that were shown")
	}
	return l.key
}

// LinkKey is the key of the links on screens, nil while there is none. Safe for concurrent use.
func (d *Daemon) LinkKey() link.Key {
	d.journal.mu.Lock()
	defer d.journal.mu.Unlock()
	return d.journal.links.load(link.ReadKey)
}
