package requestdir_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/requestdir"
)

const pc jobmon.ComputerID = 5000001

// bench is a request folder with a clock that the test moves.
type bench struct {
	*testing.T
	*requestdir.Folder
	dir  string
	now  time.Time
	step time.Duration // from one scan to the next
}

func start(t *testing.T) *bench {
	b := &bench{T: t, dir: filepath.Join(t.TempDir(), "evt", "requests"), now: time.Unix(1_800_000_000, 0),
		step: requestdir.SettleTime}
	b.Folder = requestdir.New(b.dir)
	if err := b.Ensure(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Ensure made the evt folder too: %v", err)
	}
	b.must(os.Mkdir(filepath.Dir(b.dir), 0o755))
	b.must(b.Ensure())
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) write(name, content string) {
	b.Helper()
	b.must(os.WriteFile(b.path(name), []byte(content), 0o644))
}

// age sets when a file was written, in seconds before now.
func (b *bench) age(name string, seconds int) {
	b.Helper()
	at := b.now.Add(-time.Duration(seconds) * time.Second)
	b.must(os.Chtimes(b.path(name), at, at))
}

// scan is one look; the requests are given as "<id> <job>".
func (b *bench) scan(limit int) ([]requestdir.Request, requestdir.Stats, []string) {
	b.Helper()
	b.now = b.now.Add(b.step)
	requests, stats, err := b.Scan(b.Context(), b.now, limit)
	b.must(err)
	var said []string
	for _, r := range requests {
		said = append(said, fmt.Sprintf("%d %s", r.Computer, r.Job))
	}
	return requests, stats, said
}

// finds scans and compares.
func (b *bench) finds(want ...string) []requestdir.Request {
	b.Helper()
	requests, _, said := b.scan(100)
	if !slices.Equal(said, want) {
		b.Fatalf("found %q, want %q", said, want)
	}
	return requests
}

func (b *bench) left() []string {
	b.Helper()
	entries, err := os.ReadDir(b.dir)
	b.must(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestRequestIsReadServedAndRemoved(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "(JM) Office \r\n")
	r := b.finds("5000001 (JM) Office")[0]
	if r.Computer != pc || r.Path != b.path("5000001.req") {
		t.Errorf("got %+v", r)
	}
	b.finds() // it is in service
	b.must(b.Done(r))
	if left := b.left(); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	b.write("5000001.req", "(JM) Office \r\n")
	b.finds("5000001 (JM) Office")
}

func TestRequestThatCouldNotBeServedComesAgain(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	r := b.finds("5000001 Office")[0]
	b.Again(r)
	r = b.finds("5000001 Office")[0]
	b.Again(r)
	b.finds() // half a second has not passed yet
	r = b.finds("5000001 Office")[0]
	b.must(b.Done(r))
	b.Again(r)
	b.finds()
}

func TestRequestThatIsNeverServedComesEverMoreRarely(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	times := 0
	for range 400 { // 100 seconds
		requests, _, _ := b.scan(100)
		for _, r := range requests {
			times++
			b.Again(r)
		}
	}
	if times < 7 || times > 12 {
		t.Errorf("it came %d times in 100 s", times)
	}
	// Written anew it comes at once; gone, it is forgotten.
	b.write("5000001.req", "Drivers\r\n")
	b.Again(b.finds("5000001 Drivers")[0])
	b.must(os.Remove(b.path("5000001.req")))
	b.finds()
	b.write("5000001.req", "Drivers\r\n")
	b.finds("5000001 Drivers")
}

// A script that gave up waiting asks anew while the request before is still being served.
func TestRequestWrittenAnewIsServedAnew(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	b.age("5000001.req", 9)
	first := b.finds("5000001 Office")[0]
	b.write("5000001.req", "Drivers\r\n")
	b.must(b.Done(first))
	second := b.finds("5000001 Drivers")[0]

	b.write("5000001.req", "Updates\r\n")
	b.age("5000001.req", 5)
	third := b.finds("5000001 Updates")[0]
	b.must(b.Done(second))
	b.Again(second)
	b.finds() // the third is in service
	b.must(b.Done(third))
	if left := b.left(); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestScriptGaveUp(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	r := b.finds("5000001 Office")[0]
	b.must(os.Remove(b.path("5000001.req")))
	b.finds()
	b.must(b.Done(r))
}

// What may be half-written is believed when it stays as it is; a line that has got its end, at once.
func TestHalfWritten(t *testing.T) {
	b := start(t)
	for _, name := range []string{"5000001.req", "5000002.req", "5000003.req"} {
		b.write(name, "")
	}
	if _, stats, said := b.scan(100); len(said) > 0 || stats.Waiting != 3 {
		t.Fatalf("found %q, %+v; want all three waiting", said, stats)
	}
	b.step = requestdir.SettleTime - 1
	b.write("5000002.req", "(JM) Off")
	b.write("5000003.req", "Drivers\r\n")
	b.finds("5000003 Drivers")
	b.step = 1
	b.finds("5000001 ")
	b.step = requestdir.SettleTime - 2
	b.finds()
	b.write("5000002.req", "(JM) Office")
	b.finds()
	b.step = requestdir.SettleTime
	b.finds("5000002 (JM) Office")
}

func TestHalfWrittenThatVanishesIsForgotten(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "")
	b.finds()
	b.must(os.Remove(b.path("5000001.req")))
	b.finds()
	b.write("5000001.req", "")
	b.finds()
	b.finds("5000001 ")
}

func TestHugeRequestHasNoName(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n"+strings.Repeat("x", 64<<10))
	b.write("5000002.req", "Office\r\n"+strings.Repeat("x", 64<<10-8))
	b.age("5000001.req", 2)
	b.age("5000002.req", 1)
	b.finds("5000001 ", "5000002 Office")
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	b := start(t)
	for _, name := range []string{"readme.txt", "PC-0123.req", "5000001.req.tmp", "05000001.req", "5000001.evt"} {
		b.write(name, "Office\r\n")
	}
	b.must(os.Mkdir(b.path("5000002.req"), 0o755))
	b.write("5000003.ReQ", "Office\r\n")
	before := b.left()
	requests, stats, said := b.scan(100)
	if !slices.Equal(said, []string{"5000003 Office"}) || stats.Ignored != 6 {
		t.Fatalf("found %q, %+v", said, stats)
	}
	b.must(b.Done(requests[0]))
	if want := slices.DeleteFunc(before, func(n string) bool { return n == "5000003.ReQ" }); !slices.Equal(b.left(),
		want) {
		t.Errorf("left %q, want %q", b.left(), want)
	}
}

// Thousands at once are served oldest first, some at a time, each once.
func TestThousands(t *testing.T) {
	b := start(t)
	const count, limit = 2000, 300
	for i := range count {
		name := fmt.Sprintf("%d.req", i+1)
		b.write(name, "Office\r\n")
		b.age(name, 1+i*7919%count)
	}
	for served := 0; served < count; {
		requests, stats, said := b.scan(limit)
		if want := min(limit, count-served); len(said) != want || stats.More != count-served-want {
			t.Fatalf("after %d: %d found, %+v; want %d", served, len(said), stats, want)
		}
		for _, r := range requests {
			// Of an age of so many seconds there is one file; the oldest has count.
			if age := 1 + int(r.Computer-1)*7919%count; age != count-served {
				t.Fatalf("the request of age %d came when %d was due", age, count-served)
			}
			served++
			b.must(b.Done(r))
		}
	}
	b.finds()
}

// Requests in service are bounded, also if nobody ever finishes them.
func TestBoundedWhenNothingIsFinished(t *testing.T) {
	b := start(t)
	const count, bound = 4200, 4096
	for i := range count {
		b.write(fmt.Sprintf("%d.req", i+1), "Office\r\n")
	}
	requests, stats, _ := b.scan(count)
	if len(requests) != bound || stats.More != count-bound {
		t.Fatalf("%d found, %+v; want %d", len(requests), stats, bound)
	}
	b.finds()
	for _, r := range requests[:10] {
		b.must(b.Done(r))
	}
	if requests, _, _ := b.scan(count); len(requests) != 10 {
		t.Errorf("%d found after 10 were done", len(requests))
	}
}

func TestFolderMissingOrReplaced(t *testing.T) {
	b := start(t)
	b.must(os.Remove(b.dir))
	_, _, err := b.Scan(t.Context(), b.now, 100)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), b.dir) {
		t.Errorf("Scan = %v, want a missing folder by name", err)
	}
	b.must(os.WriteFile(b.dir, nil, 0o644))
	if _, _, err = b.Scan(t.Context(), b.now, 100); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("Scan = %v, want that it is not a folder", err)
	}
	if err := b.Ensure(); err == nil || !strings.Contains(err.Error(), b.dir) {
		t.Errorf("Ensure = %v, want an error that names the folder", err)
	}
	b.must(os.Remove(b.dir))
	b.must(b.Ensure())
	b.must(b.Ensure())
	b.finds()
}

func TestScanEndsWithItsContext(t *testing.T) {
	b := start(t)
	for i := range 3000 {
		b.write(fmt.Sprintf("%d.req", i), "")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("the daemon stops")
	cancel(stop)
	if _, _, err := b.Scan(ctx, b.now, 100); !errors.Is(err, stop) {
		t.Errorf("Scan = %v, want %v", err, stop)
	}
}

func BenchmarkScan(b *testing.B) {
	for _, c := range []struct {
		name     string
		requests int
		served   bool
	}{{"empty", 0, false}, {"10000, 4096 of them in service", 10_000, true}, {"10000 new, 500 at a time", 10_000,
		false}} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			for i := range c.requests {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.req", i)), []byte("(JM) Office\r\n"),
					0o644); err != nil {
					b.Fatal(err)
				}
			}
			folder := requestdir.New(dir)
			if c.served {
				if _, _, err := folder.Scan(b.Context(), time.Now(), c.requests); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for now := time.Now(); b.Loop(); now = now.Add(time.Minute) {
				requests, _, err := folder.Scan(b.Context(), now, 500)
				if err != nil {
					b.Fatal(err)
				}
				for _, r := range requests {
					folder.Again(r)
				}
			}
		})
	}
}

// A token that DS did not replace names no computer; a batch script makes nothing of it.
func TestTokenThatWasNotReplaced(t *testing.T) {
	for name, found := range map[string]bool{"%ID%.req": true, "%id%.REQ": true, ".req": true, "%.req": false,
		"%ID%.txt": false, "%ID%": false} {
		b := start(t)
		b.write(name, "Office\r\n")
		_, stats, said := b.scan(100)
		if (stats.Unreplaced == name) != found || stats.Ignored != 1 || len(said) > 0 || len(b.left()) != 1 {
			t.Errorf("%s: found %q, %+v", name, said, stats)
		}
	}
}
