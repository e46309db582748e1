package requestdir_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// longestPause is the longest between two attempts on the same file.
const longestPause = 30 * time.Second

// occupy makes a file refuse to be opened, for root too, as one does on Windows that somebody has open alone: with a
// lease on it, as Samba takes for its clients.
func (b *bench) occupy(name string) (free func()) {
	b.Helper()
	file, err := os.OpenFile(b.path(name), os.O_RDWR, 0)
	b.must(err)
	_, err = unix.FcntlInt(file.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	b.must(err)
	return func() { b.must(file.Close()) }
}

func TestRequestThatCannotBeReadComesLater(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	b.write("5000002.req", "Drivers\r\n")
	b.age("5000001.req", 9)
	b.age("5000002.req", 8)
	free := b.occupy("5000001.req")
	_, stats, said := b.scan(1)
	if len(said) > 0 || stats.Unreadable != 1 || !errors.Is(stats.Reason, syscall.EAGAIN) || stats.More != 1 {
		t.Fatalf("found %q, %+v; want the oldest unreadable", said, stats)
	}
	b.step /= 2
	b.finds("5000002 Drivers") // the oldest one is not in its way for ever
	attempts := 0
	for range 800 { // 100 seconds
		_, stats, said := b.scan(1)
		if len(said) > 0 || stats.Unreadable != 1 {
			t.Fatalf("found %q, %+v; want 1 unreadable", said, stats)
		}
		if stats.Reason != nil {
			attempts++
		}
	}
	if attempts < 7 || attempts > 12 {
		t.Errorf("%d attempts in 100 s, want ever fewer", attempts)
	}
	free()
	b.step = longestPause
	b.finds("5000001 Office")
}

func TestRequestThatCannotBeRemovedIsServedOnce(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	r := b.finds("5000001 Office")[0]
	free := b.occupy("5000001.req")
	if err := b.Done(r); !errors.Is(err, syscall.EAGAIN) || !strings.Contains(err.Error(), r.Path) {
		t.Fatalf("Done = %v, want why %s cannot be removed", err, r.Path)
	}
	b.Again(r) // it was served: no matter
	for range 100 {
		if _, stats, said := b.scan(100); len(said) > 0 || stats.Stuck != 1 {
			t.Fatalf("found %q, %+v; want 1 stuck", said, stats)
		}
	}
	free()
	b.step = longestPause
	if _, stats, said := b.scan(100); len(said) > 0 || stats.Stuck != 0 {
		t.Errorf("found %q, %+v; want nothing", said, stats)
	}
	if left := b.left(); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestStuckRequestWrittenAnewIsServed(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	b.write("5000002.req", "Office\r\n")
	requests := b.finds("5000001 Office", "5000002 Office")
	var free []func()
	for _, r := range requests {
		free = append(free, b.occupy(r.Path[len(b.dir)+1:]))
		if b.Done(r) == nil {
			t.Fatal("removed although it was occupied")
		}
	}
	for _, f := range slices.Backward(free) {
		f()
	}
	b.must(os.Remove(requests[0].Path))
	b.write("5000002.req", "Drivers\r\n")
	r := b.finds("5000002 Drivers")[0]
	b.write("5000001.req", "Office\r\n")
	b.finds("5000001 Office") // the scan before saw that the stuck one was gone
	b.must(b.Done(r))
}
