package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Gap is what a hub asks a site for: the batches behind an event.
type Gap struct {
	LogID string `json:"log_id"`
	After uint64 `json:"after"`
	To    uint64 `json:"to,omitempty"`  // the last event that is missing; 0 for up to the end
	Sum   string `json:"sum,omitempty"` // checksum of the hub's frame that ends with After, 8 hex digits; "" unknown
}

// What one answer may take. The hub asks again from where it got.
const (
	answerBytes   = 8 << 20
	answerTime    = 30 * time.Second
	longestAsking = 4 << 10
	mostWaiting   = 4 // requests; others get no answer, and are made again
)

// responder answers a hub's requests for batches, one at a time.
type responder struct {
	site   string
	header ndjson.Header
	log    Log
	c      *Conn
	logger zerolog.Logger
	asked  chan *nats.Msg

	mu  sync.Mutex
	sub *nats.Subscription // nil while this log must not be published
}

func newResponder(site string, h ndjson.Header, log Log, c *Conn, logger zerolog.Logger) *responder {
	return &responder{
		site: site, header: h, log: log, c: c, logger: logger, asked: make(chan *nats.Msg, mostWaiting),
	}
}

// resume lets requests come in.
func (r *responder) resume() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sub != nil && r.sub.IsValid() {
		return
	}
	sub, err := r.c.nc.ChanSubscribe(GapSubjectOf(r.site), r.asked)
	if err != nil {
		r.logger.Warn().Err(err).Msg("a hub cannot ask this site for what it misses")
		return
	}
	r.sub = sub
}

// pause leaves requests to the daemon that may publish.
func (r *responder) pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sub != nil {
		_ = r.sub.Unsubscribe()
		r.sub = nil
	}
}

// run answers until ctx ends.
func (r *responder) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-r.asked:
			if !strings.HasPrefix(m.Reply, GapInboxOf(r.site)+".") {
				continue // nobody waits there, or it is a subject that is none of an asker's
			}
			if err := r.answer(ctx, m); err != nil && ctx.Err() == nil {
				r.logger.Warn().Err(err).Msg("a hub that misses events of this site was not answered")
			}
		}
	}
}

// answer sends what is asked for in messages of whole batches, and an empty message at the end.
func (r *responder) answer(ctx context.Context, m *nats.Msg) error {
	gap, no := r.read(m.Data)
	if no == nil {
		no = r.unable(&gap)
	}
	most := int(r.c.nc.MaxPayload())
	limit := min(largestData, most-headerRoom)
	if no == nil && limit < headerRoom {
		no = refused("the NATS server's max_payload is %d bytes: it must be at least %d", most, 2*headerRoom)
	}
	if no != nil {
		return r.c.nc.PublishMsg(&nats.Msg{Subject: m.Reply, Header: no})
	}
	ctx, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	sent := 0
	for p, err := range parcels(r.header, upTo(r.log.Links(gap.After+1), gap.To), limit) {
		if err != nil {
			no := refused("the site cannot read its log: %v", err)
			return errors.Join(err, r.c.nc.PublishMsg(&nats.Msg{Subject: m.Reply, Header: no}))
		}
		for _, piece := range p.messages(m.Reply) {
			if err := r.c.nc.PublishMsg(piece); err != nil {
				return err
			}
		}
		if err := r.c.nc.FlushWithContext(ctx); err != nil {
			return fmt.Errorf("send missing events: %w", err)
		}
		if sent += p.bytes; sent >= answerBytes {
			break
		}
	}
	return r.c.nc.PublishMsg(&nats.Msg{Subject: m.Reply})
}

// upTo ends the batches with the event, 0 for never.
func upTo(links iter.Seq2[jobmon.Link, error], to uint64) iter.Seq2[jobmon.Link, error] {
	return func(yield func(jobmon.Link, error) bool) {
		for l, err := range links {
			if err == nil && to != 0 && l.First() > to || !yield(l, err) {
				return
			}
		}
	}
}

// refused is the header of an answer that gives no batches.
func refused(format string, details ...any) nats.Header {
	return nats.Header{headerError: {plain.Text(fmt.Sprintf(format, details...))}} // ends no header
}

// read reads a request, which anybody may have made up.
func (r *responder) read(data []byte) (gap Gap, no nats.Header) {
	if len(data) > longestAsking {
		return gap, refused("a request of %d bytes is none for missing events", len(data))
	}
	if err := json.Unmarshal(data, &gap); err != nil {
		return gap, refused("the request for missing events cannot be read: %v", err)
	}
	if max(gap.After, gap.To) > jobmon.MaxSeq || gap.To != 0 && gap.To <= gap.After {
		return gap, refused("there are no events behind %d up to %d", gap.After, gap.To)
	}
	return gap, nil
}

// unable says why the batches behind that event cannot be given, nil where they can.
func (r *responder) unable(gap *Gap) nats.Header {
	if id := r.log.ID(); gap.LogID != id {
		no := refused("this site's log is %s, and not %.64q", id, gap.LogID)
		no.Set(headerLog, id)
		return no
	}
	begin, err := first(r.log)
	if err != nil {
		return refused("the site cannot read its log: %v", err)
	}
	if begin == nil {
		return forked(gap.After, "the site's log is empty")
	}
	cut := begin.Events[0].Kind == jobmon.KindCut
	last, _, _ := r.log.Last()
	switch {
	case gap.After+1 == begin.First():
		return nil // from its beginning
	case gap.After < begin.First() || cut && gap.After < begin.Last():
		no := refused("the site's log begins with event %d: what was before is cut off", begin.First())
		no.Set(headerCut, strconv.FormatUint(begin.First(), 10))
		return no
	case gap.After > last:
		return forked(gap.After, fmt.Sprintf("the site's log ends with event %d", last))
	case cut && gap.After == begin.Last():
		return nil // its frame stands for others
	}
	sum, ok, err := r.log.SumAt(gap.After)
	switch {
	case err != nil:
		return refused("the site cannot read its log at event %d: %v", gap.After, err)
	case !ok || gap.Sum != "" && gap.Sum != sumText(sum):
		return forked(gap.After, fmt.Sprintf("the site's log has another history up to event %d", gap.After))
	}
	return nil
}

// sumText is a checksum as it stands in messages.
func sumText(sum uint32) string { return fmt.Sprintf("%08x", sum) }

func forked(after uint64, text string) nats.Header {
	no := refused("%s", text)
	no.Set(headerFork, strconv.FormatUint(after, 10))
	return no
}
