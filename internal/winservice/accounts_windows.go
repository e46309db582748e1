package winservice

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// AccountOf is the account of the service that runs in a process, when that service is one of this program.
func AccountOf(process uint32) (Account, error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT|windows.SC_MANAGER_ENUMERATE_SERVICE)
	if err != nil {
		return Account{}, failure("reach the service manager", err)
	}
	defer windows.CloseServiceHandle(manager)
	names, err := servicesIn(manager, process)
	if err != nil {
		return Account{}, failure("list the services", err)
	}
	for _, name := range names {
		if status, err := (windowsSystem{}).find(name); err == nil && status.ours() {
			return status.Account, nil
		}
	}
	return Account{}, fmt.Errorf("process %d is no service of this program: %w", process, ErrNotInstalled)
}

// servicesIn are the names of the services that run in a process.
func servicesIn(manager windows.Handle, process uint32) (names []string, err error) {
	var buffer [256 << 10]byte // as much as the call takes at once
	var left, count, next uint32
	for {
		err := windows.EnumServicesStatusEx(manager, windows.SC_ENUM_PROCESS_INFO, windows.SERVICE_WIN32,
			windows.SERVICE_ACTIVE,
			&buffer[0], uint32(len(buffer)), &left, &count, &next, nil)
		if err != nil && err != windows.ERROR_MORE_DATA {
			return nil, err
		}
		for _, s := range unsafe.Slice((*windows.ENUM_SERVICE_STATUS_PROCESS)(unsafe.Pointer(&buffer[0])), count) {
			if s.ServiceStatusProcess.ProcessId == process {
				names = append(names, windows.UTF16PtrToString(s.ServiceName))
			}
		}
		if err == nil || count == 0 {
			return names, nil
		}
	}
}
