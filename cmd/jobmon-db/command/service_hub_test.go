package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/winservice"
)

// hubFile writes the configuration of a hub with a NATS server of its own.
func hubFile(t *testing.T, more string) string {
	t.Helper()
	_, public, err := fleet.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return serviceFile(t, fmt.Sprintf("data_dir: centre\nhub: {nats: embedded, listen: 127.0.0.1:0, sites: [DS01 %s]}\n%s",
		public, more))
}

// TestServiceRunsAHub: what Windows starts is the hub where the configuration is a hub's. It is ready, stops, starts
// again on its folder, and the folder can be deleted with the service.
func TestServiceRunsAHub(t *testing.T) {
	file := hubFile(t, "")
	dataDir := filepath.Join(filepath.Dir(file), "centre")
	for range 2 {
		if ready, err := asService(t, "--config", file); err != nil || !ready {
			t.Fatalf("ready %v, %v", ready, err)
		}
	}
	log, err := os.ReadFile(filepath.Join(dataDir, "jobmon-db.log"))
	if err != nil || strings.Count(string(log), `"following"`) != 2 || strings.Count(string(log), "has stopped") != 2 {
		t.Errorf("the log says %s, %v", log, err)
	}
	config, err := configs.Load(configs.LoadOptions{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := usable(config); err != nil {
		t.Errorf("the hub's own folder: %v", err)
	}
	if err := purge(config); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dataDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data folder is still there: %v", err)
	}
}

// A hub gets no folder in which it would destroy, or lock up, what is somebody else's.
func TestServiceInstallRefusesAHub(t *testing.T) {
	site, foreign := t.TempDir(), t.TempDir()
	if _, err := asService(t, "--config", serviceFile(t, "source: {kind: simulator}\n"), "--data-dir",
		site); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(foreign, "sites"), 0o700); err != nil { // as that of a web server
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "letters.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{site: "the log of a Deployment Server", foreign: "letters.txt"} {
		got := jobmondb(t, "service", "install", "--config", hubFile(t, ""), "--data-dir", dir)
		if got.code == exitOK || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %+v", dir, got)
		}
	}
	for _, command := range []string{"run", "hub"} { // each says which one the configuration is for
		got := jobmondb(t, command, "--config", map[string]string{
			"run": hubFile(t, ""), "hub": serviceFile(t, "source: {kind: simulator}\n"),
		}[command], "--data-dir", filepath.Join(t.TempDir(), "data"))
		if got.code != exitUsage || !strings.Contains(got.stderr, "hub") {
			t.Errorf("%s: %+v", command, got)
		}
	}
}

func TestGrantsOfAHub(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	file := hubFile(t, fmt.Sprintf("hub.tls: {cert: %[1]s/cert.pem, key: %[1]s/key.pem}\nendpoint.allow: 'EXAMPLE\\ds'\n"+
		"http: {listen: 127.0.0.1:0, tls: {cert: %[1]s/cert.pem, key: %[1]s/key.pem}}\n", dir))
	config, err := configs.Load(configs.LoadOptions{File: file})
	if err != nil {
		t.Fatal(err)
	}
	want := []winservice.Grant{
		{Path: path("program"), Right: winservice.Read, Trusted: true},
		{Path: config.DataDir, Right: winservice.Modify, Folder: true, Private: true},
		{Path: file, Right: winservice.Read, Private: true},
		{Path: path("cert.pem"), Right: winservice.Read, Trusted: true},
		{Path: path("key.pem"), Right: winservice.Read, Trusted: true},
		{Path: file, Right: winservice.Read, For: `EXAMPLE\ds`},
	}
	if got := grants(config, path("program"), file); !slices.Equal(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
}
