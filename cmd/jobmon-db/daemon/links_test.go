package daemon

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A site with an address gets a key. One that is damaged stays as it is and costs the links, nothing else.
func TestKeyOfLinks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		address, content string
		key, complains   bool
	}{
		"not needed":          {},
		"made":                {address: "https://board.example.org", key: true},
		"of earlier times":    {content: strings.Repeat("07", 32), key: true},
		"kept":                {address: "https://board.example.org", content: strings.Repeat("07", 32), key: true},
		"damaged":             {address: "https://board.example.org", content: "secret", complains: true},
		"damaged, not needed": {content: "secret", complains: true},
	} {
		var said bytes.Buffer
		o := Options{DataDir: t.TempDir(), Logger: zerolog.New(&said), Settings: jobmon.Settings{PublicURL: c.address}}
		path := filepath.Join(o.DataDir, "jobmon-db.link-key")
		if c.content != "" {
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		key := o.loadLinks("log")
		if (key != nil) != c.key || key.Code(1, 1) != o.loadLinks("log").Code(1, 1) {
			t.Errorf("%s: %d bytes", name, len(key))
		}
		if key != nil && key.Code(1, 1) == o.loadLinks("another log").Code(1, 1) {
			t.Errorf("%s: another log has the same codes", name)
		}
		if strings.Contains(said.String(), `"level":"error"`) != c.complains || strings.Contains(said.String(), "secret") {
			t.Errorf("%s: %s", name, said.String())
		}
		left, err := os.ReadFile(path)
		if c.content != "" && string(left) != c.content || (err == nil) != (c.content != "" || c.key) {
			t.Errorf("%s: %q, %v", name, left, err)
		}
	}
}
