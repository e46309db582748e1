package evtdir

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// mark distinguishes a file as we left it from one that was changed since. Two changes of equal size within the file
// system's time step look the same; only reading every file each time could distinguish them. The zero mark
// matches no file.
type mark struct {
	size     int64
	modified int64 // nanoseconds since 1970; never 0 for a file that we wrote
}

func markOf(info fs.FileInfo) mark {
	return mark{size: info.Size(), modified: info.ModTime().UnixNano()}
}

// outcome is the result of bring.
type outcome uint8

const (
	kept    outcome = iota // the file held the content already
	written                // the file holds it now
	foreign                // the file is not ours and was left alone
)

// bring makes the computer's file hold content, unless it already does or is not ours. left is the mark of the file as
// we left it; dirty means that content is newer than that. bring returns the file's new mark.
//
// A foreign file that appears between the check and the rename is lost: no file system can replace a file only if it is
// still the same.
func (d *Dir) bring(id jobmon.ComputerID, content Content, dirty bool, left mark) (outcome, mark, error) {
	path := d.Path(id)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return kept, left, fmt.Errorf("look at %s: %w", path, err)
	case left == markOf(info):
		if !dirty {
			return kept, left, nil
		}
	default:
		found, err := readOurs(path)
		if err != nil {
			return kept, mark{}, fmt.Errorf("see whose file it is: %w", err)
		}
		if found != nil && bytes.Equal(found, content.Bytes) {
			return kept, markOf(info), nil
		}
		ours := found != nil && (blank(found) || d.ours(found) || d.noted(id, found))
		if !ours && !d.takeover {
			return foreign, mark{}, nil
		}
		if ours && left != (mark{}) && !blank(found) {
			d.warnOfRival(path)
		}
	}
	if err := d.promise(content.Seq); err != nil {
		return kept, left, err
	}
	d.note(id, content)
	if err := atomicfile.Write(path, content.Bytes, 0o644); err != nil {
		return kept, left, err
	}
	// The time is read after the rename, by name: some shares set it only when the file is closed.
	info, err = os.Lstat(path)
	if err != nil || info.Size() != int64(len(content.Bytes)) {
		return written, mark{}, nil // another program was faster: the next check reads the file
	}
	return written, markOf(info), nil
}

// warnOfRival warns, once, that another writer changed one of our files.
func (d *Dir) warnOfRival(path string) {
	if d.rivalled {
		return
	}
	d.rivalled = true
	d.log.Warn().Str("file", path).
		Msg("another jobmon-db, or refresh --best-effort, has changed this file: give each daemon an evt folder of " +
			"its own")
}

// noted reports whether the ledger knows the content.
func (d *Dir) noted(id jobmon.ComputerID, found []byte) bool {
	return d.ledger.Knows(id, found)
}

// promise records the number durably before the file shows it.
func (d *Dir) promise(seq uint64) error {
	if d.durable == nil || seq <= d.promised {
		return nil
	}
	promised, err := d.durable(seq)
	if err != nil {
		return fmt.Errorf("record the published number: %w", err)
	}
	d.promised = promised
	return nil
}

// note enters the content in the ledger if nothing else shows that it is ours. When that fails, the file is still
// written: a screen waits for it.
func (d *Dir) note(id jobmon.ComputerID, content Content) {
	if d.ours(content.Bytes) {
		return
	}
	err := d.ledger.Add(id, content.Bytes)
	if err != nil && !d.unnoted {
		d.log.Warn().Err(err).Str("folder", d.path).
			Msg("after a restart, files written now may count as another program's")
	}
	d.unnoted = err != nil
}

// readOurs reads a file that may be ours; it returns nil for one that cannot be.
func readOurs(path string) ([]byte, error) {
	content, err := plainfile.Read(path)
	switch {
	case errors.Is(err, plainfile.ErrIrregular), errors.Is(err, plainfile.ErrTooLarge):
		return nil, nil
	case err == nil && content == nil:
		content = []byte{}
	}
	return content, err
}

// blank reports whether a file holds nothing: a power failure can leave a file without a sync like that.
func blank(content []byte) bool { return len(bytes.Trim(content, "\x00")) == 0 }
