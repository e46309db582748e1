package endpoint

import (
	"net"
	"syscall"
)

// peerOf is the user that listened on the socket at the other end, -1 when that is not known.
func peerOf(conn net.Conn) int {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return -1
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return -1
	}
	peer := -1
	if err := raw.Control(func(fd uintptr) {
		if ucred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			peer = int(ucred.Uid)
		}
	}); err != nil {
		return -1
	}
	return peer
}
