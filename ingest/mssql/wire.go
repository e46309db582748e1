package mssql

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// farewell is how long the driver may still talk to the server after a call's time is up: enough for a healthy server
// to confirm that it stopped working on the statement.
const farewell = 500 * time.Millisecond

// wire makes the driver's sockets and keeps them, so that a call ends in time even when the server never answers.
type wire struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	received atomic.Uint64 // bytes
	until    atomic.Uint64 // how many may be received; 0 for no bound

	mu      sync.Mutex
	conns   []net.Conn
	browser *browserConn // of the latest question to SQL Server Browser, nil before the first
}

// counted is a socket that counts what is read from it, and ends when that is too much.
type counted struct {
	net.Conn
	wire *wire
}

// Read implements net.Conn.
func (c counted) Read(into []byte) (int, error) {
	if c.wire.exceeded() {
		return 0, errTooMuch
	}
	n, err := c.Conn.Read(into)
	c.wire.received.Add(uint64(n))
	return n, err
}

// errTooMuch ends an answer that is larger than any that was asked for. The driver does not always wrap it.
var errTooMuch = errors.New("the answer has no end")

// allow lets that many more bytes be received.
func (w *wire) allow(bytes uint64) { w.until.Store(w.received.Load() + bytes) }

// exceeded reports whether more was sent than was allowed.
func (w *wire) exceeded() bool {
	until := w.until.Load()
	return until > 0 && w.received.Load() >= until
}

func newWire() *wire { return &wire{dial: (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext} }

// DialContext implements the driver's Dialer.
func (w *wire) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := w.dial(ctx, network, address)
	w.mu.Lock()
	defer w.mu.Unlock()
	if network == "udp" { // which only SQL Server Browser is asked over
		w.browser = &browserConn{Conn: conn, err: err}
		conn = w.browser
	}
	if err != nil {
		return nil, err
	}
	w.conns = append(w.conns, conn)
	return counted{conn, w}, nil
}

// expire lets everything that waits for the server fail shortly. The connection is of no use afterwards.
func (w *wire) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		_ = conn.SetDeadline(time.Now().Add(farewell)) // fails only on a closed socket, where nobody waits
	}
}

// forget closes what the driver has left open.
func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		_ = conn.Close() // mostly closed already
	}
	w.conns = nil
}
