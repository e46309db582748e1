package requestdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// Done says that r was served: its file is removed, by which the script that waits knows. A file that was written
// anew since it was read stays and is returned by a later Scan; only one that is written in the very moment between
// the comparison and the removal goes with it.
//
// An error says why the file cannot be removed. It is said once: from then on every Scan tries to remove it, ever more
// rarely, and does not return it.
func (f *Folder) Done(r Request) error {
	err := remove(r)
	name := filepath.Base(r.Path)
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.taken[name]; t != nil && t.version == r.version {
		if t.served = err != nil; !t.served {
			delete(f.taken, name)
		}
	}
	if err != nil {
		return fmt.Errorf("remove the request %s, which is served: %w; give the account that the program runs under the right to delete there",
			r.Path, err)
	}
	return nil
}

// Again says that r could not be served: a later Scan returns it again, if it is still there. The pauses in between
// grow to half a minute, so that one that never succeeds keeps nobody busy.
func (f *Folder) Again(r Request) {
	name := filepath.Base(r.Path)
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.taken[name]; t != nil && t.version == r.version && !t.served {
		t.failed = true
	}
}

// remove removes the file that was read, and nothing else. The file is opened to tell, because what a share says of a
// file by name can be out of date.
func remove(r Request) error {
	info, err := plainfile.Stat(r.Path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, plainfile.ErrIrregular) {
		return nil
	}
	if err != nil {
		return err
	}
	if versionOf(info) != r.version {
		return nil
	}
	if err := os.Remove(r.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
