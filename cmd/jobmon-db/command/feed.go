package command

import (
	"context"
	"errors"
	"net/http"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/web"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// listen opens the address for HTTP, "" for none; Run serves it.
func (s *served) listen(address string, logger zerolog.Logger) (err error) {
	if address == "" {
		return nil
	}
	if s.feed, err = web.Listen(address); err != nil {
		return err
	}
	logger.Info().Stringer("address", s.feed.Addr()).Msg("computers' files are given over HTTP: /evt/<computer id>")
	return nil
}

// serve answers on the local endpoint and over HTTP until ctx ends, or one of them breaks down.
func (s *served) serve(ctx context.Context, local http.Handler, logger zerolog.Logger) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	if s.feed == nil {
		ended <- nil
	} else {
		go func() {
			defer stop()
			ended <- web.Serve(ctx, s.feed, web.Handler(web.Routes{Files: s.file}), logger)
		}()
	}
	err := endpoint.Serve(ctx, s.listener, local, endpoint.Limits{}, logger)
	stop()
	return errors.Join(err, <-ended)
}

// file is what the HTTP server gives of a computer.
func (s *served) file(id jobmon.ComputerID) (web.File, error) {
	content, ok, err := s.File(id)
	switch {
	case err != nil:
		return web.File{}, err
	case !ok:
		return web.File{}, web.ErrNone
	}
	return web.File{Content: content, Type: "application/json", Sum: history.Checksum(content)}, nil
}
