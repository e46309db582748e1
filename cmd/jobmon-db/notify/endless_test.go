package notify

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A receiver that sends without end is read up to 64 KiB, with what one buffer holds beyond.
func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	const most = 64<<10 + 8<<10
	var read atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code := http.StatusOK
		if r.URL.Path == "/bad" {
			code = http.StatusInternalServerError
		}
		if r.URL.Path == "/h" {
			for i := range 20_000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), "planted")
			}
		}
		w.WriteHeader(code)
		for piece := []byte(strings.Repeat("x", 32<<10)); ; {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	for path, want := range map[string]string{"/good": "", "/bad": "500", "/h": "header"} {
		read.Store(0)
		hook := target(t, Settings{Kind: Webhook, URL: server.URL + path})
		transport := clientOf(hook).http.Transport.(*http.Transport)
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return &countingConn{conn, &read}, err
		}
		err := hook.Send(t.Context(), about("msg_1_failed"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes", path, len(err.Error()))
		}
		if n := read.Load(); n > most || n == 0 {
			t.Errorf("%s: %d bytes were read", path, n)
		}
	}
}

// countingConn counts what is read.
type countingConn struct {
	net.Conn
	read *atomic.Int64
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}
