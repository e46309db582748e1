// Package trust decides which accounts are believed, makes the folders that only they can change, and shows who owns a
// file or folder and who may go how far there.
package trust

import (
	"slices"
	"strings"
)

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
