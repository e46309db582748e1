package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

const (
	oldRequest  = time.Minute // the daemon answers within seconds
	writeTrying = time.Second // a virus scanner holds a new file for a moment
)

// folder says whether the folder can be used; line is what the caller goes on with, and there whether it exists.
func folder(path, key string) (line Line, there bool) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing(path, key), false
	case err != nil:
		return Line{State: Fail, Found: err.Error(), Next: "check " + key +
			" and the rights on the folders above it"}, false
	case !info.IsDir():
		return Line{State: Fail, Found: path + " is a file", Next: "name a folder in " + key}, false
	}
	if err := writable(path); err != nil {
		return Line{State: Fail, Found: err.Error(), Next: makeWritable(err, key,
			"give the account that the daemon runs under the right to create, change and delete files in "+path)}, true
	}
	return Line{State: OK, Found: path + ", writable"}, true
}

// missing says whether the daemon could make the folder.
func missing(path, key string) Line {
	above := filepath.Dir(path)
	for {
		info, err := os.Stat(above)
		parent := filepath.Dir(above)
		switch {
		case errors.Is(err, fs.ErrNotExist) && parent != above:
			above = parent
			continue
		case err == nil && info.IsDir():
			err = writable(above)
		case err == nil:
			err = fmt.Errorf("%s is a file", above)
		}
		if err != nil {
			return Line{State: Fail, Found: fmt.Sprintf("%s is not there and cannot be made: %v", path, err),
				Next: makeWritable(err, key, fmt.Sprintf("make the folder, or name another in %s, and give the "+
					"account that the daemon runs under the right to write there", key))}
		}
		return Line{State: OK, Found: path + " is not there yet and will be made"}
	}
}

// writable does in the folder what the daemon does: it writes a file, replaces it, and removes it. The file's name is
// one that a daemon, should this end in the middle, knows as left over.
func writable(dir string) error {
	path := filepath.Join(dir, fmt.Sprintf("jobmon-db.check.%08x%s", rand.Uint32(), atomicfile.Suffix))
	for _, step := range []func() error{
		func() error { return atomicfile.Write(path, []byte("jobmon-db check\r\n"), 0o600) },
		func() error { return atomicfile.Write(path, []byte("jobmon-db check, again\r\n"), 0o600) },
		func() error {
			if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) { // a daemon that starts sweeps it away
				return err
			}
			return nil
		},
	} {
		if err := atomicfile.Patiently(writeTrying, step); err != nil {
			_ = os.Remove(path) // what could not be replaced may be removable
			return fmt.Errorf("%s is not writable: %w", dir, root(err))
		}
	}
	return nil
}

// makeWritable is what to do about an error of writable; rights is that where the disk has room.
func makeWritable(err error, key, rights string) string {
	const windowsDiskFull = syscall.Errno(112)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		runtime.GOOS == "windows" && errors.Is(err, windowsDiskFull) {
		return "make room on this disk, or name a folder on another one in " + key
	}
	return rights
}

// root is the operating system's own word, without the name of a file that nobody knows.
func root(err error) error {
	if link := (*os.LinkError)(nil); errors.As(err, &link) {
		return link.Err
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// worsen adds a finding that takes nothing back.
func (l *Line) worsen(found, next string) {
	l.Found += "; " + found
	if l.State == OK {
		l.State, l.Next = Warn, next
	}
}

// backupFolder says whether the daemon's backups could be written, and would outlive its log.
func (c *checker) backupFolder(context.Context) Line {
	o := c.Config.Backup
	if o.Every == 0 {
		return Line{State: Skip, Found: "backup.every is not set"}
	}
	line, there := folder(o.Dir, "backup.dir")
	if there && filepath.Clean(o.Dir) == filepath.Clean(c.Config.DataDir) {
		line.worsen("it is the folder of the log",
			"name a folder in backup.dir that is not lost with data_dir, best on another disk")
	}
	return line
}

func (c *checker) evtFolder(ctx context.Context) Line {
	line, there := folder(c.Config.Evt.Dir, "evt.dir")
	if !there {
		return line
	}
	f, err := foreignFiles(ctx, c.Config.Evt.Dir, filepath.Join(c.Config.DataDir, evtdir.LedgerName))
	if err != nil {
		line.worsen(err.Error(), "give the account that the daemon runs under the right to read the folder")
		return line
	}
	switch n := len(f.inTheWay); {
	case n > 0 && c.Config.Evt.Takeover:
		line.Found += fmt.Sprintf("; %s of another program will be replaced, as evt.takeover says: %s",
			words.Count(n, "file"), words.Some(f.inTheWay, few))
	case n > 0:
		line.worsen(fmt.Sprintf("%s of another program: %s; those computers get no file", words.Count(n, "file"),
			words.Some(f.inTheWay, few)),
			"remove them, set evt.takeover to have them replaced, or name a folder of its own in evt.dir")
	}
	if n := len(f.elsewhere); n > 0 {
		line.Found += fmt.Sprintf("; %s that no computer's file is named like, in nobody's way: %s",
			words.Count(n, ".evt file"), words.Some(f.elsewhere, few))
	}
	if f.unseen > 0 {
		line.Found += fmt.Sprintf("; %s not looked at", words.Count(f.unseen, "more file"))
	}
	return line
}

// foreign are the .evt files in a folder that this program did not write.
type foreign struct {
	inTheWay  []string // where a file of ours belongs
	elsewhere []string
	unseen    int // files for which there was no time
}

func foreignFiles(ctx context.Context, dir, written string) (f foreign, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return f, fmt.Errorf("what lies there cannot be listed: %w", root(err))
	}
	deadline, limited := ctx.Deadline()
	half := time.Until(deadline) / 2
	ledger := evtdir.NewLedger(written)
	for began := time.Now(); len(entries) > 0; entries = entries[1:] {
		if limited && time.Since(began) > half || ctx.Err() != nil {
			break
		}
		entry := entries[0]
		base, isEvt := cutSuffixFold(entry.Name(), ".evt")
		if !isEvt {
			continue
		}
		id, err := strconv.ParseInt(base, 10, 32)
		noted := func(content []byte) bool {
			return err == nil && ledger.Knows(jobmon.ComputerID(id), content)
		}
		if ours(dir, entry, noted) {
			continue
		}
		if err == nil {
			f.inTheWay = append(f.inTheWay, entry.Name())
		} else {
			f.elsewhere = append(f.elsewhere, entry.Name())
		}
	}
	f.unseen = len(entries)
	return f, nil
}

func cutSuffixFold(s, suffix string) (string, bool) {
	at := len(s) - len(suffix)
	if at < 0 || !strings.EqualFold(s[at:], suffix) {
		return s, false
	}
	return s[:at], true
}

// ours says whether the daemon would write over the file. What vanishes while it is looked at is in nobody's way.
func ours(dir string, entry fs.DirEntry, noted func([]byte) bool) bool {
	content, err := plainfile.Read(filepath.Join(dir, entry.Name()))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) || atomicfile.Busy(err) // being replaced at this moment
	}
	return evt.Ours(content) || noted(content)
}

// requestFolder looks at the folder in which files are questions.
func (c *checker) requestFolder(context.Context) Line {
	info, err := os.Lstat(c.Requests)
	if err == nil && !info.IsDir() {
		return Line{State: Fail, Found: c.Requests + " is not a folder",
			Next: "remove what is in its place; the daemon makes the folder"}
	}
	line, there := folder(c.Requests, "evt.dir")
	if !there {
		return line
	}
	entries, err := os.ReadDir(c.Requests)
	if err != nil {
		line.worsen(fmt.Sprintf("what lies there cannot be listed: %v", root(err)),
			"give the account that the daemon runs under the right to read the folder")
		return line
	}
	waiting, oldest := 0, time.Time{}
	for _, entry := range entries {
		base, isRequest := cutSuffixFold(entry.Name(), ".req")
		if _, err := strconv.ParseInt(base, 10, 32); !isRequest || err != nil {
			continue
		}
		if info, err := entry.Info(); err == nil {
			waiting++
			if oldest.IsZero() || info.ModTime().Before(oldest) {
				oldest = info.ModTime()
			}
		}
	}
	switch age := time.Since(oldest); {
	case waiting == 0:
		line.Found += ", no request waits"
	case age > oldRequest:
		line.worsen(fmt.Sprintf("%s waiting, the oldest for %s", words.Count(waiting, "request"), jobmon.Span(age)),
			"start the daemon; when it runs, its messages say why they are not served")
	default:
		line.Found += ", " + words.Count(waiting, "request") + " waiting"
	}
	return line
}
