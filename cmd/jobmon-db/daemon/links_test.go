package daemon

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// The first picture with a link makes the key. One that is damaged stays as it is and costs the links, nothing else.
func TestKeyOfLinksIsMadeWhenNeeded(t *testing.T) {
	t.Parallel()
	linked := &jobmon.Progress{PublicURL: "https://board.example.org", Session: &jobmon.SessionProgress{Number: 1}}
	for name, content := range map[string]string{"none": "", "damaged": "secret"} {
		var said bytes.Buffer
		l := links{dataDir: t.TempDir(), logger: zerolog.New(&said)}
		path := filepath.Join(l.dataDir, "jobmon-db.link-key")
		if content != "" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if key := l.of(&jobmon.Progress{Session: linked.Session}); key != nil || said.Len() > 0 {
			t.Errorf("%s: a picture without link needs a key: %s", name, said.String())
		}
		first, again := l.of(linked), l.of(linked)
		if first.Code(1, 1) != again.Code(1, 1) || (first == nil) != (content != "") {
			t.Errorf("%s: keys for %q, %q", name, first.Code(1, 1), again.Code(1, 1))
		}
		if n := strings.Count(said.String(), `"level":"error"`); n > 1 || (n == 1) != (content != "") ||
			strings.Contains(said.String(), "secret") {
			t.Errorf("%s: %s", name, said.String())
		}
		if l.load(link.ReadKey).Code(1, 1) != first.Code(1, 1) {
			t.Errorf("%s: pages have another key", name)
		}
		if left, err := os.ReadFile(path); content != "" && (err != nil || string(left) != content) {
			t.Errorf("the damaged key became %q (%v)", left, err)
		}
	}
}
