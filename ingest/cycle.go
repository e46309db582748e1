package ingest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// cycle reads once and commits what changed, or that the source is lost. It answers the requests that waited for this
// read; caused is set when they caused it.
func (p *Poller) cycle(ctx context.Context, caused bool) (err error) {
	var at jobmon.Instant
	waiters := p.take()
	defer func() { waiters.answer(at, err) }()

	began := time.Now()
	r, err := p.read(ctx, caused)
	if ctx.Err() != nil {
		return ErrStopped // says nothing about the source
	}
	p.measure(began, err)
	if err != nil {
		return p.lose(ctx, err)
	}
	back := p.unsaid
	if p.unsaid = false; back {
		p.options.Logger.Info().Msg("the source is back")
	}
	p.judge(r)
	at = r.Now
	if r.step == 0 {
		at = max(at, p.log.At)
	}
	told, err := p.record(ctx, at, r)
	if err != nil {
		p.reader.pass = nil
		p.passes.again()
		return err
	}
	p.recorded(r, at, back)
	p.options.Logger.Debug().Int("rows", r.rows).Int("events", told).
		Dur("reading", r.ended.Sub(began)).Dur("all", time.Since(began)).Msg("read the source")
	if p.options.Covered != nil {
		p.options.Covered(r.Now, r.ahead())
	}
	p.options.Cycled("")
	return nil
}

// recorded takes over what a good read showed, once its events are durable; back says that its return was logged.
func (p *Poller) recorded(r *reading, at jobmon.Instant, back bool) {
	p.passes.recorded(r.passed)
	if p.log.SourceLost && !back {
		p.options.Logger.Info().Msg("the source is back")
	}
	p.log.SourceLost = false
	if !r.doubted && p.doubt.reads > 0 {
		p.options.Logger.Warn().Dur("step", r.step).Msg("the server's changed clock is believed and on record")
		p.doubt = doubt{}
	}
	p.log.Read, p.log.Offset, p.log.Covered = true, r.Offset, at
	if p.seen = r.moment; !r.carried {
		p.setLast(r.moment)
	}
}

// read reads quickly, and as much of a pass as is due.
func (p *Poller) read(ctx context.Context, caused bool) (*reading, error) {
	mirror := p.journal.Mirror()
	limit := p.passes.due(p.reader.pass != nil, caused)
	if limit > 0 && p.reader.pass == nil {
		p.reader.pass = newPass()
	}
	r, err := p.reader.read(ctx, mirror, p.journal.Watching(), limit)
	if err != nil {
		p.reader.pass = nil
		p.passes.failed(err)
		return nil, err
	}
	r.Agents = p.agents.settled(r.Agents, mirror.Agents, r.ended, p.options.Interval*3/2)
	return r, nil
}

// compare makes the batch of a good read: ourselves, then what changed in the tables, then what has become due.
func (p *Poller) compare(r *reading) []jobmon.Event {
	trust := p.trust(r)
	changes := jobmon.Diff(p.journal.Mirror(), r.Snapshot, trust)
	events := p.ourselves("", p.unrecorded(r, trust, changes))
	if e, ok := p.clock(r); ok {
		events = append(events, e)
	}
	events = append(events, changes...)
	if r.doubted || r.step != 0 {
		return events // nothing is due because a clock says so that has just changed
	}
	return append(events, p.due(r, changes)...)
}

// due leaves out rows that this batch reports: the journal judged them by the state before this read. Those that
// are still due are reported by the next read.
func (p *Poller) due(r *reading, changes []jobmon.Event) []jobmon.Event {
	events := p.journal.Judge(r.Now, r.Offset)
	if len(events) == 0 || len(changes) == 0 {
		return events
	}
	reported := make(map[jobmon.ScheduleID]bool, len(changes))
	for i := range changes {
		if changes[i].Kind.OfRow() {
			reported[changes[i].Schedule] = true
		}
	}
	return slices.DeleteFunc(events, func(e jobmon.Event) bool { return reported[e.Schedule] })
}

// lose records that the source is lost, unless the log says so already. It returns why the cycle failed.
func (p *Poller) lose(ctx context.Context, cause error) error {
	why := reason(cause)
	events := p.ourselves(why, p.unwritten)
	if err := p.commit(ctx, max(p.Now(), p.log.At), events); err != nil {
		if ctx.Err() == nil && !p.unsaid {
			p.options.Logger.Warn().Str("reason", why).Msg("the source is lost, and the log cannot say so")
			p.unsaid = true
		}
		return fmt.Errorf("%w; %w", cause, err)
	}
	p.unsaid = false
	p.options.Cycled(why)
	if len(events) == 0 {
		p.options.Logger.Debug().Str("reason", why).Msg("the source is still lost")
		return cause
	}
	p.log.SourceLost = true
	p.options.Logger.Warn().Str("reason", why).Msg("the source is lost: trying again until it answers")
	return cause
}

// unrecorded is since when nothing was recorded although this run went on: the log could not be written, this machine
// slept, or reads took so long that what this one reports is inexact. 0 is for none.
func (p *Poller) unrecorded(r *reading, trust jobmon.DiffOptions, changes []jobmon.Event) jobmon.Instant {
	inexact := func(e jobmon.Event) bool { return e.Flags.Has(jobmon.Inexact) }
	switch {
	case p.unwritten != 0:
		return p.unwritten
	case p.seen != nil && trust.Inexact && (r.paused || slices.ContainsFunc(changes, inexact)):
		return p.log.Covered
	}
	return 0
}

// ourselves returns what changed about this program and its source; lost is why the read failed, "" for a good one.
// Nothing was recorded since that time, 0 for none.
func (p *Poller) ourselves(lost string, since jobmon.Instant) []jobmon.Event {
	var events []jobmon.Event
	begin := jobmon.Event{
		Kind: jobmon.KindDaemonStarted, Text: p.options.Version, Count: int32(p.options.Projection),
		Until: p.log.Covered,
	}
	switch {
	case !p.started:
		events = append(events, begin)
	case since != 0 && !p.log.SourceLost: // or else the outage says so
		begin.Flags, begin.Until = jobmon.Inexact, since
		events = append(events, begin)
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
	p.options.Alive(committing)
	if err := p.journal.Commit(ctx, at, events); err != nil {
		err = fmt.Errorf("commit %d events of %v, which the next read repeats: %w", len(events), at, err)
		if ctx.Err() == nil && !p.unwritable {
			p.options.Logger.Error().Err(err).Msg("the log cannot be written: trying again until it can")
			p.unwritable = true
		}
		if p.started && p.unwritten == 0 {
			p.unwritten = p.log.Covered
		}
		return err
	}
	if p.unwritable {
		p.options.Logger.Info().Msg("the log can be written again")
		p.unwritable = false
	}
	p.started, p.unwritten = true, 0
	p.log.Settings, p.log.At = p.settings, at
	return nil
}
