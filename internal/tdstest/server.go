// Package tdstest is a SQL Server for tests, without an engine for SQL: it speaks the wire protocol (MS-TDS 7.4 and
// 8.0, with TLS and Windows logins) to an unmodified driver, and answers the batches of ingest/mssql, which it knows by
// their leading comment and the few forms of their statements, from tables that the test holds. What it does not know
// it answers with error 50000 and a text that says so.
package tdstest

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// What the server calls itself, and whom it lets in.
const (
	ServerName = "TESTSERVER"
	Database   = "eXpress"
	User       = "reader"
	Password   = "Only-4-Tests"
)

// Fault is what the server does in place of a full answer: an error number of SQL Server, or one of the constants.
type Fault int32

// Faults that are no errors of SQL Server.
const (
	None  Fault = 0
	Hang  Fault = -1 // says nothing until the client sends an attention, which is confirmed; a login knows none
	Dead  Fault = -2 // says nothing, whatever the client sends
	Close Fault = -3 // sends half of the answer and closes the connection
)

// Login is the name under which Server.Fail knows the login, which is no batch.
const Login = "login"

// Options are what a server can do. The zero value logs in its one user without encryption.
type Options struct {
	Host       string // the address to listen at, of this computer; "" is 127.0.0.1
	Encryption Encryption
	TLS        *tls.Config // with the certificate; not looked at with NoTLS

	// SSPI answers what a Windows account sends to log in: with a challenge, or with none and whether it is let in. Nil
	// lets no Windows account in.
	SSPI func(token []byte) (challenge []byte, ok bool)
}

// Server is a server on a free port of this computer, or in memory. Its methods can be called at any time by any
// goroutine.
type Server struct {
	options  Options
	listener net.Listener // nil in memory
	wg       sync.WaitGroup

	mu      sync.Mutex
	tables  Tables
	faults  map[string]Fault
	batches []string
	logins  int
	open    []net.Conn
	closed  bool
}

// New starts a server with a Deployment Server's tables, all empty. It ends with the test, after whatever was opened
// later.
func New(t testing.TB) *Server {
	t.Helper()
	return Start(t, Options{})
}

// Start is New with options.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(cmp.Or(o.Host, "127.0.0.1"), "0"))
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, o)
	s.listener = listener
	t.Cleanup(func() { _ = listener.Close() })
	s.wg.Go(s.accept)
	return s
}

// InMemory is New without a port: Connect makes its connections. A bubble of testing/synctest can hold it.
func InMemory(t testing.TB) *Server { return newServer(t, Options{}) }

func newServer(t testing.TB, o Options) *Server {
	s := &Server{options: o, tables: newTables(), faults: map[string]Fault{}}
	t.Cleanup(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.Cut()
		s.wg.Wait()
	})
	return s
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.serve(conn)
	}
}

// Connect returns a client's end of a new connection in memory.
func (s *Server) Connect() net.Conn {
	client, end := net.Pipe()
	s.serve(end)
	return client
}

func (s *Server) serve(conn net.Conn) {
	s.mu.Lock()
	s.open = append(s.open, conn)
	if s.closed {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.wg.Go(func() {
		defer func() { _ = conn.Close() }()
		(&connection{server: s, conn: conn, raw: conn}).serve()
	})
}

// Address is the host and port of the server; in memory, of none.
func (s *Server) Address() string {
	if s.listener == nil {
		return "127.0.0.1:1433"
	}
	return s.listener.Addr().String()
}

// DSN is the URL that the server can be read with, without encryption. A test can put another address into it.
func (s *Server) DSN() *url.URL {
	return &url.URL{Scheme: "sqlserver", User: url.UserPassword(User, Password), Host: s.Address(),
		RawQuery: url.Values{"database": {Database}, "encrypt": {"disable"}}.Encode()}
}

// Change lets the test change the tables; no batch is answered meanwhile.
func (s *Server) Change(change func(*Tables)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.tables)
}

// Fail makes the server do this with every batch of the name (or with Login), until it is called with None.
func (s *Server) Fail(batch string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[batch] = f
}

// Cut closes all connections that are open now.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.open {
		_ = conn.Close()
	}
	s.open = nil
}

// Batches are the texts of all batches that came, in their order.
func (s *Server) Batches() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.batches)
}

// Logins is how many logins succeeded.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}
