package notify

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// Times of delivery.
const (
	firstPause, longestPause = time.Second, 5 * time.Minute

	giveUpAfter = 24 * time.Hour   // that a message may wait, and that the target must have failed
	neverAfter  = 15 * time.Minute // that a message is tried which the receiver says it will never take
	saveEvery   = time.Second      // that a place is written while much is sent
	saveIdle    = time.Minute      // that it is written while nothing is sent
	readingFor  = 10 * time.Second // that a courier reads the log before others may
)

// courier brings one target its messages, in order, one at a time. All but its status and its queue is used by run
// alone.
type courier struct {
	*Outbox
	name   string
	queue  *queue
	status *status
	logger zerolog.Logger
	end    func()        // ends run at once; nil before it is started
	ended  chan struct{} // closed when run has returned

	began   uint64 // the log's last event when the courier was made
	counted bool   // see countOnce

	window  Window
	at      place
	pending []*notices.Message // what the window gave and the receiver has not
	reading *reading           // of the log; nil while the queue has all

	pause     *backoff.ExponentialBackOff
	failing   time.Time      // the first failed try since the last message arrived; zero for none
	stuck     time.Time      // the first failed try of the first pending message; zero for none
	refused   time.Time      // since when the first pending message is refused for ever; zero for not
	abandoned jobmon.Instant // messages that are older are given up, unless the clock says that they are not old
	given     int            // how many were, since the last error about it

	reached Place     // when nothing was pending last
	written Place     // as it stands in the file
	saved   time.Time // when that was looked at
	moved   bool      // messages have arrived since
}

// run delivers until ctx ends. The try that is under way then may go on until sending ends.
func (c *courier) run(ctx, sending context.Context) {
	defer close(c.ended)
	defer c.stop()
	for ctx.Err() == nil {
		if len(c.pending) > 0 {
			c.deliver(ctx, sending)
			continue
		}
		c.reached = c.place()
		if loose := c.queue.takeLoose(); loose != nil {
			c.pending = []*notices.Message{loose}
			continue
		}
		n, err := c.next(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			c.status.failed(err)
			c.logger.Error().Err(err).Msg("the log cannot be read for messages; it is tried again")
			c.wait(ctx, c.pause.NextBackOff())
		case n != nil:
			c.take(c.window.Add(n))
		default:
			c.idle(ctx)
		}
	}
}

// stop ends what run has begun.
func (c *courier) stop() {
	c.stopReading()
	c.tellGivenUp()
	c.save()
}

// next is the next notice for the target; nil when there is none yet.
func (c *courier) next(ctx context.Context) (*notices.Notice, error) {
	for {
		if c.reading != nil && c.reading.long() {
			c.stopReading() // others wait for their turn
		}
		if c.reading == nil {
			n, now, behind := c.queue.take(c.at)
			if c.at = now; !behind {
				if n != nil && !c.status.wants(n) {
					continue // a rule that was taken out meanwhile
				}
				return n, nil
			}
			if err := c.startReading(ctx); err != nil {
				return nil, err
			}
		}
		n, err := c.reading.next()
		switch {
		case err != nil:
			c.stopReading()
			return nil, err
		case n == nil:
			if c.at.seq < c.reading.until {
				c.at = place{seq: c.reading.until}
			}
			c.stopReading()
		case c.status.wants(n) && !c.reading.had(n, c.at):
			c.at, c.reading.found = c.at.after(n), true
			c.queue.read()
			return n, nil
		}
	}
}

// idle waits until something comes or the window has something to say.
func (c *courier) idle(ctx context.Context) {
	c.tellGivenUp()
	if c.take(c.window.Tick(c.Now())); len(c.pending) > 0 {
		return
	}
	c.reached = c.place()
	long := c.saveDue()
	if long <= 0 {
		c.save()
		long = saveIdle
	}
	if next := c.window.Next(); next != 0 {
		// by the server's clock, which may run faster; rounded up, so that the window finds it over
		long = min(long, time.Duration(float64(next.Sub(c.Now()))/c.Speed)+time.Millisecond)
	}
	c.wait(ctx, long)
}

// take takes up what the window gives.
func (c *courier) take(messages []*notices.Message) {
	c.pending = messages
	c.status.holds(c.window.Held())
}

// wait waits so long, or until something comes or the target has changed.
func (c *courier) wait(ctx context.Context, long time.Duration) {
	timer := time.NewTimer(max(long, 0))
	defer timer.Stop()
	var comes <-chan struct{}
	if len(c.pending) == 0 {
		comes = c.queue.wake
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-comes:
	case <-c.status.changed:
		c.pause.Reset()
	}
}

// deliver tries the first pending message once, or gives it up. After a failure it waits.
func (c *courier) deliver(ctx, sending context.Context) {
	m := c.pending[0]
	if timeOf(m) < min(c.abandoned, c.Now().Add(-giveUpAfter)) {
		c.giveUp()
		return
	}
	c.tellGivenUp()
	c.status.tries(timeOf(m), c.Now())
	err := c.status.target().Send(sending, m)
	if errors.As(err, new(*Partly)) {
		c.logger.Warn().Err(err).Str("id", m.ID).Msg("a message arrives in part")
		err = nil
	}
	if err == nil {
		if c.status.sent() {
			c.logger.Info().Msg("messages arrive again")
		}
		c.pause.Reset()
		c.failing, c.abandoned = time.Time{}, 0
		c.done()
		return
	}
	if ctx.Err() != nil {
		return // the next start tries again
	}
	c.stopReading() // what it needs is not kept while nobody reads
	c.failed(err, m)
	if c.hopeless(err, m) {
		return
	}
	if c.saveDue() <= 0 {
		c.save()
	}
	pause := c.pause.NextBackOff()
	if refused := new(Refusal); errors.As(err, &refused) {
		pause = max(pause, refused.Wait)
	}
	c.wait(ctx, pause)
}

// hopeless gives up what waits for too long, and a message that the receiver will never take. The server's clock may
// step, so nothing is given up for its age before the target has failed for as long by our own clock.
func (c *courier) hopeless(err error, m *notices.Message) bool {
	if time.Since(c.failing) >= giveUpAfter {
		limit := c.Now().Add(-giveUpAfter)
		if timeOf(m) < limit {
			c.abandoned = limit
			return true
		}
		if time.Since(c.stuck) >= giveUpAfter { // its time is ahead of the clock
			c.giveUp()
			return true
		}
	}
	refused := new(Refusal)
	if !errors.As(err, &refused) || !refused.Never {
		c.refused = time.Time{}
		return false
	}
	if c.refused.IsZero() {
		c.refused = time.Now()
	}
	if time.Since(c.refused) < neverAfter {
		return false
	}
	c.logger.Error().Str("id", m.ID).Err(err).
		Msg("the receiver will not take this message: it is given up, and the next one is tried")
	c.status.gaveUp(1)
	c.done()
	c.pause.Reset()
	return true
}

func (c *courier) giveUp() {
	c.given++
	c.status.gaveUp(1)
	c.done()
}

// tellGivenUp logs once what was given up for its age.
func (c *courier) tellGivenUp() {
	if c.given == 0 {
		return
	}
	c.logger.Error().Int("messages", c.given).Stringer("before", c.abandoned).
		Msgf("messages were given up: the receiver took none for %v", giveUpAfter)
	c.given = 0
}

// done takes the first message out of those pending, and keeps the place that is reached with the last of them.
func (c *courier) done() {
	c.pending[0] = nil
	c.pending = c.pending[1:]
	c.refused, c.stuck = time.Time{}, time.Time{}
	if len(c.pending) > 0 {
		return
	}
	c.reached, c.moved = c.place(), true
	if c.saveDue() <= 0 {
		c.save()
		c.moved = true // until the next notice, more of this event may come, and the place stands before it
	}
}

// failed records why a try failed. The log gets the first of a row, and another reason.
func (c *courier) failed(err error, m *notices.Message) {
	now := time.Now()
	if c.failing.IsZero() {
		c.failing = now
	}
	if c.stuck.IsZero() {
		c.stuck = now
	}
	event := c.logger.Debug()
	if c.status.failed(err) {
		event = c.logger.Warn()
	}
	event.Err(err).Str("id", m.ID).Msg("a message does not arrive; it is tried again")
}

// place is what the file keeps when nothing is pending.
func (c *courier) place() Place {
	seq, window := c.window.Place(c.at.seq)
	return Place{LogID: c.logID, Seq: seq, Window: window}
}

// saveDue is how long it takes until the place is written.
func (c *courier) saveDue() time.Duration {
	every := saveIdle
	if c.moved {
		every = saveEvery
	}
	return every - time.Since(c.saved)
}

// save writes the place that is reached, unless it stands in the file.
func (c *courier) save() {
	c.saved = time.Now()
	p := c.reached
	c.status.describe(&p)
	if p.equal(&c.written) {
		c.moved = false
		return
	}
	if err := writePlace(c.Folder, c.name, &p); err != nil {
		c.logger.Error().Err(err).Msg("how far the target has got cannot be written: " +
			"after a crash it gets messages a second time")
		return
	}
	c.written, c.moved = p, false
}

// timeOf is when the newest that a message is about happened.
func timeOf(m *notices.Message) jobmon.Instant { return m.Notices[len(m.Notices)-1].Event.At }

// reading is the log being read for one courier.
type reading struct {
	pull  func() (*notices.Notice, error, bool)
	stop  func()
	until uint64    // all up to this event is read when it ends
	since time.Time // when it began
	skip  int       // notices of the first event that the courier has had
	found bool
}

// long says whether others have waited long enough for their turn; at least one notice is read in each.
func (r *reading) long() bool { return r.found && time.Since(r.since) >= readingFor }

func (r *reading) next() (*notices.Notice, error) {
	n, err, ok := r.pull()
	if !ok {
		return nil, nil
	}
	return n, err
}

// had says whether the courier has had the notice already.
func (r *reading) had(n *notices.Notice, at place) bool {
	if n.Event.Seq <= at.seq {
		return true
	}
	if n.Event.Seq == at.seq+1 && r.skip > 0 {
		r.skip--
		return true
	}
	return false
}

// countOnce counts what the log had for the target when the courier was made: nobody has counted that yet.
func (c *courier) countOnce(ctx context.Context) {
	if c.counted || c.at.seq >= c.began {
		return
	}
	c.counted = true
	found := 0
	for n, err := range c.Log.Notices(ctx, c.at.seq) {
		if err != nil || n.Event.Seq > c.began {
			break // what comes next says so
		}
		if c.status.wants(n) {
			found++
		}
	}
	c.queue.add(max(found-c.at.few, 0))
}

func (c *courier) startReading(ctx context.Context) error {
	release, err := c.turns.take(ctx)
	if err != nil {
		return err
	}
	c.countOnce(ctx)
	until := c.Log.Last()
	next, stop := iter.Pull2(c.Log.Notices(ctx, c.at.seq))
	c.reading = &reading{until: until, since: time.Now(), skip: c.at.few,
		pull: next, stop: func() { stop(); release() }}
	return nil
}

func (c *courier) stopReading() {
	if c.reading != nil {
		c.reading.stop()
		c.reading = nil
		c.queue.resume(c.at)
	}
}
