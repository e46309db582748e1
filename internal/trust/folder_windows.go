package trust

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

func takeOver(path string) string { return `takeown /a /r /d y /f "` + path + `"` }

// own is the SID of the account that runs this program, "" when that cannot be found out.
func own() string {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return ""
	}
	return user.User.Sid.String()
}

// ownerAt looks at a path itself, not at what a link there leads to.
func ownerAt(path string) (place, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return place{}, err
	}
	const all = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	handle, err := windows.CreateFile(name, windows.READ_CONTROL|windows.FILE_READ_ATTRIBUTES, all, nil,
		windows.OPEN_EXISTING,
		windows.FILE_FLAG_BACKUP_SEMANTICS|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return place{}, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer windows.CloseHandle(handle)
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &info); err != nil {
		return place{}, &fs.PathError{Op: "look at", Path: path, Err: err}
	}
	sd, err := windows.GetSecurityInfo(handle, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return place{}, &fs.PathError{Op: "read the owner of", Path: path, Err: err}
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return place{}, &fs.PathError{Op: "read the owner of", Path: path, Err: err}
	}
	p := place{link: info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0}
	if owner != nil {
		p.owner = owner.String()
	}
	return p, nil
}

// Existing refuses what stands at a path when it leads elsewhere or belongs to somebody who is not trusted, and so for
// the folders above it: their owners can put another one in its place. These accounts are trusted too, given as SIDs.
// What is not there is nobody's.
func Existing(path string, accounts ...string) error {
	accounts = append(accounts, own())
	for at, above := path, ""; at != above; at = above {
		above = filepath.Dir(at)
		p, err := ownerAt(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case above == at: // a disk may be mounted, and belongs to the one who formatted it
			continue
		}
		if err := p.judge(at, Account(p.owner, accounts...)); err != nil {
			return err
		}
	}
	return nil
}

// MakeFolder makes a folder for SYSTEM, Administrators and the caller's account alone, and those above it that are
// missing. It has its rights before anybody can look into it. One that is there stays as it is.
func MakeFolder(path string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) || Remote(path) {
		// says what is wrong with one that is there; another computer has its own accounts
		return os.MkdirAll(path, 0o750)
	}
	if above := filepath.Dir(path); above != path {
		if err := MakeFolder(above); err != nil {
			return err
		}
	}
	sd, err := windows.SecurityDescriptorFromString(private(own(), windows.GetCurrentProcessToken().IsElevated()))
	if err != nil {
		return fmt.Errorf("make the rights of the folder: %w", err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	attributes := windows.SecurityAttributes{SecurityDescriptor: sd}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	if err := windows.CreateDirectory(name, &attributes); err != nil && !errors.Is(err, fs.ErrExist) {
		return &fs.PathError{Op: "make", Path: path, Err: err}
	}
	return nil
}
