package command

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
)

// TestAStreamIsALogForAnybody: a client of NATS that knows nothing of this program reads the stream of a site, and what
// it read becomes a log by "import", which is that of the site.
func TestAStreamIsALogForAnybody(t *testing.T) {
	t.Parallel()
	e := natstest.NewExamples(t, "../../../configs/nats", "127.0.0.1")
	config, folder := e.Write("single.conf", "0.0.0.0:4222", "127.0.0.1:-1")
	server := "tls://" + natstest.Run(t, nil, config, folder).Address()
	makeStream(t, e, server, "DS01")
	dir, err := os.MkdirTemp("", "site") // a longer path has its socket elsewhere
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "jobmon-db.yaml")
	text := fmt.Sprintf("site: DS01\ndata_dir: %s\nevt: {dir: %s}\n"+
		"source: {kind: simulator, poll_interval: 250ms}\nsimulator: {computers: 10, speed: 900}\n"+
		"fleet: {nats: [%s], credentials: %s, tls: {ca: %s}}\n",
		dir, filepath.Join(dir, "evt"), server, e.Seed("DS01"), e.CA())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	client := &control.Client{Transport: &endpoint.Client{DataDir: dir}, Context: t.Context()}
	published := func(least uint64) func() bool {
		return func() bool {
			sites, err := client.Fleet(t.Context())
			return err == nil && len(sites) == 1 && sites[0].Last >= least && sites[0].Published == sites[0].Last
		}
	}
	env := []string{configs.FileVariable + "=" + file}
	site := start(t, env, "run")
	said := func() string {
		site.kill()
		return "everything is published: " + site.stderr.String()
	}
	eventually(t, said, published(300))
	site.stop()
	site = start(t, append(env, "JOBMON_SOURCE_POLL_INTERVAL=1h"), "run") // it reads once, and nothing comes behind that
	eventually(t, said, published(301))
	site.stop()

	stream := filepath.Join(dir, "stream.ndjson")
	if err := os.WriteFile(stream, e.ReadStream(t, server, fleet.StreamOf("DS01")), 0o600); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy")
	if got := jobmondb(t, "import", stream, "--data-dir="+copied); got.code != exitOK {
		t.Fatalf("import: %s", got.stderr)
	}
	want := jobmondb(t, "export", "--data-dir="+dir)
	if got := jobmondb(t, "export", "--data-dir="+copied); got.code != exitOK || got.stdout != want.stdout {
		t.Errorf("the export of the copy has %d bytes, and that of the site %d: %s", len(got.stdout), len(want.stdout),
			got.stderr)
	}
}

// makeStream makes the stream of a site, as "fleet init" does.
func makeStream(t *testing.T, e *natstest.Examples, server, site string) {
	t.Helper()
	settings := fleet.Settings{Servers: []string{server}, Credentials: e.Seed("HUB"), CA: e.CA()}
	c, err := fleet.Connect(t.Context(), settings, "test", fleet.HubInbox, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Init(t.Context(), fleet.InitOptions{Site: site, Keep: time.Hour}); err != nil {
		t.Fatal(err)
	}
}
