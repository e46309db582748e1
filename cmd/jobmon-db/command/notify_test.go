package command

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/store"
)

// hookConfig is a configuration with one target, and the folder that it stands in.
func hookConfig(t *testing.T, dir, address string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "jobmon-db.yaml")
	write(t, file, fmt.Sprintf(`site: DS01
data_dir: data
evt:
  dir: evt
source:
  kind: simulator
  poll_interval: 250ms
simulator:
  computers: 40
  speed: 900
targets:
  ops: {kind: webhook, url: %s/planted-path, secret: %s, token: planted-token}
notify:
  - {on: [failed, ready], to: ops}
`, address, mailboxSecret))
	return file
}

// plantedIn finds a secret of hookConfig.
func plantedIn(texts ...string) bool {
	all := strings.Join(texts, "\n")
	return strings.Contains(all, "planted") || strings.Contains(all, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
}

func TestNotifyTest(t *testing.T) {
	t.Parallel()
	var got atomic.Int32
	code := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got.Add(1); r.Header.Get("webhook-signature") == "" {
			t.Error("it is not signed")
		}
		w.WriteHeader(code)
		if code != http.StatusNoContent {
			fmt.Fprint(w, r.URL, r.Header)
		}
	}))
	defer server.Close()
	file := hookConfig(t, t.TempDir(), server.URL)
	if ran := jobmondb(t, "notify", "test", "ops", "--config", file); ran.code != exitOK || got.Load() != 1 ||
		!strings.Contains(ran.stdout, "The receiver of ops (webhook) took message msg_test_") {
		t.Errorf("%+v", ran)
	}
	code = http.StatusNotFound
	if ran := jobmondb(t, "notify", "test", "ops", "--config", file); ran.code != exitFailed ||
		!strings.Contains(ran.stderr, "target ops (webhook): the receiver answers 404 Not Found") ||
		plantedIn(ran.stdout, ran.stderr) {
		t.Errorf("refused: %+v", ran)
	}
	if ran := jobmondb(t, "notify", "test", "opps", "--config", file); ran.code != exitUsage ||
		!strings.Contains(ran.stderr, `did you mean "ops"`) {
		t.Errorf("no such target: %+v", ran)
	}
	if ran := jobmondb(t, "notify", "list", "--config", file); ran.code != exitOK ||
		!strings.Contains(ran.stdout, "never") || !strings.Contains(ran.stderr, "No daemon runs") {
		t.Errorf("list: %+v", ran)
	}
}

// A daemon sends messages, says so, and takes another address up at once; nothing that it prints holds a secret.
func TestMessagesOfADaemon(t *testing.T) {
	t.Parallel()
	skipShort(t)
	var first, second atomic.Int32
	counting := func(n *atomic.Int32) *httptest.Server {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1)%3 == 0 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}))
		t.Cleanup(server.Close)
		return server
	}
	one, other := counting(&first), counting(&second)
	dir := t.TempDir()
	file := hookConfig(t, dir, one.URL)
	daemon := start(t, nil, "run", "--config", file)
	said := func() string { daemon.kill(); return daemon.stderr.String() }
	eventually(t, said, func() bool { return first.Load() > 0 })
	hookConfig(t, dir, other.URL)
	transport := &endpoint.Client{DataDir: filepath.Join(dir, "data")}
	client := &control.Client{Transport: transport, Context: t.Context()}
	if got, err := client.Reload(t.Context(), control.ReloadRequest{}); err != nil || !got.Taken() ||
		plantedIn(fmt.Sprint(got)) {
		t.Fatalf("%+v, %v", got, err)
	}
	eventually(t, said, func() bool { return second.Load() > 3 })
	ran := jobmondb(t, "notify", "list", "--config", file, "-o", "json")
	var list []control.Target
	if err := json.Unmarshal([]byte(ran.stdout), &list); err != nil || len(list) != 1 || list[0].Sent == 0 ||
		list[0].Failed == 0 || list[0].Name != "ops" {
		t.Errorf("%+v: %v", ran, err)
	}
	write(t, file, "targets:\n  ops: {kind: webhook, url: ftp://planted/planted-path}\n")
	if got, err := client.Reload(t.Context(), control.ReloadRequest{}); err != nil || len(got.Problems) == 0 ||
		plantedIn(fmt.Sprint(got)) {
		t.Errorf("%+v, %v", got, err)
	}
	daemon.stop()
	hookConfig(t, dir, other.URL)
	left := jobmondb(t, "notify", "list", "--config", file)
	if left.code != exitOK || !strings.Contains(left.stdout, " ago") {
		t.Errorf("%+v", left)
	}
	if text := jobmondb(t, "notify", "list", "--config", file, "-o", "json").stdout; strings.Contains(text, `"waiting"`) ||
		strings.Contains(text, `"sent"`) || !strings.Contains(text, `"sent_ms"`) {
		t.Errorf("without a daemon nobody counts: %s", text)
	}
	place, err := os.ReadFile(filepath.Join(dir, "data", "notify", "ops.json"))
	printed := []string{string(place), ran.stdout, ran.stderr, left.stdout, left.stderr, daemon.stderr.String()}
	if err != nil || plantedIn(printed...) {
		t.Errorf("a secret is shown, or %v:\n%s\n%s\n%s", err, place, ran.stdout, &daemon.stderr)
	}
}

// worth are the IDs of all messages that a log gives behind an event.
func worth(t *testing.T, data string, behind uint64) (ids []string) {
	t.Helper()
	log, err := store.Open(data, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	all, err := past.Open(log, log.ID(), "DS01")
	if err != nil {
		t.Fatal(err)
	}
	for n, err := range all.Notices(behind) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, n.ID(log.ID()))
	}
	return ids
}

// A target whose place was cut off gets everything that the log still has.
func TestNoticesBehindACut(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	watch(t, data, 6*time.Hour)
	before := worth(t, data, 0)
	if err := cutInHalf(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	after := worth(t, data, 1)
	if len(after) == 0 || len(after) >= len(before) || !slices.Equal(after, before[len(before)-len(after):]) {
		t.Errorf("%d of %d are left: %v", len(after), len(before), after)
	}
}
