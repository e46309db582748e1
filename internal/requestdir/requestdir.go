// Package requestdir reads the folder in which DS scripts ask for a computer's .evt file where they cannot run this
// program: plain files, written by plain batch, over a share whose rights alone decide who may ask.
//
// A request is the file "<computer id>.req". Its first line is the name of the job that runs now, and may be empty. The
// script writes it and waits for it to vanish. When it has vanished, the .evt file is the newest. The line should be
// ended, as echo does it: a line without an end may be half-written and is believed only when the file has not changed
// for SettleTime. A file of more than 64 KiB is a request without a job name.
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
	"time"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// SettleTime is how long an empty request, or one whose line has no end, must stay as it is before it is believed.
const SettleTime = 250 * time.Millisecond

const (
	maxFile = plainfile.Most // bytes: beyond, the content is not looked at
	maxRead = 1 << 10        // bytes of a request that are looked at
	chunk   = 1024           // names that are read from the folder at a time
)

// Request is one computer's request, as it was read.
type Request struct {
	Computer jobmon.ComputerID
	Job      string // the job that runs now, as well as a console can say it (see jobmon.SameName); "" when not given
	Path     string // the file

	version version
}

// Stats count what one scan found besides the requests that it returned.
type Stats struct {
	Ignored    int    // entries that are no requests: other names, folders, links, devices
	Unreplaced string // a request in whose name DS left a token, such as %ID%.req; "" for none
	Waiting    int    // half-written, as far as can be told; for a later scan
	More       int    // for the next scan, because there are too many at once
	Unreadable int    // cannot be opened or read now; tried again, ever more rarely
	Reason     error  // why one of those cannot be read that this scan has tried; nil when it tried none
	Stuck      int    // served but not removable; not returned again, and removed as soon as possible
}

// Folder is the folder and what is known of the files in it. One goroutine calls Scan; any may call Done and Again.
type Folder struct {
	path  string
	notes notes
}

// New is the folder at path, usually "<evt dir>/requests". Nothing is touched.
func New(path string) *Folder { return &Folder{path: path, notes: notes{known: map[string]*note{}}} }

// Ensure creates the folder where it is missing, but not the one that it lies in: where a share is away, a folder made
// in its place would be taken for it. On Windows its rights are inherited; elsewhere only its owner may write to it.
func (f *Folder) Ensure() error {
	err := os.Mkdir(f.path, 0o755)
	if err == nil {
		err = inherit.Path(f.path)
	}
	if info, there := os.Stat(f.path); there == nil && info.IsDir() {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create the request folder: %w; create it by hand, or give the account that the program "+
			"runs "+
			"under the right to", err)
	}
	return nil
}

// Scan returns the requests that are there, oldest first and at most limit of them, but one at least. A request is
// returned once: not again until Again was called for it, or its file was written anew. Done removes it. One of the two
// must be called for each request: at most 4,096 are in service, failed or stuck at a time.
//
// now is the present time, for the pauses between two looks at the same file. An error says why the folder cannot be
// read (it wraps fs.ErrNotExist when it is missing; see Ensure) or is the cause of ctx.
func (f *Folder) Scan(ctx context.Context, now time.Time, limit int) (requests []Request, stats Stats, err error) {
	info, err := os.Lstat(f.path)
	switch {
	case err != nil:
		return nil, stats, fmt.Errorf("look for requests: %w", err)
	case !info.IsDir(): // a link could lead anywhere
		return nil, stats, fmt.Errorf("look for requests: %s is not a folder: remove what is in its place", f.path)
	}
	ready, err := f.list(ctx, now, max(limit, 1), &stats)
	if err != nil {
		return nil, Stats{}, fmt.Errorf("look for requests in %s: %w", f.path, err)
	}
	for _, r := range ready {
		content, info, err := plainfile.Head(r.Path, maxRead)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			stats.Reason = err
			f.notes.unreadable(filepath.Base(r.Path), now)
			continue
		}
		whole := true
		if r.version = versionOf(info); r.version.size <= maxFile {
			r.Job, whole = jobName(content)
		}
		if f.notes.take(filepath.Base(r.Path), r.version, whole, now, &stats) {
			requests = append(requests, r)
		}
	}
	for _, name := range f.notes.tidy(now, &stats) {
		if f.Done(Request{Path: filepath.Join(f.path, name.name), version: name.version}) == nil {
			stats.Stuck-- // the first failure was reported
		}
	}
	return requests, stats, nil
}

// list finds the oldest files to look at, at most limit.
func (f *Folder) list(ctx context.Context, now time.Time, limit int, stats *Stats) (oldest []Request, err error) {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	dir, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	for due := 0; ; {
		entries, err := dir.ReadDir(chunk)
		for _, entry := range entries {
			if r, ok := f.look(entry, now, stats); ok {
				due++
				oldest = append(oldest, r)
			}
		}
		if len(oldest) >= 2*max(limit, chunk) || errors.Is(err, io.EOF) {
			slices.SortFunc(oldest, Request.compare)
			oldest = oldest[:min(limit, len(oldest))]
		}
		if errors.Is(err, io.EOF) {
			stats.More = due - len(oldest)
			return oldest, nil
		}
		if err := cmp.Or(err, context.Cause(ctx)); err != nil {
			return nil, err
		}
	}
}

// look is the request behind an entry of the folder, if it is to be read now.
func (f *Folder) look(entry fs.DirEntry, now time.Time, stats *Stats) (r Request, ok bool) {
	computer, ok := parseName(entry.Name())
	if !ok || !entry.Type().IsRegular() {
		stats.Ignored++
		if unreplaced(entry.Name()) {
			stats.Unreplaced = entry.Name()
		}
		return r, false
	}
	info, err := entry.Info()
	if err != nil { // it has vanished, or the next scan meets it
		return r, false
	}
	r = Request{Computer: computer, Path: filepath.Join(f.path, entry.Name()), version: versionOf(info)}
	return r, f.notes.due(entry.Name(), r.version, now)
}

func (r Request) compare(s Request) int {
	return cmp.Or(cmp.Compare(r.version.modified, s.version.modified), cmp.Compare(r.Computer, s.Computer),
		cmp.Compare(r.Path, s.Path))
}

// Done removes the file of a request that was served, by which the script that waits knows. A file that was written
// anew since it was read stays and is returned by a later Scan; only one that is written in the very moment between
// the comparison and the removal goes with it.
//
// An error says why the file cannot be removed. From then on every Scan tries to remove it, ever more rarely, and does
// not return it.
func (f *Folder) Done(r Request) error {
	err := remove(r)
	f.notes.served(filepath.Base(r.Path), r.version, err == nil)
	if err != nil {
		return fmt.Errorf("remove the request %s, which is served: %w; give the account that the program runs under "+
			"the "+
			"right to delete there", r.Path, err)
	}
	return nil
}

// Again says that r could not be served: a later Scan returns it again, if it is still there. The pauses in between
// grow to half a minute, so that one that never succeeds keeps nobody busy.
func (f *Folder) Again(r Request) { f.notes.failed(filepath.Base(r.Path), r.version) }

// remove removes the file that was read, and nothing else. The file is opened to compare it, because what a share says
// of a file by name can be out of date.
func remove(r Request) error {
	info, err := plainfile.Stat(r.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, plainfile.ErrIrregular):
		return nil
	case err != nil:
		return err
	case versionOf(info) != r.version:
		return nil
	}
	if err := os.Remove(r.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
