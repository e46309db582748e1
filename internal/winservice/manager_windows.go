package winservice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/jobmon-db/jobmon-db/internal/patience"
)

// lookEvery is how often a service is looked at while it starts, stops or goes away.
const lookEvery = 100 * time.Millisecond

// Install registers the service and gives its account the rights that it needs, or brings both up to date. Either all
// is done or, after an error, nothing.
func Install(o Options) (*Result, error) {
	if !windows.GetCurrentProcessToken().IsElevated() {
		return nil, ErrDenied
	}
	return install(windowsSystem{}, o)
}

// Query looks at the service; everybody may.
func Query(name string) (*Status, error) { return windowsSystem{}.find(name) }

// Start starts the service and returns when it runs; already says that it did before. A service that ends instead is an
// *EndedError.
func Start(ctx context.Context, name string) (already bool, err error) {
	s, done, err := open(name, windows.SERVICE_START|windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return false, err
	}
	defer done()
	switch err := s.Start(); {
	case errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING):
		already = true
	case err != nil:
		return false, failure("start the service "+name, err)
	}
	status, err := await(ctx, s, func(state svc.State) bool { return state != svc.StartPending })
	if err != nil {
		return already, fmt.Errorf("start the service %s: %w", name, err)
	}
	if status.State == svc.Stopped || status.State == svc.StopPending {
		e := &EndedError{Name: name}
		e.Code, e.System = exit(status)
		return false, e
	}
	return already, nil
}

// Stop stops the service and returns when it has ended; already says that it did not run.
func Stop(ctx context.Context, name string) (already bool, err error) {
	s, done, err := open(name, windows.SERVICE_STOP|windows.SERVICE_QUERY_STATUS)
	if err != nil {
		return false, err
	}
	defer done()
	switch _, err := s.Control(svc.Stop); {
	case errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE):
		return true, nil
	case err != nil && !errors.Is(err, windows.ERROR_SERVICE_CANNOT_ACCEPT_CTRL): // it is about to stop already
		return false, failure("stop the service "+name, err)
	}
	if _, err := await(ctx, s, func(state svc.State) bool { return state == svc.Stopped }); err != nil {
		return false, fmt.Errorf("stop the service %s: %w", name, err)
	}
	return false, nil
}

// Remove stops the service and takes its registration away, and the rights of its account on these files and folders.
func Remove(ctx context.Context, name string, paths []string) error {
	status, err := Query(name)
	if err != nil {
		return err
	}
	if !status.ours() {
		return fmt.Errorf("the service %s runs %s: %w", name, strings.Join(status.Command, " "), ErrAnother)
	}
	if _, err := Stop(ctx, name); err != nil {
		return err
	}
	if err := (windowsSystem{}).remove(name); err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		if err := (windowsSystem{}).revoke(path, status.Account.SID); err != nil &&
			!errors.Is(err, windows.ERROR_FILE_NOT_FOUND) && !errors.Is(err, windows.ERROR_PATH_NOT_FOUND) {
			errs = append(errs, fmt.Errorf("take the rights of %s on %s away: %w", status.Account.Name, path, err))
		}
	}
	errs = append(errs, gone(ctx, name))
	return errors.Join(errs...)
}

// gone waits until the manager has let the registration go, which it does when nobody holds it open any more.
func gone(ctx context.Context, name string) error {
	err := patience.Until(ctx, lookEvery, func() (bool, error) {
		_, err := Query(name)
		// what is marked goes with its last holder
		return errors.Is(err, ErrNotInstalled) || errors.Is(err, ErrMarked), nil
	})
	if err != nil {
		return fmt.Errorf("remove the service %s: %w", name, ErrMarked)
	}
	return nil
}

// await looks at the service until it is where it shall be.
func await(ctx context.Context, s *mgr.Service, there func(svc.State) bool) (status svc.Status, err error) {
	over := patience.Until(ctx, lookEvery, func() (bool, error) {
		status, err = s.Query()
		return err != nil || there(status.State), nil
	})
	if over != nil {
		return status, ErrTimeout
	}
	return status, err
}

// open opens a service for no more than what is to be done with it.
func open(name string, access uint32) (s *mgr.Service, done func(), err error) {
	manager, err := windows.OpenSCManager(nil, nil, windows.SC_MANAGER_CONNECT)
	if err != nil {
		return nil, nil, failure("reach the service manager", err)
	}
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		windows.CloseServiceHandle(manager)
		return nil, nil, fmt.Errorf("the name %q: %w", name, err)
	}
	handle, err := windows.OpenService(manager, text, access)
	if err != nil {
		windows.CloseServiceHandle(manager)
		return nil, nil, failure("open the service "+name, err)
	}
	return &mgr.Service{Name: name, Handle: handle}, func() {
		windows.CloseServiceHandle(handle)
		windows.CloseServiceHandle(manager)
	}, nil
}

// failure says what failed, and where it is known what to do next.
func failure(what string, err error) error {
	for code, known := range map[error]error{
		windows.ERROR_ACCESS_DENIED:             ErrDenied,
		windows.ERROR_SERVICE_DOES_NOT_EXIST:    ErrNotInstalled,
		windows.ERROR_SERVICE_MARKED_FOR_DELETE: ErrMarked,
		windows.ERROR_INVALID_SERVICE_ACCOUNT:   ErrAccount,
		windows.ERROR_SERVICE_LOGON_FAILED:      ErrLogon,
	} {
		if errors.Is(err, code) {
			return fmt.Errorf("%s: %w", what, known)
		}
	}
	switch {
	case errors.Is(err, windows.ERROR_FILE_NOT_FOUND), errors.Is(err, windows.ERROR_PATH_NOT_FOUND):
		return fmt.Errorf("%s: its program is no longer where it was: repeat jobmon-db service install with the "+
			"program at its new place (%w)", what, err)
	case errors.Is(err, windows.ERROR_SERVICE_DISABLED):
		return fmt.Errorf("%s: it is disabled: repeat jobmon-db service install, or enable it in the Services window",
			what)
	case errors.Is(err, windows.ERROR_SERVICE_DEPENDENCY_FAIL),
		errors.Is(err, windows.ERROR_SERVICE_DEPENDENCY_DELETED):
		return fmt.Errorf("%s: a service that it depends on does not run or is gone; see jobmon-db service status (%w)",
			what, err)
	case errors.Is(err, windows.ERROR_DEPENDENT_SERVICES_RUNNING):
		return fmt.Errorf("%s: stop the services that depend on it first (%w)", what, err)
	case errors.Is(err, windows.ERROR_SERVICE_REQUEST_TIMEOUT):
		return fmt.Errorf("%s: it did not answer the service manager in time (%w)", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// exit is why a service ended: the program's own code, or the system's word.
func exit(status svc.Status) (code int, system string) {
	switch e := syscall.Errno(status.Win32ExitCode); e {
	case 0, windows.ERROR_SERVICE_NEVER_STARTED:
		return 0, ""
	case windows.ERROR_SERVICE_SPECIFIC_ERROR:
		return int(status.ServiceSpecificExitCode), ""
	default:
		return 0, e.Error()
	}
}

// find implements system.
func (w windowsSystem) find(name string) (*Status, error) {
	s, done, err := open(name, windows.SERVICE_QUERY_STATUS|windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return nil, err
	}
	defer done()
	status := &Status{Registration: Registration{Name: name}}
	if err := w.registration(s.Handle, &status.Registration); err != nil {
		return nil, failure("read how the service "+name+" is registered", err)
	}
	now, err := s.Query()
	if err != nil {
		return nil, failure("look at the service "+name, err)
	}
	status.PID = now.ProcessId
	status.State = map[svc.State]State{svc.StartPending: Starting, svc.Running: Running, svc.StopPending: Stopping,
		svc.Stopped: Stopped}[now.State]
	if status.State == "" {
		status.State = Paused
	}
	if now.State == svc.Stopped {
		status.Exit, status.Failure = exit(now)
	}
	return status, nil
}

// registration reads what is registered. The library's own way asks for more than every system can tell.
func (w windowsSystem) registration(handle windows.Handle, r *Registration) error {
	const most = 8 << 10 // bytes, the most there can be
	buffer := make([]uint64, most/8)
	config := (*windows.QUERY_SERVICE_CONFIG)(unsafe.Pointer(&buffer[0]))
	var needed uint32
	if err := windows.QueryServiceConfig(handle, config, most, &needed); err != nil {
		return err
	}
	line := windows.UTF16PtrToString(config.BinaryPathName)
	command, err := windows.DecomposeCommandLine(line)
	if err != nil {
		command = []string{line}
	}
	r.Command = command
	r.Display = windows.UTF16PtrToString(config.DisplayName)
	r.Dependencies = list(config.Dependencies)
	account := windows.UTF16PtrToString(config.ServiceStartName)
	if r.Account, err = resolve(account, r.Name, w.lookup); err != nil || account == "" {
		r.Account = Account{Name: account} // it may be gone; this is only looking
	}
	switch config.StartType {
	case windows.SERVICE_AUTO_START:
		r.Start = Automatic
	case windows.SERVICE_DISABLED:
		r.Start = Disabled
	default:
		r.Start = Manual
	}
	more := make([]uint64, most/8)
	extra := func(level uint32) bool {
		return windows.QueryServiceConfig2(handle, level, (*byte)(unsafe.Pointer(&more[0])), most, &needed) == nil
	}
	if r.Start == Automatic && extra(windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO) &&
		(*windows.SERVICE_DELAYED_AUTO_START_INFO)(unsafe.Pointer(&more[0])).IsDelayedAutoStartUp != 0 {
		r.Start = Delayed
	}
	if extra(windows.SERVICE_CONFIG_DESCRIPTION) {
		text := (*windows.SERVICE_DESCRIPTION)(unsafe.Pointer(&more[0])).Description
		r.Description = windows.UTF16PtrToString(text)
	}
	return nil
}

// list reads names that end with a zero each, and the list with one more.
func list(first *uint16) (names []string) {
	for p := first; p != nil && *p != 0; {
		name := windows.UTF16PtrToString(p)
		names = append(names, name)
		p = (*uint16)(unsafe.Add(unsafe.Pointer(p), 2*(len(windows.StringToUTF16(name)))))
	}
	return names
}
