package command

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
	"github.com/jobmon-db/jobmon-db/store"
)

// exampleFleet is the program at the site DS01 and at the hub, with servers that have the configurations that ship.
type exampleFleet struct {
	*testing.T
	examples     *natstest.Examples
	centre, site string // addresses
	domain       string // for the site
}

func single(t *testing.T) *exampleFleet {
	e := natstest.NewExamples(t, "../../../configs/nats", "127.0.0.1")
	config, store := e.Write("single.conf", "0.0.0.0:4222", "127.0.0.1:-1")
	address := "tls://" + natstest.Run(t, nil, config, store).Address()
	return &exampleFleet{t, e, address, address, ""}
}

func cluster(t *testing.T) *exampleFleet {
	e := natstest.NewExamples(t, "../../../configs/nats", "127.0.0.1")
	routes := natstest.FreePorts(t, 3)
	var servers []*natstest.Server
	for i, route := range routes {
		config, store := e.Write("cluster.conf", "server_name: nats-1", fmt.Sprintf("server_name: nats-%d", i+1),
			"0.0.0.0:4222", "127.0.0.1:-1", "0.0.0.0:6222", route,
			"nats-1:6222", routes[0], "nats-2:6222", routes[1], "nats-3:6222", routes[2])
		s := natstest.New(t, nil, config, store)
		s.Start()
		servers = append(servers, s)
	}
	for _, s := range servers {
		s.Ready()
	}
	return &exampleFleet{t, e, "tls://" + servers[0].Address(), "tls://" + servers[2].Address(), ""}
}

func leaf(t *testing.T) *exampleFleet {
	e := natstest.NewExamples(t, "../../../configs/nats", "127.0.0.1")
	leaves := natstest.FreePorts(t, 1)[0]
	config, store := e.Write("hub.conf", "0.0.0.0:4222", "127.0.0.1:-1", "0.0.0.0:7422", leaves)
	centre := natstest.Run(t, nil, config, store)
	config, store = e.Write("leaf.conf", "127.0.0.1:4222", "127.0.0.1:-1", "hub.example.com:7422", leaves)
	site := natstest.Run(t, nil, config, store)
	return &exampleFleet{t, e, "tls://" + centre.Address(), "nats://" + site.Address(), "hub"}
}

// fleetProgram is the program with a configuration.
type fleetProgram struct {
	t         *testing.T
	file, dir string
	client    *control.Client
	*process
}

// configure writes a configuration; that of the data folder is added.
func (f *exampleFleet) configure(text string) *fleetProgram {
	f.Helper()
	dir, err := os.MkdirTemp("", "fleet") // a longer path has its socket elsewhere
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &fleetProgram{t: f.T, file: filepath.Join(dir, "jobmon-db.yaml"), dir: filepath.Join(dir, "data")}
	text += fmt.Sprintf("data_dir: %s\nevt: {dir: %s}\n", p.dir, filepath.Join(dir, "evt"))
	if err := os.WriteFile(p.file, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
	p.client = &control.Client{Transport: &endpoint.Client{DataDir: p.dir}, Context: f.Context()}
	return p
}

func (f *exampleFleet) newSite() *fleetProgram {
	f.Helper()
	how := "tls: {ca: " + f.examples.CA() + "}"
	if f.domain != "" { // the leaf node beside it has no TLS
		how = "domain: " + f.domain
	}
	return f.configure(fmt.Sprintf("site: DS01\nsource: {kind: simulator, poll_interval: 250ms}\n"+
		"simulator: {computers: 10, speed: 900}\n"+
		"fleet: {nats: [%s], credentials: %s, %s}\n", f.site, f.examples.Seed("DS01"), how))
}

func (f *exampleFleet) newHub() *fleetProgram {
	f.Helper()
	return f.configure(fmt.Sprintf("hub: {nats: [%s], credentials: %s, tls: {ca: %s}, sites: [DS01]}\n", f.centre,
		f.examples.Seed("HUB"), f.examples.CA()))
}

// init makes the stream of the site.
func (f *exampleFleet) init(hub *fleetProgram) {
	f.Helper()
	if got := jobmondb(f.T, "fleet", "init", "--site=DS01", "--config="+hub.file); got.code != exitOK {
		f.Fatalf("fleet init: %+v", got)
	}
}

func (p *fleetProgram) start(command string) {
	p.t.Helper()
	p.process = start(p.t, []string{configs.FileVariable + "=" + p.file}, command)
}

// arrives waits until what the program says of the site is so.
func (p *fleetProgram) arrives(site *fleetProgram, so func(s *control.FleetSite) bool) {
	p.t.Helper()
	var said []control.FleetSite
	var err error
	eventually(p.t, func() string {
		p.kill()
		site.kill()
		return fmt.Sprintf("events are there: %+v, %v:\n%s\n%s", said, err, &p.stderr, &site.stderr)
	}, func() bool {
		said, err = p.client.Fleet(p.t.Context())
		return err == nil && len(said) == 1 && so(&said[0])
	})
}

// exported is the export of a data folder.
func exported(t *testing.T, dir string) string {
	t.Helper()
	got := jobmondb(t, "export", "--data-dir="+dir)
	if got.code != exitOK {
		t.Fatalf("export: %s", got.stderr)
	}
	return got.stdout
}

// TestTheExamplesCarryAFleet: through servers with the configurations that ship, a site's log comes to the hub.
func TestTheExamplesCarryAFleet(t *testing.T) {
	t.Parallel()
	for name, servers := range map[string]func(*testing.T) *exampleFleet{
		"single": single, "cluster": cluster, "leaf": leaf,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := servers(t)
			hub, site := f.newHub(), f.newSite()
			f.init(hub)
			hub.start("hub")
			for tries := 0; tries == 0 || !hub.hasSoon(lastOf(t, site.dir)); tries++ { // its last words may be late
				if tries == 5 {
					t.Fatalf("the hub does not get what the site has: %s", &hub.stderr)
				}
				site.start("run")
				hub.arrives(site, func(s *control.FleetSite) bool { return s.Has > 100 && s.Has == s.Last })
				site.stop()
			}
			hub.stop()
			if exported(t, filepath.Join(hub.dir, "sites", "DS01")) != exported(t, site.dir) {
				t.Error("the hub's log is not that of the site")
			}
		})
	}
}

// hasSoon says whether the hub has the site's events up to that one, within three seconds.
func (p *fleetProgram) hasSoon(last uint64) bool {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); time.Since(began) < 3*time.Second; <-tick.C {
		sites, err := p.client.Fleet(p.t.Context())
		if err == nil && len(sites) == 1 && sites[0].Has == last {
			return true
		}
	}
	return false
}

// lastOf is the newest event of the log in a data folder.
func lastOf(t *testing.T, dir string) uint64 {
	t.Helper()
	log, err := store.Open(dir, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	last, _, _ := log.Last()
	return last
}

// TestAStreamIsALogForAnybody: a client of NATS that knows nothing of this program reads the stream of a site, and what
// it read becomes a log by "import", which is that of the site.
func TestAStreamIsALogForAnybody(t *testing.T) {
	t.Parallel()
	f := single(t)
	f.init(f.newHub())
	site := f.newSite()
	for range 5 { // its last words may be late
		site.start("run")
		site.arrives(site, func(s *control.FleetSite) bool { return s.Last > 300 && s.Published == s.Last })
		site.stop()
		stream := filepath.Join(t.TempDir(), "stream.ndjson")
		text := f.examples.ReadStream(t, f.centre, fleet.StreamOf("DS01"))
		if err := os.WriteFile(stream, text, 0o600); err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "copy")
		if got := jobmondb(t, "import", stream, "--data-dir="+copied); got.code != exitOK {
			t.Fatalf("import: %s", got.stderr)
		}
		if exported(t, copied) == exported(t, site.dir) {
			return
		}
	}
	t.Error("the log that was made of the stream is not that of the site")
}
