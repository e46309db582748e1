package systemd

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// listening is a manager that keeps the messages that it receives, with its environment.
func listening(t *testing.T) (*net.UnixConn, []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, []string{"HOME=/", "NOTIFY_SOCKET=/elsewhere", "NOTIFY_SOCKET=" + path}
}

func received(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 4096)
	n, err := conn.Read(message)
	if err != nil {
		t.Fatal(err)
	}
	return string(message[:n])
}

func TestMessages(t *testing.T) {
	conn, env := listening(t)
	m, err := New(env, 4711, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { m.Run(ctx); close(done) }()
	m.Status("the source is lost: login failed\nREADY=1")
	if got := received(t, conn); got != "READY=1\nSTATUS=the source is lost: login failed READY=1" {
		t.Errorf("at first %q", got)
	}
	m.Status("the source is lost: login failed\nREADY=1")
	m.Status("watching")
	m.Status("watching")
	if got := received(t, conn); got != "STATUS=watching" {
		t.Errorf("then %q", got)
	}
	stop()
	<-done
	if got := received(t, conn); !strings.HasPrefix(got, "STOPPING=1\nSTATUS=") {
		t.Errorf("at the end %q", got)
	}
}

func TestNobodyListens(t *testing.T) {
	m, err := New([]string{"HOME=/", "NOTIFY_SOCKET="}, 1, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	m.Alive(time.Second)
	m.Status("watching")
	m.Run(t.Context()) // returns though the context goes on
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	for _, address := range []string{"vsock:2:1", filepath.Join(t.TempDir(), "none")} {
		if _, err := New([]string{"NOTIFY_SOCKET=" + address}, 1, zerolog.Nop()); err == nil ||
			!strings.Contains(err.Error(), "NOTIFY_SOCKET") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestWatchdogIsAnothers(t *testing.T) {
	_, env := listening(t)
	for _, c := range []struct {
		more []string
		want time.Duration
	}{
		{nil, 0},
		{[]string{"WATCHDOG_USEC=30000000"}, 30 * time.Second},
		{[]string{"WATCHDOG_USEC=30000000", "WATCHDOG_PID=4711"}, 30 * time.Second},
		{[]string{"WATCHDOG_USEC=30000000", "WATCHDOG_PID=4712"}, 0},
		{[]string{"WATCHDOG_USEC=-1"}, 0},
		{[]string{"WATCHDOG_USEC=soon"}, 0},
	} {
		m, err := New(slices.Concat(env, c.more), 4711, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if m.watchdog != c.want {
			t.Errorf("%q: watchdog %v, want %v", c.more, m.watchdog, c.want)
		}
		m.Close()
	}
}

// heard makes a manager that runs, and that passes its messages on.
func heard(t *testing.T, hear func(message string)) *Manager {
	m := &Manager{
		send:     func(message string) error { hear(message); return errors.New("said to a warning only") },
		watchdog: 30 * time.Second, logger: zerolog.Nop(), ready: make(chan struct{}),
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { m.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	return m
}

func TestWatchdog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var beats atomic.Int64
		m := heard(t, func(message string) {
			if message == "WATCHDOG=1" {
				beats.Add(1)
			}
		})
		after := func(d time.Duration) int64 {
			beats.Store(0)
			time.Sleep(d)
			synctest.Wait()
			return beats.Load()
		}
		m.Alive(time.Hour)
		if n := after(10 * time.Minute); n != 0 {
			t.Errorf("%d signs of life before the program is ready", n)
		}
		m.Status("watching")
		if n := after(45 * time.Minute); n < 2*45 {
			t.Errorf("%d signs of life in the first 45 minutes of a promise for an hour", n)
		}
		after(10 * time.Minute)
		if n := after(time.Hour); n != 0 {
			t.Errorf("%d signs of life after the promise was broken", n)
		}
		m.Alive(time.Minute)
		if n := after(30 * time.Second); n == 0 {
			t.Error("no sign of life though the program goes on")
		}
	})
}
