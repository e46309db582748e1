// Package http is the daemon's HTTP server, which is off unless http.listen names an address: the board for people,
// computers' files as they would lie on the share now, for screens that poll instead of waiting for a copy task, and
// how the daemon fares, for those who watch over it. It only answers questions: docs/http.md.
package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
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

// Files gives the file that would lie on the share now; any goroutine may call it. Errors are ErrNone and a sentence
// for the client.
type Files func(id jobmon.ComputerID) (File, error)

// Routes say what is served; a route whose field is nil is not there.
type Routes struct {
	Files   Files                    // GET /evt/<computer id>
	List    func() []jobmon.Progress // GET /computers: the pictures of all computers, by id
	Health  func() string            // GET /healthz: why the program should be started anew, "" for no reason
	Ready   func() []string          // GET /readyz: why what it tells may be old; none when it is up to date
	Metrics http.Handler             // GET /metrics

	Web     Web             // pages for people, and /api/v1/
	Stream  *Stream         // /api/v1/stream
	Links   link.Key        // the codes of /q/<code>
	Public  string          // http.public_url
	Running context.Context // ends when the server stops; nil: never
}

// ErrInUse says that something else listens on the address.
var ErrInUse = errors.New("the address in http.listen is in use")

// Listen opens the address, host:port. The number of its connections is bounded.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case inUse(err):
		return nil, fmt.Errorf("%w: another program listens on %s; end it, or name another port", ErrInUse, address)
	case err != nil:
		return nil, fmt.Errorf("listen on %s, as http.listen says: %w", address, err)
	}
	return limit(l, maxConnections), nil
}

// The bounds of what clients can take. A screen asks every few seconds, and its connection stays for the next question.
const (
	maxConnections   = 2048
	maxRequests      = 64
	maxRequestsOfOne = 32
	headerWithin     = 5 * time.Second
	readWithin       = 10 * time.Second
	writeWithin      = 20 * time.Second
	writeOfMany      = 3 * time.Minute // about the sites of a fleet
	idleFor          = 30 * time.Second
	shutdownWithin   = 2 * time.Second
	restWithin       = 500 * time.Millisecond // for what a refused request has not sent yet
)

// healthRoute is answered to everybody, always.
const healthRoute = "/healthz"

// Serve answers until ctx ends, and then lets the answers under way be finished. It closes l.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, log zerolog.Logger) error {
	return endpoint.Serve(ctx, l, handler, endpoint.Limits{
		Name: "the HTTP server", Unbounded: true,
		Header: headerWithin, Read: readWithin, Write: writeWithin, Idle: idleFor, Shutdown: shutdownWithin,
	}, log)
}

// Handler answers the routes to those who have access. Pages are HTML, also where they cannot be shown; every other
// answer that is no file is a sentence as text/plain.
func Handler(routes Routes, access *Access) http.Handler {
	mux := http.NewServeMux()
	var served []string
	var taken places
	serve := func(pattern, shown string, handler http.HandlerFunc) {
		if pattern != healthRoute {
			handler = taken.bound(handler)
		}
		mux.HandleFunc(pattern, handler)
		served = append(served, shown)
	}
	routes.answers(serve)
	known := func() string { return "what is served here is " + strings.Join(served, ", ") }
	nothing := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, known(), http.StatusNotFound) }
	if routes.Web != nil {
		p := routes.pages(access)
		p.routes(func(pattern string, handler http.HandlerFunc) { mux.HandleFunc(pattern, taken.bound(handler)) })
		mux.HandleFunc(loginRoute, p.login)
		mux.HandleFunc(logoutRoute, p.logout)
		mux.HandleFunc(assetsRoute+"{hash}/{name}", assets)
		if routes.Stream != nil {
			mux.HandleFunc(streamRoute, routes.Stream.serveHTTP(access))
		}
		mux.HandleFunc(apiRoute, taken.bound(api(routes.Web, access.unreadable).ServeHTTP))
		served = append(served, "/, /c/<computer id>, /wall, /reports, "+apiRoute)
		plainly := nothing
		nothing = func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept"), "text/html") {
				p.problem(w, r, errNothing)
				return
			}
			plainly(w, r)
		}
	}
	mux.HandleFunc("/", nothing)
	guarded := access.guard(questions(mux, nothing))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", Product)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("Cache-Control", access.caching(r.URL.Path))
		guarded.ServeHTTP(w, r)
	})
}

// answers hands over what is answered to screens, supervision and programs.
func (routes *Routes) answers(serve func(pattern, shown string, handler http.HandlerFunc)) {
	if routes.Files != nil {
		serve("/evt/{id}", "/evt/<computer id>", routes.Files.serve)
	}
	if routes.List != nil {
		serve("/computers", "/computers", list(routes.List))
	}
	if health := routes.Health; health != nil {
		serve(healthRoute, healthRoute, func(w http.ResponseWriter, _ *http.Request) {
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
}

func (routes *Routes) pages(access *Access) *pages {
	p := &pages{
		web: routes.Web, access: access, public: routes.Public, links: routes.Links, stopping: routes.Running,
	}
	if p.stopping == nil {
		p.stopping = context.Background()
	}
	return p
}

// bound answers with 503 while too many requests are being answered.
func (p *places) bound(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := address(r.RemoteAddr)
		if !p.enter(from) {
			w.Header().Set("Retry-After", "1")
			refuse(
				w,
				r,
				http.StatusServiceUnavailable,
				"too many requests are being answered already; ask again in a second",
			)
			return
		}
		defer p.leave(from)
		next(w, r)
	}
}

// refuse answers with a sentence and ends the connection. What the client has not sent yet is not waited for.
func refuse(w http.ResponseWriter, r *http.Request, code int, why string) {
	w.Header().Set("Connection", "close")
	if r.ContentLength != 0 {
		// A recorder in a test has no deadline.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(restWithin))
	}
	http.Error(w, why, code)
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
	return err == nil && address.Zone() == "" && address.Unmap().IsLoopback()
}

// questions passes on what asks for something, and refuses everything else. A path that the mux would answer with a
// redirection, a page of HTML, names nothing.
func questions(next http.Handler, nothing http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		switch clean := path.Clean(asked); {
		case r.Method == http.MethodPost && (asked == loginRoute || asked == logoutRoute):
			next.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, r, http.StatusMethodNotAllowed, "only GET and HEAD are answered here: nothing can be changed")
		case r.ContentLength != 0:
			refuse(w, r, http.StatusRequestEntityTooLarge, "a question has no body here")
		case clean != asked && (clean == "/" || clean+"/" != asked):
			nothing(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// verdict is one word, or 503 with a line for each reason against it.
func verdict(w http.ResponseWriter, word string, against []string) {
	if len(against) > 0 {
		http.Error(w, strings.Join(against, "\n"), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, word+"\n") // the client may have gone
}

// serve answers with a computer's file, or with 304 to a client that has it already.
func (files Files) serve(w http.ResponseWriter, r *http.Request) {
	text := r.PathValue("id")
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil || strconv.FormatInt(number, 10) != text {
		http.Error(
			w,
			"what stands behind /evt/ must be a computer's id, a whole number such as 5000001",
			http.StatusNotFound,
		)
		return
	}
	file, err := files(jobmon.ComputerID(number))
	switch {
	case errors.Is(err, ErrNone):
		http.Error(
			w,
			fmt.Sprintf("computer %d has no picture: no deployment of it has been seen", number),
			http.StatusNotFound,
		)
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
		_, _ = w.Write(file.Content) // the client may have gone
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
