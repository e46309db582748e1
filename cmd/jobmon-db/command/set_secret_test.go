package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

const plantedSecret = "Planted;PW99 äß"

// piped runs a command with this on its standard input.
func piped(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(t.Context(), args, []string{"JOBMON_SITE=DS01"}, strings.NewReader(stdin), &stdout, &stderr)
	if strings.Contains(stdout.String()+stderr.String(), "Planted") {
		t.Errorf("%v shows the secret: %s%s", args, &stdout, &stderr)
	}
	return outcome{code, stdout.String(), stderr.String()}
}

func needsNoElevation(t *testing.T) {
	if runtime.GOOS == "windows" && os.Getenv("JOBMON_TEST_ELEVATED") == "" {
		t.Skip("writes a file that only Administrators can remove: set JOBMON_TEST_ELEVATED=1 where the test runs " +
			"elevated")
	}
}

// What set-secret writes is what the configuration that it proposes reads.
func TestSetSecret(t *testing.T) {
	needsNoElevation(t)
	dir := filepath.Join(t.TempDir(), "it's data")
	got := piped(t, plantedSecret+"\r\n", "config", "set-secret", "source.password", "--data-dir="+dir)
	path := filepath.Join(dir, "source.password")
	if got.code != exitOK || got.stderr != "" || !strings.Contains(got.stdout, path+" holds the password") {
		t.Fatalf("%+v", got)
	}
	_, proposed, ok := strings.Cut(got.stdout, "configuration:\n\n")
	proposed, _, _ = strings.Cut(proposed, "\n\n")
	if !ok {
		t.Fatalf("nothing is proposed: %s", got.stdout)
	}
	file := filepath.Join(t.TempDir(), "jobmon-db.yaml")
	if err := os.WriteFile(file, []byte(proposed+"\n    server: ds\n    user: reader\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(configs.LoadOptions{File: file})
	if err != nil {
		t.Fatalf("%v in\n%s", err, proposed)
	}
	if password, err := config.Password(); password.Reveal() != plantedSecret || err != nil {
		t.Errorf("%q, %v", password.Reveal(), err)
	}

	// The second time the configuration knows the file.
	got = piped(t, " Planted2 ", "config", "set-secret", "source.password", "--config="+file)
	if got.code != exitOK || !strings.Contains(got.stdout, "names it already ("+file+", line 2)") ||
		!strings.Contains(got.stderr, "space") {
		t.Errorf("%+v", got)
	}
	if password, err := config.Password(); password.Reveal() != " Planted2 " || err != nil {
		t.Errorf("%q, %v", password.Reveal(), err)
	}

	// Another file than the one that is configured has to be named.
	other := filepath.Join(dir, "other")
	got = piped(t, "Planted3", "config", "set-secret", "source.password", "--config="+file, "--file="+other)
	if got.code != exitOK || !strings.Contains(got.stdout, "password_file: '"+strings.ReplaceAll(other, "'",
		"''")+"'") {
		t.Errorf("%+v", got)
	}
	if password, err := config.Password(); password.Reveal() != " Planted2 " || err != nil {
		t.Errorf("the first file: %q, %v", password.Reveal(), err)
	}

	if err := os.WriteFile(file, []byte("source: {server: ds, user: reader, password: Planted}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = piped(t, "Planted4", "config", "set-secret", "source.password", "--config="+file, "--file="+other)
	if got.code != exitOK || !strings.Contains(got.stdout, "remove source.password ("+file+", line 1)") {
		t.Errorf("%+v", got)
	}
	for _, command := range [][]string{{"config", "show"}, {"check"}, {"status"}} {
		piped(t, "", append(command, "--config="+file, "--data-dir="+dir, "--evt-dir="+filepath.Join(dir, "evt"),
			"--source-server=127.0.0.1:1")...)
	}
}

// A target's secret goes the same way, before the configuration has the target and after.
func TestSetSecretOfATarget(t *testing.T) {
	needsNoElevation(t)
	const address = "https://hooks.example.com/Planted"
	dir := t.TempDir()
	got := piped(t, address+"\n", "config", "set-secret", "targets.helpdesk.url", "--data-dir="+dir)
	path := filepath.Join(dir, "targets.helpdesk.url")
	_, proposed, ok := strings.Cut(got.stdout, "configuration:\n\n")
	proposed, _, _ = strings.Cut(proposed, "\n\n")
	if got.code != exitOK || got.stderr != "" || !ok || !strings.Contains(got.stdout, path+" holds the address") {
		t.Fatalf("%+v", got)
	}
	file := filepath.Join(t.TempDir(), "jobmon-db.yaml")
	if err := os.WriteFile(file, []byte(proposed+"\n      kind: slack\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := configs.Load(configs.LoadOptions{File: file})
	if err != nil {
		t.Fatalf("%v in\n%s", err, proposed)
	}
	if target, err := config.Target("helpdesk"); err != nil || target.URL.Reveal() != address {
		t.Errorf("%+v, %v", target, err)
	}
	got = piped(t, address, "config", "set-secret", "targets.helpdesk.url", "--config="+file)
	if got.code != exitOK || !strings.Contains(got.stdout, "url_file names it already ("+file+", line 3)") {
		t.Errorf("%+v", got)
	}
}

func TestSetSecretRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	for _, c := range []struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		{"", []string{"source.password", "--file=" + path}, exitUsage, "empty"},
		{"\r\n", []string{"source.password", "--data-dir=" + path}, exitUsage, "empty"},
		{"Planted\nPlanted\n", []string{"source.password", "--file=" + path}, exitUsage, "more than one line"},
		{strings.Repeat("Planted", 100_000), []string{"source.password", "--file=" + path}, exitUsage, "longer"},
		{"Planted", []string{"source.password", "Planted", "--file=" + path}, exitUsage, "nothing else"},
		{"Planted", []string{"Planted", "--file=" + path}, exitUsage, "source.password"},
		{"Planted", []string{"--file=" + path}, exitUsage, "source.password"},
		{"Planted", []string{"targets.helpdesk.kind", "--file=" + path}, exitUsage, "targets.NAME."},
		{"Planted", []string{"targets..url", "--file=" + path}, exitUsage, "targets.NAME."},
		{"Planted", []string{"source.password", "--file=" + filepath.Join(path, "below")}, exitFailed, "below"},
		{"Planted", []string{"source.password", "--account=no-such-account", "--file=" + path}, exitFailed,
			"no-such-account"},
	} {
		if runtime.GOOS == "windows" && c.code == exitFailed {
			continue // refused there already, when this does not run elevated
		}
		got := piped(t, c.stdin, append([]string{"config", "set-secret"}, c.args...)...)
		if got.code != c.code || !strings.Contains(got.stderr, c.says) || got.stdout != "" ||
			strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%v: %+v", c.args, got)
		}
		if entries, err := os.ReadDir(filepath.Dir(path)); len(entries) != 0 || err != nil {
			t.Errorf("%v left behind %v, %v", c.args, entries, err)
		}
	}
}

func TestAskTwice(t *testing.T) {
	for _, c := range []struct {
		answers []string
		want    string
		says    string
	}{
		{[]string{"Planted", "Planted"}, "Planted", ""},
		{[]string{"Planted", "planted"}, "", "different"},
		{[]string{"", ""}, "", "empty"},
		{[]string{"Planted"}, "", "no more"},
	} {
		left := c.answers
		got, err := askTwice("password", func(string) (string, error) {
			if len(left) == 0 {
				return "", errors.New("no more")
			}
			answer := left[0]
			left = left[1:]
			return answer, nil
		})
		if got != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %q, %v", c.answers, got, err)
		}
	}
}
