package check

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Fleet asks the NATS servers of a site or a hub. Its error says what is wrong and what to do.
type Fleet func(ctx context.Context) (found string, err error)

const (
	checkFleet = "fleet"
	checkHub   = "hub"
)

// fleet says whether the site can publish its log. There is no line without a fleet.
func (c *checker) fleet(ctx context.Context) []Line {
	if c.Fleet == nil {
		return nil
	}
	return c.alone(ctx, checkFleet, func(ctx context.Context) Line {
		found, err := c.Fleet(ctx)
		if err != nil {
			return Line{State: Fail, Found: err.Error(), Next: "mend what the sentence names, as docs/fleet.md says " +
				"below Troubleshooting; until then the daemon records, and publishes later"}
		}
		return Line{State: OK, Found: found}
	})
}

// hub says whether the hub can reach its streams, or the sites its server.
func (c *checker) hub(ctx context.Context) Line {
	h := &c.Config.Hub
	if h.Embedded {
		return c.embedded(ctx, h)
	}
	found, err := c.Hub(ctx)
	if err != nil {
		return Line{State: Fail, Found: err.Error(),
			Next: "mend what the sentence names, as docs/fleet.md says below Troubleshooting"}
	}
	return Line{State: OK, Found: found}
}

// embedded says whether the sites can reach the hub's own server.
func (c *checker) embedded(ctx context.Context, h *configs.Hub) Line {
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
