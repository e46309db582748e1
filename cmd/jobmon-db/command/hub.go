package command

import (
	"context"
	"errors"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/desk"
	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/hub"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/patience"
)

// hubFlags are the settings that a hub has.
var hubFlags = []string{
	"data_dir", "hub.nats", "hub.listen", "hub.credentials", "hub.tls.ca", "hub.tls.cert", "hub.tls.key", "hub.domain",
	"hub.sites", "hub.keep", "hub.gap_wait", "http.listen", "http.tls.cert", "http.tls.key", "http.public_url",
	"endpoint.allow", "log.level", "log.format", "log.file", "log.max_size", "log.keep",
}

func (a *app) hub() *cobra.Command {
	c := &cobra.Command{
		Use:   "hub",
		Short: "Follow the logs of many sites, and show them on one board",
		Long: `Follow the logs that the daemons of a fleet publish to NATS, keep a copy of each, and show all sites on
one board. With hub.nats embedded, the NATS server of a small fleet runs in this process; otherwise hub.nats names the
servers. docs/fleet.md has the whole of it.

Each site's copy is an ordinary data folder, <data_dir>/sites/<site>: every command works on it, and with --site on the
hub's data folder. What NATS has lost is asked from the site. The hub sends the messages of the sites that say so
(fleet.notices: hub), by its own notify and targets.`,
		Example: `  jobmon-db hub --config hub.yaml
  jobmon-db status --data-dir /var/lib/jobmon-hub --site 'DS*'`,
		Args: noArgs,
	}
	configured := a.configured(c, hubFlags...)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := noCoreDump(); err != nil {
			return err
		}
		config, err := configured()
		if err != nil {
			return err
		}
		logger, closeLog, err := a.messages(&config.Log)
		if err != nil {
			return err
		}
		defer closeLog()
		return a.supervised(c.Context(), hubStatus, logger, func(ctx context.Context, manager overseer) error {
			return hubWithin(ctx, config, "jobmon-db hub", manager, logger)
		})
	}
	return c
}

// How much memory the process may have before the runtime looks for what is free, where that is enough for what lives.
const (
	memoryGoal   = 900 << 20
	memoryChecks = 10 * time.Second
)

// boundMemory keeps the memory of a hub of many sites near what lives in it, until ctx ends: by itself the runtime lets
// twice as much gather. A fleet that needs more than the goal gets it. GOMEMLIMIT goes before.
func boundMemory(ctx context.Context) error {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return nil
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for {
		metrics.Read(live)
		if live[0].Value.Kind() == metrics.KindUint64 {
			debug.SetMemoryLimit(max(memoryGoal, int64(live[0].Value.Uint64()/3*4)))
		}
		if patience.Sleep(ctx, memoryChecks) != nil {
			return nil
		}
	}
}

// hubWithin runs a hub until ctx ends, within the bound of its memory.
func hubWithin(ctx context.Context, config *configs.Config, command string, manager overseer,
	logger zerolog.Logger) error {
	return alongside(ctx, boundMemory, func(ctx context.Context) error {
		return runHub(ctx, config, command, manager, nil, logger)
	})
}

// hubStatus is what systemd shows of a hub.
func hubStatus(lost string) string {
	if lost == "" {
		return "following the sites"
	}
	return lost + ", trying again"
}

// runHub follows the configured sites until ctx ends. begun, where set, is called when the hub is open, with the
// board's address, "" for none; stop is called before it closes.
func runHub(ctx context.Context, config *configs.Config, command string, manager overseer,
	begun func(h *hub.Hub, board string) (stop func()), logger zerolog.Logger) (err error) {
	if !config.Hub.Embedded && len(config.Hub.NATS) == 0 {
		return &usageError{errors.New("no NATS server is named: set hub.nats to embedded, or to the addresses of its " +
			"servers (docs/fleet.md)")}
	}
	targets := func(site string) (map[string]notify.Spec, error) { return specsOf(config, site) }
	if _, err := targets(""); err != nil {
		return &usageError{err}
	}
	o := hubOptions(config, logger)
	o.Command, o.Alive, o.Cycled = command, manager.alive, manager.cycled
	if len(config.Targets) > 0 {
		o.Messages = func(s *hub.Site) hub.Sender {
			logger := logger.With().Str("site", s.Name()).Logger()
			specs, err := targets(s.Name())
			if err != nil {
				logger.Error().Err(err).
					Msg("no message about this site is sent; mend the targets, and start the hub again")
				return nil
			}
			m := newMessenger(s, s.Dir(), 1, logger)
			m.take(specs)
			return m
		}
	}
	h, err := hub.Open(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	var g webSide
	if err := g.listen(&config.HTTP, config.DataDir, logger); err != nil {
		return err
	}
	if g.feed != nil {
		defer g.feed.Close() // Serve may have closed it already
	}
	if begun != nil {
		defer begun(h, g.board)()
	}
	routes := func(ctx context.Context) web.Routes { return hubRoutes(ctx, h, g.public, logger) }
	return g.serve(ctx, routes, h.Run, logger)
}

func hubOptions(config *configs.Config, logger zerolog.Logger) hub.Options {
	c := &config.Hub
	o := hub.Options{
		DataDir: config.DataDir, Embedded: c.Embedded, Listen: c.Listen, Keep: c.Keep, GapWait: c.GapWait,
		Allow: config.Endpoint.Allow, Version: programVersion(), Logger: logger,
	}
	if c.Embedded {
		o.Cert, o.Key = c.Cert, c.Key
	} else {
		o.NATS = hubSettings(c)
	}
	if config.Source.Kind == configs.KindSimulator {
		o.Ahead = math.MaxInt64 / 2 // a made-up server's time goes by faster
	}
	for _, s := range c.Sites {
		o.Sites = append(o.Sites, hub.Member{Name: s.Name, Key: s.Key})
	}
	return o
}

// hubRoutes are what a hub serves over HTTP.
func hubRoutes(ctx context.Context, h *hub.Hub, public string, logger zerolog.Logger) web.Routes {
	shown := desk.NewFleet(func() []desk.Site {
		var sites []desk.Site
		for _, s := range h.Sites() {
			sites = append(sites, desk.Site{Name: s.Name(), Daemon: s, State: s.State})
		}
		return sites
	})
	return web.Routes{
		Web:     shown,
		Stream:  web.NewStream(shown, public, h.Changed(), logger),
		Public:  public,
		Running: ctx,
		Metrics: web.HubMetrics(programVersion(), h.Fleet, h.Targets),
		Health:  func() string { return "" }, // what it waits for comes back by itself
		Ready: func() []string {
			if why := h.Unready(); why != "" {
				return []string{why}
			}
			return nil
		},
	}
}
