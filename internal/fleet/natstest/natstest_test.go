package natstest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// alone writes the configuration of one server and returns it with the folder of its store.
func alone(t *testing.T, host string) (config, store string) {
	t.Helper()
	dir := t.TempDir()
	config, store = filepath.Join(dir, "nats.conf"), filepath.Join(dir, "store")
	text := fmt.Sprintf("listen: %q\njetstream {store_dir: %q, sync_interval: always}\n", net.JoinHostPort(host, "-1"),
		store)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config, store
}

// TestAServerLosesWhatItsStoreLoses: what was published is there after a kill, as far as it was when the store was
// copied after that copy was brought back, and no more after the store was wiped.
func TestAServerLosesWhatItsStoreLoses(t *testing.T) {
	t.Parallel()
	config, store := alone(t, "127.0.0.1")
	s := Run(t, nil, config, store)
	publish(t, s, 1)
	s.Stop()
	old := filepath.Join(t.TempDir(), "old")
	s.Save(old)
	again := func() {
		s.Start()
		s.Ready()
	}
	again()
	publish(t, s, 2)
	s.Kill()
	again()
	publish(t, s, 3)
	s.Kill()
	s.Restore(old)
	again()
	publish(t, s, 2)
	s.Kill()
	s.Wipe()
	again()
	publish(t, s, 1)
}

// publish publishes a message and expects this number for it.
func publish(t *testing.T, s *Server, want uint64) {
	t.Helper()
	c, err := nats.Connect(s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		t.Fatal(err)
	}
	config := jetstream.StreamConfig{Name: "A", Subjects: []string{"a"}}
	if _, err := js.CreateOrUpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	ack, err := js.Publish(t.Context(), "a", []byte("text"))
	if err != nil || ack.Sequence != want {
		t.Errorf("the message is number %+v, %v; want %d", ack, err, want)
	}
}
