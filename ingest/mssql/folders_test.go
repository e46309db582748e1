package mssql

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFolderPaths(t *testing.T) {
	f := folders{
		1: {"Clients", nowhere}, 2: {"Windows 11", 1}, 3: {" ", 2}, // a chain; 3 has no name
		4: {"lost", 99},          // its parent is gone
		5: {"self", 5},           // its own parent
		6: {"a", 7}, 7: {"b", 6}, // a circle
		-8: {"negative", 1 << 40}, // absurd ids
	}
	for i := range int64(1000) {
		f[1000+i] = folder{"deep", 1000 + i + 1}
	}
	for id, want := range map[int64]string{
		nowhere: "", 12345: "", 1: "Clients", 2: `Clients\Windows 11`, 3: `Clients\Windows 11\(folder 3)`,
		4: "lost", 5: "self", 6: `b\a`, 7: `a\b`, -8: "negative",
		1000: strings.TrimSuffix(strings.Repeat(`deep\`, deepest), `\`),
	} {
		if got := f.path(id); got != want {
			t.Errorf("folder %d: %q", id, got)
		}
	}
	long := folders{1: {strings.Repeat("x", 9_000), nowhere}, 2: {strings.Repeat("y", 9_000), 1}}
	if got := utf8.RuneCountInString(long.path(2)); got != longestName {
		t.Errorf("a path of %d characters", got)
	}
}
