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
	"time"

	"github.com/rs/zerolog"
)

// Limits bound what clients can take. A zero field has the default given.
type Limits struct {
	Name     string        // of what is served, for errors: the local endpoint
	Body     int64         // bytes of a request's body: 64 KiB
	Requests int           // requests at once: 1,024
	Header   time.Duration // to send a request's first lines: 5 s
	Read     time.Duration // to send a request: 10 s
	Write    time.Duration // from a request's first lines to the end of its answer: 60 s
	Idle     time.Duration // between two requests on a connection: 30 s
	Shutdown time.Duration // for requests that run when the daemon stops: 5 s
}

const maxHeader = 16 << 10 // bytes

// cutTime is how long a handler whose request was cut off has to notice.
const cutTime = time.Second

// Serve answers requests until ctx ends. It closes l.
//
// A request reaches handler when its body has been read whole. One that is too large is answered with 413, one too many
// at once with 503 and Retry-After, both with a sentence as text/plain. A panic of the handler ends its connection and
// is logged.
//
// When ctx ends nothing is accepted any more, and requests that run may go on for limits.Shutdown; their contexts do
// not end with ctx. Those that are left are then cut off, their contexts ended, and the error says how many they were.
// Handlers that heed that end before Serve returns. Serve also returns an error when l breaks down for good; nil otherwise.
func Serve(ctx context.Context, l net.Listener, handler http.Handler, limits Limits, log zerolog.Logger) error {
	name := cmp.Or(limits.Name, "the local endpoint")
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	running := make(chan struct{}, cmp.Or(limits.Requests, 1024))
	server := &http.Server{
		Handler:                      limited(handler, running, cmp.Or(limits.Body, 64<<10)),
		ReadHeaderTimeout:            cmp.Or(limits.Header, 5*time.Second),
		ReadTimeout:                  cmp.Or(limits.Read, 10*time.Second),
		WriteTimeout:                 cmp.Or(limits.Write, time.Minute),
		IdleTimeout:                  cmp.Or(limits.Idle, 30*time.Second),
		MaxHeaderBytes:               maxHeader,
		DisableGeneralOptionsHandler: true, // what is answered is the handler's business
		BaseContext:                  func(net.Listener) context.Context { return base },
		ErrorLog:                     stdlog.New(log, "", 0),
	}
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
	<-ended // l is closed by now, also if it was not even accepted from
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	left := len(running)
	err = server.Close() // first, so that what a handler says in its haste reaches nobody
	cut()
	timeout := time.After(cutTime)
	for range cap(running) { // whoever has all the places is alone
		select {
		case running <- struct{}{}:
			continue
		case <-timeout:
		}
		break
	}
	if left > 0 {
		return errors.Join(fmt.Errorf("stop %s: %d requests still ran after %v and were cut off", name, left, grace), err)
	}
	return err // connections without a request are not worth a word
}

// limited reads the body of each request and keeps to the limits.
func limited(next http.Handler, running chan struct{}, maxBody int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case running <- struct{}{}:
			defer func() { <-running }()
		default:
			w.Header().Set("Retry-After", "1")
			text := fmt.Sprintf("%d requests are being answered already; ask again in a second", cap(running))
			http.Error(w, text, http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			http.Error(w, fmt.Sprintf("the request is larger than %d bytes", maxBody), http.StatusRequestEntityTooLarge)
			return
		}
		if err != nil {
			http.Error(w, "the request was not sent in full: "+err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}
