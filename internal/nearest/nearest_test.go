package nearest_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/nearest"
)

func TestMeant(t *testing.T) {
	t.Parallel()
	names := []string{"status", "show", "stats", "sessions", "show", "", "diff", "watch", "aabb", "bbbc"}
	for text, want := range map[string][]string{
		"shwo":     {"show"},
		"staus":    {"stats", "status"},
		"bbbb":     {"bbbc", "aabb"}, // by distance, and not by the alphabet
		"STATS":    {"stats", "status"},
		"sesions":  {"sessions"},
		"x":        {}, // every short name is near one of few letters
		"PC-0001":  {},
		"waterfal": {},
	} {
		if got := nearest.Meant(text, names); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// The nearest come first, each once, and a name itself before all others.
func TestFirst(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.StringMatching("[a-c]{0,4}")).Draw(t, "names")
		text := rapid.StringMatching("[a-c]{1,4}").Draw(t, "text")
		before, got := slices.Clone(names), nearest.First(text, names)
		if !slices.Equal(names, before) {
			t.Fatal("the caller's names were changed")
		}
		for i := 1; i < len(got); i++ {
			if nearest.Distance(text, got[i-1]) > nearest.Distance(text, got[i]) || slices.Contains(got[:i], got[i]) {
				t.Fatalf("%q for %s", got, text)
			}
		}
		if slices.Contains(names, text) && got[0] != text {
			t.Fatalf("%q for %s", got, text)
		}
	})
}

func TestHint(t *testing.T) {
	t.Parallel()
	names := []string{"show", "status", "stats"}
	for text, want := range map[string]string{
		"shwo":  `; did you mean "show"?`,
		"statu": `; did you mean "stats" or "status"?`,
		"xyzzy": "",
	} {
		if got := nearest.Hint(text, names); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
