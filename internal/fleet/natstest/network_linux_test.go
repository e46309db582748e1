package natstest

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestMachinesOfANetwork: machines reach one another unless they are cut off.
func TestMachinesOfANetwork(t *testing.T) {
	t.Parallel()
	n, err := NewNetwork(t)
	if err != nil {
		t.Skipf("network namespaces need root: %v", err)
	}
	a, b, c := n.Add(), n.Add(), n.Add()
	config, store := alone(t, b.Address)
	s := Run(t, b, config, store)
	reaches := func(m *Machine, want bool) {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		if !want {
			ctx, stop = context.WithTimeout(t.Context(), 200*time.Millisecond)
		}
		defer stop()
		conn, err := m.DialContext(ctx, "tcp", s.Address())
		if err == nil {
			_ = conn.Close()
		}
		if (err == nil) != want {
			t.Errorf("%s reaches the server at %s: %v", m.Address, s.Address(), err)
		}
	}
	reaches(a, true)
	b.Unplug()
	reaches(a, false)
	b.Plug()
	reaches(a, true)
	a.Apart()
	b.Apart()
	reaches(a, false)
	reaches(c, true)
	a.Plug()
	b.Slow()
	reaches(c, true)
	if !strings.Contains(s.Log(), "Server is ready") {
		t.Errorf("the log is %q", s.Log())
	}
}
