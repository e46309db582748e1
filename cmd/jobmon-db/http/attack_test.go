package http_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// asksFor sends the first lines of a request and returns the connection, open, with its answer.
func asksFor(t *testing.T, address, lines string) (net.Conn, *http.Response) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, lines); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

// A request is refused before its body comes: half requests, however many, hold nothing that others need.
func TestHalfRequestsHoldNothing(t *testing.T) {
	t.Parallel()
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	handler := web.Handler(web.Routes{Files: files, Health: func() string { return "" }},
		tokens("good"))
	go func() { ended <- web.Serve(ctx, l, handler, zerolog.Nop()) }()
	address := l.Addr().String()
	for _, c := range []struct {
		lines string
		code  int
	}{
		{"POST /evt/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", 401},
		{"GET /evt/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer bad\r\nTransfer-Encoding: chunked\r\n\r\n", 401},
		{"POST /evt/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nContent-Length: 10\r\n\r\n", 405},
		{"GET /evt/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nContent-Length: 10\r\n\r\n", 413},
		{"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", 405},
		{"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n", 405},
	} {
		for range 20 {
			conn, r := asksFor(t, address, c.lines)
			if r.StatusCode != c.code || !r.Close || !guarded(r.Header) {
				t.Fatalf("%.40q: %d, closes %v, %v", c.lines, r.StatusCode, r.Close, r.Header)
			}
			if c.code == 413 {
				if _, err := io.Copy(io.Discard, conn); err != nil { // until it is closed
					t.Errorf("%.40q: %v", c.lines, err)
				}
				break
			}
		}
	}
	if _, r := asksFor(t, address, "GET /evt/5000001 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\r\n"); r.StatusCode != 200 ||
		r.Close {
		t.Errorf("the screen beside them: %d, closes %v", r.StatusCode, r.Close)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// guarded says whether the headers are there that every answer has.
func guarded(h http.Header) bool {
	return h.Get("Server") == web.Product && h.Get("X-Content-Type-Options") == "nosniff" &&
		slices.Contains([]string{"no-cache", "no-store"}, h.Get("Cache-Control")) &&
		h.Get("Cross-Origin-Resource-Policy") == "same-origin"
}

// While all places are taken and the address has asked too often, /healthz is still answered.
func TestHealthIsOutsideTheBounds(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	handler := web.Handler(web.Routes{
		Files:  func(jobmon.ComputerID) (web.File, error) { entered <- struct{}{}; <-leave; return web.File{}, nil },
		Health: func() string { return "" },
	}, tokens("good"))
	get := func(path string, remote byte, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		r.RemoteAddr = net.JoinHostPort(net.IPv4(192, 0, 2, remote).String(), "1")
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	for remote := range byte(2) {
		for range 32 {
			go get("/evt/1", remote, "good")
			<-entered
		}
	}
	if w := get("/evt/1", 9, "good"); w.Code != 503 || w.Header().Get("Retry-After") != "1" ||
		w.Header().Get("Connection") != "close" ||
		!guarded(w.Header()) {
		t.Errorf("one too many: %d %v", w.Code, w.Header())
	}
	code := 0
	for range 2000 {
		if code = get("/nothing", 1, "bad").Code; code == 429 {
			break
		}
	}
	if w := get("/healthz", 1, ""); w.Code != 200 || code != 429 {
		t.Errorf("health: %d, after %d", w.Code, code)
	}
	close(leave)
}

// Whatever path is asked for, the answer is no redirection and no HTML.
func TestNoPathRedirects(t *testing.T) {
	t.Parallel()
	handler := web.Handler(web.Routes{Files: files}, open())
	part := rapid.SampledFrom([]string{"", ".", "..", "evt", "5000001", "%2e%2e", "%2f", "x", "<b>", "//"})
	lawtest.Check(t, func(t *rapid.T) {
		target := "/" + strings.Join(rapid.SliceOfN(part, 0, 5).Draw(t, "parts"), "/")
		r := httptest.NewRequest("GET", "http://localhost"+target, nil)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 404 ||
			w.Code == 404 && w.Header().Get("Content-Type") != "text/plain; charset=utf-8" ||
			!guarded(w.Header()) {
			t.Fatalf("%s: %d %v", target, w.Code, w.Header())
		}
	})
}
