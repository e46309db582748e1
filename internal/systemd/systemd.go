// Package systemd tells the service manager of a Linux system how the program goes: that it is ready, what it does,
// that it still makes progress, that it stops. The protocol is that of sd_notify(3): lines of NAME=value in a datagram
// to the socket that the manager names in NOTIFY_SOCKET. The manual promises that it stays as it is, and it is a few
// lines, so they are here; the usual library reads the process's environment by itself, which this program's packages
// never do.
package systemd

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// patience is how long the manager may take to accept a message.
const patience = time.Second

// Manager is the service manager that started the program, or nobody: then nothing is sent. Its methods may be called
// from any goroutine; they never wait longer than a second.
type Manager struct {
	send  func(message string) error // nil when nobody listens
	close func() error
	// within which the manager wants to hear of progress once it was told of readiness; 0 for never
	watchdog time.Duration
	logger   zerolog.Logger

	mu     sync.Mutex
	status string    // as last sent, "" before the program is ready
	until  time.Time // when the next step is due
	ready  chan struct{}
}

// New finds the manager in the environment, which is as os.Environ gives it. A program that no manager started gets one
// that does nothing. The error says that there is one which cannot be reached.
func New(env []string, pid int, logger zerolog.Logger) (*Manager, error) {
	m := &Manager{close: func() error { return nil }, logger: logger, ready: make(chan struct{})}
	address := variable(env, "NOTIFY_SOCKET")
	if address == "" {
		return m, nil
	}
	if address[0] != '/' && address[0] != '@' {
		return nil, fmt.Errorf("NOTIFY_SOCKET is %q: this program knows sockets of Unix only", address)
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("reach the service manager at NOTIFY_SOCKET: %w", err)
	}
	m.close = conn.Close
	m.send = func(message string) error {
		if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		_, err := conn.Write([]byte(message))
		return err
	}
	if owner := variable(env, "WATCHDOG_PID"); owner == "" || owner == strconv.Itoa(pid) {
		if usec, err := strconv.ParseInt(variable(env, "WATCHDOG_USEC"), 10, 64); err == nil && usec > 0 {
			m.watchdog = time.Duration(usec) * time.Microsecond
		}
	}
	return m, nil
}

// variable is the last value that env has for the name.
func variable(env []string, name string) (value string) {
	for _, line := range env {
		if v, ok := strings.CutPrefix(line, name+"="); ok {
			value = v
		}
	}
	return value
}

// Alive promises a next call, or the end of Run, within that time.
func (m *Manager) Alive(within time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.until = time.Now().Add(within)
}

// Status reports what the program does. The first call makes the service ready.
func (m *Manager) Status(status string) {
	status = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, status)
	m.mu.Lock()
	defer m.mu.Unlock()
	if status == m.status {
		return
	}
	message := "STATUS=" + status
	if m.status == "" {
		message = "READY=1\n" + message
		close(m.ready)
	}
	m.status = status
	m.tell(message)
}

// Run tells the manager that the program makes progress as long as the promise that was given last is not broken, and
// when ctx ends that it stops. A manager that hears nothing kills the program and starts it anew.
func (m *Manager) Run(ctx context.Context) {
	if m.send == nil {
		return
	}
	defer func() { m.tell("STOPPING=1\nSTATUS=finishing the last batch and files") }()
	var tick <-chan time.Time
	if m.watchdog > 0 {
		select {
		case <-ctx.Done():
			return
		case <-m.ready:
		}
		ticker := time.NewTicker(m.watchdog / 3)
		defer ticker.Stop()
		tick = ticker.C
	}
	hung := false
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick:
			m.mu.Lock()
			late := now.Sub(m.until)
			m.mu.Unlock()
			if late <= 0 {
				m.tell("WATCHDOG=1")
			} else if !hung {
				m.logger.Error().Dur("late", late).Msg("polling hangs: the service manager is no longer told that " +
					"all is well, and will start the program anew")
			}
			hung = late > 0
		}
	}
}

// Close gives up the socket; Run must have returned.
func (m *Manager) Close() error { return m.close() }

func (m *Manager) tell(message string) {
	if m.send == nil {
		return
	}
	if err := m.send(message); err != nil {
		m.logger.Warn().Err(err).Msg("the service manager cannot be told how the program goes")
	}
}
