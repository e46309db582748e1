package trust

import (
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// everybody are the groups that hold people nobody chose: Everyone, Authenticated Users, Users, Anonymous, Guests.
var everybody = [...]string{"S-1-1-0", "S-1-5-11", "S-1-5-32-545", "S-1-5-7", "S-1-5-32-546"}

const (
	readMask  = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
	writeMask = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.DELETE |
		windows.WRITE_DAC | windows.WRITE_OWNER | windows.GENERIC_WRITE | windows.GENERIC_ALL
)

// Look says who owns a file or folder, who is allowed to read and to change it, by name, and how far groups go that
// hold everybody. Entries that deny are not reckoned with, nor those that count only below the folder. The owner of the
// folder beside is trusted too.
func Look(path, beside string) (Holding, error) {
	const what = windows.OWNER_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, what)
	if err != nil {
		return Holding{}, err
	}
	defer runtime.KeepAlive(sd)
	h := Holding{Path: path, narrowed: func(path string, _ Access) string {
		return "say jobmon-db service install, which sets the rights of its folders; what is left then is shown by " +
			"icacls \"" + path + `"`
	}}
	owner, _, err := sd.Owner()
	if err != nil {
		return Holding{}, err
	}
	if owner != nil {
		h.Owner = accountName(owner)
		other, err := ownerAt(beside)
		h.Trusted = Account(owner.String(), own()) || err == nil && other.owner == owner.String()
	}
	holders, others, err := entries(sd)
	if err != nil {
		return Holding{}, err
	}
	h.Others = others
	h.Text = "(owned by " + h.Owner + "; " + holders + ")"
	return h, nil
}

// entries are those of the list of rights.
func entries(sd *windows.SECURITY_DESCRIPTOR) (holders string, others Access, err error) {
	list, _, err := sd.DACL()
	if err != nil {
		return "", Nobody, err
	}
	if list == nil {
		return "everybody changes", Writers, nil
	}
	var change, read []string
	for i := range uint32(list.AceCount) {
		var entry *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, i, &entry); err != nil {
			return "", Nobody, err
		}
		if entry.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE ||
			entry.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
			continue
		}
		sid := (*windows.SID)(unsafe.Pointer(&entry.SidStart))
		reach := Nobody
		switch {
		case entry.Mask&writeMask != 0:
			reach = Writers
			change = append(change, accountName(sid))
		case entry.Mask&readMask != 0:
			reach = Readers
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
	return strings.Join(parts, "; "), others, nil
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
