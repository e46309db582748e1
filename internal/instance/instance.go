// Package instance sees to it that one process at a time works on a folder, and that a second one can say who the
// first is.
//
// The promise is a lock of the operating system on a file of its own: it is given up when the process ends, however
// it ends, so nothing has to be judged stale and taken from anybody. Who holds it stands as JSON in a second file
// beside ("<lock file>.json"), because on Windows nobody else can read the locked part of a file. That second file
// is a courtesy to people: anyone who can write to the folder can forge it, and what it says decides nothing.
//
// On a network share the file server keeps the lock. A Windows share (SMB) holds it against all computers that reach
// the folder through the share, and gives it up when a client's session ends; after a client loses its power that can
// take the server a minute or more. Of a process that works on the folder locally on a Linux file server, of NFS, and
// of shares mounted on Linux with "nobrl" nothing is promised. If somebody removes the lock file while it is held
// (Windows refuses), the next process gets a lock on a new file.
package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Info says who holds a lock. Everybody who may read the folder can read it: no secrets belong in it.
type Info struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`    // the computer's name; on a share the holder can be another one
	Started time.Time `json:"started"` // UTC
	Command string    `json:"command"` // the command line, without secrets
	Purpose string    `json:"purpose"` // what the process does with the folder, in a word or two: "daemon", "restore"
}

const (
	maxInfo  = 256 << 10 // bytes that are read of what others may have written; the longest command line fits
	maxText  = 300       // bytes of it in a sentence
	patience = 500 * time.Millisecond
	pause    = 10 * time.Millisecond
)

// Lock is held until Release or the end of the process.
type Lock struct {
	release func() error
}

// HeldError says that another process has the lock.
type HeldError struct {
	Path string // the lock file
	Info Info   // who has it; zero when that cannot be read
}

// StopDaemon is how the service of this program is stopped on this system.
const StopDaemon = stopDaemon

// Error is one sentence: who, since when, and what to do.
func (e *HeldError) Error() string {
	next := "stop it first, or use another folder"
	if e.Info.Purpose == "daemon" {
		next = "stop it first (" + StopDaemon + ", or Ctrl-C where it was started by hand), or use another folder"
	}
	if e.Info.PID == 0 {
		return fmt.Sprintf("%s is held by another process, which does not say who it is; %s", e.Path, next)
	}
	return fmt.Sprintf(`%s is held by process %d on %s (%s, since %s, command "%s"); %s`, e.Path, e.Info.PID,
		shown(e.Info.Host),
		shown(e.Info.Purpose), e.Info.Started.UTC().Format("2006-01-02 15:04:05 UTC"), shown(e.Info.Command), next)
}

// shown makes text that anybody may have written fit for a sentence.
func shown(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "..."
	}
	return plain.Text(s)
}

// Acquire takes the lock on the file at path, which is created when it is missing (its folder is not), and leaves
// info beside it. The file of a process that died is no obstacle. When another process has the lock, or this one has
// it already, the error is a *HeldError, at once; only a holder that has not said yet who it is gets half a second
// for that. Who loses against a holder of this very moment may be told of one before that crashed. Any other error
// says what the folder lacks.
func Acquire(path string, info Info) (*Lock, error) {
	lock := flock.New(path)
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w; the folder must exist, and it and this file must be writable for the "+
			"account that the program runs under",
			path, err)
	}
	if !held {
		return nil, &HeldError{Path: path, Info: holder(infoPath(path))}
	}
	if err := inherit.Path(path); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), lock.Unlock())
	}
	if err := leave(infoPath(path), info); err != nil {
		return nil, errors.Join(fmt.Errorf("say who holds %s: %w", path, err), lock.Unlock())
	}
	return &Lock{release: sync.OnceValue(func() error {
		// In this order: once the lock is free the file beside may be the next one's. If it stays, it only is out of
		// date.
		_ = os.Remove(infoPath(path))
		if err := lock.Unlock(); err != nil {
			return fmt.Errorf("unlock %s: %w", path, err)
		}
		return nil
	})}, nil
}

// Release gives the lock up and removes the word about its holder; the empty lock file stays, because a file that is
// removed while another process opens it would let two hold it. Calls after the first do nothing. It may be called
// from any goroutine.
func (l *Lock) Release() error { return l.release() }

func infoPath(path string) string { return path + ".json" }

// leave writes the file beside, as a whole and never through a link; on Windows those who read it just now are
// waited for.
func leave(path string, info Info) error {
	info.Started = info.Started.UTC()
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	text = append(text, '\r', '\n')
	return atomicfile.Patiently(patience, func() error { return atomicfile.Write(path, text, 0o644) })
}

// Holder is the word about the process that has the lock on the file at path; zero when nobody has left one. A process
// that died may have left its own.
func Holder(path string) Info {
	info, _ := read(infoPath(path)) // a courtesy: what cannot be read is not there
	return info
}

// holder reads who has the lock, giving a process that has it since a moment ago the time to say so.
func holder(path string) Info {
	for began := time.Now(); ; time.Sleep(pause) {
		info, err := read(path)
		if err == nil {
			return info
		}
		if !errors.Is(err, fs.ErrNotExist) && !atomicfile.Busy(err) || time.Since(began) > patience {
			return Info{}
		}
	}
}

func read(path string) (info Info, err error) {
	stat, err := os.Lstat(path)
	if err != nil {
		return Info{}, err
	}
	if !stat.Mode().IsRegular() { // opening a pipe that somebody planted here would wait for ever
		return Info{}, fmt.Errorf("%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return Info{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxInfo))
	if err != nil {
		return Info{}, err
	}
	if err := json.Unmarshal(text, &info); err != nil {
		return Info{}, err
	}
	return info, nil
}
