package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/hub"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
)

// TestHub: a daemon publishes to the server inside a hub, whose board shows the site. What the hub has is what the site
// exports.
func TestHub(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "fleet") // a longer path has its socket elsewhere
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	seed, public, err := fleet.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	var messages atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { messages.Add(1) }))
	defer target.Close()
	center, site := filepath.Join(dir, "hub"), filepath.Join(dir, "site")
	config, err := configs.Load(configs.LoadOptions{File: "hub.yaml", Content: fmt.Appendf(nil,
		"data_dir: %s\nhttp: {listen: 127.0.0.1:0}\n"+
			"hub: {nats: embedded, listen: 127.0.0.1:0, sites: [DS01 %s]}\n"+
			"targets: {desk: {kind: webhook, url: %s}}\nnotify: [{on: [ready, failed, standing-still], to: desk}]\n",
		center, public, target.URL)})
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan [2]string, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- runHub(ctx, config, "a test", overseer{}, func(h *hub.Hub, board string) func() {
			opened <- [2]string{h.Address(), board}
			return func() {}
		}, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel))
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	at := <-opened
	key := filepath.Join(dir, "ds01.nk")
	if err := os.WriteFile(key, []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := start(t, []string{
		"JOBMON_SITE=DS01", "JOBMON_SOURCE_KIND=simulator", "JOBMON_SOURCE_POLL_INTERVAL=250ms", "JOBMON_SIMULATOR_SPEED=900",
		"JOBMON_DATA_DIR=" + site, "JOBMON_EVT_DIR=" + filepath.Join(dir, "evt"), "JOBMON_FLEET_NATS=nats://" + at[0],
		"JOBMON_FLEET_CREDENTIALS=" + key, "JOBMON_FLEET_NOTICES=hub",
	}, "run")
	client := &control.Client{Transport: &endpoint.Client{DataDir: center}, Context: t.Context()}
	said := func() string {
		daemon.kill()
		list, err := client.Fleet(t.Context())
		return fmt.Sprintf("the hub has everything: %+v %v\n%s", list, err, daemon.stderr.String())
	}
	eventually(t, said, func() bool {
		list, err := client.Fleet(t.Context())
		return err == nil && len(list) == 1 && list[0].Has >= 200 && list[0].Computers > 0 && list[0].Away == ""
	})
	get := func(path string) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(at[1], "/")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %v", path, answer.Status, err)
		}
		return string(text)
	}
	if page := get("/"); !strings.Contains(page, "/c/DS01/5000001") {
		t.Error("the board does not show the site's computers")
	}
	if text := get("/metrics"); !strings.Contains(text, `jobmon_fleet_site_away{site="DS01"} 0`) {
		t.Error("the figures do not have the site")
	}
	eventually(t, func() string { return "the hub sends the site's messages" }, func() bool { return messages.Load() > 0 })
	get("/healthz")
	get("/readyz")
	daemon.stop()

	want := jobmondb(t, "export", "--data-dir="+site)
	copied := filepath.Join(center, "sites", "DS01")
	same := func() bool {
		got := jobmondb(t, "export", "--data-dir="+copied)
		return got.code == exitOK && got.stdout == want.stdout
	}
	eventually(t, said, same)
	asked := jobmondb(t, "status", "--data-dir="+copied, "-o", "json")
	file := jobmondb(t, "status", "--data-dir="+site, "-o", "json")
	if !json.Valid([]byte(asked.stdout)) || asked.code != file.code {
		t.Errorf("status: %d %s, at the site %d", asked.code, asked.stderr, file.code)
	}
}
