//go:build !windows

package endpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
)

const deniedHint = "run this command as the user that the daemon runs as"

const (
	socketName = "endpoint.sock"
	// longestPath is what fits into a socket's address on every system, in bytes.
	longestPath = 103
	// tempDir is where a socket lies whose path would be too long. It is not os.TempDir, because the environment of
	// the daemon and of those who ask it differ.
	tempDir = "/tmp"
	// runtimeDir takes its place under the systemd unit, whose /tmp nobody else sees.
	runtimeDir = "/run/jobmon-db"
)

// Address is where the endpoint of a data folder is; whether somebody listens there is another question.
func Address(dataDir string) (string, error) {
	path, _, err := locate(dataDir, found(runtimeDir))
	return path, err
}

// found is for those who ask: the folder of a socket lies where it is, first below a folder that only root can make.
func found(runtime string) func(name string) string {
	return func(name string) string {
		if _, err := os.Lstat(filepath.Join(runtime, name)); err == nil {
			return runtime
		}
		return tempDir
	}
}

// made is for the daemon: its own runtime folder, where systemd has made one.
func made(runtime string) func(string) string {
	return func(string) string {
		if checkPrivate(runtime, os.Geteuid()) == nil {
			return runtime
		}
		return tempDir
	}
}

// locate gives the socket of a data folder, by whatever path that is named. Where it lies outside the data folder, in
// a folder whose maker must not be trusted unseen, that one is given too; it lies below the folder that parent returns.
func locate(dataDir string, parent func(name string) string) (path, folder string, err error) {
	dir, err := filepath.Abs(dataDir)
	if err != nil {
		return "", "", fmt.Errorf("find the local endpoint: %w", err)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if path = filepath.Join(dir, socketName); len(path) <= longestPath {
		return path, "", nil
	}
	name := "jobmon-db-" + hashOf(dir)
	folder = filepath.Join(parent(name), name)
	return filepath.Join(folder, socketName), folder, nil
}

func listen(o Options) (net.Listener, error) {
	path, folder, err := locate(o.DataDir, made(runtimeDir))
	if err != nil {
		return nil, err
	}
	if folder != "" {
		if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if err := checkPrivate(folder, os.Geteuid()); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTaken, err)
		}
	}
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTaken, err)
	}
	// Linux gives the file the mode that the socket has when it is bound, so that there is no moment in which others
	// could connect. Other systems refuse that; there chmod has to do.
	config := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
		return socket.Control(func(fd uintptr) { _ = syscall.Fchmod(int(fd), 0o600) })
	}}
	l, err := config.Listen(context.Background(), "unix", path)
	if errors.Is(err, syscall.EADDRINUSE) { // taken since
		return nil, fmt.Errorf("%w: %w", ErrTaken, err)
	}
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(os.Chmod(path, 0o600), inherit.Path(path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &socket{l, folder}, nil
}

// socket is a listener that takes its folder with it, if that was made for it.
type socket struct {
	net.Listener
	folder string
}

// Accept marks each connection: a socket is open to the daemon's user and root alone, who may administer it.
func (s *socket) Accept() (net.Conn, error) {
	conn, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return administrative{conn}, nil
}

func (s *socket) Close() error {
	err := s.Listener.Close()
	if s.folder != "" {
		_ = os.Remove(s.folder) // it is used again when it stays
	}
	return err
}

// removeStale removes the socket that a crashed daemon left behind, and nothing else. An error names what is in the
// way.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSocket == 0 {
		return inTheWay(path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case err == nil:
		_ = conn.Close()
		return fmt.Errorf("a program listens on %s; end it, or use another data folder", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	}
	return fmt.Errorf("%w; end the program that listens there, or remove the file", err)
}

func inTheWay(path string) error {
	return fmt.Errorf("%s is in the way and not a socket; remove it", path)
}

// checkPrivate returns an error when a folder does not belong to one of these users alone.
func checkPrivate(folder string, users ...int) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	owner := ownerOf(info)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !slices.Contains(users, owner) {
		return fmt.Errorf("%s (%v, of user %d) was not made by this daemon: remove it, or use a data folder with a "+
			"path of at most %d bytes: %w", folder, info.Mode(), owner, longestPath-len(socketName)-1, fs.ErrPermission)
	}
	return nil
}

func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

func dial(ctx context.Context, dataDir string) (net.Conn, error) {
	path, folder, err := locate(dataDir, found(runtimeDir))
	if err != nil {
		return nil, err
	}
	if folder != "" {
		info, err := os.Stat(dataDir)
		if err != nil {
			return nil, err
		}
		if err := checkPrivate(folder, os.Geteuid(), ownerOf(info)); err != nil {
			return nil, err
		}
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil { // ECONNREFUSED for a file; EACCES for a link into a folder that this user may not write
		if info, looking := os.Lstat(path); looking == nil && info.Mode()&fs.ModeSocket == 0 {
			return nil, fmt.Errorf("%w: %w", ErrTaken, inTheWay(path))
		}
	}
	return conn, err
}

// believe refuses who listens on a socket outside the data folder when that is neither root, nor the user who asks, nor
// the owner of the data folder. In the data folder its rights decide: who can write there could change the log.
func believe(conn net.Conn, dataDir string) error {
	if _, folder, err := locate(dataDir, found(runtimeDir)); err != nil || folder == "" {
		return err
	}
	info, err := os.Stat(dataDir)
	if err != nil {
		return err
	}
	return believable(peerOf(conn), os.Geteuid(), ownerOf(info))
}

func believable(peer int, users ...int) error {
	if peer <= 0 || slices.Contains(users, peer) {
		return nil
	}
	return fmt.Errorf("%w: user %d listens, who is neither this user nor the owner of the data folder; find out who "+
		"started it, stop it, and start the daemon again", ErrImpostor, peer)
}

// passes reports that an error of dial goes away by itself: too many connections wait to be accepted.
func passes(err error) bool { return errors.Is(err, syscall.EAGAIN) }
