package winservice

import (
	"errors"
	"strings"
	"time"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/jobmon-db/jobmon-db/internal/trust"
)

// windowsSystem is the Windows that the program runs on.
type windowsSystem struct{}

// preshutdown is how long Windows waits for the service before it shuts the computer down, in milliseconds.
const preshutdown = 20_000

func (windowsSystem) lookup(name string) (Account, error) {
	full, sid, err := trust.Find(name)
	return Account{Name: full, SID: sid}, err
}

func (windowsSystem) create(r *Registration, password string) error {
	manager, err := mgr.Connect()
	if err != nil {
		return failure("reach the service manager", err)
	}
	defer manager.Disconnect()
	s, err := manager.CreateService(r.Name, r.Command[0], mgr.Config{
		StartType: r.Start.number(), ErrorControl: mgr.ErrorNormal, DisplayName: r.Display, Description: r.Description,
		ServiceStartName: r.Account.Name, Password: password, Dependencies: r.Dependencies,
	}, r.Command[1:]...)
	if err != nil {
		return failure("register it", err)
	}
	defer s.Close()
	if err := delay(s.Handle, r.Start); err != nil {
		return errors.Join(failure("say when it is started", err), s.Delete())
	}
	return nil
}

func (w windowsSystem) change(r *Registration, password string) error {
	s, done, err := open(r.Name, windows.SERVICE_CHANGE_CONFIG|windows.SERVICE_QUERY_CONFIG)
	if err != nil {
		return err
	}
	defer done()
	var now Registration
	if err := w.registration(s.Handle, &now); err != nil {
		return failure("read how it is registered", err)
	}
	var account, secret *uint16
	if password != "" || !strings.EqualFold(now.Account.Name, r.Account.Name) {
		account, secret = text(r.Account.Name), text(password)
	}
	const same = windows.SERVICE_NO_CHANGE
	if err := windows.ChangeServiceConfig(s.Handle, same, r.Start.number(), same,
		text(windows.ComposeCommandLine(r.Command)), nil, nil,
		texts(r.Dependencies), account, secret, text(r.Display)); err != nil {
		return failure("register it", err)
	}
	if err := delay(s.Handle, r.Start); err != nil {
		return failure("say when it is started", err)
	}
	description := windows.SERVICE_DESCRIPTION{Description: text(r.Description)}
	return windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_DESCRIPTION,
		(*byte)(unsafe.Pointer(&description)))
}

func (windowsSystem) remove(name string) error {
	s, done, err := open(name, windows.DELETE)
	if err != nil {
		return err
	}
	defer done()
	if err := s.Delete(); err != nil {
		return failure("remove the service "+name, err)
	}
	return nil
}

func (windowsSystem) harden(name string) (notes []string, err error) {
	// setting a restart needs the right to start the service
	s, done, err := open(name, windows.SERVICE_CHANGE_CONFIG|windows.SERVICE_START)
	if err != nil {
		return nil, err
	}
	defer done()
	privileges := texts([]string{"SeChangeNotifyPrivilege"}) // passing through folders, which every account may
	wait := uint32(preshutdown)
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"start the service again when it fails", func() error {
			return s.SetRecoveryActions(restarts(), uint32(forgetAfter.Seconds()))
		}},
		{"start it again also when it ends with an exit code",
			func() error { return s.SetRecoveryActionsOnNonCrashFailures(true) }},
		{"take privileges away from it that it does not need", func() error {
			return windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO,
				(*byte)(unsafe.Pointer(&privileges)))
		}},
		{"wait for it when the computer is shut down", func() error {
			return windows.ChangeServiceConfig2(s.Handle, windows.SERVICE_CONFIG_PRESHUTDOWN_INFO,
				(*byte)(unsafe.Pointer(&wait)))
		}},
	} {
		switch err := step.do(); {
		case unknown(err):
			notes = append(notes, "this system cannot "+step.what)
		case err != nil:
			return nil, failure(step.what, err)
		}
	}
	return notes, nil
}

// forgetAfter is the time without failure after which Windows counts failures anew.
const forgetAfter = 24 * time.Hour

// restarts returns what Windows does at the first, the second and every further failure: it restarts the service after
// a pause.
func restarts() []mgr.RecoveryAction {
	var actions []mgr.RecoveryAction
	for _, pause := range []time.Duration{5 * time.Second, 30 * time.Second, 5 * time.Minute} {
		actions = append(actions, mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: pause})
	}
	return actions
}

// unknown reports that the system does not know the call, as Wine knows only a part of them.
func unknown(err error) bool {
	return errors.Is(err, windows.ERROR_INVALID_LEVEL) || errors.Is(err, windows.ERROR_CALL_NOT_IMPLEMENTED)
}

func delay(handle windows.Handle, start StartType) error {
	var info windows.SERVICE_DELAYED_AUTO_START_INFO
	if start == Delayed {
		info.IsDelayedAutoStartUp = 1
	}
	err := windows.ChangeServiceConfig2(handle, windows.SERVICE_CONFIG_DELAYED_AUTO_START_INFO,
		(*byte)(unsafe.Pointer(&info)))
	if unknown(err) && start != Delayed {
		return nil
	}
	return err
}

func (s StartType) number() uint32 {
	switch s {
	case Manual:
		return mgr.StartManual
	case Disabled:
		return mgr.StartDisabled
	}
	return mgr.StartAutomatic
}

func (windowsSystem) remote(path string) bool { return trust.Remote(path) }

// text converts a text for Windows; it ends at the first zero.
func text(s string) *uint16 {
	s, _, _ = strings.Cut(s, "\x00")
	p, _ := windows.UTF16PtrFromString(s)
	return p
}

// texts converts a list for Windows; an empty one replaces the old list.
func texts(list []string) *uint16 {
	joined := ""
	for _, s := range list {
		joined += s + "\x00"
	}
	return &append(utf16.Encode([]rune(joined)), 0, 0)[0]
}
