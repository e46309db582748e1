package configs

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

// The file that ships is the one that the table gives, for Windows.
func TestExampleIsUpToDate(t *testing.T) {
	const path = "jobmon-db.example.yaml"
	want := example("windows")
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s is not what the table of keys gives (%v): run go test ./configs -update", path, err)
	}
}

// As it is, and with every key switched on, the example gives the defaults; and it has every key.
func TestExampleGivesTheDefaults(t *testing.T) {
	defaults, err := Load(LoadOptions{Places: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	switchedOn := regexp.MustCompile(`(?m)^( *)#([a-z_]+:)`).ReplaceAll(Example(), []byte("$1$2"))
	for name, content := range map[string][]byte{"as it is": Example(), "switched on": switchedOn} {
		path := t.TempDir() + "/" + FileName
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(LoadOptions{File: path})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, v := range c.Values() {
			k := Keys()[i]
			if v.Text != defaults.Values()[i].Text {
				t.Errorf("%s: %s is %q; want %q", name, v.Key, v.Text, defaults.Values()[i].Text)
			}
			dependent := k.Default == "" && k.Name != "data_dir" && k.Name != "evt.dir" && !k.list
			if fromFile := v.Origin.Layer == FromFile; fromFile != (name == "switched on" && !dependent) {
				t.Errorf("%s: %s comes from %v", name, v.Key, v.Origin)
			}
		}
	}
}

func TestPlacesOnEachSystem(t *testing.T) {
	windows := environment([]string{`ProgramData=D:\Data`, "jobmon_site=lower", "=C:=C:\\", "EMPTY="}, "windows")
	if got := standardPlaces(windows, "windows"); len(got) != 1 || got[0] != `D:\Data\jobmon-db\jobmon-db.yaml` {
		t.Errorf("Windows: %q", got)
	}
	if got := defaultDataDir(nil, "windows"); got != `C:\ProgramData\jobmon-db` {
		t.Errorf("Windows without ProgramData: %q", got)
	}
	if windows["JOBMON_SITE"] != "lower" {
		t.Errorf("on Windows variables have no case: %q", windows)
	}
	linux := environment([]string{"jobmon_site=lower", "EMPTY="}, "linux")
	if _, ok := linux["JOBMON_SITE"]; ok || len(linux) != 1 {
		t.Errorf("elsewhere they have, and empty ones are left out: %q", linux)
	}
	if got := standardPlaces(linux, "linux"); len(got) != 1 || got[0] != "/etc/jobmon-db/jobmon-db.yaml" {
		t.Errorf("Linux: %q", got)
	}
	if got := defaultDataDir(linux, "linux"); got != "/var/lib/jobmon-db" {
		t.Errorf("Linux: %q", got)
	}
	if strings.Contains(string(example("linux")), "C:\\") || strings.Contains(string(example("windows")),
		"#data_dir: /") {
		t.Error("the example has another system's paths")
	}
}
