package endpoint

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Limits bound what clients can take. A zero field has the default given.
type Limits struct {
	Name     string // what is served, for errors: the local endpoint
	Body     int64  // bytes of a request's body: 64 KiB
	Requests int    // requests at once: 1,024
	// Unbounded hands requests to the handler as they come. The handler applies Body and Requests itself, once it knows
	// who asks.
	Unbounded bool
	Header    time.Duration // to send a request's first lines: 5 s
	Read      time.Duration // to send a request: 10 s
	Write     time.Duration // from a request's first lines to the end of its answer: 60 s
	Idle      time.Duration // between two requests on a connection: 30 s
	Shutdown  time.Duration // for requests still running when the daemon stops: 5 s
}

const maxHeader = 16 << 10 // bytes

// cutTime is how long Serve waits for handlers to notice that their requests were cut off.
const cutTime = time.Second

// Serve answers requests until ctx ends. It closes l.
//
// Unless limits.Unbounded is set, a request reaches handler only when its whole body has been read, and counts towards
// limits.Requests only then: a client that sends half a request keeps nobody out. A body that is too large is answered
// with 413, one request too many at once with 503 and Retry-After, both with a sentence as text/plain, and the
// connection ends. A panic of the handler ends its connection and is logged.
//
// When ctx ends, nothing more is accepted, and running requests may go on for limits.Shutdown; their contexts do not
// end with ctx. Then the rest are cut off, their contexts end, and the error says how many they were. Handlers that
// heed their contexts end before Serve returns. Serve also returns an error when l fails for good.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, limits Limits, log zerolog.Logger) error {
	name := cmp.Or(limits.Name, "the local endpoint")
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var running tally
	handler = running.counted(handler)
	if !limits.Unbounded {
		handler = whole(bound(handler, cmp.Or(limits.Requests, 1024)), cmp.Or(limits.Body, 64<<10))
	}
	server := limits.server(base, handler, log)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", name, errors.Join(err, server.Close()))
	case <-ctx.Done():
	}

	grace := cmp.Or(limits.Shutdown, 5*time.Second)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(patience)
	<-ended // l is closed by now, even if nothing was accepted from it
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	left := running.now()
	err = server.Close() // first, so that no client gets a half answer of a handler that is cut off
	cut()
	select {
	case <-running.ended():
	case <-time.After(cutTime):
	}
	if left > 0 {
		return errors.Join(
			fmt.Errorf("stop %s: %d requests still ran after %v and were cut off", name, left, grace),
			err,
		)
	}
	return err // only idle connections were cut off
}

// server returns a server with these limits. base is the context of all requests.
func (l Limits) server(base context.Context, handler http.Handler, log zerolog.Logger) *http.Server {
	return &http.Server{
		Handler:                      handler,
		ReadHeaderTimeout:            cmp.Or(l.Header, 5*time.Second),
		ReadTimeout:                  cmp.Or(l.Read, 10*time.Second),
		WriteTimeout:                 cmp.Or(l.Write, time.Minute),
		IdleTimeout:                  cmp.Or(l.Idle, 30*time.Second),
		MaxHeaderBytes:               maxHeader,
		DisableGeneralOptionsHandler: true, // the handler decides what is answered
		BaseContext:                  func(net.Listener) context.Context { return base },
		ConnContext:                  door,
		ErrorLog:                     stdlog.New(log, "", 0),
	}
}

// whole reads the body of each request before it passes the request on.
func whole(next http.Handler, maxBody int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			refuse(w, fmt.Sprintf("the request is larger than %d bytes", maxBody), http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			refuse(w, "the request was not sent in full: "+err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func refuse(w http.ResponseWriter, why string, code int) {
	w.Header().Set("Connection", "close")
	http.Error(w, why, code)
}

// tally counts the requests in progress.
type tally struct {
	mu    sync.Mutex
	count int
	none  chan struct{} // closed when count returns to 0; nil while nobody waits for that
}

// counted counts the requests that next works on.
func (t *tally) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.add(1)
		defer t.add(-1)
		next.ServeHTTP(w, r)
	})
}

func (t *tally) add(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count += n; t.count == 0 && t.none != nil {
		close(t.none)
		t.none = nil
	}
}

// bound passes on at most this many requests at once.
func bound(next http.Handler, most int) http.Handler {
	places := make(chan struct{}, most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			w.Header().Set("Retry-After", "1")
			refuse(w, fmt.Sprintf("%d requests are being answered already; ask again in a second", most),
				http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (t *tally) now() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

// ended is closed when no request is in progress.
func (t *tally) ended() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	none := make(chan struct{})
	if t.count == 0 {
		close(none)
		return none
	}
	t.none = none
	return none
}
