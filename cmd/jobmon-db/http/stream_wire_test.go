package http_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// cable is a listener in memory, whose deadlines go by the clock of a bubble.
type cable struct {
	ends   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (c *cable) Accept() (net.Conn, error) {
	select {
	case end := <-c.ends:
		return end, nil
	case <-c.closed:
		return nil, net.ErrClosed
	}
}

func (c *cable) Close() error   { c.once.Do(func() { close(c.closed) }); return nil }
func (c *cable) Addr() net.Addr { return &net.UnixAddr{} }

// streaming serves pages and their stream on l; stop ends that and returns what Serve does.
func streaming(t testing.TB, l net.Listener, s *shown) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	stream := web.NewStream(s, "", s.changed, zerolog.Nop())
	var running sync.WaitGroup
	running.Go(func() { stream.Run(ctx) })
	handler := web.Handler(web.Routes{Web: s, Stream: stream, Running: ctx, Files: files}, open())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, handler, zerolog.Nop()) }()
	return sync.OnceValue(func() error { cancel(); running.Wait(); return <-ended })
}

const askStream = "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"

// The limits of an answer's time do not end a stream, and a request beside it is answered as ever.
func TestAStreamOutlivesTheLimitsOfAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, s := &cable{ends: make(chan net.Conn), closed: make(chan struct{})}, newShown(7)
		stop := streaming(t, l, s)
		here, there := net.Pipe()
		l.ends <- there
		if _, err := io.WriteString(here, askStream); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(here), nil)
		if err != nil || r.StatusCode != 200 {
			t.Fatal(r, err)
		}
		lines := make(chan string)
		go func() {
			defer close(lines)
			for from := bufio.NewScanner(r.Body); from.Scan(); {
				lines <- from.Text()
			}
		}()
		beats := 0
		for began := time.Now(); time.Since(began) < 10*time.Minute; {
			line, more := <-lines
			if !more {
				t.Fatalf("it ended after %v", time.Since(began))
			}
			if line == "event: state" {
				beats++
			}
		}
		if beats < 40 {
			t.Errorf("%d signs of life in ten minutes", beats)
		}
		stopped := time.Now()
		go func() {
			for range lines { // until it ends
			}
		}()
		if err := stop(); err != nil || time.Since(stopped) > time.Second {
			t.Errorf("stopped after %v: %v", time.Since(stopped), err)
		}
		here.Close()
	})
}

// A page that takes nothing any more does not keep the daemon from stopping.
func TestAStuckReaderDoesNotKeepTheDaemon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, s := &cable{ends: make(chan net.Conn), closed: make(chan struct{})}, newShown(7)
		stop := streaming(t, l, s)
		here, there := net.Pipe()
		defer here.Close()
		l.ends <- there
		if _, err := io.WriteString(here, askStream); err != nil {
			t.Fatal(err)
		}
		if _, err := here.Read(make([]byte, 100)); err != nil { // and reads no more
			t.Fatal(err)
		}
		s.commit(7, "Drivers")
		time.Sleep(time.Second)
		began := time.Now()
		if err := stop(); err != nil || time.Since(began) > time.Second {
			t.Errorf("stopped after %v: %v", time.Since(began), err)
		}
	})
}

// upTo are ids.
func upTo(n jobmon.ComputerID) (ids []jobmon.ComputerID) {
	for id := range n {
		ids = append(ids, id+1)
	}
	return ids
}

// However many ask, each gets an answer or a request to come back, and none waits for what the daemon does.
func TestManyRequests(t *testing.T) {
	t.Parallel()
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	stop := streaming(t, l, newShown(upTo(20)...))
	transport := &http.Transport{MaxConnsPerHost: 100, MaxIdleConnsPerHost: 100}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var asking sync.WaitGroup
	paths := []string{"/", "/c/7", "/wall", "/?at=1999", "/c/none", "/evt/5000001", "/nothing", "/api/v1/computers"}
	for i := range 100 {
		asking.Go(func() {
			for j := range 20 {
				r, err := client.Get("http://" + l.Addr().String() + paths[(i+j)%len(paths)])
				if err != nil {
					// one that has to come back loses its connection, which may be in use again
					if errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
					continue
				}
				_, _ = io.Copy(io.Discard, r.Body)
				r.Body.Close()
				if r.StatusCode >= 500 && r.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("%d", r.StatusCode)
				}
			}
		})
	}
	asking.Wait()
	if r, err := client.Get("http://" + l.Addr().String() + "/evt/5000001"); err != nil || r.StatusCode != 200 {
		t.Errorf("and then: %v %v", r, err)
	} else {
		r.Body.Close()
	}
	transport.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Error(err)
	}
}
