package winsession

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	endTime   = 5 * time.Second // that a process is given to be gone after it was ended
	longPath  = 32 << 10        // characters of the longest path
	oldestNow = 10              // Windows' major version
)

// console is the System of this computer.
type console struct{}

// New gives the system that this program runs on, or ErrSystem.
func New() (System, error) {
	if windows.RtlGetVersion().MajorVersion < oldestNow {
		return nil, ErrSystem
	}
	return console{}, nil
}

// Missing lists what this process lacks to do it, a sentence each.
func Missing() (lacks []string) {
	if windows.RtlGetVersion().MajorVersion < oldestNow {
		lacks = append(lacks, ErrSystem.Error())
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	switch {
	case err != nil:
		lacks = append(lacks, fmt.Sprintf("who runs this cannot be told: %v", err))
	case !user.User.Sid.IsWellKnown(windows.WinLocalSystemSid):
		lacks = append(lacks, fmt.Sprintf("this runs as %s: run it as SYSTEM: as a DS task, or psexec -s",
			account(user.User.Sid)))
	}
	return lacks
}

func account(sid *windows.SID) string {
	name, domain, _, err := sid.LookupAccount("")
	if err != nil {
		return sid.String()
	}
	return domain + `\` + name
}

func (console) Screen() (Screen, error) {
	s := Screen{Session: windows.WTSGetActiveConsoleSessionId()}
	if s.Session == NoSession {
		return s, nil
	}
	token, err := userToken(s.Session)
	if err != nil {
		return s, err
	}
	if s.User = token != 0; s.User {
		_ = token.Close()
	}
	return s, nil
}

// userToken is that of who is logged on in the session, 0 for nobody.
func userToken(session uint32) (windows.Token, error) {
	var token windows.Token
	err := windows.WTSQueryUserToken(session, &token)
	switch {
	case err == nil:
		return token, nil
	case errors.Is(err, windows.ERROR_NO_TOKEN), errors.Is(err, windows.ERROR_FILE_NOT_FOUND),
		errors.Is(err, windows.ERROR_CTX_WINSTATION_NOT_FOUND):
		// the others: a session that goes away
		return 0, nil
	case errors.Is(err, windows.ERROR_PRIVILEGE_NOT_HELD), errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return 0, fmt.Errorf("ask who is logged on in session %d: %w; run it as SYSTEM: as a DS task, or psexec -s",
			session, err)
	}
	return 0, fmt.Errorf("ask who is logged on in session %d: %w", session, err)
}

// ownToken is a copy of this process's token that belongs to the session.
func ownToken(session uint32) (windows.Token, error) {
	var own, copied windows.Token
	err := windows.OpenProcessToken(windows.CurrentProcess(),
		windows.TOKEN_DUPLICATE|windows.TOKEN_QUERY|windows.TOKEN_ADJUST_PRIVILEGES, &own)
	if err != nil {
		return 0, fmt.Errorf("open the own token: %w", err)
	}
	defer own.Close()
	for _, name := range []string{"SeTcbPrivilege", "SeAssignPrimaryTokenPrivilege", "SeIncreaseQuotaPrivilege"} {
		if err := enable(own, name); err != nil {
			return 0, err
		}
	}
	err = windows.DuplicateTokenEx(own, windows.MAXIMUM_ALLOWED, nil, windows.SecurityImpersonation,
		windows.TokenPrimary, &copied)
	if err != nil {
		return 0, fmt.Errorf("copy the own token: %w", err)
	}
	err = windows.SetTokenInformation(copied, windows.TokenSessionId, (*byte)(unsafe.Pointer(&session)),
		uint32(unsafe.Sizeof(session)))
	if err != nil {
		return 0, errors.Join(fmt.Errorf("move a token to session %d: %w; run it as SYSTEM: as a DS task, or psexec -s",
			session, err), copied.Close())
	}
	return copied, nil
}

// enable turns a privilege on that the token has. The call that needs one that it has not reports that.
func enable(token windows.Token, name string) error {
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	privileges := windows.Tokenprivileges{PrivilegeCount: 1}
	privileges.Privileges[0].Attributes = windows.SE_PRIVILEGE_ENABLED
	if err := windows.LookupPrivilegeValue(nil, text, &privileges.Privileges[0].Luid); err != nil {
		return fmt.Errorf("look the privilege %s up: %w", name, err)
	}
	if err := windows.AdjustTokenPrivileges(token, false, &privileges, 0, nil, nil); err != nil {
		return fmt.Errorf("turn the privilege %s on: %w", name, err)
	}
	return nil
}

func (console) Start(t Target, commandLine string) (Running, error) {
	var token windows.Token
	var err error
	if t.User {
		if token, err = userToken(t.Session); err == nil && token == 0 {
			err = fmt.Errorf("nobody is logged on in session %d any more", t.Session)
		}
	} else {
		token, err = ownToken(t.Session)
	}
	if err != nil {
		return nil, err
	}
	defer token.Close()
	var env *uint16
	if err := windows.CreateEnvironmentBlock(&env, token, false); err != nil {
		return nil, fmt.Errorf("make the environment of the monitor: %w", err)
	}
	defer func() { _ = windows.DestroyEnvironmentBlock(env) }()
	desktop, err := windows.UTF16PtrFromString(t.Desktop)
	if err != nil {
		return nil, err
	}
	line, err := windows.UTF16PtrFromString(commandLine)
	if err != nil {
		return nil, err
	}
	startup := windows.StartupInfo{Desktop: desktop}
	startup.Cb = uint32(unsafe.Sizeof(startup))
	var info windows.ProcessInformation
	err = windows.CreateProcessAsUser(token, nil, line, nil, nil, false, windows.CREATE_UNICODE_ENVIRONMENT, env, nil,
		&startup, &info)
	if err != nil {
		return nil, fmt.Errorf("start %s on %v: %w", commandLine, t, err)
	}
	_ = windows.CloseHandle(info.Thread)
	process, err := identify(info.Process, info.ProcessId)
	if err != nil {
		return nil, errors.Join(err, windows.TerminateProcess(info.Process, 1), windows.CloseHandle(info.Process))
	}
	return &child{process, info.Process}, nil
}

// child is a process that was started. Its handle keeps Windows from giving its number again.
type child struct {
	process Process
	handle  windows.Handle
}

func (c *child) Process() Process { return c.process }

func (c *child) Ended() (uint32, bool) {
	if event, err := windows.WaitForSingleObject(c.handle, 0); err != nil || event != windows.WAIT_OBJECT_0 {
		return 0, false
	}
	var code uint32
	if err := windows.GetExitCodeProcess(c.handle, &code); err != nil {
		return 1, true
	}
	return code, true
}

func (c *child) Close() error { return windows.CloseHandle(c.handle) }

// identify names the process behind a handle.
func identify(handle windows.Handle, pid uint32) (Process, error) {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(handle, &created, &exited, &kernel, &user); err != nil {
		return Process{}, fmt.Errorf("ask when process %d began: %w", pid, err)
	}
	name := make([]uint16, longPath)
	size := uint32(len(name))
	if err := windows.QueryFullProcessImageName(handle, 0, &name[0], &size); err != nil {
		return Process{}, fmt.Errorf("ask what process %d runs: %w", pid, err)
	}
	return Process{PID: pid, Started: int64(created.HighDateTime)<<32 | int64(created.LowDateTime),
		Image: windows.UTF16ToString(name[:size])}, nil
}

const mayEnd = windows.PROCESS_QUERY_LIMITED_INFORMATION | windows.PROCESS_TERMINATE | windows.SYNCHRONIZE

func (console) Find(pid uint32) (Process, bool) {
	if pid == 0 {
		return Process{}, false
	}
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, pid)
	if err != nil {
		return Process{}, false
	}
	defer windows.CloseHandle(handle)
	// it has ended, and somebody holds a handle
	if event, err := windows.WaitForSingleObject(handle, 0); err != nil || event == windows.WAIT_OBJECT_0 {
		return Process{}, false
	}
	p, err := identify(handle, pid)
	return p, err == nil
}

func (console) Kill(p Process) error {
	handle, err := windows.OpenProcess(mayEnd, false, p.PID)
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) { // no process has this number
		return nil
	}
	if err != nil {
		return err
	}
	defer windows.CloseHandle(handle)
	// it has ended, and somebody holds a handle
	if event, err := windows.WaitForSingleObject(handle, 0); err == nil && event == windows.WAIT_OBJECT_0 {
		return nil
	}
	// While the handle is open the number stays with this process.
	if now, err := identify(handle, p.PID); err != nil || !now.Same(p) {
		return err
	}
	if err := windows.TerminateProcess(handle, 1); err != nil {
		return err
	}
	event, err := windows.WaitForSingleObject(handle, uint32(endTime.Milliseconds()))
	if err != nil {
		return err
	}
	if event != windows.WAIT_OBJECT_0 {
		return fmt.Errorf("it has not gone within %v", endTime)
	}
	return nil
}

func (console) Self() (Process, error) {
	return identify(windows.CurrentProcess(), uint32(os.Getpid()))
}

// Mshta is the program that shows the monitor. The error says where it should be.
func Mshta() (string, error) {
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return "", fmt.Errorf("find the folder of Windows: %w", err)
	}
	path := filepath.Join(dir, "mshta.exe")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w; mshta.exe is a part of Windows that somebody has removed", err)
	}
	return path, nil
}
