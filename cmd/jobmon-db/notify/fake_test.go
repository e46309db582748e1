package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// fakeLog is a log of failures, one an event.
type fakeLog struct {
	mu    sync.Mutex
	list  []*notices.Notice
	last  uint64
	reads int
}

func (l *fakeLog) ID() string { return "0123456789abcdef0123456789abcdef" }

func (l *fakeLog) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *fakeLog) Notices(ctx context.Context, behind uint64) iter.Seq2[*notices.Notice, error] {
	return func(yield func(*notices.Notice, error) bool) {
		l.mu.Lock()
		list := l.list
		l.reads++
		l.mu.Unlock()
		for _, n := range list {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if n.Event.Seq > behind && !yield(n, nil) {
				return
			}
		}
	}
}

// happen appends an event with so many failures, as one batch.
func (l *fakeLog) happen(failures int) (seq uint64, found []*notices.Notice) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	seq = l.last
	for i := range failures {
		problem := fmt.Sprintf("%d/1/%d", seq, i)
		found = append(found, &notices.Notice{Topic: notices.Failed, Problem: problem, Job: fmt.Sprint(i),
			Event: jobmon.Event{Seq: seq, At: jobmon.InstantOf(time.Now()), Computer: jobmon.ComputerID(seq%7 + 1)}})
	}
	l.list = append(l.list, found...)
	return seq, found
}

// single is a window that joins nothing.
type single struct{}

func (single) Add(n *notices.Notice) []*notices.Message {
	id := fmt.Sprintf("msg_%d_%s_%s", n.Event.Seq, n.Topic, n.Job)
	return []*notices.Message{{ID: id, Notices: []*notices.Notice{n}}}
}
func (single) Tick(jobmon.Instant) []*notices.Message     { return nil }
func (single) Next() jobmon.Instant                       { return 0 }
func (single) Held() int                                  { return 0 }
func (single) Place(seq uint64) (uint64, json.RawMessage) { return seq, nil }

// plainly writes bodies that say no more than the ID.
type plainly struct{}

func (plainly) write(m *notices.Message) ([]byte, error) { return []byte(`{"id":"` + m.ID + `"}`), nil }

func (p plainly) CloudEvent(m *notices.Message) ([]byte, error) { return p.write(m) }
func (p plainly) Slack(m *notices.Message) ([]byte, error)      { return p.write(m) }
func (p plainly) Teams(m *notices.Message) ([]byte, error)      { return p.write(m) }
func (p plainly) Discord(m *notices.Message) ([]byte, error)    { return p.write(m) }
func (p plainly) Ntfy(m *notices.Message, topic string) ([]byte, error) {
	return []byte(`{"id":"` + m.ID + `","topic":"` + topic + `"}`), nil
}
func (plainly) Mail(m *notices.Message) (subject, body, id, references string) {
	return "Subject of " + m.ID, "Body of " + m.ID, m.ID + "@jobmon", "first@jobmon"
}

// world is an outbox with its log and what it said.
type world struct {
	*testing.T
	log    *fakeLog
	outbox *Outbox
	dir    string
	said   *safeBuffer
	clock  func() jobmon.Instant // the server's
	stop   func()
}

func newWorld(t *testing.T) *world {
	clock := func() jobmon.Instant { return jobmon.InstantOf(time.Now()) }
	return &world{T: t, log: &fakeLog{}, dir: t.TempDir(), said: &safeBuffer{}, clock: clock}
}

// start runs an outbox over the log with these targets, as a start of the daemon does. A message is about one notice.
func (w *world) start(targets map[string]Spec) {
	w.Helper()
	w.startWith(targets, func(string, json.RawMessage) Window { return single{} })
}

// startJoining joins notices into digests, as the daemon does.
func (w *world) startJoining(targets map[string]Spec) {
	w.Helper()
	w.startWith(targets, func(target string, state json.RawMessage) Window {
		return notices.NewWindow(w.log.ID(), target, state)
	})
}

func (w *world) startWith(targets map[string]Spec, window func(string, json.RawMessage) Window) {
	w.Helper()
	w.outbox = NewOutbox(Options{
		Folder: w.dir, Log: w.log, Logger: zerolog.New(w.said).Level(zerolog.InfoLevel), Window: window,
		Now: w.clock,
	})
	if err := w.outbox.Set(targets); err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan struct{})
	go func() { w.outbox.Run(ctx); close(done) }()
	w.stop = sync.OnceFunc(func() { cancel(); <-done })
}

func (w *world) happen(failures int) { w.outbox.Put(w.log.happen(failures)) }

func all(*notices.Notice) bool { return true }

func specs(kind string, target Target) map[string]Spec {
	return map[string]Spec{"ops": {Kind: kind, Target: target, Wants: all}}
}

// receiver answers requests as answer says, and keeps the ids of what it said yes to.
type receiver struct {
	mu     sync.Mutex
	answer func(n int, w http.ResponseWriter, r *http.Request) // of the n-th request, from 0; nil: yes
	tries  int
	got    []string
	body   []byte
	header http.Header
	at     []time.Time // of all requests
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(request.Body)
	r.mu.Lock()
	n, answer := r.tries, r.answer
	r.tries++
	r.at = append(r.at, time.Now())
	r.mu.Unlock()
	recorder := &statusWriter{ResponseWriter: w, code: http.StatusOK}
	if answer != nil {
		answer(n, recorder, request)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.body, r.header = body.Bytes(), request.Header
	if recorder.code/100 == 2 && request.Context().Err() == nil {
		r.got = append(r.got, request.Header.Get("webhook-id"))
	}
}

func (r *receiver) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	w.code = code
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// inMemory is a network without sockets, so that a bubble's clock goes on while both ends wait.
type inMemory struct {
	conns chan net.Conn
	away  func() bool // nobody listens
}

func (m *inMemory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if m.away != nil && m.away() {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("connection refused")}
	}
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *inMemory) Accept() (net.Conn, error) {
	if c, ok := <-m.conns; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (m *inMemory) Close() error   { close(m.conns); return nil }
func (m *inMemory) Addr() net.Addr { return &net.TCPAddr{} }

// reach is a target of that kind whose network is a receiver in memory.
func reach(t *testing.T, settings Settings, r http.Handler, away func() bool) Target {
	t.Helper()
	target, err := New(&settings, plainly{}, "jobmon-db/test")
	if err != nil {
		t.Fatal(err)
	}
	network := &inMemory{conns: make(chan net.Conn), away: away}
	server := &http.Server{Handler: r}
	done := make(chan struct{})
	go func() { _ = server.Serve(network); close(done) }()
	transport := clientOf(target).http.Transport.(*http.Transport)
	transport.DialContext = network.dial
	t.Cleanup(func() {
		_ = server.Close()
		<-done
		transport.CloseIdleConnections()
	})
	return target
}

func clientOf(t Target) *client {
	switch t := t.(type) {
	case *webhook:
		return t.client
	case *service:
		return t.client
	}
	return nil
}

type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
