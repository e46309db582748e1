package secretfile

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

func system() protector { return dpapi{} }

// dpapi is the Data Protection API with the scope of the machine.
type dpapi struct{}

func (dpapi) name() string { return "dpapi" }

func (dpapi) protect(secret []byte) ([]byte, error) {
	var out windows.DataBlob
	if err := windows.CryptProtectData(blob(secret), nil, nil, 0, nil,
		windows.CRYPTPROTECT_LOCAL_MACHINE|windows.CRYPTPROTECT_UI_FORBIDDEN, &out); err != nil {
		return nil, err
	}
	return taken(out)
}

func (dpapi) unprotect(protected []byte) ([]byte, error) {
	if len(protected) == 0 {
		return nil, windows.ERROR_INVALID_DATA
	}
	var out windows.DataBlob
	if err := windows.CryptUnprotectData(blob(protected), nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN,
		&out); err != nil {
		return nil, err
	}
	return taken(out)
}

// blob is what the system calls bytes; there is at least one.
func blob(b []byte) *windows.DataBlob { return &windows.DataBlob{Size: uint32(len(b)), Data: &b[0]} }

// taken copies what the system has allocated, and frees it.
func taken(out windows.DataBlob) ([]byte, error) {
	b := bytes.Clone(unsafe.Slice(out.Data, out.Size))
	_, err := windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return b, err
}

// creator makes files with the rights of descriptor. They are there before the content is.
func creator(account string) (func(name string) (*os.File, error), error) {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return nil, fmt.Errorf("only Administrators may write and replace the file: run this command elevated (as "+
			"administrator)%w", words.KindOf(fs.ErrPermission))
	}
	sid, err := "", error(nil)
	if account != "" {
		if _, sid, err = trust.Find(account); err != nil {
			return nil, err
		}
	}
	rights, err := windows.SecurityDescriptorFromString(descriptor(sid))
	if err != nil {
		return nil, fmt.Errorf("make the rights of the file: %w", err)
	}
	return func(name string) (*os.File, error) {
		path, err := windows.UTF16PtrFromString(name)
		if err != nil {
			return nil, err
		}
		attributes := windows.SecurityAttributes{SecurityDescriptor: rights}
		attributes.Length = uint32(unsafe.Sizeof(attributes))
		handle, err := windows.CreateFile(path, windows.GENERIC_WRITE, 0, &attributes, windows.CREATE_NEW,
			windows.FILE_ATTRIBUTE_NORMAL, 0)
		if err != nil {
			return nil, &fs.PathError{Op: "create", Path: name, Err: err}
		}
		return os.NewFile(uintptr(handle), name), nil
	}, nil
}

// Exposed says whether others than its owner can read the file. The mode does not tell on Windows, so it is always no.
func Exposed(string) bool { return false }

// Protection tells an administrator in a few words how files of Write are protected.
func Protection(account string) string {
	readers := "SYSTEM and Administrators"
	if account != "" {
		readers = "SYSTEM, Administrators and " + account
	}
	return "protected for this computer (DPAPI), readable for " + readers + " only"
}
