package evtdir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// Files that do not say whose they are are known after a restart, and replaced; those of others still are not.
func TestFilesThatDoNotSayWhoseTheyAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b := start(t, dir)
		b.publish(pc, "| a line | of the site's |")
		b.publish(pc+1, "another")
		b.publish(pc+2, "ours, which says so")
		b.settle()
		b.stop()
		put(t, b.evt.Path(pc+1), "edited by hand")
		put(t, b.evt.Path(pc+3), "somebody else's")

		b = start(t, dir)
		for i := range jobmon.ComputerID(4) {
			b.publish(pc+i, fmt.Sprint("new ", i))
		}
		b.settle()
		b.holds(pc, "new 0")
		b.holds(pc+1, "edited by hand")
		b.holds(pc+2, "new 2")
		b.holds(pc+3, "somebody else's")
		b.counts(2, 0, 2)
		b.stop()

		// Without the ledger nothing is known of what does not say so.
		if err := os.Remove(filepath.Join(dir, evtdir.LedgerName)); err != nil {
			t.Fatal(err)
		}
		b = start(t, dir)
		b.publish(pc, "newer")
		b.settle()
		b.holds(pc, "new 0")
		b.stop()
	})
}

// A crash between the two writes of a file leaves the old one, which is still known; so is what another process wrote.
func TestTheLedgerKnowsWhatMayLieThere(t *testing.T) {
	dir := t.TempDir()
	l, other := evtdir.NewLedger(
		filepath.Join(dir, evtdir.LedgerName),
	), evtdir.NewLedger(filepath.Join(dir, evtdir.LedgerName))
	add := func(l *evtdir.Ledger, id jobmon.ComputerID, text string) {
		t.Helper()
		if err := l.Add(id, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	knows := func(id jobmon.ComputerID, text string, want bool) {
		t.Helper()
		for _, l := range []*evtdir.Ledger{l, other, evtdir.NewLedger(filepath.Join(dir, evtdir.LedgerName))} {
			if ok := l.Knows(id, []byte(text)); ok != want {
				t.Errorf("%s of %d: %t", text, id, ok)
			}
		}
	}
	knows(7, "a", false)
	add(l, 7, "a")
	add(l, 7, "b")
	add(other, 7, "stopped")
	add(l, -8, "a")
	add(l, 7, "a")
	knows(7, "a", true)
	knows(7, "b", true)
	knows(7, "stopped", true)
	knows(-8, "a", true)
	knows(-8, "b", false)
	knows(9, "a", false)
	for i := range 4 {
		add(l, 7, fmt.Sprint(i))
	}
	knows(7, "a", false) // long gone

	// Damage costs the lines that it hits.
	path := filepath.Join(dir, evtdir.LedgerName)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string]string{
		"cut off":  string(content[:len(content)-3]),
		"garbage":  string(content) + "\x00\x00\x00\n-8 zz\n-8 ca978112ca1bbdca more\n99999999999 0000000000000001\n",
		"no lines": strings.Repeat("x", 100_000),
		"empty":    "",
	} {
		put(t, path, damaged)
		ok := evtdir.NewLedger(path).Knows(-8, []byte("a"))
		if want := name == "cut off" || name == "garbage"; ok != want {
			t.Errorf("%s: %t", name, ok)
		}
	}
}

// The ledger does not grow for ever, and loses nothing that counts.
func TestTheLedgerStaysShort(t *testing.T) {
	dir := t.TempDir()
	l := evtdir.NewLedger(filepath.Join(dir, evtdir.LedgerName))
	for i := range 25_000 {
		if err := l.Add(jobmon.ComputerID(i%3), fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(filepath.Join(dir, evtdir.LedgerName))
	if err != nil || info.Size() > 600_000 {
		t.Errorf("%v, %v", info, err)
	}
	for i := 24_990; i < 25_000; i++ {
		if !evtdir.NewLedger(filepath.Join(dir, evtdir.LedgerName)).Knows(jobmon.ComputerID(i%3), fmt.Append(nil, i)) {
			t.Errorf("%d is not known", i)
		}
	}
}

// A ledger that cannot be written keeps no file from its screen; it is said once.
func TestWithoutALedgerFilesAreWrittenAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, evtdir.LedgerName), 0o755); err != nil {
			t.Fatal(err)
		}
		b := start(t, dir)
		for i := range 3 {
			b.publish(pc, fmt.Sprint("a line ", i))
			b.after(time.Second)
		}
		b.holds(pc, "a line 2")
		b.logged("may count as another program's", 1)
		b.stop()
	})
}
