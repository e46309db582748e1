package board

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	themeAt  = regexp.MustCompile(`(?s)(:root|\.past)\s*\{([^}]*)\}`)
	colourAt = regexp.MustCompile(`--([a-z]+):\s*(#[0-9a-f]{6})`)
)

// themes returns the colours of the pages by their names: light, dark, and both while the page shows the past.
func themes(t *testing.T) map[string]map[string]string {
	t.Helper()
	css, err := os.ReadFile("assets/board.css") // without the waterfall's, which has colours of its own
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for i, found := range themeAt.FindAllStringSubmatch(string(css), 4) {
		name := []string{"light", "dark", "past dark", "past light"}[i]
		all[name] = map[string]string{}
		for _, before := range []string{"light", "dark"} { // the past changes some of them
			if strings.HasSuffix(name, before) && before != name {
				for colour, value := range all[before] {
					all[name][colour] = value
				}
			}
		}
		for _, c := range colourAt.FindAllStringSubmatch(found[2], -1) {
			all[name][c[1]] = c[2]
		}
	}
	if len(all) != 4 {
		t.Fatalf("the style sheet has the themes %v", all)
	}
	return all
}

// brightness is the relative luminance of WCAG 2.
func brightness(colour string) (sum float64) {
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", colour, err))
		}
		part := float64(n) / 255
		if part <= 0.04045 {
			sum += weight * part / 12.92
		} else {
			sum += weight * math.Pow((part+0.055)/1.055, 2.4)
		}
	}
	return sum
}

// TestColoursAreReadable: every colour of a text has the contrast that WCAG AA asks for, on every ground that a row can
// have, also in the moment in which it lights up.
func TestColoursAreReadable(t *testing.T) {
	for theme, colours := range themes(t) {
		for _, ground := range []string{"ground", "panel", "hover", "press"} {
			for _, text := range []string{"text", "second", "muted", "link", "bad", "warn", "run", "wait", "good"} {
				a, b := brightness(colours[text]), brightness(colours[ground])
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
					t.Errorf("%s: %s on %s has a contrast of %.2f", theme, text, ground, ratio)
				}
			}
		}
	}
}
