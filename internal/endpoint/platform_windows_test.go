package endpoint_test

import (
	"net"
	"strings"
	"testing"

	"github.com/Microsoft/go-winio"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
)

func rawListener(t *testing.T, dir string) net.Listener {
	t.Helper()
	name, err := endpoint.Address(dir)
	must(t, err)
	l, err := winio.ListenPipe(name, &winio.PipeConfig{InputBufferSize: 4096, OutputBufferSize: 4096})
	must(t, err)
	return l
}

func rawDial(t *testing.T, dir string) net.Conn {
	t.Helper()
	name, err := endpoint.Address(dir)
	must(t, err)
	conn, err := winio.DialPipe(name, nil)
	must(t, err)
	return conn
}

func TestAllowedAccounts(t *testing.T) {
	dir := t.TempDir()
	if _, err := endpoint.Listen(endpoint.Options{DataDir: dir, Allow: []string{"no such account"}}); err == nil ||
		!strings.Contains(err.Error(), `endpoint.allow: "no such account"`) {
		t.Errorf("Listen = %v, want the account named", err)
	}
	l, err := endpoint.Listen(endpoint.Options{DataDir: dir, Allow: []string{"S-1-5-32-545"}})
	must(t, err)
	must(t, l.Close())
}
