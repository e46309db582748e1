package http_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/configs"
)

// event is a message of the stream.
type event struct {
	id, kind string
	rows     map[int]string // html by id
	html     string
	counts   map[string]int
	lost     bool
}

// opened is a page that reads the stream, in a synctest bubble.
type opened struct {
	t      *testing.T
	code   int
	header http.Header
	pipe   *io.PipeWriter
	read   *bufio.Reader
	cancel context.CancelFunc
	done   chan struct{}
}

func (o *opened) Header() http.Header         { return o.header }
func (o *opened) WriteHeader(code int)        { o.code = code }
func (o *opened) Flush()                      {}
func (o *opened) Write(p []byte) (int, error) { return o.pipe.Write(p) }

// stage is a server whose stream runs.
type stage struct {
	t       *testing.T
	shown   *shown
	access  *web.Access
	handler http.Handler
}

func newStage(t *testing.T, access *web.Access) *stage {
	s := &stage{t: t, shown: newShown(7, known), access: access}
	stream := web.NewStream(s.shown, "", s.shown.changed, zerolog.Nop())
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { stream.Run(ctx) })
	time.AfterFunc(24*time.Hour, stop) // what a test waits for in vain ends
	t.Cleanup(func() { stop(); running.Wait() })
	s.handler = web.Handler(web.Routes{Web: s.shown, Stream: stream, Running: ctx}, access)
	return s
}

// open opens a page that reads the stream.
func (s *stage) open(query string, header ...string) *opened {
	ctx, cancel := context.WithCancel(s.t.Context())
	from, to := io.Pipe()
	o := &opened{t: s.t, header: http.Header{}, pipe: to, read: bufio.NewReader(from), cancel: cancel,
		done: make(chan struct{})}
	r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/stream"+query, nil)
	r.Host = "localhost"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	go func() {
		defer close(o.done)
		s.handler.ServeHTTP(o, r)
		to.Close()
	}()
	s.t.Cleanup(func() { cancel(); from.Close(); <-o.done })
	return o
}

// next is the next message that is no state, or one of this kind.
func (o *opened) next(kind string) (e event) {
	o.t.Helper()
	for {
		line, err := o.read.ReadString('\n')
		if err != nil {
			o.t.Fatalf("the stream has ended: %v", err)
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			var d struct {
				Rows []struct {
					ID   int
					HTML string
				}
				HTML   string
				Counts map[string]int
				Lost   bool
			}
			if err := json.Unmarshal([]byte(value), &d); err != nil {
				o.t.Fatalf("%v in %s", err, value)
			}
			e.rows, e.html, e.counts, e.lost = map[int]string{}, d.HTML, d.Counts, d.Lost
			for _, r := range d.Rows {
				e.rows[r.ID] = r.HTML
			}
		case "":
			if e.kind == kind || kind == "" && e.kind != "state" && e.kind != "" {
				return e
			}
			e = event{}
		}
	}
}

func TestAPageGetsWhatChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, open())
		german, french := s.open("?lang=de&after=2"), s.open("?lang=fr&page=wall")
		if e := german.next("state"); e.counts["all"] != 2 || e.lost || german.header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("%+v %v", e, german.header)
		}
		french.next("state")
		began := time.Now()
		s.shown.commit(7, "Drivers")
		e, tile := german.next("rows"), french.next("rows")
		if took := time.Since(began); took > 500*time.Millisecond {
			t.Errorf("a change took %v", took)
		}
		if len(e.rows) != 1 || !strings.HasPrefix(e.rows[7], "<tr") || !strings.Contains(e.rows[7], "Drivers") ||
			!strings.HasPrefix(tile.rows[7], "<article") || !strings.HasPrefix(e.id, "3-") {
			t.Errorf("%+v %+v", e, tile)
		}
		s.shown.set(func() { s.shown.pictures = s.shown.pictures[1:] })
		if e := german.next("rows"); len(e.rows) != 1 || e.rows[7] != "" {
			t.Errorf("a computer that is gone: %+v", e)
		}
		s.shown.set(func() { s.shown.lost = true })
		s.shown.commit(known, "Office")
		if e := german.next("state"); !e.lost {
			t.Errorf("%+v", e)
		}
	})
}

// What a page missed while it was away comes first; where that is not known any more it is loaded again.
func TestAPageComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, open())
		watcher, first := s.open(""), s.open("")
		watcher.next("state")
		at := first.next("state").id
		first.cancel()
		s.shown.commit(known, "Office")
		watcher.next("rows")
		time.Sleep(2 * time.Minute)
		for _, c := range []struct {
			query, last string
			kind        string
			rows        int
		}{
			{"", at, "rows", 1},
			{"?after=2", "", "rows", 1},
			{"?after=1", "", "rows", 1},
			{"?after=0", "", "rows", 2},
			{"?after=3", "", "state", 0},
			{"", "", "state", 0},
			{"", "rubbish", "state", 0},
			{"?after=1", "3-other-7", "reload", 0},
			{"", "3-", "reload", 0},
			{"?after=99", "", "reload", 0},
		} {
			o := s.open(c.query, "Last-Event-ID", c.last)
			e := event{}
			for e.kind == "" {
				e = o.next(c.kind)
			}
			if len(e.rows) != c.rows {
				t.Errorf("%+v: %+v", c, e)
			}
			o.cancel()
		}
	})
}

func TestOneComputersPageGetsItsMainPart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, open())
		one, other := s.open("?computer=7"), s.open("?computer=5000001")
		if e := one.next("picture"); !strings.Contains(e.html, "PC-7") || strings.Contains(e.html, "<head>") {
			t.Errorf("%+v", e)
		}
		other.next("picture")
		s.shown.commit(7, "Drivers")
		if e := one.next("picture"); !strings.Contains(e.html, "Drivers") {
			t.Errorf("%+v", e)
		}
		s.shown.commit(known, "Office")
		if e := other.next("picture"); !strings.Contains(e.html, "Office") || strings.Contains(e.html, "Drivers") {
			t.Errorf("%+v", e)
		}
	})
}

// Without readers nobody looks at the pictures, however much changes.
func TestNobodyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, open())
		s.shown.commit(7, "a")
		time.Sleep(time.Hour)
		if n := s.shown.asked.Load(); n != 0 {
			t.Errorf("looked %d times", n)
		}
		o := s.open("")
		o.next("state")
		o.cancel()
		time.Sleep(time.Hour)
		was := s.shown.asked.Load()
		s.shown.commit(7, "b")
		time.Sleep(time.Hour)
		if n := s.shown.asked.Load(); n != was || was > 60 {
			t.Errorf("looked %d times, then %d", was, n)
		}
	})
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newStage(t, open()).open("")
		o.next("state")
		for range 3 {
			began := time.Now()
			if o.next("state"); time.Since(began) > 16*time.Second {
				t.Errorf("silent for %v", time.Since(began))
			}
		}
	})
}

// A reader that takes nothing loses its place; the others do not notice.
func TestASlowReaderIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, open())
		slow, quick := s.open(""), s.open("")
		quick.next("state")
		for i := range 100 {
			s.shown.commit(7, fmt.Sprint("stage ", i))
			if e := quick.next("rows"); len(e.rows) != 1 {
				t.Fatalf("%+v", e)
			}
		}
		go io.Copy(io.Discard, slow.read)
		<-slow.done
	})
}

func TestHowManyMayRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, tokens("good"))
		ask := func(from string) *opened {
			ctx, cancel := context.WithCancel(t.Context())
			o := &opened{t: t, header: http.Header{}, code: 200, cancel: cancel, done: make(chan struct{})}
			var in *io.PipeReader
			in, o.pipe = io.Pipe()
			r := httptest.NewRequestWithContext(ctx, "GET", "/api/v1/stream", nil)
			r.RemoteAddr = from
			r.Header.Set("Authorization", "Bearer good")
			go func() { defer close(o.done); s.handler.ServeHTTP(o, r) }()
			go io.Copy(io.Discard, in)
			t.Cleanup(func() { cancel(); <-o.done; in.Close() })
			synctest.Wait()
			return o
		}
		var all []*opened
		for i := range 33 {
			o := ask("192.0.2.1:1")
			if want := i < 32; want != (o.code == 200) {
				t.Fatalf("the %dth of one address: %d", i+1, o.code)
			}
			all = append(all, o)
		}
		all[0].cancel()
		<-all[0].done
		if o := ask("192.0.2.1:1"); o.code != 200 {
			t.Errorf("after one has gone: %d", o.code)
		}
		for i := range 500 - 32 {
			if o := ask(fmt.Sprintf("10.0.%d.%d:1", i/250, i%250)); o.code != 200 {
				t.Fatalf("the %dth: %d", i+33, o.code)
			}
		}
		if o := ask("198.51.100.1:1"); o.code != 503 || o.header.Get("Retry-After") == "" {
			t.Errorf("one too many: %d", o.code)
		}
	})
}

func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, tokens("good", "other"))
		o := s.open("", "Authorization", "Bearer good")
		o.next("state")
		s.access.Set(entries("other"))
		s.shown.commit(7, "secret")
		if text, err := io.ReadAll(o.read); err != nil || strings.Contains(string(text), "secret") {
			t.Errorf("%s %v", text, err)
		}
		s.access.Set([]configs.Token{})
	})
}

func TestAStreamThatIsNone(t *testing.T) {
	t.Parallel()
	stream := web.NewStream(newShown(7), "", nil, zerolog.Nop())
	s := stage{handler: web.Handler(web.Routes{Web: newShown(7), Stream: stream}, open())}
	for _, query := range []string{"?page=other", "?computer=PC-1", "?computer=99999999999"} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost/api/v1/stream"+query, nil)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != 400 || !strings.HasPrefix(w.Body.String(), `{"error":`) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}
