//go:build !windows

package check

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

const (
	endpointIsFile = true
	endpointRights = "" // its file tells
)

// rightsOf says who holds a file or folder ("0750 jobmon-db:jobmon-db"), how far others may go, and what would leave them
// no more than that. A group's members are no others: somebody put them there. The owner's own is not looked at.
func rightsOf(path string) (holders string, others access, mend func(most access) string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", nobody, nil, err
	}
	mode := info.Mode()
	holders = fmt.Sprintf("%#04o", mode.Perm())
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		holders += " " + userName(stat.Uid) + ":" + groupName(stat.Gid)
	}
	switch {
	case mode.Perm()&0o002 != 0:
		others = writers
	case mode.Perm()&0o005 != 0:
		others = readers
	}
	return holders, others, func(most access) string {
		if most == readers {
			return "chmod o-w " + path
		}
		return "chmod o= " + path
	}, nil
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
