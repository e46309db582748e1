package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

// appendAcknowledged appends known events and prints the last number.
func appendAcknowledged(log *store.Log) error {
	next := log.Next()
	events := make([]jobmon.Event, some(next))
	for i := range events {
		events[i] = known(next + uint64(i))
	}
	batch, err := log.Append(noon+jobmon.Instant(next), events)
	if err == nil {
		fmt.Println(batch.Last())
	}
	return err
}

// compactingChild appends and compacts without end.
func compactingChild(dir string, cut bool) error {
	log, err := store.Open(dir, store.Options{})
	for err == nil {
		if err = appendAcknowledged(log); err != nil {
			break
		}
		o := store.CompactOptions{KeepOld: some(log.Next())%2 == 0}
		if cut {
			last, _, _ := log.Last()
			at := uint64(0)
			for b := range log.Scan(log.Cut() + (last-log.Cut())/2) {
				at = max(at, b.First())
				break
			}
			if at <= log.Cut() {
				continue
			}
			e := known(at - 1)
			e.Seq = at - 1
			o.Cut = &store.Cut{At: at,
				Carried: jobmon.Batch{At: noon + jobmon.Instant(at-1), Events: []jobmon.Event{e}}}
		}
		var c *store.Compaction
		if c, err = log.Compact(context.Background(), o); err != nil {
			break
		}
		if err = appendAcknowledged(log); err == nil {
			log, err = c.Finish(context.Background())
		}
	}
	return err
}

// savingChild appends and backs up without end; a line with a slash names a backup and its last number.
func savingChild(dir string) error {
	log, err := store.Open(dir, store.Options{})
	if err != nil {
		return err
	}
	for {
		if err := appendAcknowledged(log); err != nil {
			return err
		}
		path := filepath.Join(dir+"-backups", strconv.FormatUint(log.Next(), 10)+".db")
		if _, err := store.Backup(context.Background(), log, path, nil); err != nil {
			return err
		}
	}
}

// restoringChild restores and appends without end.
func restoringChild(dir string) error {
	for {
		if _, err := store.Restore(context.Background(), dir, dir+"-backup.db", store.RestoreOptions{}); err != nil {
			return err
		}
		log, err := store.Open(dir, store.Options{})
		if err != nil {
			return err
		}
		if err := errors.Join(appendAcknowledged(log), log.Close()); err != nil {
			return err
		}
	}
}

// requireKnown reads all of a log file and returns the first and the last number and how many events there are.
func requireKnown(t *testing.T, path string) (first, last, count uint64) {
	t.Helper()
	log := openCopy(t, path)
	if err := log.Prove(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for b, err := range log.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			want := known(e.Seq)
			want.Seq, want.At = e.Seq, e.At
			if e != want || e.Seq <= last {
				t.Fatalf("event %d behind %d is %+v, want %+v", e.Seq, last, e, want)
			}
			if last = e.Seq; first == 0 {
				first = last
			}
			count++
		}
	}
	return first, last, count
}

// rounds kills a child at least n times, at a random instant after its first word, and calls check after each kill with
// the last number that was acknowledged, until it returns that enough was seen.
func rounds(t *testing.T, n int, task, dir string, check func(acknowledged uint64) (enough bool)) {
	t.Helper()
	random := lawtest.Random(t)
	for round, enough := 0, false; round < n || !enough; round++ {
		cmd, lines := startChild(t, task, dir)
		acknowledged := uint64(0)
		read := func() bool {
			if !lines.Scan() {
				return false
			}
			seq, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err == nil {
				acknowledged = seq
			}
			return err == nil
		}
		for range random.IntN(4) {
			if !read() {
				t.Fatal("the child ended by itself")
			}
		}
		timer := time.AfterFunc(time.Duration(random.IntN(25_000))*time.Microsecond, func() { cmd.Process.Kill() })
		for read() {
		}
		timer.Stop()
		cmd.Wait()
		enough = check(acknowledged)
	}
}

// current is the log file in use.
func current(t *testing.T, dir string) string {
	t.Helper()
	name, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, strings.TrimSpace(string(name)))
}

func TestKilledWhileCompacting(t *testing.T) {
	t.Parallel()
	for _, task := range []string{"compact", "cut"} {
		t.Run(task, func(t *testing.T) {
			dir := t.TempDir()
			log := open(t, dir, store.Options{})
			history(t, log, 3000)
			log.Close()
			kept, generations := uint64(0), map[string]bool{}
			rounds(t, 25, task, dir, func(acknowledged uint64) bool {
				path := current(t, dir)
				generations[path] = true
				first, last, count := requireKnown(t, path)
				if last < max(acknowledged, kept) {
					t.Fatalf("events up to %d are kept, up to %d were acknowledged", last, max(acknowledged, kept))
				}
				if count != last-first+1 || task == "compact" && first != 1 {
					t.Fatalf("%d events from %d to %d", count, first, last)
				}
				kept = last
				open(t, dir, store.Options{}).Close() // the next writer
				if left := names(t, dir); len(left) != 2 {
					t.Fatalf("the next writer leaves %v", left)
				}
				return len(generations) >= 3
			})
		})
	}
}

func TestKilledWhileSaving(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(dir+"-backups", 0o700); err != nil {
		t.Fatal(err)
	}
	saved := 0
	rounds(t, 15, "save", dir, func(acknowledged uint64) bool {
		for _, name := range names(t, dir+"-backups") {
			path := filepath.Join(dir+"-backups", name)
			next, whole := strings.CutSuffix(name, ".db")
			if whole {
				saved++
				_, last, count := requireKnown(t, path)
				if strconv.FormatUint(last+1, 10) != next || count != last {
					t.Fatalf("%s has %d events up to %d", name, count, last)
				}
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if last := verify(t, dir); last < acknowledged {
			t.Fatalf("events up to %d are kept, up to %d were acknowledged", last, acknowledged)
		}
		return saved >= 5
	})
}

func TestKilledWhileRestoring(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	log := open(t, dir, store.Options{})
	history(t, log, 1500)
	saved, err := store.Backup(t.Context(), log, dir+"-backup.db", nil)
	if err != nil {
		t.Fatal(err)
	}
	history(t, log, 2500)
	before, _, _ := log.Last()
	log.Close()
	aside := 0
	rounds(t, 20, "restore", dir, func(acknowledged uint64) bool {
		_, last, count := requireKnown(t, current(t, dir))
		if count < saved.Last || last < saved.Last {
			t.Fatalf("%d events up to %d of %d", count, last, saved.Last)
		}
		log := open(t, dir, store.Options{})
		if next := log.Next(); next <= max(before, acknowledged) {
			t.Fatalf("the next number is %d, %d was given", next, max(before, acknowledged))
		}
		before = log.Next() - 1
		log.Close()
		for _, name := range names(t, dir) {
			switch path := filepath.Join(dir, name); {
			case strings.HasSuffix(name, ".aside"):
				requireKnown(t, path)
				aside++
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			case strings.HasSuffix(name, ".new"):
				t.Fatalf("the next writer leaves %s", name)
			case strings.HasSuffix(name, ".db"):
				requireKnown(t, path) // not yet moved aside, and whole
			}
		}
		return aside >= 5
	})
}
