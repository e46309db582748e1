package store

import (
	"context"
	"errors"
)

// ErrUpgrade says that a log of an older format could not be written anew in this version's. It is in use as it was.
var ErrUpgrade = errors.New("event log not upgraded")

// upgrade gives back a log of this version's format, with the same events: l itself, or else a new generation, made as a
// compaction makes one: written beside, compared with the old one, proven, and only then named in CURRENT. So whatever
// instant this is cut off at, the folder has the old log or the new one, whole, and there is no need to break it off
// otherwise. The old file stays until the next opening for writing. It closes l when it does not give that back.
func (l *Log) upgrade() (*Log, error) {
	if l.meta.Format >= fileFormat || l.options.asItIs {
		return l, nil
	}
	next, err := l.writtenAnew(context.Background())
	if err != nil {
		return nil, errors.Join(sentence(ErrUpgrade, l.path,
			"%s has format %d and could not be written anew in format %d, nothing was changed: %v", l.path, l.meta.Format, fileFormat, err), l.Close())
	}
	next.upgradedFrom = l.path
	next.notes = l.notes
	return next, nil
}

func (l *Log) writtenAnew(ctx context.Context) (*Log, error) {
	c, err := l.Compact(ctx, CompactOptions{KeepOld: true})
	if err != nil {
		return nil, err
	}
	next, err := c.Finish(ctx)
	if next != nil && err != nil { // it is in use all the same, and only the old file could not be closed
		return nil, errors.Join(err, next.Close())
	}
	return next, err
}

// UpgradedFrom is the file of an older format that this opening has written anew, and that the next one removes; "" when
// the log had this version's format.
func (l *Log) UpgradedFrom() string { return l.upgradedFrom }
