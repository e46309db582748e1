// Package evtdir keeps the folder of .evt files: for every computer that the projector publishes, the file
// "<computer id>.evt" holds the newest bytes published, and is written again when it is removed or changed.
//
// It knows bytes, not their format. The folder is often a network share that others read, lock and take away; so
// publishing never waits for it, a file that fails holds up no other one, and a folder that is away delays
// files and loses none. Files are replaced as a whole and are not synced to the disk: they can be made again from
// the log.
package evtdir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Errors of WriteNow and Flush; they come wrapped in what was to be done.
var (
	// ErrForeign says that a file that is not ours stands in the way and is left alone.
	ErrForeign = errors.New(
		"a file that this program did not write is in its place; remove it, or set evt.takeover to have such files " +
			"replaced",
	)
	// ErrStopped says that Run has ended, so that nothing is written any more.
	ErrStopped = errors.New("the writer of the evt folder has stopped")
)

// How long is waited, and how that grows.
const (
	defaultCheckEvery = 30 * time.Second
	firstFileRetry    = 50 * time.Millisecond // a reader on Windows has the file open about that long
	firstFolderRetry  = time.Second
	longestRetry      = 30 * time.Second
)

// Options say what New works on.
type Options struct {
	Dir string // the folder; created with its parents when Run first finds it missing

	// Takeover allows to replace files that Ours does not recognise.
	Takeover bool
	// Ours reports whether content, found where a file of ours belongs, was written by this program, perhaps by an
	// earlier run. Files beyond 64 KiB are foreign, and empty ones are ours, without being asked about. It is called
	// from Run's goroutine. nil recognises nothing but what this Dir wrote itself.
	Ours func(content []byte) bool
	// Ledger is the file in which content that Ours does not recognise is entered before it is written, and by which it
	// is recognised. It lies where no other program writes.
	Ledger string
	// Durable, where set, is called before the first file with a picture of that sequence number is written. It returns
	// when it is on the disk that such a file may exist, and up to which number. It is called from Run's goroutine.
	Durable func(seq uint64) (upTo uint64, err error)

	Log        zerolog.Logger // the zero value is silent
	CheckEvery time.Duration  // how often the files are compared with what was written; 0 is 30 s
}

// Content is what a file is to hold.
type Content struct {
	Bytes []byte // not changed any more
	Seq   uint64 // sequence number of the picture that it shows
}

// Dir is the folder and what is known of each file in it. All methods may be called from any goroutine; nothing is
// written while Run is not running.
//
// It holds the newest bytes of every computer that was not forgotten, and of the others a number.
type Dir struct {
	path       string
	takeover   bool
	ours       func([]byte) bool
	ledger     *Ledger // of Run's goroutine
	durable    func(seq uint64) (uint64, error)
	promised   uint64 // by durable; of Run's goroutine
	rivalled   bool   // another program of this project writes here too; said once
	unnoted    bool   // the ledger could not be written; said once
	log        zerolog.Logger
	checkEvery time.Duration
	wake       chan struct{} // wakes Run, once, when there is something to do

	mu      sync.Mutex
	files   map[jobmon.ComputerID]*file
	dropped map[jobmon.ComputerID]uint64 // sequence numbers that forgotten files hold
	failing map[*file]struct{}           // those with a retry
	urgent  []*file                      // callers wait for them
	queue   []*file                      // the others to look at, oldest first
	pending int                          // files that are dirty
	flushes []chan struct{}              // closed when pending is 0, or Run ends
	written uint64
	failed  uint64
	folder  folder
	stopped bool
}

// file is one computer's file.
type file struct {
	id      jobmon.ComputerID
	content Content // the newest state
	version uint64  // counts the changes of content
	left    mark    // the file as we left it

	dirty     bool // it is not known to hold content
	foreign   bool // another program's file was found in its place
	forgotten bool // to be dropped as soon as it holds content
	queued    bool // in queue
	hurried   bool // in urgent

	retry   *retry // nil: the last attempt succeeded
	waiters []chan<- error
}

// retry says when a file that could not be written is tried again.
type retry struct {
	at       time.Time
	wait     *backoff.ExponentialBackOff
	attempts int // that failed one after the other
	err      error
}

// New returns the folder's writer. It touches nothing before Run.
func New(o Options) *Dir {
	d := &Dir{
		path: o.Dir, takeover: o.Takeover, ours: o.Ours, ledger: NewLedger(o.Ledger), durable: o.Durable,
		log: o.Log, checkEvery: o.CheckEvery,
		wake:    make(chan struct{}, 1),
		files:   map[jobmon.ComputerID]*file{},
		dropped: map[jobmon.ComputerID]uint64{},
		failing: map[*file]struct{}{},
	}
	if d.checkEvery <= 0 {
		d.checkEvery = defaultCheckEvery
	}
	if d.ours == nil {
		d.ours = func([]byte) bool { return false }
	}
	d.folder.retry = growing(firstFolderRetry)
	return d
}

// growing is a pause that doubles up to longestRetry. It has no jitter: one goroutine alone takes the pauses.
func growing(first time.Duration) *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: first, Multiplier: 2, MaxInterval: longestRetry}
}

// Path is the file of a computer.
func (d *Dir) Path(id jobmon.ComputerID) string {
	return filepath.Join(d.path, strconv.Itoa(int(id))+".evt")
}

// Publish makes content the newest state of the computer's file and returns at once. States that come faster than
// they can be written are skipped, the newest one is not. From now on the file is looked after until Forget.
func (d *Dir) Publish(id jobmon.ComputerID, content Content) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.publish(id, content); f != nil {
		d.enqueue(f)
	}
}

// WriteNow is Publish, and waits until the file holds content or something newer. It goes before everything that is
// merely published.
//
// It returns ErrForeign where the file is left alone, ErrStopped when Run has ended or ends, and otherwise why content
// could not be written: at once where waiting is no help, at the end of ctx where another program has the file open.
// Also after an error content stays the newest state, and is written when that becomes possible.
func (d *Dir) WriteNow(ctx context.Context, id jobmon.ComputerID, content Content) error {
	done := make(chan error, 1)
	d.mu.Lock()
	f := d.publish(id, content)
	if d.stopped || f == nil {
		d.mu.Unlock()
		if f == nil {
			return nil
		}
		return fmt.Errorf("write %s: %w", d.Path(id), ErrStopped)
	}
	f.waiters = append(f.waiters, done)
	d.enqueue(f)
	d.mu.Unlock()

	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		err := fmt.Errorf("write %s: %w", d.Path(id), context.Cause(ctx))
		d.mu.Lock()
		defer d.mu.Unlock()
		if f.retry != nil {
			err = fmt.Errorf("%w; the last attempt: %w", err, f.retry.err)
		}
		return err
	}
}

// Forget stops looking after the computer's file once it holds the newest state; the file itself stays.
func (d *Dir) Forget(id jobmon.ComputerID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[id]; f != nil {
		f.forgotten = true
		d.enqueue(f)
	}
}

// Flush waits until every file holds its newest state, foreign ones aside; it tries failing files at once instead of
// after their pause. An error says how many files are left, and why one of them is.
func (d *Dir) Flush(ctx context.Context) error {
	done := make(chan struct{})
	d.mu.Lock()
	if d.pending == 0 || d.stopped {
		close(done)
	} else {
		d.flushes = append(d.flushes, done)
		d.folder.probeAt = time.Time{}
		for _, f := range d.files {
			if f.dirty {
				d.enqueue(f)
			}
		}
	}
	d.mu.Unlock()

	why := ErrStopped
	select {
	case <-done:
	case <-ctx.Done():
		why = context.Cause(ctx)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending == 0 {
		return nil
	}
	err := fmt.Errorf("%d files in %s are not written: %w", d.pending, d.path, why)
	if d.folder.err != nil {
		return fmt.Errorf("%w; %w", err, d.folder.err)
	}
	for f := range d.failing {
		return fmt.Errorf("%w; one of them: %w", err, f.retry.err)
	}
	return err
}

// Stats say how the folder fares.
type Stats struct {
	Written   uint64    // files written since New
	Failed    uint64    // attempts that failed since New
	Pending   int       // files that do not hold their newest state yet
	Foreign   int       // files left alone because they are not ours
	AwaySince time.Time // since when the folder cannot be reached; zero while it can
	Away      error     // why it cannot be reached
}

// Stats returns the present figures.
func (d *Dir) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Stats{Written: d.written, Failed: d.failed, Pending: d.pending, AwaySince: d.folder.since, Away: d.folder.err}
	for _, f := range d.files {
		if f.foreign {
			s.Foreign++
		}
	}
	return s
}

// publish takes over content; nil says that the file holds something newer and is no longer looked after. d.mu is held,
// here and below. Older content was overtaken on its way here.
func (d *Dir) publish(id jobmon.ComputerID, content Content) *file {
	f := d.files[id]
	if f == nil {
		if content.Seq < d.dropped[id] {
			return nil
		}
		delete(d.dropped, id)
		f = &file{id: id}
		d.files[id] = f
	}
	if f.version > 0 && content.Seq < f.content.Seq {
		return f
	}
	f.forgotten = false
	if f.version == 0 || !bytes.Equal(f.content.Bytes, content.Bytes) {
		f.content = content
		f.version++
		d.setDirty(f, true)
	}
	return f
}

// enqueue has Run look at f: soon, or before all others when a caller waits for it.
func (d *Dir) enqueue(f *file) {
	switch {
	case len(f.waiters) > 0 && !f.hurried:
		f.hurried = true
		d.urgent = append(d.urgent, f)
	case len(f.waiters) == 0 && !f.queued:
		f.queued = true
		d.queue = append(d.queue, f)
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Dir) setDirty(f *file, dirty bool) {
	if f.dirty == dirty {
		return
	}
	f.dirty = dirty
	if dirty {
		d.pending++
		return
	}
	if d.pending--; d.pending == 0 {
		d.endFlushes()
	}
}

func (d *Dir) endFlushes() {
	for _, done := range d.flushes {
		close(done)
	}
	d.flushes = nil
}
