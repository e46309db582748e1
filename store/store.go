// Package store keeps the event log: append only, on one bbolt file, the truth from which everything else follows.
//
// A batch of events is appended in one transaction as one frame, which is on the disk when Append returns. Frames are
// numbered by the sequence numbers of their events and chained by their checksums; reading checks both. The newest
// frames are the tail; when it has 1,024 events the next Append packs it into a block, a quarter of the size and
// several times as fast to read. The format, the durability promise and what happens at a crash are in
// docs/event-log.md.
package store

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Options choose how a log is opened. The zero value opens it for appending and creates it when there is none.
type Options struct {
	// Site is the name of the DS server, written into a log that is created; an existing log keeps its own.
	Site string

	// ID is the id of a log that is created as a copy of another one, 32 hex digits; "" gives it one of its own. An
	// existing log keeps its own.
	ID string

	// ReadOnly opens an existing log and changes nothing on the disk. The file is then open, and locked against a
	// writer, only while a page of it is read.
	ReadOnly bool

	// LockWait is how long to wait for another process to let go of the log; 0 means 250 ms.
	LockWait time.Duration

	// Damaged, where set, lets reading go on behind damaged events. It is called once for each place: Seq and Last of
	// the error are the events that are left out. Readers call it, perhaps from several goroutines. If the extent of
	// the damage is unknown, reading stops there.
	Damaged func(*Error)
}

const defaultLockWait = 250 * time.Millisecond

// Log is an open event log. Its methods may be called from several goroutines at once: appends wait for one
// another, reading goes on beside them.
type Log struct {
	dir     string
	path    string
	options Options

	described atomic.Pointer[description] // follows state: what bounds say is never beyond it

	appending sync.Mutex // one Append at a time; guards what follows
	failed    bool       // the last commit failed: open the file again before the next
	unsure    bool       // and the file may hold something of it, to be removed by the next
	attempts  []attempt  // commits that failed since the last one that did not
	skipTo    uint64     // the next batch begins here, when that is behind what comes next
	frame     []byte     // working space
	body      []byte     // the same

	handle sync.RWMutex // held for reading while db is used, for writing while it is exchanged
	db     *bolt.DB     // nil when read-only, closed or not opened again
	closed bool

	blocks knownHeads
	notes  []string // what opening found

	state    sync.Mutex
	bounds   bounds
	reported map[Gap]struct{} // damaged places that Options.Damaged was called with
	// bbolt panicked: it is not used again, not even to close it, as that could wait for ever
	dead error
}

// description is the meta record of an open log. Following another log can change it.
type description struct {
	meta
	record []byte
}

func (l *Log) meta() *description { return l.described.Load() }

// bounds are the ends of what is committed and acknowledged; zero when the log is empty.
type bounds struct {
	first, last     uint64
	firstAt, lastAt jobmon.Instant
	crc             uint32 // of the last frame, or what the first one is chained to
	tail            uint64 // where the tail begins: all before it is in blocks
}

// add makes a frame the newest one. The tail stays as it was.
func (b *bounds) add(f *frame) {
	if b.last == 0 {
		b.first, b.firstAt = f.first, f.at
	}
	b.last, b.lastAt, b.crc = f.last(), f.at, f.crc
}

// next is the least sequence number that can come next.
func (b *bounds) next(m *meta) uint64 { return max(b.last+1, m.First) }

// Open opens the log in the data dir.
//
// Errors: ErrNoLog (read-only, and there is none), ErrNotOurs (the folder or the file belongs to something else),
// ErrNewer (also of a format that no release wrote), ErrLocked (within LockWait), ErrCorrupt, ErrTruncated; others come
// from the operating system. The caller closes the log.
func Open(dir string, options Options) (*Log, error) {
	if options.LockWait <= 0 {
		options.LockWait = defaultLockWait
	}
	l := &Log{dir: dir, options: options}
	db, err := l.openCurrent()
	if err != nil {
		return nil, err
	}
	if err := l.take(db); err != nil {
		return nil, err
	}
	if options.ReadOnly {
		return l, nil
	}
	l.removeLeftovers()
	if err := l.takeUpNewest(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// take reads the ends of the file that was opened, and keeps it open unless the log is for reading only. After an error
// it is closed.
func (l *Log) take(db *bolt.DB) (err error) {
	var d description
	if d.meta, l.bounds, err = readState(db, l.path); err == nil {
		d.record, err = d.encode()
	}
	l.described.Store(&d)
	if err != nil || l.options.ReadOnly {
		return closeAfter(db, err)
	}
	l.db, l.skipTo = db, l.meta().Next
	return nil
}

// OpenFile opens a log in a file of any name, a backup for instance, for reading only. Errors are those of Open.
func OpenFile(path string) (*Log, error) { return OpenFileWith(path, Options{}) }

// OpenFileWith is OpenFile with options, of which LockWait and Damaged count.
func OpenFileWith(path string, o Options) (*Log, error) {
	o.ReadOnly, o.LockWait = true, cmp.Or(max(o.LockWait, 0), defaultLockWait)
	return openLog("", path, o)
}

// openLog opens a log whose file is known.
func openLog(dir, path string, o Options) (*Log, error) {
	l := &Log{dir: dir, path: path, options: o}
	db, err := openFile(path, o.ReadOnly, o.LockWait, true)
	if err == nil {
		err = l.take(db)
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// absent creates the log, or returns that there is none.
func (l *Log) absent() (string, error) {
	if !l.options.ReadOnly {
		return createLog(l.dir, l.options)
	}
	if _, err := withoutCurrent(l.dir, l.options.LockWait); err != nil {
		return "", err
	}
	return "", errNoLog(l.dir)
}

// removeLeftovers removes what crashes left beside a log that is open for writing. A failure does no
// harm: the next opening tries again.
func (l *Log) removeLeftovers() {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if isLeftover(entry.Name()) || l.isOver(entry.Name()) {
			_ = os.Remove(filepath.Join(l.dir, entry.Name()))
		}
	}
}

// Close closes the log; whatever was appended is on the disk already. Closing it again does nothing.
func (l *Log) Close() error {
	l.appending.Lock()
	defer l.appending.Unlock()
	l.handle.Lock()
	defer l.handle.Unlock()
	l.closed = true
	return l.closeFile()
}

// closeFile closes the file if it is open. The caller holds handle for writing.
func (l *Log) closeFile() error {
	db := l.db
	l.db = nil
	if db == nil || l.deadly() != nil {
		return nil
	}
	return closeAfter(db, nil)
}

// use calls call with the open file. The caller holds handle.
func (l *Log) use(call func(db *bolt.DB) error) error {
	if err := l.deadly(); err != nil {
		return err
	}
	if l.closed {
		return errClosed(l.path)
	}
	if l.db == nil {
		return sentence(ErrClosed, l.path, "%s is closed after a failed write: append again, which opens it", l.path)
	}
	err := guarded(l.path, func() error { return call(l.db) })
	if errors.Is(err, errPanicked) {
		l.state.Lock()
		l.dead = err
		l.state.Unlock()
	}
	return err
}

func (l *Log) deadly() error {
	l.state.Lock()
	defer l.state.Unlock()
	return l.dead
}

// First is the sequence number and the time (UTC) of the oldest event; ok is false when there is none.
func (l *Log) First() (seq uint64, at jobmon.Instant, ok bool) {
	b := l.ends()
	return b.first, b.firstAt, b.last > 0
}

// Last is the sequence number and the time (UTC) of the newest event whose batch is durable; ok is false when there
// is none. For a log that is open for reading only it is what Open found.
func (l *Log) Last() (seq uint64, at jobmon.Instant, ok bool) {
	b := l.ends()
	return b.last, b.lastAt, b.last > 0
}

// Cut is the sequence number from which on the history is complete: 1, or more once older history was cut off. Events
// before it only stand for what was there.
func (l *Log) Cut() uint64 { return max(l.meta().Cut, 1) }

// ID identifies the log: 32 hex digits, random, given at its creation.
func (l *Log) ID() string { return l.meta().ID }

// Site is the name of the DS server that was given at the log's creation.
func (l *Log) Site() string { return l.meta().Site }

// Size is how many bytes the log's file has; 0 when that cannot be found out.
func (l *Log) Size() int64 {
	info, err := os.Stat(l.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// Path is the log's file.
func (l *Log) Path() string { return l.path }

func (l *Log) ends() bounds {
	l.state.Lock()
	defer l.state.Unlock()
	return l.bounds
}
