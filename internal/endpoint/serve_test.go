package endpoint_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
)

func TestBodyTooLarge(t *testing.T) {
	dir, _ := serve(t, echo, endpoint.Limits{Body: 1000})
	client := endpoint.Client{DataDir: dir}
	for _, c := range []struct {
		size, status int
		chunked      bool
	}{{1000, 200, false}, {1001, 413, false}, {1000, 200, true}, {1001, 413, true}, {10 << 20, 413, false}} {
		var body io.Reader = strings.NewReader(strings.Repeat("x", c.size))
		if c.chunked {
			body = io.MultiReader(body) // hides the length
		}
		response, err := client.Do(t.Context(), "POST", "/", body)
		must(t, err)
		text, err := io.ReadAll(response.Body)
		must(t, err)
		must(t, response.Body.Close())
		if response.StatusCode != c.status ||
			c.status == 413 && string(text) != "the request is larger than 1000 bytes\n" {
			t.Errorf("%d bytes, chunked %v: %d %.60q, want %d", c.size, c.chunked, response.StatusCode, text, c.status)
		}
	}
}

func TestTooManyRequests(t *testing.T) {
	arrived, leave := make(chan struct{}), make(chan struct{})
	dir, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-leave
	}, endpoint.Limits{Requests: 2})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if status, _, err := ask(t.Context(), dir, "/", ""); status != 200 || err != nil {
				t.Errorf("answer %d, %v", status, err)
			}
		})
		<-arrived
	}
	response, err := (&endpoint.Client{DataDir: dir}).Do(t.Context(), "GET", "/", nil)
	must(t, err)
	text, err := io.ReadAll(response.Body)
	must(t, err)
	must(t, response.Body.Close())
	if response.StatusCode != 503 || response.Header.Get("Retry-After") != "1" ||
		!strings.Contains(string(text), "2 requests are being answered") {
		t.Errorf("the third: %d %v %q", response.StatusCode, response.Header, text)
	}
	close(leave)
	group.Wait()
	go func() { <-arrived }()
	if status, _, err := ask(t.Context(), dir, "/", ""); status != 200 || err != nil {
		t.Errorf("when there is room again: %d, %v", status, err)
	}
}

// A request takes a place once it is there as a whole: half ones keep nobody out.
func TestHalfRequestsTakeNoPlace(t *testing.T) {
	dir, _ := serve(t, echo, endpoint.Limits{Requests: 1})
	for range 5 {
		conn := dial(t, dir)
		defer conn.Close()
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: jobmon-db\r\nContent-Length: 100\r\n\r\nhalf")
		must(t, err)
	}
	if status, _, err := ask(t.Context(), dir, "/", ""); status != 200 || err != nil {
		t.Errorf("beside them: %d, %v", status, err)
	}
}

// Anyone who is slow is cut off, wherever in the exchange.
func TestSlowClients(t *testing.T) {
	const short = 100 * time.Millisecond
	dir, _ := serve(t, func(http.ResponseWriter, *http.Request) {},
		endpoint.Limits{Header: short, Read: short, Write: short, Idle: short})

	for what, sent := range map[string]string{
		"says nothing":        "",
		"half a line":         "GET / HT",
		"half a header":       "GET / HTTP/1.1\r\nHost: jobmon-db\r\n",
		"half a body":         "POST / HTTP/1.1\r\nHost: jobmon-db\r\nContent-Length: 100\r\n\r\nhalf",
		"rests after request": "GET / HTTP/1.1\r\nHost: jobmon-db\r\n\r\n",
	} {
		conn := dial(t, dir)
		_, _ = io.WriteString(conn, sent) // a slow machine may be cut off before
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("%s: not cut off: %v", what, err)
		}
		must(t, conn.Close())
	}

	fill, wrote := make([]byte, 1<<20), make(chan error, 1)
	dir, _ = serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(fill); err != nil {
				wrote <- err
				return
			}
		}
	}, endpoint.Limits{Write: short})
	conn := dial(t, dir)
	_, err := io.WriteString(conn, "GET /much HTTP/1.1\r\nHost: jobmon-db\r\n\r\n")
	must(t, err)
	<-wrote // a client that does not read its answer is not waited for
	must(t, conn.Close())
}

func TestTooLongHeaders(t *testing.T) {
	dir, _ := serve(t, echo, endpoint.Limits{})
	conn := dial(t, dir)
	go func() { _, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nX: "+strings.Repeat("x", 40<<10)+"\r\n\r\n") }()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%+v, %v; want %d", response, err, http.StatusRequestHeaderFieldsTooLarge)
	}
	must(t, conn.Close())
}

func TestPanicEndsOneRequest(t *testing.T) {
	dir, stop := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("a mistake")
		}
	}, endpoint.Limits{Requests: 1})
	if _, _, err := ask(t.Context(), dir, "/panic", ""); err == nil {
		t.Error("the request that panicked was answered")
	}
	if status, _, err := ask(t.Context(), dir, "/", ""); status != 200 || err != nil {
		t.Errorf("the next one: %d, %v", status, err)
	}
	must(t, stop())
}

func TestRequestFinishesWhenTheDaemonStops(t *testing.T) {
	arrived, leave := make(chan context.Context), make(chan struct{})
	dir, stop := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- r.Context()
		<-leave
		_, _ = io.WriteString(w, "done")
	}, endpoint.Limits{})
	type answer struct {
		text string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		_, text, err := ask(t.Context(), dir, "/", "")
		answered <- answer{text, err}
	}()
	ctx := <-arrived
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	// Until nothing is accepted any more. Then a socket is gone, while a pipe is there but busy.
	client := endpoint.Client{DataDir: dir, ConnectTimeout: 100 * time.Millisecond}
	for err := error(nil); err == nil; {
		_, err = client.Greet(t.Context())
	}
	if ctx.Err() != nil {
		t.Errorf("the request's context ended: %v", context.Cause(ctx))
	}
	close(leave)
	if a := <-answered; a.text != "done" || a.err != nil {
		t.Errorf("answer %q, %v", a.text, a.err)
	}
	must(t, <-stopped)
}

func TestRequestThatDoesNotEndIsCutOff(t *testing.T) {
	arrived, left := make(chan struct{}), false
	dir, stop := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		left = true
	}, endpoint.Limits{Shutdown: 50 * time.Millisecond})
	idle := dial(t, dir)
	asked := make(chan error, 1)
	go func() {
		_, _, err := ask(t.Context(), dir, "/", "")
		asked <- err
	}()
	<-arrived
	if err := stop(); err == nil || !strings.Contains(err.Error(), "1 requests still ran") {
		t.Errorf("Serve = %v, want one request cut off", err)
	}
	if !left {
		t.Error("Serve did not wait for the handler, which heeds its context")
	}
	if err := <-asked; err == nil {
		t.Error("the request was answered")
	}
	if _, err := io.Copy(io.Discard, idle); err != nil {
		t.Errorf("an idle connection stays: %v", err)
	}
	must(t, idle.Close())
}

func TestStopWaitsForNobodyWhoIsSilent(t *testing.T) {
	dir, stop := serve(t, echo, endpoint.Limits{Shutdown: 100 * time.Millisecond})
	conn := dial(t, dir)
	if err := stop(); err != nil {
		t.Errorf("Serve = %v", err)
	}
	must(t, conn.Close())
}
