package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var hello = endpoint.Greeting{Log: "0123abcd", Program: "1.2.3"}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve runs an endpoint on a fresh data folder until stop is called or the test ends; stop gives what Serve said.
func serve(t *testing.T, handler http.HandlerFunc, limits endpoint.Limits) (dir string, stop func() error) {
	t.Helper()
	dir = t.TempDir()
	l, err := endpoint.Listen(endpoint.Options{DataDir: dir, Greeting: hello})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- endpoint.Serve(ctx, l, handler, limits, zerolog.Nop()) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return dir, stop
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s: %s", r.Method, r.URL, body)
}

// ask sends a request and gives the answer's status and text.
func ask(ctx context.Context, dir, path, body string) (int, string, error) {
	response, err := (&endpoint.Client{DataDir: dir, ConnectTimeout: 5 * time.Minute}).Do(ctx, "POST", path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func TestRequestIsAnswered(t *testing.T) {
	dir, stop := serve(t, echo, endpoint.Limits{})
	status, text, err := ask(t.Context(), dir, "/v1/refresh?id=5000001", "(JM) Büro")
	if status != 200 || text != "POST /v1/refresh?id=5000001: (JM) Büro" || err != nil {
		t.Errorf("answer %d %q, %v", status, text, err)
	}
	client := endpoint.Client{DataDir: dir}
	if g, err := client.Greet(t.Context()); g != hello || err != nil {
		t.Errorf("greeting %+v, %v; want %+v", g, err, hello)
	}
	response, err := client.Do(t.Context(), "GET", "/", nil)
	must(t, err)
	must(t, response.Body.Close())
	must(t, stop())
	if _, _, err := ask(t.Context(), dir, "/", ""); !errors.Is(err, endpoint.ErrNotRunning) {
		t.Errorf("after the end: %v, want that no daemon runs", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	dir, _ := serve(t, echo, endpoint.Limits{})
	var group sync.WaitGroup
	for i := range 300 {
		group.Go(func() {
			want := fmt.Sprintf("POST /%d: %d", i, i)
			status, text, err := ask(t.Context(), dir, fmt.Sprintf("/%d", i), fmt.Sprint(i))
			if status != 200 || text != want || err != nil {
				t.Errorf("answer %d %q, %v; want %q", status, text, err, want)
			}
		})
	}
	group.Wait()
}

// TestNobodyRuns: that is found out without waiting, which would let the bubble's clock go on.
func TestNobodyRuns(t *testing.T) {
	dir := t.TempDir()
	for _, dir := range []string{dir, filepath.Join(dir, "missing")} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, _, err := ask(t.Context(), dir, "/", "")
			if took := time.Since(began); took != 0 {
				t.Errorf("it waits for %v", took)
			}
			if !errors.Is(err, endpoint.ErrNotRunning) || !strings.Contains(err.Error(), "no daemon runs") {
				t.Errorf("%v, want that no daemon runs", err)
			}
		})
	}
}

func TestSecondListenerIsRefused(t *testing.T) {
	dir, _ := serve(t, echo, endpoint.Limits{})
	if _, err := endpoint.Listen(endpoint.Options{DataDir: dir}); !errors.Is(err, endpoint.ErrTaken) ||
		!strings.Contains(err.Error(), "a program listens on") {
		t.Errorf("Listen = %v, want that another program is there", err)
	}
	if _, _, err := ask(t.Context(), dir, "/", ""); err != nil {
		t.Errorf("the first one was disturbed: %v", err)
	}
}

func TestGreetingThatCannotBeSaid(t *testing.T) {
	for _, g := range []endpoint.Greeting{{Log: "a b"}, {Program: "ü"}, {Log: "a\r\nHTTP/1.1"}, {Log: strings.Repeat("x", 101)}} {
		if _, err := endpoint.Listen(endpoint.Options{DataDir: t.TempDir(), Greeting: g}); err == nil ||
			!strings.Contains(err.Error(), "greeting") {
			t.Errorf("Listen with %+v = %v, want an error", g, err)
		}
	}
}

// TestAPlaceThatIsTakenIsAwaited: who waits for the place gets it when the other program ends, and stops waiting when
// asked to.
func TestAPlaceThatIsTakenIsAwaited(t *testing.T) {
	t.Parallel()
	dir, stop := serve(t, echo, endpoint.Limits{})
	ended, end := context.WithCancel(t.Context())
	end()
	if l := endpoint.Await(ended, endpoint.Options{DataDir: dir}, time.Millisecond); l != nil {
		t.Error("it listens although it was asked to stop")
	}
	got := make(chan net.Listener, 1)
	go func() { got <- endpoint.Await(t.Context(), endpoint.Options{DataDir: dir}, time.Millisecond) }()
	if _, _, err := ask(t.Context(), dir, "/", ""); err != nil {
		t.Errorf("the first one was disturbed: %v", err)
	}
	select {
	case <-got:
		t.Error("two programs listen")
	default:
	}
	must(t, stop())
	must(t, (<-got).Close())
}

// answerer is a server of another kind: to each connection it says what its script says, "" being silence, and waits
// for its end. The last word of the script is repeated.
func answerer(t *testing.T, script ...string) (dir string, connections *atomic.Int32) {
	t.Helper()
	dir, connections = t.TempDir(), new(atomic.Int32)
	l := rawListener(t, dir)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n := int(connections.Add(1))
			group.Go(func() {
				defer conn.Close()
				if said := script[min(n, len(script))-1]; said != "" {
					_, _ = io.WriteString(conn, said)
				}
				_, _ = io.Copy(io.Discard, conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		group.Wait()
	})
	return dir, connections
}

func TestSilentConnectionIsDialledAgain(t *testing.T) {
	dir, connections := answerer(t, "", "jobmon-", "jobmon-db/1 log 1.0 later words\r\n")
	client := endpoint.Client{DataDir: dir, GreetingTimeout: 250 * time.Millisecond}
	g, err := client.Greet(t.Context())
	if want := (endpoint.Greeting{Log: "log", Program: "1.0"}); g != want || err != nil {
		t.Errorf("%+v, %v; want %+v", g, err, want)
	}
	if n := connections.Load(); n < 3 { // more where this process was not run for a while
		t.Errorf("%d connections, want 3", n)
	}
}

func TestSilenceEnds(t *testing.T) {
	dir, connections := answerer(t, "")
	client := endpoint.Client{DataDir: dir, GreetingTimeout: 100 * time.Millisecond, ConnectTimeout: time.Second}
	if _, err := client.Greet(t.Context()); !errors.Is(err, endpoint.ErrSilent) ||
		!strings.Contains(err.Error(), "restart") {
		t.Errorf("%v, want that nobody answers", err)
	}
	// 100, 200 and 400 ms, and what is left of a second.
	if n := connections.Load(); n > 4 {
		t.Errorf("%d connections, want 4 at most", n)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, _, err := ask(ctx, dir, "/", ""); !errors.Is(err, endpoint.ErrSilent) {
		t.Errorf("at the end of the caller's time: %v, want that nobody answers", err)
	}
	ctx, interrupt := context.WithCancelCause(t.Context())
	stop := errors.New("interrupted")
	time.AfterFunc(50*time.Millisecond, func() { interrupt(stop) })
	if _, _, err := ask(ctx, dir, "/", ""); !errors.Is(err, stop) || errors.Is(err, endpoint.ErrSilent) {
		t.Errorf("interrupted: %v, want only that", err)
	}
}

func TestAnotherKindOfServer(t *testing.T) {
	for said, want := range map[string]string{
		"jobmon-db/2 log 2.0\r\n":        `newer (version "2.0", protocol 2)`,
		"jobmon-db/0 log 0.9\r\n":        `older (version "0.9", protocol 0)`,
		"jobmon-db/2\r\n":                "newer",
		"SSH-2.0-OpenSSH":                "another program",
		"HTTP/1.1 400 Bad Request\r\n":   "another program",
		"jobmon-db/one log 1.0\r\n":      "another program",
		"jobmon-db/1 log 1.0\r\nand":     "another program",
		"jobmon-db/1 log\x1b[2J 1.0\r\n": "another program",
		"\r\n":                           "another program",
		"jobmon-db/1 log " + strings.Repeat("x", 300) + "\r\n": "another program",
	} {
		dir, connections := answerer(t, said)
		_, _, err := ask(t.Context(), dir, "/", "")
		if !errors.Is(err, endpoint.ErrProtocol) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", said, err, want)
		}
		if n := connections.Load(); n != 1 {
			t.Errorf("%q: %d connections, want 1", said, n)
		}
	}
}

// The error of a daemon that dies in the middle is not that of one that is not there: the request may have been carried
// out.
func TestServerGoesAwayBeforeTheAnswer(t *testing.T) {
	dir := t.TempDir()
	l := rawListener(t, dir)
	ended := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, err = io.WriteString(conn, "jobmon-db/1 - -\r\n")
			_, _ = conn.Read(make([]byte, 1000))
			_ = conn.Close()
		}
		ended <- err
	}()
	_, _, err := ask(t.Context(), dir, "/v1/status", "")
	if err == nil || errors.Is(err, endpoint.ErrNotRunning) ||
		!strings.Contains(err.Error(), "did not answer POST /v1/status") {
		t.Errorf("%v, want that there was no answer", err)
	}
	must(t, <-ended)
	must(t, l.Close())
}

// dial is a connection on which the greeting was heard. Under Wine the first one is accepted by nobody.
func dial(t *testing.T, dir string) net.Conn {
	t.Helper()
	want := "jobmon-db/1 0123abcd 1.2.3\r\n"
	for patience := time.Second; ; patience *= 2 {
		conn := rawDial(t, dir)
		must(t, conn.SetReadDeadline(time.Now().Add(patience)))
		heard := make([]byte, len(want))
		_, err := io.ReadFull(conn, heard)
		if errors.Is(err, os.ErrDeadlineExceeded) && patience < 4*time.Minute {
			must(t, conn.Close())
			continue
		}
		if err != nil || string(heard) != want {
			t.Fatalf("heard %q, %v; want %q", heard, err, want)
		}
		must(t, conn.SetReadDeadline(time.Now().Add(5*time.Minute)))
		return conn
	}
}
