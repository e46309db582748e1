package hub

import (
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
)

// goes are the words for what goes away at a site. That NATS does is said by the connection, once for all sites.
var goes = map[string]struct {
	level zerolog.Level
	text  string
}{
	"site":    {zerolog.WarnLevel, "the site's daemon does not answer: see that it runs and reaches NATS"},
	"source":  {zerolog.WarnLevel, "the site's daemon cannot read its DS database"},
	"refused": {zerolog.ErrorLevel, "the site's daemon may not publish, and its events do not come"},
	"events":  {zerolog.WarnLevel, "the site's daemon answers, and its newest events do not arrive"},
}

// lookout logs once what goes away at each site, and that it is back.
type lookout map[string]string

// sees looks at a site. heard says that its daemon was heard in this run.
func (l lookout) sees(c *control.FleetSite, heard bool, logger *zerolog.Logger) {
	was := l[c.Site]
	if c.Away == was || c.Away == "nats" {
		return // it is known again when NATS is back
	}
	l[c.Site] = c.Away
	if c.Away == "" {
		logger.Info().Str("was_away", was).Uint64("behind", c.Lacks()).Msg("nothing of the site is away any more")
		return
	}
	said := goes[c.Away]
	if c.Away == "site" && !heard {
		said.text = "the site's daemon has not been heard since the hub's start: see that it runs and reaches NATS"
	}
	e := logger.WithLevel(said.level)
	if c.Trouble != "" {
		e.Str("error", c.Trouble)
	}
	e.Msg(said.text)
}
