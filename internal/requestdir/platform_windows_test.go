package requestdir_test

import (
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// A script has the request open alone: it is read later, and removed later.
func TestRequestThatSomebodyHasOpen(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	free := b.occupy("5000001.req")
	if _, stats, said := b.scan(100); len(said) > 0 || stats.Unreadable != 1 || stats.Reason == nil {
		t.Fatalf("found %q, %+v; want 1 unreadable", said, stats)
	}
	free()
	r := b.finds("5000001 Office")[0]
	free = b.occupy("5000001.req")
	if b.Done(r) == nil {
		t.Error("removed although somebody has it open")
	}
	if _, stats, said := b.scan(100); len(said) > 0 || stats.Stuck != 1 {
		t.Errorf("found %q, %+v; want 1 stuck", said, stats)
	}
	free()
	b.step = time.Minute
	b.finds()
	if left := b.left(); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func (b *bench) occupy(name string) (free func()) {
	b.Helper()
	path, err := windows.UTF16PtrFromString(b.path(name))
	b.must(err)
	handle, err := windows.CreateFile(path, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING,
		0, 0)
	b.must(err)
	return func() { b.must(windows.CloseHandle(handle)) }
}
