//go:build !windows

package inherit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File gives an open file of root's to the owner of its folder. A file with a second name stays as it is: anyone who
// owns the folder may have made the link, to be given a file that lies elsewhere.
func File(f *os.File) error {
	owner, ok := ownerOf(filepath.Dir(f.Name()))
	if !ok {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || !info.Mode().IsRegular() || stat.Nlink != 1 || stat.Uid != 0 {
		return nil
	}
	return judged(f.Name(), f.Chown(int(owner.Uid), int(owner.Gid)))
}

// Path gives a file, a folder or a socket of root's to the owner of its folder. It follows no link.
func Path(path string) error {
	owner, ok := ownerOf(filepath.Dir(path))
	if !ok {
		return nil
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || stat.Uid != 0:
		return nil
	case info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		return errors.Join(File(f), f.Close())
	case info.IsDir(), info.Mode()&fs.ModeSocket != 0:
		return judged(path, os.Lchown(path, int(owner.Uid), int(owner.Gid)))
	}
	return nil
}

// ownerOf is the owner of a folder; false when there is nobody to give anything to.
func ownerOf(dir string) (*syscall.Stat_t, bool) {
	if os.Geteuid() != 0 {
		return nil, false
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return stat, ok && stat.Uid != 0
}

// judged is the error of a change of owner, but for those of file systems that know no owners.
func judged(path string, err error) error {
	for _, unable := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.EINVAL, syscall.ENOSYS, syscall.EROFS} {
		if errors.Is(err, unable) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("give %s to the owner of its folder: %w", path, err)
	}
	return nil
}
