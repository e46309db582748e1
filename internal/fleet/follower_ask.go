package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Waits for the answer of a site.
const (
	pageWithin = 10 * time.Second // for the next page
	mostPages  = 1 << 12          // of one answer
)

// Why the site cannot help.
var (
	errAway  = errors.New("the site's daemon does not answer")
	errLacks = errors.New("the site does not have them either")
)

// outcome is what a site answered.
type outcome struct {
	events  uint64 // that were appended
	log     string // the site's log, where it is another one
	cut     uint64 // the first event of the site's log, where it begins behind what was asked for
	fork    bool   // the site's log does not hold what the copy ends with
	problem string // any other reason, a sentence
}

// ask asks the site for what is behind the copy's end, up to that event, and appends it.
func (f *Follower) ask(ctx context.Context, to uint64) (o outcome, err error) {
	if f.turn { // it is not taken back: the site's next group may have it, and waits for this one
		f.turn = false
		<-f.hub.turns
	}
	conn, err := Connect(ctx, f.hub.settings, "jobmon-db hub, for "+f.Site, GapInboxOf(f.Site), f.Logger)
	if err != nil {
		return o, err
	}
	defer conn.Close()
	if !conn.await(ctx, answerWithin) {
		return o, errAway
	}
	inbox := conn.nc.NewInbox()
	answers := make(chan *nats.Msg, 256)
	subscription, err := conn.nc.ChanSubscribe(inbox, answers)
	if err != nil {
		return o, fmt.Errorf("ask the site: %w", err)
	}
	defer func() { _ = subscription.Unsubscribe() }()
	for begun := false; ctx.Err() == nil; {
		end := f.end()
		if to > 0 && end.seq >= to {
			return o, nil
		}
		n, over, err := f.askOnce(ctx, conn, inbox, answers, to, &o)
		o.events += n
		f.count(&f.state.Asked, n)
		switch {
		case err == nil && end.seq == 0 && o.cut > 0 && !begun:
			begun = true // asks once more, from where the site's log begins
		case over || err != nil || n == 0:
			return o, err
		}
	}
	return o, ctx.Err()
}

// askOnce puts one question and appends the answer. over says that there is nothing more to ask.
func (f *Follower) askOnce(ctx context.Context, conn *Conn, inbox string, answers <-chan *nats.Msg, to uint64,
	o *outcome) (events uint64, over bool, err error) {
	end := f.end()
	q := Gap{LogID: f.Copy.ID(), After: end.seq, To: to}
	if end.seq == 0 && o.cut > 0 {
		q.After, o.cut = o.cut-1, 0 // the site's log begins there
	}
	if end.seq > 0 {
		q.Sum = sumText(end.sum)
	}
	text, err := json.Marshal(&q)
	if err == nil {
		err = conn.nc.PublishRequest(GapSubjectOf(f.Site), inbox, text)
	}
	if err != nil {
		return 0, true, fmt.Errorf("ask the site: %w", err)
	}
	pieces := joiner{budget: &f.hub.joined}
	defer pieces.drop()
	defer func() { events = f.end().seq - end.seq }()
	for range mostPages {
		var m *nats.Msg
		select {
		case m = <-answers:
		case <-time.After(pageWithin):
			return 0, true, errAway
		case <-ctx.Done():
			return 0, true, ctx.Err()
		}
		switch {
		case m.Header.Get("Status") == "503":
			return 0, true, errAway
		case len(m.Data) == 0:
			return 0, o.read(m.Header), nil
		}
		if err := f.page(ctx, &pieces, m); err != nil {
			return 0, true, err
		}
	}
	return 0, true, errors.New("the site's answer does not end")
}

// page appends a page of an answer.
func (f *Follower) page(ctx context.Context, pieces *joiner, m *nats.Msg) error {
	text, whole, err := pieces.add(m.Header, m.Data)
	if err != nil || !whole {
		return err
	}
	a, err := readArrival(text)
	if err != nil {
		f.refuse(err)
		return err
	}
	v, links, err := f.judge(a, f.end())
	switch {
	case err != nil:
		return err
	case v == present:
		return nil
	case v == missing:
		return errLacks
	case v != joins:
		err := errors.New("the site's answer does not follow what this hub has")
		f.refuse(err)
		return err
	}
	a.links = links
	waiting := []*arrival{a}
	return f.append(ctx, &waiting)
}

// read reads the end of an answer; over says that it is the last one.
func (o *outcome) read(h nats.Header) (over bool) {
	o.problem, o.log = sentenceOf(h.Get(headerError)), h.Get(headerLog)
	if _, err := fmt.Sscan(h.Get(headerCut), &o.cut); err != nil {
		o.cut = 0
	}
	o.fork = h.Get(headerFork) != ""
	return o.problem != "" || o.log != "" || o.cut > 0 || o.fork
}

// settle deals with a message that does not join, with what the site says.
func (f *Follower) settle(ctx context.Context, a *arrival) error {
	v, links, err := f.judge(a, f.end())
	if err != nil {
		return err
	}
	switch {
	case v == present:
		f.count(&f.state.Twice, 1)
		a.committed = time.Time{}
		f.published(a)
		return nil
	case v == joins:
		a.links = links
		waiting := []*arrival{a}
		return f.append(ctx, &waiting)
	case v == foreign && f.end().seq == 0:
		if err := f.anew(a.header.LogID, a.header.Site, ""); err != nil {
			return err
		}
		return f.settle(ctx, a)
	}
	end, to := f.end(), uint64(0) // whatever it has shows whether the copy's end is the site's
	if v == missing {
		to = a.links[0].After
	}
	o, err := f.ask(ctx, to)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.Is(err, errAway) && !errors.Is(err, errLacks):
		return err
	case err != nil && o.events == 0:
		return f.alone(ctx, a, v, err)
	case o.log != "" || o.cut > 0 || o.fork:
		return f.begin(a, &o, end)
	case o.events > 0:
		return f.settle(ctx, a)
	case o.problem != "":
		return errors.New("the site's daemon says: " + o.problem)
	case v == missing:
		return f.alone(ctx, a, v, errLacks)
	}
	// The site's log holds what the copy ends with: the message is not the site's.
	f.refuse(fmt.Errorf("its batches up to event %d of log %s are not in the site's log", a.last(), a.header.LogID))
	return nil
}

// anewEvery is how often a copy begins anew at most: each time a log is set aside, which is kept.
const anewEvery = 10 * time.Minute

// begin has the copy begin anew, as the site says that its log does not go on where the copy ends. Another log must
// stand in the stream: the word of the site alone makes none.
func (f *Follower) begin(a *arrival, o *outcome, end tip) error {
	if o.log != "" && o.log != a.header.LogID {
		return fmt.Errorf("the site says that it has the log %.32q, and the stream holds the log %s: waiting until "+
			"the site has published its own", o.log, a.header.LogID)
	}
	if left := anewEvery - time.Since(f.begun); end.seq > 0 && !f.begun.IsZero() && left > 0 {
		return fmt.Errorf("the site's history is another one again: it is followed anew in %s", left.Round(time.Second))
	}
	id, why := f.Copy.ID(), ""
	switch {
	case o.log != "":
		id = o.log
		why = fmt.Sprintf("the site has another log now (%s), as after its data folder was made anew", id)
	case o.cut > 0:
		why = fmt.Sprintf("the site's history begins with event %d now, behind the end of what this hub had "+
			"(%d)", o.cut,
			end.seq)
	default:
		why = fmt.Sprintf("the site's log does not hold event %d as this hub had it: an older backup was restored "+
			"there",
			end.seq)
	}
	if err := f.anew(id, a.header.Site, why); err != nil {
		return err
	}
	if end.seq > 0 {
		f.begun = time.Now()
	}
	return errAgain
}

// alone goes on without the site, for that reason.
func (f *Follower) alone(ctx context.Context, a *arrival, v verdict, why error) error {
	end := f.end()
	switch {
	case v == foreign:
		return fmt.Errorf("the stream holds the log %s, this hub has the log %s, and the site does not say which one "+
			"is its own (%w): waiting for it", a.header.LogID, f.Copy.ID(), why)
	case v == differs && a.last() <= end.seq:
		// What comes behind it shows whether this message is wrong or the history is another one.
		f.refuse(fmt.Errorf("its batches up to event %d are not those that are here", a.last()))
		return nil
	case v == differs:
		return fmt.Errorf("what the stream holds does not follow event %d (%w): waiting for the site", end.seq, why)
	}
	if f.lacking.IsZero() {
		f.lacking = time.Now()
	}
	first := &a.links[0]
	if time.Since(f.lacking) < f.GapWait {
		return fmt.Errorf("the events %d to %d are not in the stream (%w): waiting for the "+
			"site", end.seq+1, first.After,
			why)
	}
	if first.Events[0].Kind == jobmon.KindCut {
		return f.begin(a, &outcome{cut: first.First()}, end)
	}
	f.Logger.Error().Uint64("from", end.seq+1).Uint64("to", first.After).
		Msg("nobody has had these events for so long that the hub's copy goes on without them")
	if end.seq > 0 {
		first.Seam, first.Lost, first.After = true, first.Lost+first.After-end.seq, end.seq
	}
	waiting := []*arrival{a}
	return f.append(ctx, &waiting)
}

// askIdle asks the site for what it says it has, where the stream has brought nothing more for a minute.
func (f *Follower) askIdle(ctx context.Context, streamEnds uint64) error {
	end := f.end()
	b, fresh := f.newest()
	was := f.idleAt
	f.idleAt = 0
	if !fresh || b.LogID != f.Copy.ID() || b.Last <= end.seq || f.position < streamEnds {
		return nil
	}
	if f.idleAt = end.seq + 1; was != end.seq+1 {
		return nil // give it another minute
	}
	_, err := f.ask(ctx, b.Last)
	if errors.Is(err, errAway) || errors.Is(err, errLacks) {
		return nil
	}
	return err
}

// withoutStream asks the site directly, where there is no stream.
func (f *Follower) withoutStream(ctx context.Context) {
	if f.hub.Connected() && f.Copy.ID() != "" {
		f.position = 0
		_ = f.askIdle(ctx, 0) // the stream is what is reported
	}
}

// await waits for the connection, but not longer than that.
func (c *Conn) await(ctx context.Context, within time.Duration) bool {
	changed := c.nc.StatusChanged(nats.CONNECTED)
	defer c.nc.RemoveStatusListener(changed)
	if c.nc.IsConnected() {
		return true
	}
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-changed:
	case <-late.C:
	case <-ctx.Done():
	}
	return c.nc.IsConnected()
}
