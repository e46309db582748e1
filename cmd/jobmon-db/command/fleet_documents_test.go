package command

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
)

// TestTheTenMinutesOfAFleet: what docs/fleet.md says about two sites and one board, with its configurations and
// commands as they stand there, but for addresses, folders and the databases.
func TestTheTenMinutesOfAFleet(t *testing.T) {
	t.Parallel()
	page := read(t, filepath.Join(repository, "docs", "fleet.md"))
	_, page, _ = strings.Cut(page, "\n## From two sites to one board in ten minutes\n")
	page, _, _ = strings.Cut(page, "\n## ")
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("the page has %d configurations", len(blocks))
	}
	dir, err := os.MkdirTemp("", "fleet") // a longer path has its socket elsewhere
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	natstest.Certificates(t, dir, "127.0.0.1")
	ports := natstest.FreePorts(t, 2)
	hub := strings.NewReplacer("/var/lib/jobmon-hub", filepath.Join(dir, "hub"), "0.0.0.0:4222", ports[0],
		"0.0.0.0:8443", ports[1]).Replace(blocks[0][1])

	for _, site := range []string{"DS01", "DS02"} {
		file := strings.ToLower(site) + ".nk"
		if !strings.Contains(page, "jobmon-db fleet init --site DS01 --key ds01.nk\n") {
			t.Fatal("the page makes keys in another way")
		}
		got := jobmondb(t, "fleet", "init", "--site", site, "--key", filepath.Join(dir, file))
		public := regexp.MustCompile(`(?m)^\s+` + site + ` (U\w{55})$`).FindStringSubmatch(got.stdout)
		if got.code != exitOK || public == nil {
			t.Fatalf("%+v", got)
		}
		hub = regexp.MustCompile(site+` U\w{55}`).ReplaceAllString(hub, site+" "+public[1])
	}
	write(t, filepath.Join(dir, "hub.yaml"), hub)
	if got := jobmondb(t, "check", "--config", filepath.Join(dir, "hub.yaml")); got.code != exitOK ||
		!strings.Contains(got.stdout, "2 sites may publish: DS01, DS02") {
		t.Fatalf("%+v", got)
	}
	centre := start(t, nil, "hub", "--config", filepath.Join(dir, "hub.yaml"))
	eventually(t, func() string { return "the hub answers: " + centre.stderr.String() }, func() bool {
		return jobmondb(t, "fleet", "status", "--data-dir", filepath.Join(dir, "hub")).code == exitOK
	})

	for i, site := range []string{"DS01", "DS02"} {
		text := strings.NewReplacer("DS01", site, "ds01", strings.ToLower(site), "hub.example.com:4222",
			ports[0]).Replace(blocks[1][1])
		file := filepath.Join(dir, site+".yaml")
		write(t, file, fmt.Sprintf("%sdata_dir: %s\nsource: {kind: simulator, poll_interval: 250ms}\n"+
			"simulator: {computers: 3, speed: 600, seed: %d}\n", text, site, i+1))
		if got := jobmondb(t, "check", "--config", file); !regexp.MustCompile(`(?m)ok +fleet .* takes what ` + site +
			` publishes`).MatchString(got.stdout) {
			t.Errorf("%+v", got)
		}
		start(t, nil, "run", "--config", file)
	}
	said := jobmondb(t)
	ask := func(words ...string) bool {
		said = jobmondb(t, append(words, "--data-dir", filepath.Join(dir, "hub"))...)
		return said.code == exitOK
	}
	eventually(t, func() string { return fmt.Sprintf("both sites are on the board: %+v\n%s", said, &centre.stderr) },
		func() bool {
			return ask("fleet", "status") && ask("status") && strings.Contains(said.stdout, "DS01  PC-0001") &&
				strings.Contains(said.stdout, "DS02  PC-0001") && ask("replay", "--since", "-1h", "--site", "DS01")
		})
}
