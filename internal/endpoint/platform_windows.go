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
)

const deniedHint = "run this command elevated (as administrator), or add the account to endpoint.allow"

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
	// Creating a pipe that is there already is refused too, but as "access denied"; Wine lets it happen.
	probing, cancel := context.WithTimeout(context.Background(), probeTime)
	defer cancel()
	conn, err := winio.DialPipeAccess(probing, name, clientRights)
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("another program listens on %s; end it, or use another data folder", name)
	}
	return winio.ListenPipe(name, &winio.PipeConfig{
		SecurityDescriptor: security, InputBufferSize: pipeBuffer, OutputBufferSize: pipeBuffer,
	})
}

func dial(ctx context.Context, dataDir string) (net.Conn, error) {
	name, err := Address(dataDir)
	if err != nil {
		return nil, err
	}
	return winio.DialPipeAccess(ctx, name, clientRights)
}

// passes says that an error of dial goes away by itself. A pipe whose instances are all taken is waited for by dial.
func passes(error) bool { return false }
