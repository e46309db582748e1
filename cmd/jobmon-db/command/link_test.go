package command

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/keyfile"
)

// The key of the links stays in its file. Without it the same file is shown without its link, and that is said.
func TestLinksNeedTheirKey(t *testing.T) {
	dir := t.TempDir()
	data, folder := "--data-dir="+dir, "--evt-dir="+filepath.Join(dir, "evt")
	phases := []phase{{public: "https://board.example.org"}}
	inPhases(t, dir, phases)
	path := filepath.Join(dir, "jobmon-db.link-key")
	key, err := keyfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	backup := filepath.Join(dir, "backup.db")
	for _, args := range [][]string{{"backup", backup, data}, {"export", data}, {"replay", data, "-o", "ndjson"}} {
		got := jobmondb(t, args...)
		if got.code != exitOK || strings.Contains(got.stdout+got.stderr, hex.EncodeToString(key)) ||
			strings.Contains(got.stdout, "/Q/") {
			t.Errorf("%v: %d, with the key or a link: %.300s %.300s", args, got.code, got.stdout, got.stderr)
		}
	}
	kept, err := os.ReadFile(backup)
	if err != nil || bytes.Contains(kept, key) || bytes.Contains(kept, []byte(hex.EncodeToString(key))) {
		t.Errorf("the backup holds the key (%v)", err)
	}

	bare := func(t *testing.T, why string, where ...string) {
		t.Helper()
		linked := regexp.MustCompile(`,"link":\{[^}]*\}`)
		for file, content := range phases[0].files {
			id := "id:" + strings.TrimSuffix(filepath.Base(file), ".evt")
			got := jobmondb(t, append([]string{"replay", "show", id, "-o", "evt"}, where...)...)
			if want := linked.ReplaceAllString(string(content), ""); got.code != exitOK || got.stdout != want ||
				want == string(content) {
				t.Errorf("%s: %+v\nwant %s", id, got, want)
			}
			if strings.Count(got.stderr, "left out") != 1 || !strings.Contains(got.stderr, why) {
				t.Errorf("%s: %q does not say %q", id, got.stderr, why)
			}
			got = jobmondb(t, append([]string{"replay", "show", id, "--delivered", "-o", "evt"}, where...)...)
			if strings.Count(got.stderr, "left out:") != 1 || !strings.Contains(got.stderr, "not compared") {
				t.Errorf("%s: %+v", id, got)
			}
			got = jobmondb(t, append([]string{"replay", "show", id}, where...)...)
			if got.code != exitOK || got.stderr != "" {
				t.Errorf("%s: what has no link anyway: %+v", id, got)
			}
		}
	}
	t.Run("a copied log", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "copy.db")
		write(t, other, string(kept))
		bare(t, "not beside the log", "--log="+other)
	})
	t.Run("a damaged key", func(t *testing.T) {
		write(t, path, "secret")
		bare(t, path, data)
	})
	t.Run("no key", func(t *testing.T) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		bare(t, "not beside the log", data)
		if _, err := os.Stat(path); err == nil {
			t.Error("a question made a key")
		}
		got := jobmondb(t, "verify", data, folder)
		if want := fmt.Sprintf("%d more not compared", len(phases[0].files)); got.code != exitOK ||
			!strings.Contains(got.stdout, want) {
			t.Errorf("%+v, want %q", got, want)
		}
	})
}
