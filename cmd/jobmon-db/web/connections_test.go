package web

import (
	"net"
	"testing"
	"testing/synctest"
)

// source gives connections without end, of which nobody reads.
type source struct{ closed chan struct{} }

func (s source) Accept() (net.Conn, error) {
	c, _ := net.Pipe()
	return c, nil
}

func (s source) Close() error   { close(s.closed); return nil }
func (s source) Addr() net.Addr { return nil }

func TestNoMoreConnectionsThanPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limit(source{make(chan struct{})}, 2)
		var open []net.Conn
		for range 2 {
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, c)
		}
		third := make(chan error)
		go func() {
			for {
				if _, err := l.Accept(); err != nil {
					third <- err
					return
				}
				third <- nil
			}
		}()
		synctest.Wait()
		select {
		case err := <-third:
			t.Fatalf("a third connection: %v", err)
		default:
		}
		open[0].Close()
		open[0].Close() // gives its place up once
		if err := <-third; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case err := <-third:
			t.Fatalf("a fourth connection: %v", err)
		default:
		}
		l.Close()
		if err := <-third; err != net.ErrClosed {
			t.Fatal(err)
		}
	})
}
