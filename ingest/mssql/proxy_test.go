package mssql_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// proxy stands between the source and a server, listens to what the source says, and can break the wire.
type proxy struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu     sync.Mutex
	open   []net.Conn
	deaf   bool // the server's answers are held back
	tapped []*bytes.Buffer
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener}
	p.wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			tap := &bytes.Buffer{}
			p.mu.Lock()
			p.open = append(p.open, client, up)
			p.tapped = append(p.tapped, tap)
			p.mu.Unlock()
			p.wg.Go(func() {
				_, _ = io.Copy(writer(func(b []byte) (int, error) { return p.forward(tap, up, b) }), client)
				_ = up.Close()
			})
			p.wg.Go(func() {
				_, _ = io.Copy(writer(func(b []byte) (int, error) { return p.answer(client, b) }), up)
				_ = client.Close()
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); p.cut(); p.wg.Wait() })
	return p
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func (p *proxy) forward(tap *bytes.Buffer, up net.Conn, b []byte) (int, error) {
	p.mu.Lock()
	tap.Write(b)
	p.mu.Unlock()
	return up.Write(b)
}

func (p *proxy) answer(client net.Conn, b []byte) (int, error) {
	p.mu.Lock()
	deaf := p.deaf
	p.mu.Unlock()
	if deaf {
		return len(b), nil
	}
	return client.Write(b)
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// cut ends all connections that are open now.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.open {
		_ = conn.Close()
	}
	p.open = nil
}

// swallow keeps the server's answers from the source, or lets them through again.
func (p *proxy) swallow(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = on
}

// message is one TDS message of the client: its type and, for a batch, its text.
type message struct {
	kind byte
	text string
}

// messages are what the source sent over its latest connection, which must not be encrypted.
func (p *proxy) messages(t *testing.T) []message {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := slices.Clone(p.tapped[len(p.tapped)-1].Bytes())
	var all []message
	var body []byte
	for len(rest) >= 8 {
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if length < 8 || length > len(rest) {
			t.Fatalf("the source sent a packet of %d bytes, %d are there", length, len(rest))
		}
		body = append(body, rest[8:length]...)
		if last := rest[1]&1 != 0; last {
			all = append(all, message{kind: rest[0], text: batchText(rest[0], body)})
			body = nil
		}
		rest = rest[length:]
	}
	return all
}

const sqlBatch, rpc = 1, 3

// batchText is the statement text of a SQL batch: UTF-16 behind the headers, whose length comes first.
func batchText(kind byte, body []byte) string {
	if kind != sqlBatch || len(body) < 4 {
		return ""
	}
	body = body[binary.LittleEndian.Uint32(body):]
	units := make([]uint16, len(body)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(body[2*i:])
	}
	return string(utf16.Decode(units))
}

func TestBatchText(t *testing.T) {
	body := append([]byte{4, 0, 0, 0}, 'S', 0, 0xe4, 0)
	if got := batchText(sqlBatch, body); !strings.EqualFold(got, "sÄ") {
		t.Errorf("%q", got)
	}
}
