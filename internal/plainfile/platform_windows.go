package plainfile

import (
	"os"

	"golang.org/x/sys/windows"
)

// openPlain opens without following a link or another reparse point. Files on a share cannot be pipes; a name that
// Windows takes for a device is no disk file.
func openPlain(path string) (*os.File, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := windows.CreateFile(name, windows.GENERIC_READ,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, err
	}
	var about windows.ByHandleFileInformation
	kind, err := windows.GetFileType(handle)
	if err == nil && kind == windows.FILE_TYPE_DISK {
		err = windows.GetFileInformationByHandle(handle, &about)
	}
	const odd = windows.FILE_ATTRIBUTE_REPARSE_POINT | windows.FILE_ATTRIBUTE_DIRECTORY | windows.FILE_ATTRIBUTE_DEVICE
	if err == nil && (kind != windows.FILE_TYPE_DISK || about.FileAttributes&odd != 0) {
		err = ErrIrregular
	}
	if err != nil {
		_ = windows.CloseHandle(handle)
		return nil, err
	}
	return os.NewFile(uintptr(handle), path), nil
}
