package trust

import (
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
)

// everybody lists the groups whose members nobody chose: Everyone, Authenticated Users, Users, Anonymous, Guests.
var everybody = [...]string{"S-1-1-0", "S-1-5-11", "S-1-5-32-545", "S-1-5-7", "S-1-5-32-546"}

const (
	readMask  = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
	writeMask = windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.DELETE |
		windows.WRITE_DAC | windows.WRITE_OWNER | windows.GENERIC_WRITE | windows.GENERIC_ALL
)

// Look returns who owns a file or folder, who may read and change it, by name, and what the groups that hold everybody
// may do. It ignores entries that deny, and entries that apply only below the folder. The owner of the folder beside is
// trusted, too.
func Look(path, beside string) (Holding, error) {
	const what = windows.OWNER_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, what)
	if err != nil {
		return Holding{}, err
	}
	defer runtime.KeepAlive(sd)
	h := Holding{Path: path, narrowed: func(path string, _ Access) string {
		return "run jobmon-db service install, which sets the rights of its folders; icacls \"" + path +
			"\" shows what is left then"
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

// Alone is Look: no group of Windows has a place of its own in a file's rights.
func Alone(path, beside string) (Holding, error) { return Look(path, beside) }

// entries reads the list of rights: who may do what, by name, and what the groups that hold everybody may do.
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
	var parts []string
	if change != nil {
		parts = append(parts, "changed by "+listed(change))
	}
	if read != nil {
		parts = append(parts, "read by "+listed(read))
	}
	return strings.Join(parts, "; "), others, nil
}

// listed joins names in alphabetical order, each once.
func listed(names []string) string {
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// accountName returns the account's name, or its SID when the account is gone or unknown.
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
