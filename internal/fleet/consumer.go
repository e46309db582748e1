package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// Of the consumers that a hub makes. They lie in the server's memory, and are gone soon after the hub.
const (
	consumerLives = time.Minute
	mostUnacked   = 1 << 15
	appendWithin  = 5 * time.Minute // or else the server sends a message again
	pullMessages  = 4096
	mostPulled    = 64 << 20 // bytes
	pullFor       = 30 * time.Second
	pullBeat      = 2 * time.Second
	mostRaw       = 64 // messages that wait to be decoded
)

// consumer reads a stream from some message on. It asks for so many messages and bytes at a time: what a client cannot
// take, the server cuts off.
type consumer struct {
	c        *Conn
	site     string
	name     string
	bytes    int
	inbox    string
	sub      *nats.Subscription
	arrived  chan *nats.Msg
	messages chan *nats.Msg // closed when it has ended
}

// consume makes a consumer that begins with that message.
func (h *Hub) consume(ctx context.Context, site string, start uint64) (*consumer, error) {
	inbox := h.conn.nc.NewInbox() // no other is named like it
	c := &consumer{
		c: h.conn, site: site, name: "hub-" + strings.TrimPrefix(inbox, HubInbox+"."), bytes: h.pullBytes(),
		inbox:   inbox,
		arrived: make(chan *nats.Msg, pullMessages+mostRaw), messages: make(chan *nats.Msg, mostRaw),
	}
	question := map[string]any{"stream_name": StreamOf(site), "action": "create", "config": map[string]any{
		"name": c.name, "deliver_policy": "by_start_sequence", "opt_start_seq": max(start, 1),
		"replay_policy": "instant",
		"ack_policy":    "all", "ack_wait": appendWithin, "max_ack_pending": mostUnacked, "max_deliver": -1,
		"inactive_threshold": consumerLives, "mem_storage": true, "num_replicas": 1,
	}}
	var err error
	if c.sub, err = c.c.nc.ChanSubscribe(c.inbox, c.arrived); err != nil {
		return nil, c.failed(err)
	}
	if err = c.c.api(ctx, "CONSUMER.CREATE."+c.path(), question, &struct{}{}); err != nil {
		c.end() // the server may have made it all the same
		return nil, c.failed(err)
	}
	return c, nil
}

func (c *consumer) path() string { return StreamOf(c.site) + "." + c.name }

func (c *consumer) failed(err error) error {
	return fmt.Errorf("read the stream %s: %w", StreamOf(c.site), err)
}

// end removes the consumer; run must have ended. It goes by itself where the server cannot be asked.
func (c *consumer) end() {
	_ = c.sub.Unsubscribe()
	if c.c.Connected() {
		ctx, done := context.WithTimeout(context.Background(), time.Second)
		defer done()
		_ = c.c.api(ctx, "CONSUMER.DELETE."+c.path(), nil, &struct{}{})
	}
}

// pull is a request for messages.
type pull struct {
	messages int // that are still to come
	empty    bool
}

// ask asks for messages.
func (c *consumer) ask() (pull, error) {
	question, err := json.Marshal(map[string]any{
		"batch": pullMessages, "max_bytes": c.bytes, "expires": pullFor, "idle_heartbeat": pullBeat,
	})
	if err == nil {
		err = c.c.nc.PublishRequest(c.c.settings.apiSubject("CONSUMER.MSG.NEXT."+c.path()), c.inbox, question)
	}
	return pull{pullMessages, true}, err
}

// run hands on messages until ctx ends, the consumer is no more, or the server is silent.
func (c *consumer) run(ctx context.Context) error {
	defer close(c.messages)
	p, err := c.ask()
	if err != nil {
		return c.failed(err)
	}
	silence := time.NewTimer(2 * pullBeat)
	defer silence.Stop()
	for {
		select {
		case m := <-c.arrived:
			silence.Reset(2 * pullBeat)
			over := false
			if status := m.Header.Get("Status"); status != "" && m.Reply == "" {
				if over, err = c.ended(status, m.Header.Get("Description"), &p); err != nil {
					return c.failed(err)
				}
			} else {
				p.messages, p.empty = p.messages-1, false
				over = p.messages <= 0
				select {
				case c.messages <- m:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			if over {
				if p, err = c.ask(); err != nil {
					return c.failed(err)
				}
			}
		case <-silence.C:
			if len(c.arrived) > 0 {
				continue
			}
			return c.failed(errors.New("the server is silent"))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ended understands what the server says instead of a message; over says that the request is done with.
func (c *consumer) ended(status, description string, p *pull) (over bool, err error) {
	switch {
	case status == "100":
		return false, nil // a sign of life
	case status == "408", status == "404":
		return true, nil
	case strings.Contains(description, "Exceeds MaxBytes"):
		if p.empty { // one message alone is larger
			if c.bytes *= 2; c.bytes > mostPulled {
				return false, errors.New("a message is larger than any of a site")
			}
		}
		return true, nil
	case status == "503":
		return false, errors.New("the consumer is gone")
	}
	return false, fmt.Errorf("%s (%s)", strings.ToLower(description), status)
}
