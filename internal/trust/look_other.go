//go:build !windows

package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
)

// Look says who holds a file or folder ("0750 jobmon-db:jobmon-db") and how far others may go. A group's members are no
// others: somebody put them there. The owner of the folder beside is trusted too. A file that lies where everybody may
// replace it is everybody's.
func Look(path, beside string) (Holding, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Holding{}, err
	}
	mode, uid := info.Mode(), ownerOf(info)
	h := Holding{Path: path, Text: fmt.Sprintf("%#04o", mode.Perm()), narrowed: narrowed, Trusted: trusted(uid)}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		h.Owner = userName(stat.Uid)
		h.Text += " " + h.Owner + ":" + groupName(stat.Gid)
	}
	if other, err := os.Stat(beside); err == nil && ownerOf(other) == uid {
		h.Trusted = true
	}
	switch {
	case mode.Perm()&0o002 != 0:
		h.Others = Writers
	case mode.Perm()&0o005 != 0:
		h.Others = Readers
	}
	above, err := os.Stat(filepath.Dir(path))
	if err == nil && !info.IsDir() && above.Mode().Perm()&0o002 != 0 && above.Mode()&fs.ModeSticky == 0 {
		h.Others = Writers
		h.Text += " in a folder that everybody may change"
		h.narrowed = func(path string, most Access) string {
			return narrowed(path, most) + ", and chmod o-w " + filepath.Dir(path)
		}
	}
	return h, nil
}

// Alone is Look for a secret that not even the group may read.
func Alone(path, beside string) (Holding, error) {
	h, err := Look(path, beside)
	if err != nil {
		return h, err
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		h.Others = max(h.Others, Readers)
		h.narrowed = func(path string, _ Access) string { return "chmod go= " + path }
	}
	return h, err
}

func narrowed(path string, most Access) string {
	if most >= Readers {
		return "chmod o-w " + path
	}
	return "chmod o= " + path
}

func takeOver(path string) string { return "chown root " + path }

func trusted(uid int) bool { return uid == 0 || uid == os.Geteuid() }

func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

// MakeFolder makes a folder that is the caller's, and those above it that are missing; what root makes belongs to the
// owner of the folder above. One that is there stays as it is.
func MakeFolder(path string) error { return inherit.MkdirAll(path, 0o750) }

// Existing refuses what stands at a path when it leads elsewhere or belongs to somebody who is not trusted. What is not
// there is nobody's.
func Existing(path string, _ ...string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	uid := ownerOf(info)
	return place{owner: userName(uint32(uid)), link: info.Mode()&fs.ModeSymlink != 0}.judge(path, trusted(uid))
}

func userName(id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}

func groupName(id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	if g, err := user.LookupGroupId(number); err == nil {
		return g.Name
	}
	return number
}
