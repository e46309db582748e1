package endpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"time"

	"github.com/Microsoft/go-winio"
	"golang.org/x/sys/windows"

	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
)

const deniedHint = "run this command elevated (as administrator), or add the account to endpoint.allow; " +
	"where that is no help, look for event 401: another program may have its place"

const (
	pipeBuffer = 64 << 10 // bytes in one direction; a greeting must fit
	probeTime  = 200 * time.Millisecond
)

// Address is where the endpoint of a data folder is; whether somebody listens there is another question.
func Address(dataDir string) (string, error) {
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return "", fmt.Errorf("find the local endpoint: %w", err)
	}
	return pipeName(dir), nil
}

func listen(o Options) (net.Listener, error) {
	name, err := Address(o.DataDir)
	if err != nil {
		return nil, err
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, fmt.Errorf("find out the account that this program runs under: %w", err)
	}
	security, err := pipeSecurity(user.User.Sid.String(), o.Allow, winio.LookupSidByName)
	if err != nil {
		return nil, err
	}
	own, err := pipeSecurity(user.User.Sid.String(), nil, nil)
	if err != nil {
		return nil, err
	}
	asking, err := openPipe(name, security)
	if err != nil {
		return nil, err
	}
	administering, err := openPipe(adminPipe(name), own)
	if err != nil {
		return nil, errors.Join(err, asking.Close())
	}
	return join(asking, administrators{administering}), nil
}

// openPipe makes a pipe, and refuses a name that is taken.
func openPipe(name, security string) (net.Listener, error) {
	// Creating a pipe that is there already is refused too, but as "access denied"; Wine lets it happen.
	probing, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	conn, err := winio.DialPipeAccess(probing, name, clientRights)
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: a program listens on %s; end it, or use another data folder", ErrTaken, name)
	}
	l, err := winio.ListenPipe(name, &winio.PipeConfig{
		SecurityDescriptor: security, InputBufferSize: pipeBuffer, OutputBufferSize: pipeBuffer,
	})
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrExist) { // taken since
		return nil, fmt.Errorf(
			"%w: a program listens on %s; end it, or use another data folder (%w)",
			ErrTaken,
			name,
			err,
		)
	}
	return l, err
}

// administrators marks the connections of those who may administer the daemon.
type administrators struct{ net.Listener }

func (a administrators) Accept() (net.Conn, error) {
	conn, err := a.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return administrative{conn}, nil
}

// dial tries the pipe for administrators first, and the other one when this account is none.
func dial(ctx context.Context, dataDir string) (net.Conn, error) {
	name, err := Address(dataDir)
	if err != nil {
		return nil, err
	}
	conn, err := winio.DialPipeAccess(ctx, adminPipe(name), clientRights)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return winio.DialPipeAccess(ctx, name, clientRights)
	}
	return conn, err
}

// believe refuses a pipe whose owner runs no daemon.
func believe(conn net.Conn, dataDir string) error {
	pipe, ok := conn.(interface{ Fd() uintptr })
	if !ok {
		return fmt.Errorf("%w: the pipe has no handle", ErrImpostor)
	}
	owner, err := ownerOf(func(what windows.SECURITY_INFORMATION) (*windows.SECURITY_DESCRIPTOR, error) {
		return windows.GetSecurityInfo(windows.Handle(pipe.Fd()), windows.SE_KERNEL_OBJECT, what)
	})
	if err != nil {
		return fmt.Errorf("%w: the owner of the pipe cannot be read: %w", ErrImpostor, err)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return fmt.Errorf("find out the account that this program runs under: %w", err)
	}
	if trust.Account(owner, user.User.Sid.String()) {
		return nil
	}
	// That the folder's owner is kept from this account is no reason to believe anybody.
	folder, err := ownerOf(func(what windows.SECURITY_INFORMATION) (*windows.SECURITY_DESCRIPTOR, error) {
		return windows.GetNamedSecurityInfo(dataDir, windows.SE_FILE_OBJECT, what)
	})
	if err == nil && folder == owner {
		return nil
	}
	var process uint32
	if err := windows.GetNamedPipeServerProcessId(windows.Handle(pipe.Fd()), &process); err != nil {
		return fmt.Errorf("%w: the process at the pipe cannot be found: %w", ErrImpostor, err)
	}
	if account, err := winservice.AccountOf(process); err == nil && account.SID == owner {
		return nil
	}
	return fmt.Errorf(
		"%w: process %d, of the account %s; end that program and restart the daemon",
		ErrImpostor,
		process,
		owner,
	)
}

func ownerOf(read func(windows.SECURITY_INFORMATION) (*windows.SECURITY_DESCRIPTOR, error)) (sid string, err error) {
	sd, err := read(windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return "", err
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return "", err
	}
	if owner == nil {
		return "", errors.New("it has none")
	}
	return owner.String(), nil
}

// passes says that an error of dial goes away by itself. A pipe whose instances are all taken is waited for by dial.
func passes(error) bool { return false }

// adminPipe is the pipe beside it on which the daemon is administered.
func adminPipe(name string) string { return name + "-admin" }
