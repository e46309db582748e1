package store

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Summary is what a log file holds.
type Summary struct {
	Path            string         `json:"path"`
	ID              string         `json:"id"`
	Site            string         `json:"site"`
	First           uint64         `json:"first"` // the first and the last sequence number, 0 when there are no events
	Last            uint64         `json:"last"`
	FirstAt, LastAt jobmon.Instant `json:"-"`
	Events          uint64         `json:"events,omitempty"`  // how many can be read; counted by Restore alone
	Bytes           int64          `json:"bytes"`             // size of the file
	Damaged         []Gap          `json:"damaged,omitempty"` // what cannot be read; nil also when that was not looked for
}

// OpenFile opens a log in a file of any name, a backup for instance, for reading only. Errors are those of Open.
func OpenFile(path string) (*Log, error) { return OpenFileWith(path, Options{}) }

// OpenFileWith is OpenFile with options, of which LockWait and Damaged count.
func OpenFileWith(path string, o Options) (*Log, error) {
	l := &Log{path: path, options: Options{ReadOnly: true, LockWait: cmp.Or(max(o.LockWait, 0), defaultLockWait), Damaged: o.Damaged}}
	db, err := openFile(path, true, l.options.LockWait, 0)
	if err != nil {
		return nil, err
	}
	if err = walk(path, false); err == nil {
		l.meta, l.bounds, err = readState(db, path, false)
	}
	if err := closeAfter(db, err); err != nil {
		return nil, err
	}
	return l, nil
}

// describe is the summary without a reading of everything.
func (l *Log) describe() Summary {
	b := l.ends()
	s := Summary{Path: l.path, ID: l.meta.ID, Site: l.meta.Site, First: b.first, Last: b.last, FirstAt: b.firstAt, LastAt: b.lastAt}
	if info, err := os.Stat(l.path); err == nil {
		s.Bytes = info.Size()
	}
	return s
}

// summary reads everything and says what cannot be read. The error is another one than damage.
func (l *Log) summary(ctx context.Context, told Progress) (Summary, error) {
	s := l.describe()
	for from := uint64(0); from <= s.Last; {
		err := l.prove(ctx, from, func(*jobmon.Batch) {}, func(done, total uint64) error {
			told.tell(done, total)
			return nil
		})
		var bad *Error
		if !errors.As(err, &bad) || bad.Kind != ErrCorrupt && bad.Kind != ErrTruncated || bad.Last < max(from, bad.Seq) || bad.Last == 0 {
			return s, err
		}
		s.Damaged = append(s.Damaged, Gap{max(bad.Seq, from), bad.Last})
		from = bad.Last + 1
	}
	return s, nil
}
