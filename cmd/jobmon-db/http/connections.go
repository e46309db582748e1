package http

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// limit keeps at most n connections open. When one more comes, the address that holds the most connections loses the
// one that has been quiet for the longest time: no address can keep the others out, nor itself.
func limit(l net.Listener, n int) net.Listener {
	return &limited{Listener: l, most: n, open: map[string]map[*placed]struct{}{}}
}

type limited struct {
	net.Listener
	most int

	mu    sync.Mutex
	count int
	open  map[string]map[*placed]struct{} // by address
}

// Accept never waits for a place.
func (l *limited) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &placed{Conn: conn, in: l, from: address(conn.RemoteAddr().String())}
	c.touch()
	if quiet := l.enter(c); quiet != nil {
		_ = quiet.Close() // which may be closed already
	}
	return c, nil
}

// enter takes c in, and returns the connection that has to go for it, if one has to.
func (l *limited) enter(c *placed) (quiet *placed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count >= l.most {
		quiet = l.quietest()
		l.remove(quiet)
	}
	if l.open[c.from] == nil {
		l.open[c.from] = map[*placed]struct{}{}
	}
	l.open[c.from][c] = struct{}{}
	l.count++
	return quiet
}

// quietest is the connection that gives up its place. mu is held.
func (l *limited) quietest() (found *placed) {
	most := 0
	for _, group := range l.open {
		for c := range group {
			if len(group) > most || len(group) == most && c.active.Load() < found.active.Load() {
				found, most = c, len(group)
			}
		}
	}
	return found
}

// remove takes c out, once. mu is held.
func (l *limited) remove(c *placed) {
	group := l.open[c.from]
	if _, there := group[c]; !there {
		return
	}
	delete(group, c)
	if len(group) == 0 {
		delete(l.open, c.from)
	}
	l.count--
}

// placed is a connection that has a place.
type placed struct {
	net.Conn
	in     *limited
	from   string
	active atomic.Int64 // when bytes last went through it, in nanoseconds since 1970
}

func (c *placed) touch() { c.active.Store(time.Now().UnixNano()) }

func (c *placed) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.touch()
	}
	return n, err
}

func (c *placed) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.touch()
	}
	return n, err
}

func (c *placed) Close() error {
	c.in.mu.Lock()
	c.in.remove(c)
	c.in.mu.Unlock()
	return c.Conn.Close()
}

// places bound the requests that are answered at once, in all and of one address.
type places struct {
	mu    sync.Mutex
	count int
	taken map[string]int // by address
}

func (p *places) enter(from string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count >= maxRequests || p.taken[from] >= maxRequestsOfOne {
		return false
	}
	if p.taken == nil {
		p.taken = map[string]int{}
	}
	p.count++
	p.taken[from]++
	return true
}

func (p *places) leave(from string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count--
	if p.taken[from]--; p.taken[from] == 0 {
		delete(p.taken, from)
	}
}
