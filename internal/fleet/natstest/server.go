// Package natstest runs the real NATS server in processes of its own, which can be killed, cut off and given an old
// store. It is for tests only.
package natstest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the path of the server's executable. The go command builds it and keeps it in its cache; what it runs the
// first time lies in a folder that it removes, so it is asked again.
var program = sync.OnceValues(func() (string, error) {
	for range 2 {
		out, err := exec.Command("go", "run", "-exec", "echo", "github.com/nats-io/nats-server/v2").Output()
		if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
			return "", fmt.Errorf("build the NATS server: %w: %s", err, failed.Stderr)
		}
		if err != nil {
			return "", err
		}
		path := strings.TrimSpace(string(out))
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("the go command does not keep the NATS server in its cache")
})

// Place is where processes run and what they reach: this machine, or one of a Network.
type Place interface {
	Start(*exec.Cmd) error
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Here is this machine.
type Here struct{ net.Dialer }

// Start starts the command.
func (*Here) Start(c *exec.Cmd) error { return c.Start() }

// Server is a NATS server as a process. Its methods are called by one goroutine at a time.
type Server struct {
	t      testing.TB
	config string // file
	store  string // folder of JetStream
	place  Place
	ports  string // folder in which the server says where it listens
	log    *os.File
	began  int // where in the log the last start begins
	cmd    *exec.Cmd
	ended  chan struct{} // closed once the process is gone
}

// Run starts a server with a configuration file and waits until it is ready. The store is the folder that the file
// names for JetStream; a nil place is this machine. The server ends with the test.
func Run(t testing.TB, place Place, config, store string) *Server {
	t.Helper()
	s := New(t, place, config, store)
	s.Start()
	s.Ready()
	return s
}

// New returns a server that does not run yet.
func New(t testing.TB, place Place, config, store string) *Server {
	t.Helper()
	if place == nil {
		place = &Here{}
	}
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "nats.log"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, config: config, store: store, place: place, ports: dir, log: log}
	t.Cleanup(func() {
		s.Kill()
		_ = log.Close()
	})
	return s
}

// Start starts the server, at first or again, and does not wait until it is ready.
func (s *Server) Start() {
	s.t.Helper()
	path, err := program()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, old := range s.portFiles() {
		_ = os.Remove(old)
	}
	s.began = len(s.Log())
	cmd := exec.Command(path, "-c", s.config, "-m", "-1", "--ports_file_dir", s.ports)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := s.place.Start(cmd); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
}

// Running says whether the process is there.
func (s *Server) Running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// readyWithin is how long a server may take until it is ready: one of a cluster needs the others for it.
const readyWithin = time.Minute

// Ready waits until the server serves clients and its JetStream is up to date. A cluster must have been started as a
// whole.
func (s *Server) Ready() {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), readyWithin)
	defer stop()
	var err error
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		if err = s.Health(ctx); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-s.ended:
			s.t.Fatalf("the NATS server has ended:\n%s", s.Log())
		case <-ctx.Done():
			s.t.Fatalf("the NATS server is not ready: %v\n%s", err, s.Log())
		}
	}
}

// listening is where a server listens, as it says itself.
type listening struct {
	NATS       []string `json:"nats"`
	Monitoring []string `json:"monitoring"`
	LeafNodes  []string `json:"leafnodes"`
}

func (s *Server) portFiles() []string {
	files, _ := filepath.Glob(filepath.Join(s.ports, "*.ports"))
	return files
}

func (s *Server) listening() (l listening, err error) {
	files := s.portFiles()
	if len(files) == 0 {
		return l, errors.New("it listens nowhere yet")
	}
	text, err := os.ReadFile(files[0])
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err == nil && (len(l.NATS) == 0 || len(l.Monitoring) == 0) {
		err = fmt.Errorf("it listens at %s only", text)
	}
	return l, err
}

// ErrUnreadable says that a server of a cluster cannot read its own part of a stream. It never can again until an
// administrator wipes its store (nats-server issue 7556). The others go on meanwhile.
var ErrUnreadable = errors.New("it cannot read its store")

// Health is what the server says of itself at this moment, nil where all is well.
func (s *Server) Health(ctx context.Context) error {
	l, err := s.listening()
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, "GET", l.Monitoring[0]+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Transport{DialContext: s.place.DialContext, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		var text bytes.Buffer
		_, _ = text.ReadFrom(answer.Body)
		if strings.Contains(s.Log()[s.began:], "snapshot corrupt") {
			return fmt.Errorf("%w: %s", ErrUnreadable, &text)
		}
		return fmt.Errorf("%s: %s", answer.Status, &text)
	}
	return nil
}

// Address is the host and port for clients, once the server is ready.
func (s *Server) Address() string {
	s.t.Helper()
	l, err := s.listening()
	if err != nil {
		s.t.Fatal(err)
	}
	_, address, _ := strings.Cut(l.NATS[0], "://")
	return address
}

// Log is what the server has printed since New.
func (s *Server) Log() string {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Kill ends the process at once. What it wrote stays with the system, unlike in a power cut.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop ends the server as a service manager does.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

func (s *Server) end(signal os.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(signal)
	<-s.ended
}

// Signal sends a signal to the process, such as one that halts it or lets it go on.
func (s *Server) Signal(signal os.Signal) { _ = s.cmd.Process.Signal(signal) }

// Store is the folder of JetStream.
func (s *Server) Store() string { return s.store }

// Wipe removes the store of a server that does not run, as a new disk does.
func (s *Server) Wipe() {
	s.t.Helper()
	s.atRest()
	entries, err := os.ReadDir(s.store)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "lost+found" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.store, e.Name())); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Damage changes a byte of each snapshot of a stream in the store of a server that does not run, as a failing disk
// does. It returns how many there were.
func (s *Server) Damage() (snapshots int) {
	s.t.Helper()
	s.atRest()
	files, err := filepath.Glob(filepath.Join(s.store, "jetstream", "$SYS", "_js_", "S-*", "snapshots", "snap.*"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		if err := os.WriteFile(file, text, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return len(files)
}

// Save copies the store of a server that does not run to a folder that does not exist.
func (s *Server) Save(dir string) {
	s.t.Helper()
	s.atRest()
	entries, err := os.ReadDir(s.store)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "lost+found" {
			continue
		}
		if err := os.CopyFS(filepath.Join(dir, e.Name()), os.DirFS(filepath.Join(s.store, e.Name()))); err != nil {
			s.t.Fatal(err)
		}
	}
}

// Restore brings back what Save copied, in place of all that is there.
func (s *Server) Restore(dir string) {
	s.t.Helper()
	s.Wipe()
	if err := os.CopyFS(s.store, os.DirFS(dir)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) atRest() {
	s.t.Helper()
	if s.Running() {
		s.t.Fatal("the server runs: its store is its own")
	}
}
