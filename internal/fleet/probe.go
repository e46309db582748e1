package fleet

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/nats-io/nats.go"
)

// Probed is what a site finds at its NATS server.
type Probed struct {
	Server   string // that it is connected to
	Messages uint64 // in its stream
	Replicas int    // of it
}

// Probe finds out whether a site can publish, and stores nothing: the message that it offers names a last sequence
// number that no stream reaches, and is refused for that alone.
func (c *Conn) Probe(ctx context.Context, site string) (p Probed, err error) {
	if err := c.Await(ctx); err != nil {
		return p, err
	}
	p.Server = c.nc.ConnectedUrlRedacted()
	info, err := c.info(ctx, site)
	if isAPI(err, noStream) {
		return p, noStreamOf(site)
	}
	if err != nil {
		return p, fmt.Errorf("look for the stream %s: %w", StreamOf(site), err)
	}
	p.Messages, p.Replicas = info.State.Msgs, info.Config.Replicas
	offer := nats.NewMsg(SubjectOf(site))
	offer.Header.Set(headerExpected, strconv.FormatInt(math.MaxInt64, 10))
	answer, err := c.ask(ctx, offer)
	if err != nil {
		return p, fmt.Errorf("offer a message to the stream %s: %w", StreamOf(site), err)
	}
	switch _, err := readAck(site, answer.Data); {
	case isAPI(err, wrongSequence, wrongPending):
		return p, nil
	case err == nil:
		return p, errors.New("the server stored a message that it had to refuse: it is too old, or none of NATS")
	default:
		return p, fmt.Errorf("offer a message to the stream %s: %w", StreamOf(site), err)
	}
}

// noStreamOf says that a site has no stream yet.
func noStreamOf(site string) error {
	return &advised{
		what: fmt.Sprintf("there is no stream %s yet", StreamOf(site)),
		next: fmt.Sprintf("a hub with this site in hub.sites makes it when it runs, else "+
			"\"jobmon-db fleet init --site %s\" does", site),
	}
}

// Probe finds out which sites have a stream that a hub could follow.
func (h *Hub) Probe(ctx context.Context) (server string, sites []string, err error) {
	if err := h.conn.Await(ctx); err != nil {
		return "", nil, err
	}
	sites, err = h.Sites(ctx)
	return h.conn.nc.ConnectedUrlRedacted(), sites, err
}
