//go:build !windows

package endpoint_test

import (
	"net"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
)

func rawListener(t *testing.T, dir string) net.Listener {
	t.Helper()
	path, err := endpoint.Address(dir)
	must(t, err)
	l, err := net.Listen("unix", path)
	must(t, err)
	return l
}

func rawDial(t *testing.T, dir string) net.Conn {
	t.Helper()
	path, err := endpoint.Address(dir)
	must(t, err)
	conn, err := net.Dial("unix", path)
	must(t, err)
	return conn
}
