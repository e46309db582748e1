package configs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

// TestTheNoticesOfTheDocuments: each configuration that docs/notices.md shows is one.
func TestTheNoticesOfTheDocuments(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/notices.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\r?\n(.*?)```").FindAllSubmatch(page, -1)
	for _, block := range blocks {
		file := filepath.Join(t.TempDir(), configs.FileName)
		if err := os.WriteFile(file, block[1], 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := configs.Load(configs.LoadOptions{File: file})
		if err != nil {
			t.Errorf("%v\n%s", err, block[1])
		} else if len(config.Targets) == 0 {
			t.Errorf("no target in\n%s", block[1])
		}
	}
	if len(blocks) < 7 {
		t.Errorf("only %d configurations were found", len(blocks))
	}
}
