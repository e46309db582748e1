package evtdir

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Ledger knows which files in the folder this program wrote that do not say so themselves: those in a form of the site's
// own. It is the text file LedgerName beside them, so it goes where they go, and whoever may write them may write it. A
// line is added before a file is written; it is not synced, as little as the files are. What is not a line of it is passed
// over.
//
// A Ledger is used from one goroutine; several processes may add to the same file.
type Ledger struct {
	path    string
	read    mark // the file as it was when it was last read
	lines   int  // in it
	entries map[jobmon.ComputerID][]Entry
}

// LedgerName is the ledger's file in the folder.
const LedgerName = ".jobmon-db.written"

// Entry is a file that was written, or was about to be.
type Entry struct {
	Computer jobmon.ComputerID
	Sum      uint64         // the first 8 bytes of the content's SHA-256
	Seq      uint64         // of its picture; 0: of none
	At       jobmon.Instant // its picture's time
}

// How many entries of a computer count, the newest ones: the file itself, and those that it took the place of. And from how
// many lines on the file is written anew, without what no longer counts.
const (
	lastEntries  = 4
	longLedger   = 10_000
	largestOfOne = 16 << 20 // bytes; beyond it the ledger is not read
)

// NewLedger returns the ledger of a folder. It touches nothing.
func NewLedger(dir string) *Ledger {
	return &Ledger{path: filepath.Join(dir, LedgerName), entries: map[jobmon.ComputerID][]Entry{}}
}

// Find is the newest entry of the computer that tells of this content.
func (l *Ledger) Find(id jobmon.ComputerID, content []byte) (Entry, bool) {
	l.refresh()
	sum := sumOf(content)
	for _, e := range slices.Backward(l.entries[id]) {
		if e.Sum == sum {
			return e, true
		}
	}
	return Entry{}, false
}

// Newer says whether any entry is of a picture behind that event.
func (l *Ledger) Newer(seq uint64) bool {
	l.refresh()
	for _, list := range l.entries {
		if slices.ContainsFunc(list, func(e Entry) bool { return e.Seq > seq }) {
			return true
		}
	}
	return false
}

// Add takes note of a file that is about to be written. An error means that the file will not be known as ours.
func (l *Ledger) Add(id jobmon.ComputerID, c Content) error {
	l.refresh()
	e := Entry{Computer: id, Sum: sumOf(c.Bytes), Seq: c.Seq, At: c.At}
	if known := l.entries[id]; len(known) > 0 && known[len(known)-1] == e {
		return nil
	}
	if l.lines >= longLedger && l.lines > 2*lastEntries*len(l.entries) {
		if err := l.shorten(); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("note which file is written: %w", err)
	}
	_, err = f.WriteString(e.line())
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("note which file is written: %w", err)
	}
	l.note(e)
	if info, err := os.Lstat(l.path); err == nil && info.Size() == l.read.size+int64(len(e.line())) {
		l.read = markOf(info) // nobody else has added anything
	}
	return nil
}

func (e Entry) line() string {
	return fmt.Sprintf("%d %016x %d %d\n", e.Computer, e.Sum, e.Seq, e.At)
}

func (l *Ledger) note(e Entry) {
	list := append(l.entries[e.Computer], e)
	l.entries[e.Computer] = list[max(0, len(list)-lastEntries):]
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
		var e Entry
		if n, err := fmt.Sscanf(string(line), "%d %x %d %d", &e.Computer, &e.Sum, &e.Seq, &e.At); n == 4 && err == nil && string(line) == e.line() {
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
	if err := atomicfile.Write(l.path, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("shorten the list of files written: %w", err)
	}
	l.lines = n
	if info, err := os.Lstat(l.path); err == nil {
		l.read = markOf(info)
	}
	return nil
}

func sumOf(content []byte) uint64 {
	sum := sha256.Sum256(content)
	return binary.BigEndian.Uint64(sum[:8])
}
