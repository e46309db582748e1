// Package web is the daemon's HTTP server, which is off unless http.listen names an address: computers' files as they
// would lie on the share now, for screens that poll instead of waiting for a copy task, and how the daemon fares, for
// those who watch over it. It only answers questions, and only this computer's: docs/http.md.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Product begins the Server header of every answer.
const Product = "jobmon-db"

// File is a computer's file.
type File struct {
	Content []byte // not changed by anybody
	Type    string // media type
	Sum     uint64 // checksum of Content
}

// ErrNone is what Files returns for a computer without picture.
var ErrNone = errors.New("no picture")

// Files gives the file that would lie on the share now; any goroutine may call it. Errors are ErrNone and a sentence for
// whoever asked.
type Files func(id jobmon.ComputerID) (File, error)

// Routes say what is served; a route whose field is nil is not there.
type Routes struct {
	Files   Files                    // GET /evt/<computer id>
	List    func() []jobmon.Progress // GET /computers: the pictures of all computers, by id
	Health  func() string            // GET /healthz: why the program should be started anew, "" for no reason
	Ready   func() []string          // GET /readyz: why what it tells may be old; none when it is up to date
	Metrics http.Handler             // GET /metrics
}

// ErrInUse says that something else listens on the address.
var ErrInUse = errors.New("the address in http.listen is in use")

// Listen opens the address, host:port.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case inUse(err):
		return nil, fmt.Errorf("%w: another program listens on %s; end it, or name another port", ErrInUse, address)
	case err != nil:
		return nil, fmt.Errorf("listen on %s, as http.listen says: %w", address, err)
	}
	return l, nil
}

// The bounds of what clients can take. A screen asks every few seconds, and its connection stays for the next question.
const (
	maxConnections = 2048
	maxRequests    = 64
	maxBody        = 1 << 10 // nobody sends one
	headerWithin   = 5 * time.Second
	readWithin     = 10 * time.Second
	writeWithin    = 20 * time.Second
	idleFor        = 30 * time.Second
	shutdownWithin = 2 * time.Second
)

// Serve answers until ctx ends, and then lets the answers under way be finished. It closes l.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, log zerolog.Logger) error {
	return endpoint.Serve(ctx, limit(l, maxConnections), handler, endpoint.Limits{
		Name: "the HTTP server", Body: maxBody, Requests: maxRequests, Header: headerWithin, Read: readWithin, Write: writeWithin, Idle: idleFor,
		Shutdown: shutdownWithin,
	}, log)
}

// Handler answers the routes to those who have access. Every answer that is no file is a sentence as text/plain.
func Handler(routes Routes, access Access) http.Handler {
	mux := http.NewServeMux()
	var served []string
	serve := func(pattern, shown string, handler http.HandlerFunc) {
		mux.HandleFunc(pattern, reading(handler))
		served = append(served, shown)
	}
	if routes.Files != nil {
		serve("/evt/{id}", "/evt/<computer id>", routes.Files.serve)
	}
	if routes.List != nil {
		serve("/computers", "/computers", list(routes.List))
	}
	if health := routes.Health; health != nil {
		serve("/healthz", "/healthz", func(w http.ResponseWriter, _ *http.Request) {
			var why []string
			if hangs := health(); hangs != "" {
				why = []string{hangs}
			}
			verdict(w, "healthy", why)
		})
	}
	if ready := routes.Ready; ready != nil {
		serve("/readyz", "/readyz", func(w http.ResponseWriter, _ *http.Request) { verdict(w, "ready", ready()) })
	}
	if routes.Metrics != nil {
		serve("/metrics", "/metrics", routes.Metrics.ServeHTTP)
	}
	known := "what is served here is " + strings.Join(served, ", ")
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, known, http.StatusNotFound) })
	guarded := access.guard(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", Product)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		guarded.ServeHTTP(w, r)
	})
}

// here says whether a request names this computer. A page of the web can have its own name lead to 127.0.0.1, and would
// then be allowed by the browser to read the answers.
func here(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// reading lets questions through and refuses everything else.
func reading(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered here: nothing can be changed", http.StatusMethodNotAllowed)
			return
		}
		next(w, r)
	}
}

// verdict is one word, or 503 with a line for each reason against it.
func verdict(w http.ResponseWriter, word string, against []string) {
	if len(against) > 0 {
		http.Error(w, strings.Join(against, "\n"), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, word+"\n") // whoever asked may have gone
}

// serve answers with a computer's file, or with 304 to whoever has it already.
func (files Files) serve(w http.ResponseWriter, r *http.Request) {
	text := r.PathValue("id")
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil || strconv.FormatInt(number, 10) != text {
		http.Error(w, "what stands behind /evt/ must be a computer's id, a whole number such as 5000001", http.StatusNotFound)
		return
	}
	file, err := files(jobmon.ComputerID(number))
	switch {
	case errors.Is(err, ErrNone):
		http.Error(w, fmt.Sprintf("computer %d has no picture: no deployment of it has been seen", number), http.StatusNotFound)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	tag := fmt.Sprintf(`"%016x"`, file.Sum)
	w.Header().Set("ETag", tag)
	if has(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", file.Type)
	w.Header().Set("Content-Length", strconv.Itoa(len(file.Content)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(file.Content) // whoever asked may have gone
	}
}

// has says whether the lists of If-None-Match name the tag. A tag that a proxy has made weak is the same here.
func has(lists []string, tag string) bool {
	for _, list := range lists {
		for one := range strings.SplitSeq(list, ",") {
			if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}
