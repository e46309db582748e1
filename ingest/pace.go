package ingest

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Pace holds the Options of a poller that can change while it runs.
type Pace struct {
	Settings  jobmon.Settings
	Interval  time.Duration // as Options.Interval, and not 0
	Reconcile time.Duration // as Options.Reconcile, and not 0
}

// Change makes the poller adopt another pace with a read that begins at once. Changed settings are recorded with it, as
// at a start, also when the source is lost. It returns nil when the pace is adopted and recorded. Otherwise it returns
// the error of Refresh, and the pace is adopted and recorded as soon as the log can be written. Safe for concurrent
// use.
func (p *Poller) Change(ctx context.Context, pace Pace) error {
	p.mu.Lock()
	p.next = &pace
	p.mu.Unlock()
	_, err := p.Refresh(ctx)
	return err
}

// change adopts the pace that Change left, if any.
func (p *Poller) change() bool {
	p.mu.Lock()
	next := p.next
	p.next = nil
	p.mu.Unlock()
	if next == nil {
		return false
	}
	p.pace(*next)
	return true
}

func (p *Poller) pace(to Pace) {
	if time.Until(p.passes.next) > to.Reconcile {
		p.passes.again()
	}
	p.options.Settings, p.options.Interval, p.options.Reconcile = to.Settings, to.Interval, to.Reconcile
	p.settings = to.Settings.Encode()
	p.passes.every, p.passes.share = to.Reconcile, to.Interval/10
	p.pauses = &backoff.ExponentialBackOff{ // while something fails
		InitialInterval:     to.Interval,
		RandomizationFactor: 0.2,
		Multiplier:          2,
		MaxInterval:         max(to.Interval, maxBackOff*5/6), // with the jitter on top it stays within maxBackOff
	}
}
