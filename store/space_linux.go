package store

import "golang.org/x/sys/unix"

// freeBytes is how many bytes the account may still write in the folder; ok is false when that is unknown.
func freeBytes(dir string) (free uint64, ok bool) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, false
	}
	return fs.Bavail * uint64(fs.Bsize), true
}
