package daemon

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

func TestHealth(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	good := ingest.Metrics{Good: now.Add(-time.Minute)}
	for name, c := range map[string]struct {
		condition Condition
		hangs     string
		unready   []string
	}{
		"well":          {Condition{Source: good, Due: now.Add(time.Second)}, "", nil},
		"a little late": {Condition{Source: good, Due: now.Add(-overdue)}, "", nil},
		"beginning":     {Condition{}, "", []string{"the source has not been read yet"}},
		"hanging": {Condition{Source: good, Due: now.Add(-time.Hour)},
			"the polling hangs: its last sign of life is 1 h 00 min overdue",
			[]string{"the polling hangs: its last sign of life is 1 h 00 min overdue"}},
		"lost": {Condition{Source: good, Lost: "login refused", Due: now.Add(time.Second)}, "",
			[]string{"the source is lost, its last good read is 1 min old: login refused"}},
		"never read": {Condition{Lost: "no route"}, "",
			[]string{"the source has not been read since the start: no route"}},
		"log and share": {Condition{Source: good, Ahead: true,
			Files: evtdir.Stats{Away: errors.New("gone"), AwaySince: now}}, "",
			[]string{"the log cannot be written or read: see the messages",
				"the evt folder is away since 2026-11-22T03:00:00Z: gone"}},
	} {
		if got := c.condition.Hangs(now); got != c.hangs {
			t.Errorf("%s: hangs: %q", name, got)
		}
		if got := c.condition.Unready(now); !slices.Equal(got, c.unready) {
			t.Errorf("%s: unready: %q", name, got)
		}
	}
}
