// Package requestdir reads the folder in which DS scripts ask for a computer's .evt file where they cannot run this
// program: plain files, written by plain batch, over a share whose rights alone decide who may ask.
//
// A request is the file "<computer id>.req"; its first line is the name of the job that runs now, and may be empty. The
// script writes it and waits for it to vanish, for so long as it cares to; when it has vanished the .evt file is the
// newest. The line should be ended, as echo does it: what has no line end may be half-written and is believed only
// when it has not changed for SettleTime. A file of more than 64 KiB is a request without a job name.
//
// Anyone who can write to the share can write anything. Believed are the number in the file's name and, of the first
// kibibyte, one line of at most 254 characters without control characters. Other names, folders, links and devices
// are neither opened nor removed, and memory is bounded however many files there are.
//
// A folder on another server is seen through what that computer's SMB client remembers: Windows keeps listings for up
// to ten seconds unless server and client agree on something better (DirectoryCacheLifetime, documented by Microsoft;
// not measured here). A request is then seen that much later.
package requestdir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// SettleTime is how long an empty request, or one whose line has no end, must stay as it is before it is believed.
const SettleTime = 250 * time.Millisecond

const (
	maxFile  = plainfile.Most // bytes: beyond, the content is not looked at
	maxRead  = 1 << 10        // bytes of a request that are looked at
	maxNotes = 4096           // requests in service or not removable; and once more, those that are waited for
	chunk    = 1024           // names that are read from the folder at a time

	longestPause = 30 * time.Second // between two attempts on a file that cannot be read, or removed
)

// Request is one computer's request, as it was read.
type Request struct {
	Computer jobmon.ComputerID
	Job      string // the job that runs now, as well as a console can say it (see jobmon.SameName); "" when not given
	Path     string // the file

	version version
}

// version tells a file from a later one of the same name.
type version struct {
	size     int64
	modified int64 // nanoseconds since 1970; file systems keep it to a hundred of them, or to seconds
}

func versionOf(info fs.FileInfo) version { return version{info.Size(), info.ModTime().UnixNano()} }

// Stats say what one scan found, besides the requests that it returned.
type Stats struct {
	Ignored    int    // entries that are no requests: other names, folders, links, devices
	Unreplaced string // one of those names: a request in which DS left a token as it stands, such as %ID%.req; "" for none
	Waiting    int    // half-written, as far as can be told; for a later scan
	More       int    // for the next scan, because there are too many at once
	Unreadable int    // cannot be opened or read now; tried again, ever more rarely
	Reason     error  // why one of those cannot that this scan has tried; nil when it tried none
	Stuck      int    // served but not removable; not returned again, and removed as soon as possible
}

// Folder is the folder and what is known of the files in it. Its methods may be called from any goroutine.
type Folder struct {
	path     string
	scanning sync.Mutex // held by Scan

	mu      sync.Mutex // guards what is below; never held during I/O
	taken   map[string]*taken
	watched map[string]*watched
}

// taken notes a request that Scan has returned, by the name of its file.
type taken struct {
	version version
	failed  bool  // not served: to be returned again
	served  bool  // but not removed
	pause   pause // until it is returned again, or removed
	seen    bool  // by the present scan
}

// watched notes a file that Scan could not return yet.
type watched struct {
	version    version
	unreadable bool
	pause      pause
	seen       bool
}

// pause says when to look again, and grows.
type pause struct {
	until time.Time
	next  time.Duration
}

func (p *pause) begin(now time.Time) {
	p.next = min(max(2*p.next, SettleTime), longestPause)
	p.until = now.Add(p.next)
}

// New is the folder at path, usually "<evt dir>/requests". Nothing is touched.
func New(path string) *Folder {
	return &Folder{path: path, taken: map[string]*taken{}, watched: map[string]*watched{}}
}

// Ensure creates the folder where it is missing, but not the one that it lies in: where a share is away, a folder made in
// its place would be taken for it. Who may write to it is decided on Windows by what it inherits; elsewhere only its
// owner may.
func (f *Folder) Ensure() error {
	err := os.Mkdir(f.path, 0o755)
	if err == nil {
		err = inherit.Path(f.path)
	}
	if info, there := os.Stat(f.path); there == nil && info.IsDir() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the request folder: %w; create it by hand, or give the account that the program runs under the right to", err)
	}
	return nil
}

// Scan returns the requests that are there, oldest first and at most limit of them, but one at least. A request is
// returned once: not again until Again was called for it, or its file was written anew. Done removes it. Of each
// request returned one of the two must be called: at most 4,096 are in service, failed or stuck at a time.
//
// now is the present time, for the pauses between two looks at the same file. An error says why the folder cannot be
// read (it wraps fs.ErrNotExist when it is missing; see Ensure) or is the cause of ctx.
func (f *Folder) Scan(ctx context.Context, now time.Time, limit int) ([]Request, Stats, error) {
	limit = max(limit, 1)
	f.scanning.Lock()
	defer f.scanning.Unlock()
	root, err := f.open()
	if err != nil {
		return nil, Stats{}, fmt.Errorf("look for requests: %w", err)
	}
	defer root.Close()
	var stats Stats
	ready, err := f.list(ctx, root, now, limit, &stats)
	if err != nil {
		return nil, Stats{}, fmt.Errorf("look for requests in %s: %w", f.path, err)
	}
	var requests []Request
	for _, c := range ready {
		content, info, err := plainfile.Head(filepath.Join(f.path, c.name), maxRead)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			stats.Reason = err
			f.watch(c.name, version{}, true, now)
			continue
		}
		v, job, whole := versionOf(info), "", true
		if v.size <= maxFile {
			job, whole = jobName(content)
		}
		if whole || f.settled(c.name, v, now) {
			if f.take(c.name, v, now, &stats) {
				requests = append(requests, Request{Computer: c.computer, Job: job, Path: filepath.Join(f.path, c.name), version: v})
			}
		}
	}
	f.tidy(now, &stats)
	return requests, stats, nil
}

// open gives the folder itself. A link in its place, which could lead anywhere, is an error.
func (f *Folder) open() (*os.Root, error) {
	info, err := os.Lstat(f.path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder: remove what is in its place", f.path)
	}
	return os.OpenRoot(f.path)
}

// candidate is a file that may be ready.
type candidate struct {
	name     string
	computer jobmon.ComputerID
	modified int64
}

func (c candidate) compare(d candidate) int {
	return cmp.Or(cmp.Compare(c.modified, d.modified), cmp.Compare(c.computer, d.computer), cmp.Compare(c.name, d.name))
}

// list finds the oldest files to look at, at most limit.
func (f *Folder) list(ctx context.Context, root *os.Root, now time.Time, limit int, stats *Stats) ([]candidate, error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var oldest []candidate
	ready := 0
	for {
		entries, err := dir.ReadDir(chunk)
		for _, entry := range entries {
			computer, ok := parseName(entry.Name())
			if !ok || !entry.Type().IsRegular() {
				stats.Ignored++
				if unreplaced(entry.Name()) {
					stats.Unreplaced = entry.Name()
				}
				continue
			}
			info, err := entry.Info()
			if err != nil { // it has vanished, or will be met by the next scan
				continue
			}
			v := versionOf(info)
			if !f.due(entry.Name(), v, now) {
				continue
			}
			ready++
			oldest = append(oldest, candidate{entry.Name(), computer, v.modified})
			if len(oldest) >= 2*max(limit, chunk) {
				slices.SortFunc(oldest, candidate.compare)
				oldest = oldest[:limit]
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err := cmp.Or(err, context.Cause(ctx)); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(oldest, candidate.compare)
	oldest = oldest[:min(limit, len(oldest))]
	stats.More = ready - len(oldest)
	return oldest, nil
}

// due says whether a file that was listed is to be opened. What a listing says of a file can be older than the file,
// so it decides only what need not be opened.
func (f *Folder) due(name string, listed version, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.taken[name]; t != nil {
		t.seen = true
		if t.version == listed {
			return t.failed && !now.Before(t.pause.until)
		}
	}
	if w := f.watched[name]; w != nil {
		w.seen = true
		return !w.unreadable && w.version != listed || !now.Before(w.pause.until)
	}
	return true
}

// settled says whether a file that may be half-written has not changed since it was seen so SettleTime ago.
func (f *Folder) settled(name string, v version, now time.Time) bool {
	f.mu.Lock()
	w := f.watched[name]
	f.mu.Unlock()
	if w != nil && !w.unreadable && w.version == v {
		return !now.Before(w.pause.until)
	}
	f.watch(name, v, false, now)
	return false
}

// watch notes that a file is to be looked at later. When there are too many such notes it is looked at every time.
func (f *Folder) watch(name string, v version, unreadable bool, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.watched[name]
	if w == nil || !unreadable || !w.unreadable {
		if w == nil && len(f.watched) >= maxNotes {
			return
		}
		w = &watched{version: v, unreadable: unreadable, seen: true}
		f.watched[name] = w
	}
	w.pause.begin(now)
}

// take notes that a request is returned; false when it was before, or when there are too many notes.
func (f *Folder) take(name string, v version, now time.Time, stats *Stats) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watched, name)
	t := f.taken[name]
	switch {
	case t == nil && len(f.taken) >= maxNotes:
		stats.More++
		return false
	case t == nil || t.version != v:
		t = &taken{version: v, seen: true}
		f.taken[name] = t
	case !t.failed || now.Before(t.pause.until):
		return false
	}
	t.failed = false
	t.pause.begin(now)
	return true
}

// tidy forgets the files that are gone, and tries again to remove those that were served.
func (f *Folder) tidy(now time.Time, stats *Stats) {
	f.mu.Lock()
	var again []Request
	for name, t := range f.taken {
		switch {
		case (t.served || t.failed) && !t.seen:
			delete(f.taken, name)
		case t.served && !now.Before(t.pause.until):
			t.pause.begin(now)
			again = append(again, Request{Path: filepath.Join(f.path, name), version: t.version})
		}
		t.seen = false
	}
	for name, w := range f.watched {
		switch {
		case !w.seen:
			delete(f.watched, name)
		case w.unreadable:
			stats.Unreadable++
		default:
			stats.Waiting++
		}
		w.seen = false
	}
	f.mu.Unlock()
	for _, r := range again {
		_ = f.Done(r) // the first attempt was reported
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.taken {
		if t.served {
			stats.Stuck++
		}
	}
}
