// Package faultproxy is a proxy for tests that stands before a server and lets the network fail: cut after so many
// bytes, reset, silent, in drips, or away for a while. It knows nothing of what passes through it.
package faultproxy

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// End is what becomes of a connection after the bytes that may pass.
type End int

// Ends.
const (
	Pass  End = iota // nothing: everything passes
	Cut              // closed, as when the server's process ends
	Reset            // reset, as when a firewall forgets it
	Hang             // open and silent, as when a cable is pulled
)

// Fault is what happens to the server's answers. The zero value is none.
type Fault struct {
	After int // how many bytes pass before the end, over all connections, from when the fault is set
	End   End

	Piece int           // how many bytes are written at once; 0 is all that are there
	Pause time.Duration // before each piece
}

// Proxy stands before one server. Its methods can be called at any time by any goroutine, but Down and Up by one at a
// time.
type Proxy struct {
	server   string
	listener net.Listener
	stop     chan struct{}
	wg       sync.WaitGroup

	mu     sync.Mutex
	fault  Fault
	passed int // since the fault was set
}

// New starts a proxy before the server at this address. It ends with the test, after whatever was opened later.
func New(t testing.TB, server string) *Proxy {
	t.Helper()
	p := &Proxy{server: server}
	p.listen(t, "127.0.0.1:0")
	t.Cleanup(p.Down)
	return p
}

// InMemory returns a proxy that listens nowhere: Join makes its connections. A bubble of testing/synctest can hold it.
func InMemory(t testing.TB) *Proxy {
	p := &Proxy{stop: make(chan struct{})}
	t.Cleanup(func() {
		close(p.stop)
		p.wg.Wait()
	})
	return p
}

// Join returns a client's end of a connection through the proxy to a server's client.
func (p *Proxy) Join(up net.Conn) net.Conn {
	client, end := net.Pipe()
	p.wg.Go(func() { p.join(end, up) })
	return client
}

func (p *Proxy) listen(t testing.TB, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	p.listener, p.stop = listener, make(chan struct{})
	p.wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() {
				up, err := net.Dial("tcp", p.server)
				if err != nil {
					_ = client.Close()
					return
				}
				p.join(client, up)
			})
		}
	})
}

// Down ends all connections and lets no new ones in, as a server that is being restarted.
func (p *Proxy) Down() {
	if p.listener.Close() != nil {
		return // it is down
	}
	close(p.stop)
	p.wg.Wait()
}

// Up lets connections in again, at the same address, after Down.
func (p *Proxy) Up(t testing.TB) {
	t.Helper()
	p.listen(t, p.Address())
}

// Address is the host and port of the proxy.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Set makes the fault happen from now on, to open connections too.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.passed = f, 0
}

// Passed is how many bytes of answers passed since the fault was set, or since the beginning.
func (p *Proxy) Passed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed
}

// join connects a client with the server until one of them goes, or the test ends.
func (p *Proxy) join(client, up net.Conn) {
	defer func() { _ = client.Close() }()
	defer func() { _ = up.Close() }()
	ended := make(chan struct{}, 2)
	p.wg.Go(func() {
		_, _ = io.Copy(up, client)
		ended <- struct{}{}
	})
	p.wg.Go(func() {
		p.answer(client, up)
		ended <- struct{}{}
	})
	select {
	case <-ended:
	case <-p.stop:
	}
}

// answer passes what the server says, until the fault ends the connection.
func (p *Proxy) answer(client, up net.Conn) {
	buffer := make([]byte, 4096)
	for {
		n, err := up.Read(buffer)
		for rest := buffer[:n]; len(rest) > 0; {
			f, may := p.take(len(rest))
			if f.Pause > 0 {
				select {
				case <-time.After(f.Pause):
				case <-p.stop:
					return
				}
			}
			if _, err := client.Write(rest[:may]); err != nil {
				return
			}
			rest = rest[may:]
			if may > 0 {
				continue
			}
			if f.End == Reset {
				_ = client.(*net.TCPConn).SetLinger(0) // an error shows as a plain close
			}
			if f.End != Hang {
				return
			}
			break // the rest is never seen
		}
		if err != nil {
			return
		}
	}
}

// take says how many of n bytes may pass at once; 0 is the end.
func (p *Proxy) take(n int) (Fault, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault.Piece > 0 {
		n = min(n, p.fault.Piece)
	}
	if p.fault.End != Pass {
		n = min(n, max(0, p.fault.After-p.passed))
	}
	p.passed += n
	return p.fault, n
}
