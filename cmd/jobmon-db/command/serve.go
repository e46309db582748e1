package command

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/desk"
	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/keyfile"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
)

// webSide is what is given over HTTP, if that is configured.
type webSide struct {
	feed   net.Listener // nil: no HTTP
	access *web.Access  // to feed
	public string       // http.public_url
	board  string       // the board's address, for people; "" for none
}

// listen opens the address for HTTP, if there is one; serve serves it.
func (s *webSide) listen(config *configs.HTTP, dataDir string, logger zerolog.Logger) (err error) {
	if config.Listen == "" {
		return nil
	}
	if s.feed, err = web.Listen(config.Listen); err != nil {
		return err
	}
	if config.Cert != "" {
		encrypted, err := web.Encrypt(s.feed, config.Cert, config.Key, logger)
		if err != nil {
			return &usageError{err}
		}
		s.feed = encrypted
	}
	key := func() []byte { return sessionKey(filepath.Join(dataDir, keyfile.Sessions), logger) }
	s.access, s.public = web.NewAccess(config.Tokens, key, logger), config.Public
	s.board = s.boardAt(config)
	logger.Info().Str("board", s.board).Msg("the board and computers' files are given over HTTP")
	return nil
}

// sessionKey returns the key of browsers' sessions. A file that cannot be used costs the sessions, and nothing else.
func sessionKey(path string, logger zerolog.Logger) []byte {
	key, err := keyfile.Make(path)
	if err != nil {
		logger.Error().Err(err).Str("file", path).
			Msg("browsers have to log in again after each start: remove the file, " +
				"and the next start makes a new one; everybody logs in again then")
		return keyfile.Random()
	}
	if exposed := keyfile.Exposed(path); exposed != nil {
		logger.Warn().Err(exposed).Msg("the key of browsers' sessions is not secret")
	}
	return key
}

// boardAt is the board's address, for a browser on this computer where no other is known.
func (s *webSide) boardAt(config *configs.HTTP) string {
	if config.Public != "" {
		return config.Public + "/"
	}
	scheme, address := "http", s.feed.Addr().String()
	if config.Cert != "" {
		scheme = "https"
	}
	if host, port, err := net.SplitHostPort(address); err == nil {
		if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
			address = net.JoinHostPort("localhost", port)
		}
	}
	return scheme + "://" + address + "/"
}

// serve answers over HTTP, and has beside answer on the local endpoint, until ctx ends or one of them breaks down.
func (s *webSide) serve(ctx context.Context, routes func(context.Context) web.Routes,
	beside func(context.Context) error, logger zerolog.Logger) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	if s.feed == nil {
		ended <- nil
	} else {
		routes := routes(ctx)
		var streaming sync.WaitGroup
		streaming.Go(func() { routes.Stream.Run(ctx) })
		defer streaming.Wait()
		go func() {
			defer stop()
			ended <- web.Serve(ctx, s.feed, web.Handler(routes, s.access), logger)
		}()
	}
	err := beside(ctx)
	stop()
	return errors.Join(err, <-ended)
}

// retryPlace is how often a place that is taken is tried.
const retryPlace = 2 * time.Second

// answer answers commands until ctx ends, from when on the endpoint's place is free.
func (s *served) answer(ctx context.Context, local http.Handler, logger zerolog.Logger) error {
	if s.listener == nil {
		if s.listener = endpoint.Await(ctx, s.place, retryPlace); s.listener == nil {
			return nil
		}
		logger.Info().Msg("the place of the local endpoint is free: commands can ask this daemon")
		s.placed(nil)
	}
	return endpoint.Serve(ctx, s.listener, local, endpoint.Limits{}, logger)
}

func (s *served) routes(ctx context.Context, logger zerolog.Logger) web.Routes {
	shown := desk.New(s.Daemon)
	return web.Routes{
		Web:     shown,
		Stream:  web.NewStream(shown, s.public, s.Changed(), logger),
		Links:   s.LinkKey(),
		Public:  s.public,
		Running: ctx,
		Files:   s.file,
		List:    s.Pictures,
		Metrics: web.Metrics(s.Condition),
		Health: func() string {
			c := s.Condition()
			return c.Hangs(time.Now())
		},
		Ready: func() []string {
			c := s.Condition()
			return c.Unready(time.Now())
		},
	}
}

// file is what the HTTP server gives of a computer.
func (s *served) file(id jobmon.ComputerID) (web.File, error) {
	p, ok, err := s.Picture(id)
	switch {
	case err != nil:
		return web.File{}, err
	case !ok:
		return web.File{}, web.ErrNone
	}
	content, err := evt.Content(p, s.LinkKey())
	if err != nil {
		return web.File{}, err
	}
	return web.File{Content: content, Type: evt.MediaType(p.Form), Sum: evtdir.Checksum(content)}, nil
}
