package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const (
	tries      = 4                      // of one cycle, while the errors are transient
	firstPause = 100 * time.Millisecond // before the second try, then doubling; varied by half either way
)

// cycle reads once and commits what changed, or that the source is lost. It answers those who waited for this read.
func (p *Poller) cycle(ctx context.Context) (err error) {
	var at jobmon.Instant
	waiters := p.take()
	defer func() { waiters.answer(at, err) }()

	r, err := p.read(ctx)
	if ctx.Err() != nil {
		return ErrStopped // says nothing about the source
	}
	if err != nil {
		return p.lose(ctx, err)
	}
	events := p.compare(r)
	if err := p.commit(ctx, r.Now, events); err != nil {
		return err
	}
	if p.log.SourceLost {
		p.options.Logger.Info().Msg("the source is back")
	}
	p.log.SourceLost = false
	p.log.Read, p.log.Offset = true, r.Offset
	p.setLast(r.moment)
	p.options.Logger.Debug().Int("rows", len(r.Rows)).Int("events", len(events)).
		Dur("reading", r.ended.Sub(r.began)).Dur("all", time.Since(r.began)).Msg("read the source")
	if p.options.Covered != nil {
		p.options.Covered(r.Now, r.ahead())
	}
	at = r.Now
	return nil
}

// read tries until a read succeeds, as long as the server asks to try again, within the cycle's time.
func (p *Poller) read(ctx context.Context) (*reading, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.options.Timeout,
		fmt.Errorf("the source did not answer within %v", p.options.Timeout))
	defer cancel()
	r, err := backoff.Retry(ctx, func() (*reading, error) {
		r, err := p.readOnce(ctx)
		if err != nil && !errors.Is(err, ErrTransient) {
			return nil, backoff.Permanent(err)
		}
		return r, err
	}, backoff.WithMaxTries(tries), backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: firstPause, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: time.Second,
	}))
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return r, err
}

// readOnce reads and confirms: rows that this read misses are looked up before they count as gone.
func (p *Poller) readOnce(ctx context.Context) (*reading, error) {
	began := time.Now()
	s, err := p.source.Read(ctx, p.journal.Watching())
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	r := &reading{s, &moment{began: began, ended: time.Now(), server: s.Now}}
	missing := p.journal.Mirror().Missing(s.Rows)
	if len(missing) == 0 {
		return r, nil
	}
	found, err := p.source.Lookup(ctx, missing)
	if err != nil {
		return nil, fmt.Errorf("look up %d rows that a read did not return: %w", len(missing), err)
	}
	s.Gone = slices.DeleteFunc(missing, func(id jobmon.ScheduleID) bool {
		_, ok := slices.BinarySearchFunc(found, id, func(r jobmon.Row, id jobmon.ScheduleID) int { return cmp.Compare(r.ID, id) })
		return ok
	})
	s.Rows = append(s.Rows, found...)
	s.Normalize()
	return r, nil
}

// compare makes the batch of a good read: ourselves, then what changed in the tables, then what has come near.
func (p *Poller) compare(r *reading) []jobmon.Event {
	events := p.ourselves("")
	if e, ok := p.clock(r); ok {
		events = append(events, e)
	}
	changes := jobmon.Diff(p.journal.Mirror(), r.Snapshot, p.trust(r))
	return append(append(events, changes...), p.due(r, changes)...)
}

// due leaves out rows that this batch tells of: the journal judged them by what was known before this read. Those
// that are still due are told next time.
func (p *Poller) due(r *reading, changes []jobmon.Event) []jobmon.Event {
	events := p.journal.Due(r.Now.Wall(r.Offset))
	if len(events) == 0 || len(changes) == 0 {
		return events
	}
	told := make(map[jobmon.ScheduleID]bool, len(changes))
	for i := range changes {
		if changes[i].Kind.OfRow() {
			told[changes[i].Schedule] = true
		}
	}
	return slices.DeleteFunc(events, func(e jobmon.Event) bool { return told[e.Schedule] })
}

// lose records that the source is lost, unless the log says so already. It returns why the cycle failed.
func (p *Poller) lose(ctx context.Context, cause error) error {
	why := reason(cause)
	events := p.ourselves(why)
	if err := p.commit(ctx, p.Now(), events); err != nil {
		p.options.Logger.Warn().Str("reason", why).Msg("the source is lost, and the log cannot say so")
		return fmt.Errorf("%w; %w", cause, err)
	}
	if len(events) == 0 {
		p.options.Logger.Debug().Str("reason", why).Msg("the source is still lost")
		return cause
	}
	p.log.SourceLost = true
	p.options.Logger.Warn().Str("reason", why).Msg("the source is lost: trying again until it answers")
	return cause
}

// ourselves tells what changed about this program and its source; lost is why the read failed, "" for a good one.
func (p *Poller) ourselves(lost string) []jobmon.Event {
	var events []jobmon.Event
	if !p.started {
		events = append(events, jobmon.Event{
			Kind: jobmon.KindDaemonStarted, Text: p.options.Version, Count: int32(p.options.Projection), Until: p.log.Covered,
		})
	}
	switch {
	case lost != "" && (!p.log.SourceLost || !p.started): // every run says so itself
		events = append(events, jobmon.Event{Kind: jobmon.KindSourceLost, Text: lost})
	case lost == "" && p.log.SourceLost:
		events = append(events, jobmon.Event{Kind: jobmon.KindSourceRestored})
	}
	if p.log.Settings != p.settings {
		events = append(events, jobmon.Event{Kind: jobmon.KindConfigured, Text: p.settings})
	}
	return events
}

// commit commits a batch that begins with ourselves; an empty one is none.
func (p *Poller) commit(ctx context.Context, at jobmon.Instant, events []jobmon.Event) error {
	if len(events) == 0 {
		return nil
	}
	if err := p.journal.Commit(ctx, at, events); err != nil {
		err = fmt.Errorf("commit %d events of %v, which the next read tells again: %w", len(events), at, err)
		if ctx.Err() == nil {
			p.options.Logger.Error().Err(err).Msg("the log cannot be written")
		}
		return err
	}
	p.started = true
	p.log.Settings = p.settings
	return nil
}
