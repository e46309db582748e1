package command

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
)

// natsServer is a server with TLS that knows these public keys, and the files that a client needs.
type natsServer struct {
	*fleet.Server
	address, ca, hub string
}

func serveNATS(t *testing.T, site, key string) *natsServer {
	t.Helper()
	dir := t.TempDir()
	natstest.Certificates(t, dir, "127.0.0.1")
	n := &natsServer{ca: filepath.Join(dir, "ca.pem"), hub: filepath.Join(dir, "hub.nk")}
	hub, made, err := fleet.MakeKey(n.hub, "")
	if err != nil || !made {
		t.Fatal(made, err)
	}
	n.Server, err = fleet.StartServer(fleet.ServerOptions{
		Listen: "127.0.0.1:0", StoreDir: filepath.Join(dir, "store"), HubKey: hub, Users: map[string]string{site: key},
		Cert: filepath.Join(dir, "server-cert.pem"), Key: filepath.Join(dir, "server-key.pem"), Logger: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	_, port, err := net.SplitHostPort(n.Address())
	if err != nil {
		t.Fatal(err)
	}
	n.address = "tls://127.0.0.1:" + port
	return n
}

// A site from nothing to its published log: its key, its stream, its daemon, and what each command says of it.
func TestASiteJoinsAFleet(t *testing.T) {
	skipShort(t)
	dir := t.TempDir()
	key := filepath.Join(dir, "ds01.nk")
	got := jobmondb(t, "fleet", "init", "--site=DS01", "--key="+key)
	if got.code != exitOK || !strings.Contains(got.stdout, `"jobmon.v1.DS01"`) ||
		!strings.Contains(got.stdout, "sync_interval: always") {
		t.Fatalf("%+v", got)
	}
	public, err := fleet.PublicKey(key)
	if err != nil || !strings.Contains(got.stdout, "DS01 "+public) || !strings.Contains(got.stdout, "nkey: "+public) {
		t.Fatalf("%v: %s", err, got.stdout)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	n := serveNATS(t, "DS01", public)
	at := []string{"fleet", "init", "--site=DS01", "--fleet-nats=" + n.address, "--fleet-tls-ca=" + n.ca}
	with := func(args []string, more ...string) []string { return slices.Concat(args, more) }
	hub, site := with(at, "--fleet-credentials="+n.hub), with(at, "--key="+key)

	for _, c := range []struct {
		what string
		args []string
		code int
		says string
	}{
		{"the site cannot make it", site, exitFailed, "this credential may not do that"},
		{"the hub makes it", hub, exitOK, "is made: kept in files by 1 server for 30 days"},
		{"again", hub, exitOK, "is as it must be"},
		{"the site checks it", site, exitOK, "is as it must be"},
		{"for less long", with(hub, "--hub-keep=7d"), exitOK, "changed max_age"},
		{"and stays so", site, exitOK, "for 7 days"},
		{"nobody can be asked", with(site, "--anew"), exitUsage, "--yes"},
		{"with its key as another option", with(at, "--fleet-credentials="+key), exitOK, "is as it must be"},
		{"emptied", with(site, "--anew", "--yes"), exitOK, "0 messages removed"},
		{"no credential", with(at, "--fleet-credentials="+key+"x"), exitUsage, "there is no credential"},
		{"no seed", with(at, "--fleet-credentials="+n.ca), exitUsage, "neither the seed"},
	} {
		if got := jobmondb(t, c.args...); got.code != c.code || !strings.Contains(got.stdout+got.stderr, c.says) {
			t.Errorf("%s: %d %s%s", c.what, got.code, got.stdout, got.stderr)
		}
	}

	data := filepath.Join(dir, "data")
	if got := jobmondb(t, "fleet", "status", "--data-dir="+data); got.code != exitNoDaemon {
		t.Errorf("without a daemon: %+v", got)
	}
	p := start(t, []string{"JOBMON_SITE=DS 01"}, "run", "--source-kind=simulator", "--data-dir="+data,
		"--fleet-site=DS01", "--fleet-nats="+n.address, "--fleet-tls-ca="+n.ca, "--fleet-credentials="+key)
	var sites []control.FleetSite
	eventually(t, func() string { return "the log is published: " + p.stderr.String() }, func() bool {
		sites = nil // what is left out of an answer would stay
		got := jobmondb(t, "fleet", "status", "-o", "json", "--data-dir="+data)
		return got.code == exitOK && json.Unmarshal([]byte(got.stdout), &sites) == nil && len(sites) == 1 &&
			sites[0].Last > 0 && sites[0].Published == sites[0].Last && sites[0].Away == ""
	})
	if s := sites[0]; s.Site != "DS01" || s.LogID == "" || s.Trouble != "" || s.Refused {
		t.Errorf("%+v", s)
	}
	if got := jobmondb(t, "fleet", "status", "--data-dir="+data); !strings.Contains(got.stdout, "DS01") {
		t.Errorf("%+v", got)
	}
	p.stop()
	copied := filepath.Join(dir, "copied")
	same := []string{"--source-kind=simulator", "--data-dir=" + copied, "--fleet-site=DS01", "--fleet-nats=" + n.address,
		"--fleet-tls-ca=" + n.ca, "--fleet-credentials=" + key}
	start(t, []string{"JOBMON_SITE=DS 01"}, with([]string{"run"}, same...)...)
	eventually(t, func() string { return "check reports the refusal: " + got.stdout }, func() bool {
		got = jobmondb(t, with([]string{"check"}, same...)...)
		return got.code != exitOK && strings.Contains(got.stdout, "fail  fleet") &&
			strings.Contains(strings.Join(strings.Fields(got.stdout), " "),
				"-> Only one daemon may publish as DS01")
	})
	exported := jobmondb(t, "export", "--data-dir="+data)
	last := exported.stdout[strings.LastIndex(strings.TrimSpace(exported.stdout), "\n"):]
	if !strings.Contains(last, "daemon-stopped") {
		t.Errorf("the log ends with %s", last)
	}
}

// A hub with a NATS server of its own has a key too, and the entry for that is the hub's.
func TestTheHubsKey(t *testing.T) {
	t.Parallel()
	key := filepath.Join(t.TempDir(), "hub.nk")
	got := jobmondb(t, "fleet", "init", "--hub", "--key="+key)
	public, err := fleet.PublicKey(key)
	if err != nil || got.code != exitOK || !strings.Contains(got.stdout, "nkey: "+public) ||
		!strings.Contains(got.stdout, `"_INBOX_hub.>"`) || strings.Contains(got.stdout, "UHUB") ||
		strings.Contains(got.stdout, "_INBOX_site") || strings.Contains(got.stdout, "hub.sites") {
		t.Errorf("%v: %+v", err, got)
	}
	config := filepath.Join(t.TempDir(), "hub.yaml")
	write(t, config, "hub: {nats: ['nats://127.0.0.1:1'], credentials: '"+key+"'}\n")
	if got := jobmondb(t, "fleet", "init", "--hub", "--config="+config); !strings.Contains(got.stdout, public) {
		t.Errorf("without --key it is that of the configuration: %+v", got)
	}
	for _, about := range []string{"--site=DS01", "--anew"} {
		if got := jobmondb(t, "fleet", "init", "--hub", about); got.code != exitUsage {
			t.Errorf("%s: %+v", about, got)
		}
	}
	write(t, config, "hub: {nats: embedded, listen: '127.0.0.1:4222'}\n")
	got = jobmondb(t, "fleet", "init", "--site=DS01", "--config="+config)
	if got.code != exitOK || strings.Contains(got.stdout, "permissions") {
		t.Errorf("the hub's own server knows the permissions: %+v", got)
	}
}

// A hub that starts while NATS is away says so, also where it knows no site yet.
func TestFleetStatusWhileNATSIsAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sites, says string }{
		{"", "This hub follows no site yet"},
		{"DS01", "nats"},
	} {
		data := filepath.Join(t.TempDir(), "hub")
		args := []string{"hub", "--hub-nats=nats://127.0.0.1:1", "--data-dir=" + data}
		if c.sites != "" {
			args = append(args, "--hub-sites="+c.sites)
		}
		hub := start(t, nil, args...)
		eventually(t, func() string { return c.says + ": " + hub.stderr.String() }, func() bool {
			got := jobmondb(t, "fleet", "status", "--data-dir="+data)
			return got.code == exitOK && strings.Contains(got.stdout, c.says)
		})
	}
}
