package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// disk is a file system of its own, whose power can be cut.
type disk struct {
	t          *testing.T
	image, dir string
}

// newDisk makes a disk of some megabytes, or says why this machine does not allow it.
func newDisk(t *testing.T, megabytes int64) (*disk, error) {
	t.Helper()
	dir := t.TempDir()
	d := &disk{t, filepath.Join(dir, "image"), filepath.Join(dir, "disk")}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(d.image, nil, 0o600); err != nil {
		return nil, err
	}
	if err := os.Truncate(d.image, megabytes<<20); err != nil {
		return nil, err
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make a file system: %w: %s", err, out)
	}
	if err := d.mount(); err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", d.dir).Run() })
	return d, nil
}

func (d *disk) mount() error {
	if out, err := exec.Command("mount", "-o", "loop", d.image, d.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("mount a file system: %w: %s", err, out)
	}
	return nil
}

// cut ends all writing, as a power cut does: what nobody has synced to the disk is lost.
func (d *disk) cut() {
	d.t.Helper()
	const (
		shutdown    = 0x8004587d // EXT4_IOC_SHUTDOWN
		withoutSync = 2          // EXT4_GOING_FLAGS_NOLOGFLUSH
	)
	f, err := os.Open(d.dir)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	how := uint32(withoutSync)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&how))); errno != 0 {
		d.t.Fatalf("cut the power: %v", errno)
	}
}

// again is the disk after the power has come back. Nobody may use it, which takes a moment after processes were killed.
func (d *disk) again() {
	d.t.Helper()
	eventually(d.t, func() string { return d.dir + " is unmounted" }, func() bool {
		return unix.Unmount(d.dir, 0) == nil
	})
	if err := d.mount(); err != nil {
		d.t.Fatal(err)
	}
}

// TestTorturePowerCut: a cut takes what was not synced, and nothing else.
func TestTorturePowerCut(t *testing.T) {
	t.Parallel()
	d, err := newDisk(t, 16)
	if err != nil {
		t.Skipf("a disk of one's own needs root: %v", err)
	}
	synced, lost := filepath.Join(d.dir, "synced"), filepath.Join(d.dir, "lost")
	began := time.Now()
	f, err := os.Create(synced)
	if err == nil {
		_, err = f.WriteString("text")
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.WriteFile(lost, []byte("text"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.cut()
	took := time.Since(began)
	d.again()
	if text, err := os.ReadFile(synced); string(text) != "text" {
		t.Errorf("what was synced is %q, %v", text, err)
	}
	// After five seconds the system has written it by itself.
	if text, err := os.ReadFile(lost); string(text) == "text" && took < time.Second {
		t.Errorf("what was not synced is there: %q, %v", text, err)
	}
}
