package check

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Fleet asks the NATS servers of a site or a hub, and the daemon. The line has no name yet.
type Fleet func(ctx context.Context) Line

const (
	checkFleet = "fleet"
	checkHub   = "hub"
)

// fleet says whether the site can publish its log. There is no line without a fleet.
func (c *checker) fleet(ctx context.Context) []Line {
	if c.Fleet == nil {
		return nil
	}
	line := c.nats(ctx, checkFleet, c.Fleet, c.Config.Fleet.NATS)
	if line.State == Fail {
		line.Next += ". Until then the daemon records, and publishes later"
	}
	return []Line{line}
}

// nats asks servers, which may never answer.
func (c *checker) nats(ctx context.Context, name string, ask Fleet, servers []string) Line {
	line, err := within(ctx, c.patience, func(ctx context.Context) (Line, error) { return ask(ctx), nil })
	if err != nil {
		line = Line{State: Fail, Found: strings.Join(servers, ", ") + ": " + c.late(err),
			Next: "correct the address, or open the way to it where a firewall drops what is sent there; a cluster " +
				"that starts needs up to a minute"}
	}
	line.Check = name
	return line
}

// hub says whether the hub can reach its streams, or the sites its server.
func (c *checker) hub(ctx context.Context) []Line {
	if c.Config.Hub.Embedded {
		return c.alone(ctx, checkHub, c.embedded)
	}
	return []Line{c.nats(ctx, checkHub, c.Hub, c.Config.Hub.NATS)}
}

// embedded says whether the sites can reach the hub's own server.
func (c *checker) embedded(ctx context.Context) Line {
	h := &c.Config.Hub
	line := Line{State: OK, Found: h.Listen + " is free"}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", h.Listen)
	running := c.daemonRuns(ctx)
	switch {
	case err == nil:
		l.Close()
		if running {
			line = Line{State: Warn, Found: "the hub runs and does not listen on " + h.Listen,
				Next: "start it again: it was started with another hub.listen"}
		}
	case running:
		line.Found = "the hub listens on " + h.Listen
	default:
		return Line{State: Fail, Found: err.Error(), Next: "end that program, or name another port in hub.listen"}
	}
	if h.Cert != "" && line.State == OK {
		line = c.certificateOf(line, checkHub, h.Cert, h.Key)
	}
	var names []string
	for _, site := range h.Sites {
		names = append(names, site.Name)
	}
	if len(names) == 0 {
		line.worsen("no site may publish", "name each site with its public key in hub.sites")
		return line
	}
	line.Found += fmt.Sprintf("; %s may publish: %s", words.Count(len(names), "site"), strings.Join(names, ", "))
	return line
}
