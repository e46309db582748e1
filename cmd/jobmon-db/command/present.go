package command

import (
	"context"
	"strconv"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// present answers pages about the present alone.
type present struct{ *daemon.Daemon }

// Now implements http.Web.
func (p present) Now(context.Context) (web.Moment, error) {
	c, pictures := p.Condition(), p.Pictures()
	f := board.Frame{Site: c.Site, Now: c.Covered, Until: c.Covered, Seq: c.Events, ReadAge: -1, SourceLost: c.Lost != ""}
	if !c.Source.Good.IsZero() {
		f.ReadAge = time.Since(c.Source.Good)
	}
	for i := range pictures {
		f.Offset, f.LostSince = pictures[i].Offset, pictures[i].SourceSince
	}
	return web.Moment{Frame: f, Pictures: pictures}, nil
}

// At implements http.Web.
func (p present) At(ctx context.Context, _ string) (web.Moment, error) { return p.Now(ctx) }

// Computer implements http.Web.
func (p present) Computer(ctx context.Context, id, _ string, _ int) (c board.Computer, err error) {
	m, err := p.Now(ctx)
	c.Frame = m.Frame
	for i := range m.Pictures {
		if picture := &m.Pictures[i]; strconv.Itoa(int(picture.Computer.ID)) == id {
			c.ID, c.Picture = picture.Computer.ID, picture
			return c, err
		}
	}
	return c, &web.Unknown{Text: "there is no computer " + id}
}

// Timeline implements http.Web.
func (p present) Timeline(_ context.Context, from, to jobmon.Instant, n int, _ jobmon.ComputerID) (
	board.Timeline, error) {
	return board.Timeline{From: from, To: to}, nil
}

// Reports implements http.Web.
func (p present) Reports(ctx context.Context, since, until string) (board.Reports, error) {
	m, err := p.Now(ctx)
	return board.Reports{Frame: m.Frame, Since: since, Until: until}, err
}

// Events implements http.Web.
func (p present) Events(context.Context, uint64, int, jobmon.ComputerID) ([]byte, error) {
	return nil, nil
}
