package fleet

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Hub is the connection of a hub to the streams and the daemons of its sites.
type Hub struct {
	conn     *Conn
	settings Settings
	turns    chan struct{} // groups of messages that are decoded or appended at the same time

	joined budget // of the texts in pieces of all sites

	every time.Duration // see Watch

	mu        sync.Mutex
	unled     string // JetStream works nowhere; "" while it does
	followers map[string]*Follower
}

// OpenHub begins to connect. It fails only where the settings cannot be used. The connection lasts until Close.
func OpenHub(s Settings, logger zerolog.Logger) (*Hub, error) {
	conn, err := Connect(context.Background(), s, "jobmon-db hub", HubInbox, logger)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		conn: conn, settings: s, followers: map[string]*Follower{},
		turns: make(chan struct{}, max(3, runtime.GOMAXPROCS(0)+1)), joined: budget{left: joinedBytes},
		every: beatEvery,
	}
	_, err = conn.nc.Subscribe(BeatSubjectOf("*"), h.beat)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("use the connection to NATS: %w", err)
	}
	return h, nil
}

// Connected says whether NATS is there.
func (h *Hub) Connected() bool { return h.conn.Connected() }

// Lost is why nothing comes from NATS, "" where that is not known.
func (h *Hub) Lost() string {
	if why := h.conn.away(); why != "" {
		return why
	}
	return h.Unled()
}

// Unled says that JetStream works nowhere, as too few of its servers run; "" while it does.
func (h *Hub) Unled() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unled
}

// Watch looks every few seconds whether JetStream works, until ctx ends: a reader without messages gets no sign.
func (h *Hub) Watch(ctx context.Context) {
	for sleep(ctx, h.every, nil) {
		if !h.Connected() {
			continue
		}
		_, err := h.Sites(ctx)
		why := ""
		switch {
		case errors.Is(err, errUnled):
			why = err.Error()
		case err != nil:
			continue // it says nothing about the servers
		}
		h.mu.Lock()
		was := h.unled
		h.unled = why
		h.mu.Unlock()
		switch {
		case why != "" && was == "":
			h.conn.logger.Error().Msg(why)
		case why == "" && was != "":
			h.conn.logger.Info().Msg("the NATS servers have a majority again")
		}
	}
}

// Make makes the stream of a site where there is none. One that is there stays as it is, except that it gets the bound
// of bytes that it does not have.
func (h *Hub) Make(ctx context.Context, o InitOptions) error {
	info, err := h.conn.info(ctx, o.Site)
	if err == nil && o.Most != 0 && info.Config.MaxBytes <= 0 {
		o.Keep = 0
	} else if !isAPI(err, noStream) {
		return err
	}
	_, err = h.conn.Init(ctx, o)
	return err
}

// Close ends the connection. The followers must have ended.
func (h *Hub) Close() { h.conn.Close() }

// Sites lists the sites that have a stream, by name.
func (h *Hub) Sites(ctx context.Context) ([]string, error) {
	var sites []string
	for {
		var page struct {
			Total   int      `json:"total"`
			Streams []string `json:"streams"`
		}
		question := map[string]any{"offset": len(sites), "subject": SubjectOf("*")}
		if err := h.conn.api(ctx, "STREAM.NAMES", question, &page); err != nil {
			if errors.Is(err, errUnled) {
				return nil, err
			}
			return nil, fmt.Errorf("list the streams: %w", err)
		}
		sites = append(sites, page.Streams...)
		if len(page.Streams) == 0 || len(sites) >= page.Total {
			break
		}
	}
	for i, stream := range sites {
		sites[i] = strings.TrimPrefix(stream, streamPrefix)
	}
	sites = slices.DeleteFunc(sites, func(site string) bool { return jobmon.CheckSite(site) != nil })
	slices.Sort(sites)
	return slices.Compact(sites), nil
}

// beat takes what a site says of itself.
func (h *Hub) beat(m *nats.Msg) {
	site := strings.TrimPrefix(m.Subject, beatPrefix)
	h.mu.Lock()
	f := h.followers[site]
	h.mu.Unlock()
	if f == nil {
		return
	}
	b, err := readBeat(site, m.Data)
	if err == nil {
		err = b.early(f.Ahead)
	}
	if err != nil {
		f.refuse(err)
		return
	}
	f.heard(&b)
}

// pullBytes is how much of a stream may be on its way to this process. All streams together stay within a bound, and
// the largest message within each.
func (h *Hub) pullBytes() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	const all, most = 64 << 20, 8 << 20
	least := 2 * int(max(h.conn.nc.MaxPayload(), 1<<20))
	return max(least, min(most, all/max(1, len(h.followers))))
}
