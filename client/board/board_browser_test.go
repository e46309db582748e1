package board

import (
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/browsertest"
)

var update = flag.Bool("update", false, "write the pictures in docs/screens anew")

// policy is what the daemon sends with every page; the browser reports what breaks it.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp"

// site serves pages with made-up data as the daemon serves them.
type site struct {
	*httptest.Server
	t     *testing.T
	mu    sync.Mutex
	pages map[string]func(r *http.Request) writer // by path
	news  chan string                             // what the stream sends, as it is on the wire
	asked []string                                // addresses, with the fragment asked for
}

// writer is a page.
type writer interface{ Write(w io.Writer) error }

// fragments is a page that has parts.
type fragments interface {
	WriteFragment(w io.Writer, name string) error
}

func newSite(t *testing.T) *site {
	s := &site{t: t, pages: map[string]func(r *http.Request) writer{}, news: make(chan string, 16)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Server.Close)
	t.Cleanup(s.Server.CloseClientConnections)
	return s
}

func (s *site) show(path string, page writer) {
	s.pages[path] = func(*http.Request) writer { return page }
}

// ServeHTTP answers as the daemon does.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, strings.TrimSpace(r.URL.String()+" "+r.Header.Get("X-Fragment")))
	page := s.pages[r.URL.Path]
	s.mu.Unlock()
	if rest, ok := strings.CutPrefix(r.URL.Path, "/assets/"); ok {
		_, name, _ := strings.Cut(rest, "/")
		if content, kind, ok := Asset(name); ok {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(content)
			return
		}
	}
	switch {
	case r.URL.Path == "/csp":
		report, _ := io.ReadAll(r.Body)
		s.t.Errorf("the policy was broken: %s", report)
	case r.URL.Path == "/api/v1/stream":
		s.stream(w, r)
	case page == nil:
		s.t.Errorf("a page asked for %s", r.URL)
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		var err error
		if parts, ok := page(r).(fragments); ok && r.Header.Get("X-Fragment") != "" {
			err = parts.WriteFragment(w, r.Header.Get("X-Fragment"))
		} else {
			err = page(r).Write(w)
		}
		if err != nil && r.Context().Err() == nil {
			s.t.Errorf("%s: %v", r.URL, err)
		}
	}
}

func (s *site) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, ": hello\n\n")
	w.(http.Flusher).Flush()
	for {
		select {
		case text := <-s.news:
			_, _ = io.WriteString(w, text)
			w.(http.Flusher).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

// open shows a page in a dark browser. Whatever it must not do until the test ends fails the test.
func open(browser context.Context, t *testing.T, address string, width, height int64) *browsertest.Tab {
	t.Helper()
	b := browsertest.Open(browser, t, width, height)
	t.Cleanup(func() { b.Clean(address) })
	b.Scheme("dark")
	b.Go(address)
	return b
}
