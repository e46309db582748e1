package http

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// source hands out connections that the test makes.
type source struct{ conns chan net.Conn }

func (s source) Accept() (net.Conn, error) { return <-s.conns, nil }
func (s source) Close() error              { return nil }
func (s source) Addr() net.Addr            { return nil }

// from is a connection whose other end has that address.
type from struct {
	net.Conn
	address net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.address }

// The address that holds most gives up the connection that has been quiet longest: an attacker keeps out neither others
// nor the one who shares its address.
func TestNoAddressHoldsAllConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := source{make(chan net.Conn, 1)}
		l := limit(s, 4)
		var open []net.Conn // the clients' ends
		connect := func(ip string) (client net.Conn) {
			time.Sleep(time.Second)
			client, server := net.Pipe()
			s.conns <- from{server, &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}}
			accepted, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, accepted) }()
			open = append(open, client)
			return client
		}
		closed := func(c net.Conn) bool {
			_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
			_, err := c.Read(make([]byte, 1))
			return err == io.EOF
		}
		screen := connect("192.0.2.1")
		hoard := []net.Conn{connect("2001:db8::1"), connect("2001:db8::2"), connect("2001:db8::3")} // one network
		time.Sleep(time.Second)
		if _, err := hoard[0].Write([]byte("x")); err != nil { // no longer the quietest
			t.Fatal(err)
		}
		other := connect("192.0.2.2")
		synctest.Wait()
		for i, c := range []struct {
			conn net.Conn
			gone bool
		}{{screen, false}, {hoard[0], false}, {hoard[1], true}, {hoard[2], false}, {other, false}} {
			if got := closed(c.conn); got != c.gone {
				t.Errorf("connection %d: closed %v", i, got)
			}
		}
		connect("2001:db8::4") // takes the place of one of its own
		if !closed(hoard[2]) || closed(screen) || closed(other) {
			t.Error("an address takes a place of another one")
		}
		for _, c := range open {
			c.Close()
		}
		synctest.Wait()
	})
}

func TestOneAddressCannotHoldAllRequests(t *testing.T) {
	var p places
	for i := range maxRequestsOfOne {
		if !p.enter("a") {
			t.Fatal(i)
		}
	}
	if p.enter("a") || !p.enter("b") {
		t.Error("the share of an address is not bounded, or others pay for it")
	}
	p.leave("a")
	if !p.enter("a") {
		t.Error("a place that is given up stays taken")
	}
	for i := 1; i < maxRequests-maxRequestsOfOne; i++ {
		if !p.enter("b") {
			t.Fatal(i)
		}
	}
	if p.enter("c") {
		t.Error("all requests together are not bounded")
	}
}
