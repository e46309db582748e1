package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/keyfile"
)

// A key of sessions that cannot be used does not keep the daemon from watching; without tokens there is no key at all.
func TestAKeyOfSessionsIsNoReasonToStop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content        *string
		tokens         []configs.Token
		kept, complain bool
	}{
		"made":            {tokens: make([]configs.Token, 1), kept: true},
		"no tokens":       {},
		"damaged, unused": {content: new("secret"), kept: true},
		"damaged":         {content: new("secret"), tokens: make([]configs.Token, 1), kept: true, complain: true},
		"empty":           {content: new(""), tokens: make([]configs.Token, 1), kept: true, complain: true},
	} {
		dir, said := t.TempDir(), bytes.Buffer{}
		path := filepath.Join(dir, keyfile.Sessions)
		if c.content != nil {
			if err := os.WriteFile(path, []byte(*c.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var s served
		if err := s.listen(&configs.HTTP{Listen: "127.0.0.1:0", Tokens: c.tokens}, dir, zerolog.New(&said)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s.feed.Close()
		left, err := os.ReadFile(path)
		if (err == nil) != c.kept || c.content != nil && string(left) != *c.content {
			t.Errorf("%s: the file holds %q, %v", name, left, err)
		}
		told := said.String()
		if strings.Contains(told, `"level":"error"`) != c.complain || strings.Contains(told, "secret\"") ||
			c.complain && !strings.Contains(told, "remove the file") {
			t.Errorf("%s: %s", name, told)
		}
	}
}
