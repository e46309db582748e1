package evtdir

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Ledger knows which files in the evt folder this program wrote that do not say so themselves: those in a form of the
// site's own. It is a text file in the data folder, where no other program writes. A line is added before a file is
// written; it is not synced, just as the files are not. Lines that make no sense are skipped.
//
// A Ledger is used from one goroutine; several processes may add to the same file.
type Ledger struct {
	path    string
	read    mark // the file as it was when it was last read
	lines   int  // in it
	entries map[jobmon.ComputerID][]entry
}

// LedgerName is the ledger's file in the data folder.
const LedgerName = "jobmon-db.written"

// entry is a file that was written, or was about to be.
type entry struct {
	computer jobmon.ComputerID
	sum      uint64 // the first 8 bytes of the content's SHA-256
}

// How many entries of a computer count, the newest ones: the file itself, and those that it took the place of. And from
// how many lines on the file is written anew, without what no longer counts.
const (
	lastEntries  = 4
	longLedger   = 10_000
	largestOfOne = 16 << 20 // bytes; beyond it the ledger is not read
)

// NewLedger returns the ledger in that file. It touches nothing.
func NewLedger(path string) *Ledger {
	return &Ledger{path: path, entries: map[jobmon.ComputerID][]entry{}}
}

// Knows reports whether this program wrote that content for the computer, or was about to.
func (l *Ledger) Knows(id jobmon.ComputerID, content []byte) bool {
	l.refresh()
	return slices.Contains(l.entries[id], entry{id, Checksum(content)})
}

// Add enters a file that is about to be written. An error means that the file will not be known as ours.
func (l *Ledger) Add(id jobmon.ComputerID, content []byte) error {
	l.refresh()
	e := entry{id, Checksum(content)}
	if known := l.entries[id]; len(known) > 0 && known[len(known)-1] == e {
		return nil
	}
	if l.lines >= longLedger && l.lines > 2*lastEntries*len(l.entries) {
		if err := l.shorten(); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("record which file is written: %w", err)
	}
	_, err = f.WriteString(e.line())
	if err = errors.Join(err, inherit.File(f), f.Close()); err != nil {
		return fmt.Errorf("record which file is written: %w", err)
	}
	l.note(e)
	if info, err := os.Lstat(l.path); err == nil && info.Size() == l.read.size+int64(len(e.line())) {
		l.read = markOf(info) // no other process has added anything
	}
	return nil
}

func (e entry) line() string { return fmt.Sprintf("%d %016x\n", e.computer, e.sum) }

func (l *Ledger) note(e entry) {
	list := append(l.entries[e.computer], e)
	l.entries[e.computer] = list[max(0, len(list)-lastEntries):]
	l.lines++
}

// refresh reads the file if it is not as it was.
func (l *Ledger) refresh() {
	info, err := os.Lstat(l.path)
	switch {
	case err != nil && errors.Is(err, fs.ErrNotExist):
		l.read, l.lines = mark{}, 0
		clear(l.entries)
		return
	case err != nil || l.read == markOf(info) || !info.Mode().IsRegular() || info.Size() > largestOfOne:
		return // what is known stays
	}
	content, err := os.ReadFile(l.path)
	if err != nil {
		return
	}
	l.read, l.lines = markOf(info), 0
	clear(l.entries)
	for line := range bytes.Lines(content) {
		var e entry
		if n, err := fmt.Sscanf(string(line), "%d %x", &e.computer, &e.sum); n == 2 && err == nil &&
			string(line) == e.line() {
			l.note(e)
		}
	}
}

// shorten writes the file anew, with the entries that count.
func (l *Ledger) shorten() error {
	var b strings.Builder
	n := 0
	for _, list := range l.entries {
		for _, e := range list {
			b.WriteString(e.line())
			n++
		}
	}
	if err := atomicfile.Write(l.path, []byte(b.String()), 0o640); err != nil {
		return fmt.Errorf("shorten the list of files written: %w", err)
	}
	l.lines = n
	if info, err := os.Lstat(l.path); err == nil {
		l.read = markOf(info)
	}
	return nil
}

// Checksum is what the log and the ledger record of a file: the first 8 bytes of its SHA-256.
func Checksum(content []byte) uint64 {
	sum := sha256.Sum256(content)
	return binary.BigEndian.Uint64(sum[:8])
}
