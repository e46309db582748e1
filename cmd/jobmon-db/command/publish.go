package command

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// lastWords is how long the end of the log may take to the fleet when the daemon stops.
const lastWords = 2 * time.Second

// carrier publishes the log of a daemon to the fleet. nil is a site without one.
type carrier struct {
	*fleet.Publisher
	config configs.Fleet
	d      *daemon.Daemon
}

// newCarrier returns nil where the configuration names no fleet.
func newCarrier(config *configs.Config, d *daemon.Daemon, logger zerolog.Logger) *carrier {
	if len(config.Fleet.NATS) == 0 {
		return nil
	}
	c := &carrier{config: config.Fleet, d: d}
	c.Publisher = fleet.NewPublisher(fleet.PublisherOptions{
		Site: c.config.Site, DSName: config.Site, Program: programVersion(), Log: &d.Log,
		Settings: siteSettings(&c.config), Beat: c.beat, Logger: logger.With().Str("part", "fleet").Logger(),
	})
	return c
}

// siteSettings say how a site reaches NATS.
func siteSettings(c *configs.Fleet) fleet.Settings {
	return fleet.Settings{
		Servers: c.NATS, Credentials: c.Credentials, CA: c.CA, Cert: c.Cert, Key: c.Key, Domain: c.Domain,
	}
}

// hear is for daemon.Options.Heard.
func (c *carrier) hear(b *jobmon.Batch) {
	if c != nil && len(b.Events) > 0 {
		c.Committed()
	}
}

func (c *carrier) beat() fleet.Beat {
	info := c.d.Info()
	return fleet.Beat{
		LogID: info.LogID, Last: info.Last, Covered: info.Covered, AgeMS: info.AgeMS, Lost: c.d.SourceLost(),
		Notices: c.config.Notices == configs.NoticesHub,
	}
}

// sites is daemon.Options.Fleet.
func (c *carrier) sites() []control.FleetSite {
	if c == nil {
		return []control.FleetSite{}
	}
	info, s := c.d.Info(), c.State()
	site := control.FleetSite{
		Site: c.config.Site, LogID: info.LogID, Last: info.Last, Published: s.Published, DelayMS: -1,
		AgeMS: info.AgeMS, Computers: c.d.Computers(), Trouble: s.Trouble, Refused: s.Refused != "", Lost: s.Lost,
	}
	if s.Delay >= 0 {
		site.DelayMS = s.Delay.Milliseconds()
	}
	switch {
	case !s.Connected || s.Unled:
		site.Away = "nats"
	case c.d.SourceLost():
		site.Away = "source"
	}
	return []control.FleetSite{site}
}

// beside runs main, and publishes what it commits: also what main commits at its end, as far as that can be published
// soon.
func (c *carrier) beside(ctx context.Context, main func(context.Context) error) error {
	if c == nil {
		return main(ctx)
	}
	publishing, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(publishing)
	}()
	err := main(ctx)
	c.Finish(lastWords)
	stop()
	<-done
	return err
}
