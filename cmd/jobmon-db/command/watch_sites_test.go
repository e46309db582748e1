package command

import (
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/live"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestSitesOnOneBoard: a board of several sites goes on while one of them does, each by its server's clock, and says
// which one does not.
func TestSitesOnOneBoard(t *testing.T) {
	t.Parallel()
	const now = jobmon.Instant(1_800_000_000_000)
	picture := []jobmon.Progress{{Computer: jobmon.Computer{ID: 5000001, Name: "PC-0001"}}}
	all := watchers{
		{question: question{site: "DS01"}, known: live.Update{Now: now, ReadAge: time.Second, Pictures: picture}},
		{question: question{site: "DS02"}, known: live.Update{Now: now + 3_600_000, ReadAge: 2 * time.Minute,
			Pictures: picture}},
		{question: question{site: "DS03"}, known: live.Update{Now: now - 86_400_000, Still: true, ReadAge: -1,
			Trouble: "No hub runs."}},
	}
	u := all.together()
	if u.Still || u.Now != now+3_600_000 || len(u.Pictures) != 2 || u.Ahead["DS01"] != -time.Hour ||
		u.Ahead["DS02"] != 0 {
		t.Errorf("%+v", u)
	}
	for i, site := range []string{"DS01", "DS02"} {
		if key := u.Pictures[i].Computer.Key(); key != (jobmon.ComputerKey{Site: site, ID: 5000001}) {
			t.Errorf("picture %d is of %s", i, key)
		}
	}
	if picture[0].Computer.Site != "" {
		t.Error("a picture that others show was changed")
	}
	if !strings.Contains(u.Trouble, "DS02: The DS database was last read 2 min ago.") ||
		!strings.Contains(u.Trouble, "DS03: No hub runs.") || strings.Contains(u.Trouble, "DS01") {
		t.Error(u.Trouble)
	}
	for _, w := range all {
		w.known.Still = true
	}
	if u := all.together(); !u.Still {
		t.Errorf("%+v", u)
	}
}
