package store

import "golang.org/x/sys/windows"

// freeBytes is how many bytes the account may still write in the folder; ok is false when that is unknown.
func freeBytes(dir string) (free uint64, ok bool) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	return free, err == nil
}
