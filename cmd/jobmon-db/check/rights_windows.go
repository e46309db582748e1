package check

import (
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	endpointIsFile = false
	// The daemon makes the pipe with these and no others.
	endpointRights = "; pipe for SYSTEM, Administrators, the account of the daemon"
)

// everybody are the groups that hold people nobody chose: Everyone, Authenticated Users, Users, Anonymous, Guests.
var everybody = [...]string{"S-1-1-0", "S-1-5-11", "S-1-5-32-545", "S-1-5-7", "S-1-5-32-546"}

const (
	readMask  = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
	writeMask = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER |
		windows.GENERIC_WRITE | windows.GENERIC_ALL
)

// rightsOf says who is allowed to read and to change a file or folder, by name, how far groups go that hold everybody, and
// what would leave them no more than that. Entries that deny are not reckoned with, nor those that count only below the
// folder.
func rightsOf(path string) (holders string, others access, mend func(most access) string, err error) {
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", nobody, nil, err
	}
	defer runtime.KeepAlive(sd)
	mend = func(access) string {
		return "say jobmon-db service install, which sets them; what is left then is shown by icacls \"" + path + `"`
	}
	list, _, err := sd.DACL()
	if err != nil {
		return "", nobody, nil, err
	}
	if list == nil {
		return "(everybody changes)", writers, mend, nil
	}
	var change, read []string
	for i := range uint32(list.AceCount) {
		var entry *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &entry); err != nil {
			return "", nobody, nil, err
		}
		if entry.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || entry.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
			continue
		}
		sid := (*windows.SID)(unsafe.Pointer(&entry.SidStart))
		reach := nobody
		switch {
		case entry.Mask&writeMask != 0:
			reach = writers
			change = append(change, accountName(sid))
		case entry.Mask&readMask != 0:
			reach = readers
			read = append(read, accountName(sid))
		}
		if slices.Contains(everybody[:], sid.String()) {
			others = max(others, reach)
		}
	}
	slices.Sort(change)
	slices.Sort(read)
	change, read = slices.Compact(change), slices.Compact(read)
	var parts []string
	if change != nil {
		parts = append(parts, "changed by "+strings.Join(change, ", "))
	}
	if read != nil {
		parts = append(parts, "read by "+strings.Join(read, ", "))
	}
	return "(" + strings.Join(parts, "; ") + ")", others, mend, nil
}

// accountName is the account's name; one that is gone or unknown has only its number.
func accountName(sid *windows.SID) string {
	account, domain, _, err := sid.LookupAccount("")
	switch {
	case err != nil || account == "":
		return sid.String()
	case domain == "":
		return account
	}
	return domain + `\` + account
}
