package endpoint

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/rs/zerolog"
)

// admins marks what it accepts.
type admins struct{ *flaky }

func (a admins) Accept() (net.Conn, error) {
	conn, err := a.flaky.Accept()
	if err != nil {
		return nil, err
	}
	return administrative{conn}, nil
}

// Two doors are one endpoint, and which one somebody came through says what he may.
func TestDoors(t *testing.T) {
	doors := [2]*flaky{}
	for i := range doors {
		doors[i] = &flaky{conns: make(chan net.Conn), closed: make(chan struct{})}
	}
	l := &listener{join(doors[0], admins{doors[1]}), []byte("hello\r\n")}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		ended <- Serve(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !Administering(r.Context()) {
				http.Error(w, "no", http.StatusForbidden)
			}
		}), Limits{}, zerolog.Nop())
	}()
	for i, want := range []string{"403", "200"} {
		here, there := net.Pipe()
		doors[i].conns <- there
		if _, err := io.ReadFull(here, make([]byte, len("hello\r\n"))); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(here, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(here)
		if err != nil || len(answer) < 12 || string(answer[9:12]) != want {
			t.Errorf("door %d: %q, %v; want %s", i, answer, err, want)
		}
		here.Close()
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("it accepts after its end")
	}
}
