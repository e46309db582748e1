package hub

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/store"
)

// How often a hub looks for new sites and for places that are taken, and whether a site is away.
const (
	lookEvery  = time.Minute
	againEvery = 2 * time.Second
	soon       = 50 * time.Millisecond // the connection is being made
	watchEvery = time.Second
	aliveFor   = 30 * time.Second
)

// Run follows the sites until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	h.options.Logger.Info().Str("data_dir", h.options.DataDir).Int("sites", len(h.Sites())).
		Str("version", h.options.Version).Msg("following")
	var running sync.WaitGroup
	running.Go(func() { h.answer(ctx, h.options.DataDir, h) })
	for _, s := range h.Sites() {
		running.Go(func() { s.run(ctx) })
	}
	running.Go(func() { h.watch(ctx) })
	running.Go(func() { h.link.Watch(ctx) })
	if !h.options.Embedded && len(h.options.Sites) == 0 {
		h.look(ctx, func(s *Site) { running.Go(func() { s.run(ctx) }) })
	}
	<-ctx.Done()
	running.Wait()
	h.options.Logger.Info().Int("sites", len(h.Sites())).Msg("the hub stops: nothing is followed any more")
	return nil
}

// What a stream on the hub's own server may take, so that no site fills the disk of all.
const (
	leastStream = 64 << 20
	mostStream  = 8 << 30 // more than most sites publish in a month
)

// streamBytes is the bound of a new stream on the hub's own server: its share of half of the disk's free room. On
// another server its administrator says what a stream may take.
func (h *Hub) streamBytes() int64 {
	if !h.options.Embedded {
		return 0
	}
	most := uint64(mostStream)
	if free, ok := store.FreeBytes(h.options.DataDir); ok {
		most = min(most, free/2/uint64(len(h.options.Sites)))
	}
	return int64(max(most, leastStream))
}

// make makes the stream of a configured site where there is none. On the hub's own server nobody else does.
func (h *Hub) make(ctx context.Context, s *Site) {
	if len(h.options.Sites) == 0 {
		return
	}
	most := h.streamBytes()
	for pause := soon; ; pause = againEvery {
		err := h.link.Make(ctx, fleet.InitOptions{Site: s.name, Keep: h.options.Keep, Most: most})
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			s.cannotMake(nil)
			return
		case !h.link.Connected(): // which the follower's state says
		case h.options.Embedded:
			s.cannotMake(err)
		default: // the follower says that there is none
			s.logger.Warn().Err(err).Msg("the site's stream cannot be made")
			return
		}
		if patience.Sleep(ctx, pause) != nil {
			return
		}
	}
}

// look follows sites whose streams are new, until ctx ends.
func (h *Hub) look(ctx context.Context, follow func(*Site)) {
	said, unknown := map[string]bool{}, "" // what was logged
	for pause := againEvery; ; pause = lookEvery {
		names, err := h.link.Sites(ctx)
		switch {
		case err == nil:
			unknown = ""
		case ctx.Err() == nil && h.link.Connected() && err.Error() != unknown:
			unknown = err.Error()
			h.options.Logger.Warn().Err(err).Msg("which sites have a stream is not known; trying again")
		}
		if err != nil {
			pause = againEvery
		}
		for _, name := range names {
			if h.has(name) || said[name] {
				continue
			}
			s, err := h.take(name)
			if err != nil {
				said[name] = true
				h.options.Logger.Error().Err(err).Str("site", name).Msg("a new site cannot be followed")
				continue
			}
			h.options.Logger.Info().Str("site", name).Msg("following a new site")
			follow(s)
		}
		if patience.Sleep(ctx, pause) != nil {
			return
		}
	}
}

// watch signals, and logs, when something is away that was not, or has returned.
func (h *Hub) watch(ctx context.Context) {
	o, was, out := &h.options, "", lookout{}
	for patience.Sleep(ctx, watchEvery) == nil {
		if o.Alive != nil {
			o.Alive(aliveFor)
		}
		if o.Cycled != nil {
			o.Cycled(h.Unready())
		}
		now := ""
		for _, s := range h.Sites() {
			f := s.fleetSite()
			now += f.Away + f.Trouble + "\n"
			out.sees(&f, s.following().Heard, &s.logger)
		}
		if now != was {
			was = now
			h.signal()
		}
	}
}

// Unready says why what the hub shows may be old, "" for no reason that it knows of.
func (h *Hub) Unready() string {
	switch why := h.hurt(); {
	case why != "":
		return why
	case !h.link.Connected():
		return "NATS cannot be reached"
	}
	return h.link.Unled()
}

// answer answers commands about the folder until ctx ends. A place that another program has is tried again.
func (h *Hub) answer(ctx context.Context, dir string, d control.Daemon) {
	log := h.options.Logger
	o := endpoint.Options{
		DataDir: dir, Allow: h.options.Allow, Greeting: endpoint.Greeting{Program: h.options.Version},
	}
	l, err := endpoint.Listen(o)
	if errors.Is(err, endpoint.ErrTaken) {
		log.Error().Err(err).Str("data_dir", dir).Msg("commands cannot reach this hub; trying again")
		if l = endpoint.Await(ctx, o, againEvery); l == nil {
			return
		}
		err = nil
	}
	if err == nil {
		err = endpoint.Serve(ctx, l, control.Handler(d), endpoint.Limits{}, log)
	}
	if err != nil {
		log.Error().Err(err).Str("data_dir", dir).Msg("commands cannot reach this hub")
	}
}
