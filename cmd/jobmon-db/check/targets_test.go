package check

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// probed is a target that a probe finds so.
type probed struct {
	found string
	err   error
	hangs bool
}

func (probed) Send(context.Context, *notices.Message) error {
	return errors.New("a check sends nothing")
}

func (p probed) Probe(ctx context.Context) (string, error) {
	if p.hangs {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return p.found, p.err
}

func TestTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := checker{patience: time.Minute, Options: Options{Targets: []Target{
			{Name: "good", Kind: "slack", Target: probed{found: "knows the address"}},
			{Name: "idle", Kind: "slack", Target: probed{found: "knows the address"}, Idle: true},
			{Name: "away", Kind: "webhook", Target: probed{err: errors.New("connection refused")}},
			{Name: "mute", Kind: "teams", Target: probed{err: notify.ErrCannotTry}},
			{Name: "none", Kind: "mail", Unusable: errors.New("there is no file password")},
			{Name: "lost", Kind: "webhook", Target: probed{err: &notify.Unsure{Err: &notify.Refusal{Status: 404}}}},
			{Name: "shut", Kind: "webhook", Target: probed{err: &notify.Refusal{Answer: "401", Status: 401}}},
			{Name: "slow", Kind: "webhook", Target: probed{hangs: true}},
		}}}
		want := []State{OK, Warn, Fail, Skip, Fail, Warn, Fail, Fail}
		lines := c.targets(t.Context())
		if len(lines) != len(want) {
			t.Fatalf("%+v", lines)
		}
		for i, l := range lines {
			if l.State != want[i] || l.Check != "target "+c.Targets[i].Name || l.Found == "" ||
				(l.Next == "") != (l.State == OK) {
				t.Errorf("%+v", l)
			}
		}
	})
}
