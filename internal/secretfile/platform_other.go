//go:build !windows

package secretfile

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
)

func system() protector { return nil }

// creator makes files with the mode 0600 that belong to the account. They have mode and owner before the content.
func creator(account string) (func(name string) (*os.File, error), error) {
	uid := -1
	if account != "" {
		owner, err := user.Lookup(account)
		if err != nil {
			return nil, fmt.Errorf("find the account %q: %w", account, err)
		}
		if uid, err = strconv.Atoi(owner.Uid); err != nil {
			return nil, fmt.Errorf("find the account %q: %w", account, err)
		}
	}
	return func(name string) (*os.File, error) {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil || uid < 0 {
			return f, err
		}
		if err := f.Chown(uid, -1); err != nil {
			_ = f.Close()
			_ = os.Remove(name)
			return nil, fmt.Errorf("give the file to %s: %w", account, err)
		}
		return f, nil
	}, nil
}

// Exposed says whether others than its owner can read the file. Of a file that cannot be looked at it is no.
func Exposed(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o044 != 0
}

// Protection tells an administrator in a few words how files of Write are protected.
func Protection(account string) string {
	if account == "" {
		return "not encrypted, readable for this user only (mode 0600)"
	}
	return "not encrypted, readable for " + account + " only (mode 0600)"
}
