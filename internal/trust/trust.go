// Package trust decides which accounts are believed, makes the folders that only they can change, and shows who owns a
// file or folder and who may go how far there.
package trust

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/words"
)

// ErrOwner says that somebody made a file or folder who is not trusted with it.
var ErrOwner = errors.New("it is not an administrator's")

// ErrNoAccount says that Windows knows no account of a name.
var ErrNoAccount = errors.New("give the account as DOMAIN\\name, COMPUTER\\name, or DOMAIN\\name$ for a managed one")

// Access is how far others than the owner and the administrators may go.
type Access int

// Each holds those before it.
const (
	Nobody Access = iota
	Readers
	Writers
)

// Holding is who may do what with a file or folder, as the operating system has it.
type Holding struct {
	Path  string
	Text  string // in a few words, with the owner
	Owner string // by name
	// the owner is an administrator, the asking user, or the owner of the folder that Look compares with
	Trusted  bool
	Others   Access
	narrowed func(path string, most Access) string
}

// Mend is what leaves others no more than that, and the owner's place to an administrator.
func (h Holding) Mend(most Access) string {
	switch {
	case !h.Trusted && h.Others > most:
		return takeOver(h.Path) + ", and " + h.narrowed(h.Path, most)
	case !h.Trusted:
		return takeOver(h.Path)
	}
	return h.narrowed(h.Path, most)
}

// The accounts of Windows that own what only administrators can change.
const (
	system         = "S-1-5-18"
	administrators = "S-1-5-32-544"
	// services begins the accounts that Windows keeps for services, TrustedInstaller among them. Only an administrator
	// registers a service.
	services = "S-1-5-80-"
)

// Account says whether what belongs to an account of Windows is as good as an administrator's: it is SYSTEM, the
// Administrators, a service's own account, or one of the others, which are given as SIDs.
func Account(sid string, others ...string) bool {
	if sid == "" {
		return false
	}
	return sid == system || sid == administrators || strings.HasPrefix(sid, services) || slices.Contains(others, sid)
}

// private are the rights of a new folder on Windows, in SDDL: everything for SYSTEM, the Administrators and the account
// that makes it. An administrator makes it for all of them, so that it stays theirs when his account goes.
func private(account string, elevated bool) string {
	owner, entry := "", ""
	if elevated {
		owner = "O:BA"
	}
	if account != "" && account != system {
		entry = "(A;OICI;FA;;;" + account + ")"
	}
	return owner + "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)" + entry
}

// place is what stands at a path before anybody follows a link there.
type place struct {
	owner string // as a SID, or as the number of a user
	link  bool   // it leads elsewhere: a symbolic link, a junction
}

// judge refuses a place that leads elsewhere, or whose owner is not trusted.
func (p place) judge(path string, trusted bool) error {
	switch {
	case p.link:
		return fmt.Errorf("%s leads to another place: remove the link%w", path, words.KindOf(ErrOwner))
	case !trusted:
		return fmt.Errorf("%s was made by %s, who can change it: look at what it holds, then %s%w",
			path, p.owner, takeOver(path), words.KindOf(ErrOwner))
	}
	return nil
}
