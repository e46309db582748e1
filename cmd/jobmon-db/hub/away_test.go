package hub

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
)

// What goes away at a site is logged once, and so is its return. That NATS is away is said for all sites by others.
func TestALogSaysWhatIsAway(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	logger, out := zerolog.New(&said), lookout{}
	for _, c := range []struct {
		away, trouble string
		heard         bool
		want          []string // of its line; none for no line
	}{
		{"", "", false, nil},
		{"site", "", false, []string{`"warn"`, "has not been heard since the hub's start"}},
		{"site", "", false, nil},
		{"", "", true, []string{`"info"`, `"was_away":"site"`}},
		{"nats", "it is cut off", true, nil},
		{"", "", true, nil},
		{"refused", "the stream holds another log", true, []string{`"error"`, "may not publish", "holds another log"}},
		{"nats", "it is cut off", true, nil},
		{"refused", "the stream holds another log", true, nil},
		{"site", "", true, []string{`"warn"`, "does not answer"}},
		{"events", "", true, []string{`"warn"`, "do not arrive"}},
		{"source", "", true, []string{`"warn"`, "cannot read its DS database"}},
		{"", "", true, []string{`"was_away":"source"`}},
	} {
		said.Reset()
		out.sees(&control.FleetSite{Site: "DS01", Away: c.away, Trouble: c.trouble}, c.heard, &logger)
		line := said.String()
		missing := func(part string) bool { return !strings.Contains(line, part) }
		if (line == "") != (c.want == nil) || slices.ContainsFunc(c.want, missing) {
			t.Errorf("%q: %q", c.away, line)
		}
	}
}
