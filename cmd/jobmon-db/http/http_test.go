package http_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const known = 5000001

// files knows one computer, and one whose file cannot be made.
func files(id jobmon.ComputerID) (web.File, error) {
	switch id {
	case known, -7:
		return web.File{Content: []byte("{\"seq\":1}\r\n"), Type: "application/json", Sum: 0xabc}, nil
	case 9:
		return web.File{}, errors.New("the template fails for this picture")
	}
	return web.File{}, web.ErrNone
}

func ask(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	r.Host = "127.0.0.1:8080"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Add(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	web.Handler(web.Routes{Files: files}, open()).ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnswers(t *testing.T) {
	const file, tag = "{\"seq\":1}\r\n", `"0000000000000abc"`
	for _, c := range []struct {
		name, method, path string
		header             []string
		code               int
		text               string // in the body; exact for a file
	}{
		{"the file", "GET", "/evt/5000001", nil, 200, file},
		{"a negative id", "GET", "/evt/-7", nil, 200, file},
		{"only whether it changed", "HEAD", "/evt/5000001", nil, 200, ""},
		{"not changed", "GET", "/evt/5000001", []string{"If-None-Match", tag}, 304, ""},
		{"not changed, asked in short", "HEAD", "/evt/5000001", []string{"If-None-Match", tag}, 304, ""},
		{"one of several", "GET", "/evt/5000001", []string{"If-None-Match", `"x", W/` + tag}, 304, ""},
		{"in a second line", "GET", "/evt/5000001", []string{"If-None-Match", `"x"`, "If-None-Match", tag}, 304, ""},
		{"any", "GET", "/evt/5000001", []string{"If-None-Match", "*"}, 304, ""},
		{"changed", "GET", "/evt/5000001", []string{"If-None-Match", `"0000000000000abd"`}, 200, file},
		{"a tag without quotes", "GET", "/evt/5000001", []string{"If-None-Match", "0000000000000abc"}, 200, file},
		{"a part is not given", "GET", "/evt/5000001", []string{"Range", "bytes=0-1,0-1,0-1"}, 200, file},
		{"with a query", "GET", "/evt/5000001?now=1", nil, 200, file},
		{"localhost", "GET", "/evt/5000001", []string{"Host", "LOCALHOST"}, 200, file},
		{"IPv6 with a zone", "GET", "/evt/5000001", []string{"Host", "[::1%evil.com]:8080"}, 421, "127.0.0.1"},
		{"IPv6", "GET", "/evt/5000001", []string{"Host", "[::1]:8080"}, 200, file},
		{"no such computer", "GET", "/evt/5000002", nil, 404, "computer 5000002 has no picture"},
		{"not known and asked in short", "HEAD", "/evt/5000002", nil, 404, ""},
		{"its file cannot be made", "GET", "/evt/9", nil, 503, "the template fails"},
		{"a name", "GET", "/evt/PC-0001", nil, 404, "a whole number"},
		{"nothing", "GET", "/evt/", nil, 404, "/evt/<computer id>"},
		{"too large", "GET", "/evt/99999999999", nil, 404, "a whole number"},
		{"a sign", "GET", "/evt/%2B5000001", nil, 404, "a whole number"},
		{"zeros in front", "GET", "/evt/05000001", nil, 404, "a whole number"},
		{"the file's name", "GET", "/evt/5000001.evt", nil, 404, "a whole number"},
		{"a way out", "GET", "/evt/..%2f..%2fwindows", nil, 404, "a whole number"},
		{"markup", "GET", "/evt/%3Cscript%3E", nil, 404, "a whole number"},
		{"below it", "GET", "/evt/5000001/x", nil, 404, "/evt/<computer id>"},
		{"elsewhere", "GET", "/", nil, 404, "/evt/<computer id>"},
		{"posting", "POST", "/evt/5000001", nil, 405, "nothing can be changed"},
		{"deleting", "DELETE", "/evt/5000001", nil, 405, "nothing can be changed"},
		{"a word of its own", "BREW", "/evt/5000001", nil, 405, "nothing can be changed"},
		{"a page that calls itself otherwise", "GET", "/evt/5000001", []string{"Host", "evil.example.com:8080"}, 421, "127.0.0.1"},
		{"another computer's address", "GET", "/evt/5000001", []string{"Host", "192.168.1.5"}, 421, "127.0.0.1"},
		{"no name", "GET", "/evt/5000001", []string{"Host", ""}, 421, "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := ask(t, c.method, c.path, c.header...)
			text := body(t, r)
			if r.StatusCode != c.code || !strings.Contains(text, c.text) || c.text == file && text != file {
				t.Errorf("%d %q", r.StatusCode, text)
			}
			if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Cache-Control") != "no-cache" ||
				!strings.HasPrefix(r.Header.Get("Server"), web.Product) {
				t.Errorf("%v", r.Header)
			}
			if isFile := c.code == 200 || c.code == 304; isFile != (r.Header.Get("ETag") == tag) {
				t.Errorf("ETag %s", r.Header.Get("ETag"))
			}
			if c.code == 200 &&
				(r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Content-Length") != fmt.Sprint(len(file))) {
				t.Errorf("%v", r.Header)
			}
			if c.code == 405 && r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%v", r.Header)
			}
		})
	}
}

// running is a server on a port of its own; stop ends it and returns its error.
func running(t testing.TB, files web.Files) (address string, stop func() error) {
	t.Helper()
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, web.Handler(web.Routes{Files: files}, open()), zerolog.Nop()) }()
	done := false
	stop = func() error {
		if done {
			return nil
		}
		done = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { stop() })
	return l.Addr().String(), stop
}

func TestThePortIsTaken(t *testing.T) {
	address, _ := running(t, files)
	if _, err := web.Listen(address); !errors.Is(err, web.ErrInUse) || !strings.Contains(err.Error(), address) {
		t.Errorf("%v", err)
	}
}

// An answer under way is finished when the daemon stops; nobody is accepted any more.
func TestAnswersAreFinished(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	address, stop := running(t, func(id jobmon.ComputerID) (web.File, error) {
		close(asked)
		<-answer
		return files(id)
	})
	got := make(chan string, 1)
	go func() {
		r, err := http.Get("http://" + address + "/evt/5000001")
		if err != nil {
			got <- err.Error()
			return
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		got <- fmt.Sprint(r.StatusCode, " ", string(text), err)
	}()
	<-asked
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for { // until it listens no more
		c, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		c.Close()
	}
	close(answer)
	if text := <-got; text != "200 {\"seq\":1}\r\n<nil>" {
		t.Errorf("%q", text)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// hostile are requests that no screen sends, as they come over the wire.
var hostile = []string{
	"GET /evt/5000001 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	"GET /evt/5000001 HTTP/1.0\r\n\r\n",
	"GET http://127.0.0.1/evt/5000001 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	"GET /evt/5000001 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	"GET /evt/\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	"GET //evt//5000001 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	"GET /evt/5000001\r\n",
	"POST /evt/5000001 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n",
	"POST /evt/5000001 HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nffffffffffffffff\r\n",
	"GET /evt/5000001 HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
	"GET /" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	"CONNECT evil.example.com:443 HTTP/1.1\r\nHost: evil.example.com\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	"\x00\x00\x00\x00", "",
}

// send sends bytes as they are and returns the status of the answer, 0 for none.
func send(t testing.TB, address, text string) int {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		io.WriteString(c, text)
		c.(*net.TCPConn).CloseWrite()
	}()
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

func TestHostileRequests(t *testing.T) {
	address, _ := running(t, files)
	for _, text := range hostile {
		code := send(t, address, text)
		if good := text == hostile[0] || text == hostile[2]; good != (code == 200) ||
			code >= 500 && code != http.StatusHTTPVersionNotSupported && code != http.StatusNotImplemented {
			t.Errorf("%.60q: %d", text, code)
		}
	}
	if code := send(t, address, hostile[0]); code != 200 {
		t.Errorf("and then %d", code)
	}
}

// Whatever is sent, the next one gets an answer.
func FuzzRequests(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	address, _ := running(f, files)
	f.Fuzz(func(t *testing.T, text string) {
		if code := send(t, address, text); code >= 500 && code != http.StatusHTTPVersionNotSupported &&
			code != http.StatusNotImplemented &&
			code != http.StatusServiceUnavailable {
			t.Errorf("%d", code)
		}
		if code := send(t, address, hostile[0]); code != 200 {
			t.Errorf("and then %d", code)
		}
	})
}

func TestList(t *testing.T) {
	handler := web.Handler(web.Routes{List: func() []jobmon.Progress {
		return []jobmon.Progress{
			{
				Seq:      7,
				At:       1_000,
				Computer: jobmon.Computer{ID: 5, Name: "PC-\"5\"", Group: "Tokyo"},
				Session: &jobmon.SessionProgress{
					Number: 2, State: jobmon.SessionOpen, Began: 500, Stages: []jobmon.Stage{{Name: "Office"}}, Percent: 40, Jobs: 5, JobsDone: 2, ETA: 90_000,
				},
			},
			{Seq: 3, At: 2_000, Computer: jobmon.Computer{ID: 6}, SourceLost: true},
			{
				Seq:        4,
				At:         3_000,
				Computer:   jobmon.Computer{ID: 7},
				Agent:      jobmon.AgentOffline,
				AgentSince: 500,
				Session: &jobmon.SessionProgress{
					State: jobmon.SessionPlanned, Current: -1, Jobs: 5, Takes: time.Minute, Why: &jobmon.Waiting{Kind: jobmon.WaitAgentOffline},
				},
				Later: []jobmon.Pending{{Name: "old"}},
				Aside: []jobmon.Pending{
					{Name: "Inventory", State: jobmon.StateWaiting, Why: &jobmon.Waiting{Kind: jobmon.WaitServer}},
				},
			},
		}
	}}, open())
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1/computers", nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	const want = `[{"id":5,"name":"PC-\"5\"","group":"Tokyo","seq":7,"as_of":"1970-01-01T00:00:01Z","agent":"unknown","deployment":{"number":2,"state":"open",` +
		`"began":"1970-01-01T00:00:00.5Z","stage":"Office","percent":40,"jobs":5,"jobs_done":2,"failed":0,"late":0,"expected_end":"1970-01-01T00:01:30Z"}},` +
		`{"id":6,"seq":3,"as_of":"1970-01-01T00:00:02Z","source_lost":true,"agent":"unknown","deployment":null},` +
		`{"id":7,"seq":4,"as_of":"1970-01-01T00:00:03Z","agent":"offline","agent_since":"1970-01-01T00:00:00.5Z","deployment":{"number":0,` +
		`"state":"planned","jobs":5,"jobs_done":0,"failed":0,"late":0,"why":"agent offline","takes_s":60},` +
		`"beside":[{"name":"Inventory","state":"waiting","why":"server"}]}]` + "\n"
	if got := w.Body.String(); got != want || w.Code != 200 {
		t.Errorf("%d %s", w.Code, got)
	}
}

func TestHealthAndReadiness(t *testing.T) {
	hangs, unready := "", []string(nil)
	handler := web.Handler(web.Routes{
		Health: func() string { return hangs }, Ready: func() []string { return unready },
		Metrics: http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "jobmon_info 1\n") },
		),
	}, open())
	get := func(path string) (int, string) {
		r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for path, want := range map[string]string{"/healthz": "healthy\n", "/readyz": "ready\n", "/metrics": "jobmon_info 1\n"} {
		if code, text := get(path); code != 200 || text != want {
			t.Errorf("%s: %d %q", path, code, text)
		}
	}
	hangs, unready = "it hangs", []string{"lost", "disk full"}
	for path, want := range map[string]string{"/healthz": "it hangs\n", "/readyz": "lost\ndisk full\n"} {
		if code, text := get(path); code != 503 || text != want {
			t.Errorf("%s: %d %q", path, code, text)
		}
	}
	if code, text := get("/evt/1"); code != 404 || !strings.Contains(text, "/healthz, /readyz, /metrics") {
		t.Errorf("%d %q", code, text)
	}
}
