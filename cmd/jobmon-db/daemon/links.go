package daemon

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/jobmon-db/jobmon-db/internal/keyfile"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// loadLinks returns the key of the log's links on screens; where the site has an address and no key yet, it makes one.
// A key that cannot be read costs the links, and nothing else.
func (o *Options) loadLinks(logID string) link.Key {
	load := link.ReadKey
	if o.Settings.PublicURL != "" {
		load = link.MakeKey
	}
	key, err := load(o.DataDir, logID)
	if exposed := keyfile.Exposed(filepath.Join(o.DataDir, keyfile.Links)); exposed != nil {
		o.Logger.Warn().Err(exposed).Msg("the key of the links on screens is not secret")
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		o.Logger.Error().Err(err).Msg("screens show no link to the board until the next start: restore the file, or " +
			"remove it for a new key, which ends all links that were shown")
	}
	return key
}

// LinkKey is the key of the links on screens, nil where there is none.
func (d *Daemon) LinkKey() link.Key { return d.journal.links }
