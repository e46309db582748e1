package command

import (
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
)

// status at a hub says which sites are shown as they were, and why.
func TestStatusSaysWhichSitesAreOld(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]control.FleetSite{
		"": {Site: "DS01", Trouble: "a second daemon is refused"},
		"!! DS02 is shown as it was last: the site's daemon may not publish; " +
			"`jobmon-db fleet status` shows what to do.\n": {
			Site: "DS02", Away: "refused", Trouble: "empty the stream",
		},
		"!! DS03 is shown as it was last: the site's daemon does not answer the hub.\n": {Site: "DS03", Away: "site"},
	} {
		if got := awayLine(&c); got != want {
			t.Errorf("%q instead of %q", got, want)
		}
	}
}
