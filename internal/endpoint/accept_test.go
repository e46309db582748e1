package endpoint

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/rs/zerolog"
)

// flaky fails once before it hands out its connections.
type flaky struct {
	failures chan error
	conns    chan net.Conn
	closed   chan struct{}
}

func (f *flaky) Accept() (net.Conn, error) {
	select {
	case err := <-f.failures:
		return nil, err
	default:
	}
	select {
	case conn := <-f.conns:
		return conn, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

func (f *flaky) Close() error   { close(f.closed); return nil }
func (f *flaky) Addr() net.Addr { return &net.UnixAddr{} }

// One connection that cannot be accepted does not end the endpoint.
func TestAcceptFails(t *testing.T) {
	f := &flaky{make(chan error, 1), make(chan net.Conn, 1), make(chan struct{})}
	f.failures <- errors.New("no more handles")
	here, there := net.Pipe()
	f.conns <- there
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, &listener{f, []byte("hello\r\n")}, http.NotFoundHandler(), Limits{}, zerolog.Nop())
	}()
	if _, err := io.ReadFull(here, make([]byte, len("hello\r\n"))); err != nil {
		t.Error(err)
	}
	if err := here.Close(); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestListenerBreaks(t *testing.T) {
	f := &flaky{closed: make(chan struct{})}
	close(f.closed)
	if err := Serve(t.Context(), unclosable{f}, http.NotFoundHandler(), Limits{}, zerolog.Nop()); !errors.Is(
		err,
		net.ErrClosed,
	) {
		t.Errorf("Serve = %v, want that the listener is closed", err)
	}
}

// unclosable is closed already.
type unclosable struct{ net.Listener }

func (unclosable) Close() error { return nil }
