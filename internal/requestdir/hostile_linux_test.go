package requestdir_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// A user who may write to the folder plants links and devices: none is opened, followed or removed.
func TestPlantedThingsAreLeftAlone(t *testing.T) {
	b := start(t)
	secret := b.dir + "-secret"
	b.must(os.WriteFile(secret, []byte("root:x:0\n"), 0o600))
	b.must(os.Symlink(secret, b.path("1.req")))
	b.must(os.Symlink("nowhere", b.path("2.req")))
	b.must(syscall.Mkfifo(b.path("3.req"), 0o644))
	if _, stats, said := b.scan(100); len(said) > 0 || stats.Ignored != 3 {
		t.Errorf("found %q, %+v", said, stats)
	}
}

// The file becomes something else between the scan and its removal.
func TestRequestReplacedByALinkStays(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	b.write("5000002.req", "Office\r\n")
	b.age("5000001.req", 2)
	b.age("5000002.req", 1)
	requests := b.finds("5000001 Office", "5000002 Office")
	elsewhere := b.dir + "-elsewhere"
	b.must(os.WriteFile(elsewhere, []byte("another content\n"), 0o644))
	for _, r := range requests {
		b.must(os.Remove(r.Path))
	}
	b.must(os.Symlink(elsewhere, requests[0].Path))
	b.must(syscall.Mkfifo(requests[1].Path, 0o644))
	for _, r := range requests {
		b.must(b.Done(r))
		if _, err := os.Lstat(r.Path); err != nil {
			t.Errorf("what was planted as %s: %v", r.Path, err)
		}
	}
}

func TestFolderThatIsALinkIsRefused(t *testing.T) {
	b := start(t)
	b.write("5000001.req", "Office\r\n")
	b.must(os.Rename(b.dir, b.dir+"-elsewhere"))
	b.must(os.Symlink(b.dir+"-elsewhere", b.dir))
	if _, _, err := b.Scan(t.Context(), b.now, 100); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Errorf("Scan = %v, want that a link is no folder", err)
	}
}
