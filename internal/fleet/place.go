package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// place is what a site's stream holds.
type place struct {
	seq   uint64        // last sequence number of the stream, whatever became of its message
	limit int           // bytes of a message's data
	keep  time.Duration // how old a message gets; 0 for any age
	empty bool          // nothing is in it
	logID string        // of the newest whole text
	last  uint64        // its last event
	sum   uint32        // checksum of the frame that ends with it
}

// errAgain says that the stream changed while it was looked at, or is not as it was: look again.
var errAgain = errors.New("the stream has changed")

// refusal is why this log must not be published. The kind stays while the numbers in the text grow.
type refusal struct{ kind, text string }

func (r *refusal) Error() string { return r.text }

// find looks at the end of the stream. Only the server that leads it is asked: others may be behind.
func (p *Publisher) find(ctx context.Context, c *Conn) (place, error) {
	info, err := c.info(ctx, p.o.Site)
	if isAPI(err, noStream) {
		return place{}, fmt.Errorf("there is no stream %s yet: the hub makes it where it has a NATS server of its own, "+
			"else \"jobmon-db fleet init --site %s\" does", StreamOf(p.o.Site), p.o.Site)
	}
	if err != nil {
		return place{}, err
	}
	at := place{seq: info.State.LastSeq, limit: largestData, keep: info.Config.MaxAge}
	if most := int(c.nc.MaxPayload()) - headerRoom; most < at.limit {
		at.limit = most
	}
	if most := int(info.Config.MaxMsgSize) - headerRoom; info.Config.MaxMsgSize > 0 && most < at.limit {
		at.limit = most
	}
	if at.limit < headerRoom {
		return place{}, fmt.Errorf("the NATS server takes messages of %d bytes, which are too short: max_payload and the "+
			"stream's max_msg_size must be at least %d", max(0, at.limit+headerRoom), 2*headerRoom)
	}
	if info.State.Msgs == 0 {
		at.empty = true
		return at, nil
	}
	return at, p.newest(ctx, c, &at)
}

// newest reads the newest whole text of the stream. A text whose last pieces are missing counts for nothing.
func (p *Publisher) newest(ctx context.Context, c *Conn, at *place) error {
	seq := at.seq
	for ctx.Err() == nil {
		m, ok, err := c.get(ctx, p.o.Site, seq)
		if err == nil && !ok && seq == at.seq { // its last messages were removed
			m, ok, err = c.get(ctx, p.o.Site, 0)
		}
		switch {
		case err != nil:
			return err
		case !ok:
			at.empty = true
			return nil
		case m.seq > at.seq:
			return errAgain
		}
		i, n, err := partOf(m.header)
		if err != nil {
			return p.foreign(err)
		}
		text := m.data
		if n > 1 {
			if text, err = p.pieces(ctx, c, m, i, n); err != nil {
				return err
			}
		}
		if text != nil {
			return p.read(text, at)
		}
		if m.seq <= uint64(i) {
			at.empty = true
			return nil
		}
		seq = m.seq - uint64(i)
	}
	return ctx.Err()
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
		text, whole, _, err := j.add(piece.header, piece.data)
		if err != nil || whole && seq == m.seq {
			return text, err
		}
	}
	return nil, nil
}

// read reads what stands in the stream's newest text.
func (p *Publisher) read(text []byte, at *place) error {
	h, links, err := ndjson.ReadMessage(text)
	switch {
	case errors.Is(err, ndjson.ErrNewer):
		return &refusal{"newer", fmt.Sprintf("the stream %s holds messages of a newer program: %v", StreamOf(p.o.Site), err)}
	case err != nil:
		return p.foreign(err)
	case len(links) == 0:
		return p.foreign(errors.New("it holds no events"))
	}
	end := &links[len(links)-1]
	at.logID, at.last, at.sum = h.LogID, end.Last(), end.Sum
	return nil
}

func (p *Publisher) foreign(err error) error {
	return &refusal{"foreign", fmt.Sprintf("the newest message in the stream %s is none of a site's log (%v): something else "+
		"publishes there. %s", StreamOf(p.o.Site), err, p.anew())}
}

// anew is what to do about a stream that another log was published into.
func (p *Publisher) anew() string {
	return fmt.Sprintf("Only one daemon may publish as %[1]s: stop the other one or give it a name of its own "+
		"(fleet.site). When this log is the right one, \"jobmon-db fleet init --site %[1]s --anew\" empties the stream, "+
		"and this log is published from its beginning; the hub sets aside what it has", p.o.Site)
}

// judge decides from which event on the log is to be published, or returns why it must not be: a *refusal.
func (p *Publisher) judge(at *place) (from uint64, err error) {
	stream, log := StreamOf(p.o.Site), p.o.Log
	if at.empty {
		return 0, nil
	}
	if at.logID != log.ID() {
		return 0, &refusal{"log", fmt.Sprintf("the stream %s holds another log: %s up to event %d, and this one is %s. A second "+
			"Deployment Server publishes under this name, or this log was begun anew. %s", stream, at.logID, at.last,
			log.ID(), p.anew())}
	}
	last, _, _ := log.Last()
	if at.last > last {
		return 0, &refusal{"ahead", fmt.Sprintf("the stream %s is ahead of this log: it holds events up to %d, and this log ends "+
			"with %d. Another daemon publishes a copy of this data folder, or this log was restored from an older "+
			"backup. %s", stream, at.last, last, p.anew())}
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
	return 0, &refusal{"fork", fmt.Sprintf("the stream %s holds another history than this log: they differ at event %d or "+
		"before. Another daemon publishes a copy of this data folder, or this log was restored from an older backup. %s",
		stream, at.last, p.anew())}
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
