package trust

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"
)

// Find is the account that somebody named, by its name or SID: its full name, and its SID.
func Find(name string) (full, sid string, err error) {
	if strings.HasPrefix(strings.ToUpper(name), "S-1-") {
		sid, err := windows.StringToSid(name)
		if err != nil {
			return "", "", fmt.Errorf("%q is no SID: %w", name, ErrNoAccount)
		}
		short, domain, _, err := sid.LookupAccount("")
		if err != nil {
			return "", "", fmt.Errorf("there is no account %s: %w", name, ErrNoAccount)
		}
		return domain + `\` + short, sid.String(), nil
	}
	asked := name
	if local, ok := strings.CutPrefix(name, `.\`); ok { // this computer, as the Services window writes it
		if computer, err := windows.ComputerName(); err == nil {
			asked = computer + `\` + local
		}
	}
	found, domain, _, err := windows.LookupSID("", asked)
	if errors.Is(err, windows.ERROR_NONE_MAPPED) {
		return "", "", fmt.Errorf("there is no account %s: %w", name, ErrNoAccount)
	}
	if err != nil {
		return "", "", fmt.Errorf("find the account %s: %w", name, err)
	}
	if strings.ContainsAny(asked, `\@`) {
		return asked, found.String(), nil
	}
	return domain + `\` + asked, found.String(), nil
}

// Remote says that a path names another computer, or a drive letter that stands for one.
func Remote(path string) bool {
	volume := filepath.VolumeName(path)
	if strings.HasPrefix(volume, `\\`) {
		device := strings.HasPrefix(volume, `\\?\`) || strings.HasPrefix(volume, `\\.\`)
		return !device || strings.HasPrefix(strings.ToUpper(volume), `\\?\UNC`)
	}
	name, err := windows.UTF16PtrFromString(volume + `\`)
	return err == nil && windows.GetDriveType(name) == windows.DRIVE_REMOTE
}
