package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/live"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/store"
)

// watchers follow the logs of several sites, which are shown on one board.
type watchers []*watcher

// watchSites begins with several sites.
func watchSites(ctx context.Context, o *live.Options, q question, list []question, computer string) error {
	if computer != "" {
		s, err := openSites(ctx, q)
		if err != nil {
			return err
		}
		defer s.close()
		p, id, err := s.find(computer, nil)
		if err != nil {
			return err
		}
		o.Computer = jobmon.ComputerKey{Site: p.Member, ID: id}
		o.Name = jobmon.ComputerName(id, p.Names[id].Name)
	}
	var all watchers
	for _, one := range list {
		w := &watcher{question: one}
		_, _, err := w.begin(ctx)
		if past.IsOutside(err) || errors.Is(err, store.ErrNoLog) {
			w.known = live.Update{Still: true, ReadAge: -1, Trouble: "Nothing has come yet."}
		} else if err != nil {
			return fmt.Errorf("%s: %w", one.site, err)
		}
		all = append(all, w)
	}
	o.Feed, o.First = all.ask, all.together()
	return nil
}

// ask is a live.Feed.
func (all watchers) ask(ctx context.Context) live.Update {
	for _, w := range all {
		w.ask(ctx)
	}
	return all.together()
}

// together is what is known of all sites.
func (all watchers) together() live.Update {
	u := live.Update{
		Site: words.Count(len(all), "site"), Still: true, ReadAge: -1, Ahead: map[string]time.Duration{},
	}
	for _, w := range all {
		if u.Still && !w.known.Still {
			u.Now, u.Still = 0, false // that of sites of which nothing comes counts only where nothing comes at all
		}
		if w.known.Still == u.Still {
			u.Now = max(u.Now, w.known.Now)
		}
	}
	_, offset := u.Now.Time().In(time.Local).Zone()
	u.Offset = jobmon.Offset(offset)
	var trouble []string
	for _, w := range all {
		for _, p := range w.known.Pictures {
			p.Computer.Site = w.site
			u.Pictures = append(u.Pictures, p)
		}
		if w.known.Now != 0 {
			u.Ahead[w.site] = w.known.Now.Sub(u.Now)
		}
		if text := w.trouble(); text != "" {
			trouble = append(trouble, w.site+": "+text)
		}
	}
	switch {
	case len(trouble) > 3:
		u.Trouble = strings.Join(trouble[:3], " ") + fmt.Sprintf(" %d more sites have trouble.", len(trouble)-3)
	default:
		u.Trouble = strings.Join(trouble, " ")
	}
	return u
}

// trouble says why this site's part of the board is not the present; "" where it is.
func (w *watcher) trouble() string {
	switch u := &w.known; {
	case u.Trouble != "":
		return u.Trouble
	case u.SourceLost:
		return "The DS database cannot be read."
	case u.ReadAge > time.Minute:
		return fmt.Sprintf("The DS database was last read %s ago.", jobmon.Span(u.ReadAge))
	}
	return ""
}
