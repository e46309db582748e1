package endpoint

import (
	"errors"
	"net"
	"sync"
)

// joined accepts from several listeners as if they were one.
type joined struct {
	doors    []net.Listener
	begin    sync.Once
	end      sync.Once
	arrivals chan arrival
	closed   chan struct{}
}

type arrival struct {
	conn net.Conn
	err  error
}

// join makes one listener of several; it has the address of the first.
func join(doors ...net.Listener) net.Listener {
	return &joined{doors: doors, arrivals: make(chan arrival), closed: make(chan struct{})}
}

// Accept returns the next connection of any door. The first call opens them all.
func (j *joined) Accept() (net.Conn, error) {
	j.begin.Do(func() {
		for _, d := range j.doors {
			go j.watch(d)
		}
	})
	select {
	case <-j.closed:
		return nil, net.ErrClosed
	case a := <-j.arrivals:
		return a.conn, a.err
	}
}

// watch accepts at one door until that is closed.
func (j *joined) watch(door net.Listener) {
	for {
		conn, err := door.Accept()
		select {
		case j.arrivals <- arrival{conn, err}:
		case <-j.closed:
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

func (j *joined) Addr() net.Addr { return j.doors[0].Addr() }

// Close closes all doors.
func (j *joined) Close() error {
	err := net.ErrClosed
	j.end.Do(func() {
		close(j.closed)
		err = nil
		for _, d := range j.doors {
			err = errors.Join(err, d.Close())
		}
	})
	return err
}
