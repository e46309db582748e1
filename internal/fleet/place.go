package fleet

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// place is what a site's stream holds.
type place struct {
	seq   uint64        // last sequence number of the stream, whatever became of its message
	limit int           // bytes of a message's data
	keep  time.Duration // how old a message gets; 0 for any age
	mark  uint32        // of the newest message
	empty bool          // nothing whole is in it
	logID string        // of the newest whole text
	last  uint64        // its last event
	sum   uint32        // checksum of the frame that ends with it
}

// errAgain says that the stream changed while it was looked at, or is not as it was: look again.
var errAgain = errors.New("the stream has changed")

// refusal is why this log must not be published. The kind stays while the numbers in the text grow.
type refusal struct{ kind, text string }

func (r *refusal) Error() string { return r.text }

// refuse makes a refusal, whose details may be words of others.
func refuse(kind, format string, details ...any) error {
	return &refusal{kind, plain.Text(fmt.Sprintf(format, details...))}
}

// find looks at the end of the stream and reads what stands there. Only the server that leads the stream is asked:
// others may be behind.
func (p *Publisher) find(ctx context.Context, c *Conn) (place, error) {
	at, m, err := p.end(ctx, c)
	if err == nil && !at.empty {
		err = p.newest(ctx, c, &at, m)
	}
	return at, err
}

// end looks at the end of the stream; m is its newest message.
func (p *Publisher) end(ctx context.Context, c *Conn) (at place, m stored, err error) {
	info, err := c.info(ctx, p.o.Site)
	if isAPI(err, noStream) {
		return at, m, noStreamOf(p.o.Site)
	}
	if err != nil {
		return at, m, err
	}
	at = place{seq: info.State.LastSeq, limit: largestData, keep: info.Config.MaxAge, empty: info.State.Msgs == 0}
	for _, most := range []int64{c.nc.MaxPayload(), int64(info.Config.MaxMsgSize)} {
		if most > 0 {
			at.limit = min(at.limit, int(most)-headerRoom)
		}
	}
	if at.limit < headerRoom {
		return at, m, fmt.Errorf("the NATS server takes messages of %d bytes, which are too short: max_payload and "+
			"the stream's max_msg_size must be at least %d", at.limit+headerRoom, 2*headerRoom)
	}
	if at.empty {
		return at, m, nil
	}
	m, ok, err := c.get(ctx, p.o.Site, at.seq)
	if err == nil && !ok { // its last messages were removed
		m, ok, err = c.get(ctx, p.o.Site, 0)
	}
	at.empty, at.mark = !ok, markOf(m.data)
	if err == nil && m.seq > at.seq {
		err = errAgain
	}
	return at, m, err
}

// markOf distinguishes messages that have the same stream sequence number.
func markOf(data []byte) uint32 { return crc32.ChecksumIEEE(data) }

// mostForeign is behind how many messages of others the newest text of a site is looked for.
const mostForeign = 10_000

// newest reads the newest whole text of the stream, whose newest message is m. A text whose last pieces are missing
// counts for nothing, and so does a message that is no text of a log. A client of NATS can have the answer to any
// question sent into the stream, so such a message must not stop the site. Hubs pass it over as well.
func (p *Publisher) newest(ctx context.Context, c *Conn, at *place, m stored) error {
	for foreign := 0; ; {
		i, n, err := partOf(m.header)
		if err != nil {
			err = &foreignError{err}
		}
		text := m.data
		if err == nil && n > 1 {
			text, err = p.pieces(ctx, c, m, i, n)
		}
		if err == nil && text != nil {
			err = p.read(text, at)
		}
		var other *foreignError
		switch {
		case errors.As(err, &other):
			p.passOver(other)
			if foreign++; foreign > mostForeign {
				return p.foreign(other)
			}
			i, err = 1, nil
		case err != nil || text != nil:
			return err
		}
		ok := m.seq > uint64(i)
		if ok {
			m, ok, err = c.get(ctx, p.o.Site, m.seq-uint64(i))
		}
		if err != nil || !ok {
			at.empty = err == nil
			return err
		}
	}
}

// passOver logs once that something else is in the stream.
func (p *Publisher) passOver(err error) {
	if text := plain.Text(err.Error()); p.news(text) {
		p.o.Logger.Warn().Str("error", text).Str("stream", StreamOf(p.o.Site)).
			Msg("a message in the stream is none of a site's log, and is passed over: something else publishes there")
	}
}

// pieces fetches the text of which m is the last piece, nil where that is not whole.
func (p *Publisher) pieces(ctx context.Context, c *Conn, m stored, i, n int) ([]byte, error) {
	if i < n || m.seq < uint64(n) {
		return nil, nil
	}
	var j joiner
	for seq := m.seq - uint64(n) + 1; seq <= m.seq; seq++ {
		piece, ok, err := c.get(ctx, p.o.Site, seq)
		if err != nil || !ok {
			return nil, err
		}
		text, whole, err := j.add(piece.header, piece.data)
		if err != nil {
			return nil, &foreignError{err}
		}
		if whole && seq == m.seq {
			return text, nil
		}
	}
	return nil, nil
}

// read reads what stands in the stream's newest text.
func (p *Publisher) read(text []byte, at *place) error {
	h, links, err := ndjson.ReadMessage(text)
	switch {
	case errors.Is(err, ndjson.ErrNewer):
		return refuse("newer", "the stream %s holds messages of a newer program: %v", StreamOf(p.o.Site), err)
	case err != nil:
		return &foreignError{err}
	case len(links) == 0:
		return &foreignError{errors.New("it holds no events")}
	}
	end := &links[len(links)-1]
	at.logID, at.last, at.sum = h.LogID, end.Last(), end.Sum
	return nil
}

// foreignError says why a message is no text of a log.
type foreignError struct{ error }

func (p *Publisher) foreign(err error) error {
	return refuse("foreign", "the newest %d messages in the stream %s are none of a site's log (%v): something else "+
		"publishes there. %s", mostForeign, StreamOf(p.o.Site), err, onlyOne(p.o.Site))
}

// judge decides from which event on the log is to be published, or returns why it must not be: a *refusal.
func (p *Publisher) judge(at *place) (from uint64, err error) {
	stream, log := StreamOf(p.o.Site), p.o.Log
	if at.empty {
		return 0, nil
	}
	if at.logID != log.ID() {
		return 0, refuse("log", "the stream %s holds another log: %s up to event %d, and this one is %s. A second "+
			"Deployment Server publishes under this name, or this log was begun anew. %s", stream, at.logID, at.last,
			log.ID(), onlyOne(p.o.Site))
	}
	last, _, _ := log.Last()
	if at.last > last {
		return 0, refuse("ahead", "the stream %s is ahead of this log: it holds events up to %d, and this log ends "+
			"with %d. Another daemon publishes a copy of this data folder, or this log was restored from an older "+
			"backup. %s", stream, at.last, last, onlyOne(p.o.Site))
	}
	sum, ok, err := log.SumAt(at.last)
	if err != nil {
		return 0, fmt.Errorf("look up event %d in the log: %w", at.last, err)
	}
	if ok && sum == at.sum {
		return at.last + 1, nil
	}
	begin, err := first(log)
	if err != nil {
		return 0, err
	}
	if begin != nil {
		cut := begin.Events[0].Kind == jobmon.KindCut
		switch {
		case cut && at.last == begin.Last():
			return at.last + 1, nil // the frame there stands for the history that was cut off right behind it
		case at.last < begin.First() || cut && at.last < begin.Last():
			return 0, nil // what is in between was cut off
		}
	}
	return 0, refuse("fork", "the stream %s holds another history than this log: they differ at event %d or before. "+
		"Another daemon publishes a copy of this data folder, or this log was restored from an older backup. %s",
		stream, at.last, onlyOne(p.o.Site))
}

// patience leaves a stream that has become empty to the other daemon for a while, where this one was refused: when NATS
// lost the stream, the one that published goes on with it, and not the copy that waits.
func (p *Publisher) patience(at *place) error {
	if !at.empty || p.State().Refused == "" {
		p.emptySince = time.Time{}
		return nil
	}
	if p.emptySince.IsZero() {
		p.emptySince = time.Now()
	}
	if left := 2*p.check - time.Since(p.emptySince); left > 0 {
		return refuse("emptied", "the stream %s is empty now: this log is published into it from its beginning, "+
			"unless the other daemon does that within %s", StreamOf(p.o.Site), 2*p.check)
	}
	return nil
}

// first is the log's first batch, nil for an empty log.
func first(log Log) (*jobmon.Link, error) {
	for l, err := range log.Links(0) {
		if err != nil {
			return nil, fmt.Errorf("read the beginning of the log: %w", err)
		}
		return &l, nil
	}
	return nil, nil
}
