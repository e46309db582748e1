package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/client/live"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// answerWithin is how long a daemon may take to answer before it counts as out of touch.
const answerWithin = 10 * time.Second

// watcher follows the log of a daemon as long as one answers, and else shows the log's end. It is asked by one
// goroutine at a time.
type watcher struct {
	question

	past       *opened // of the daemon that answered last, nil for none
	projection *projector.Projection
	pid        int

	known live.Update // what was found out last
	met   bool        // a daemon has answered since the log was read
}

// begin is what is known at first, with all computers' names. Its errors are those of any question about the log; only
// an empty log is none as long as a daemon fills it.
func (w *watcher) begin(ctx context.Context) (live.Update, names.Computers, error) {
	p, err := openPast(ctx, w.question)
	var empty *past.Outside
	if errors.As(err, &empty) || err == nil && p.Live {
		if u := w.ask(ctx); w.met && w.past == nil {
			return u, names.Computers{}, nil
		} else if w.met {
			return u, w.past.Names, nil
		}
	}
	if err != nil {
		return live.Update{}, nil, err
	}
	defer p.close()
	return w.say(w.end(p)), p.Names, nil
}

// ask is a live.Feed.
func (w *watcher) ask(ctx context.Context) live.Update {
	if w.log != "" {
		return w.known
	}
	u, err := w.present(ctx)
	switch {
	case err == nil:
		w.met = true
		return w.say(u)
	case w.met && errors.Is(err, endpoint.ErrNotRunning):
		// it has ended: what it wrote last is in the log
		w.met = false
		if p, err := openPast(ctx, w.question); err == nil {
			defer p.close()
			return w.say(w.end(p))
		}
	}
	u = w.known
	if u.Still = true; w.met {
		since := ""
		if w.known.Now != 0 {
			since = " since " + term.Time(w.known.Offset, w.known.Now, term.Options{UTC: w.utc})
		}
		u.Trouble = fmt.Sprintf("Out of touch with the %s%s: %s.", w.who(), since, sentence(err))
	}
	return u
}

func (w *watcher) say(u live.Update) live.Update {
	w.known = u
	return u
}

// present asks the daemon until when it has watched, and folds what its log has got since.
func (w *watcher) present(ctx context.Context) (live.Update, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	client := askClient(ctx, w.dataDir)
	info, err := client.Info(ctx)
	if err != nil {
		return live.Update{}, err
	}
	u := live.Update{Site: info.Site, Now: info.Covered, ReadAge: time.Duration(info.AgeMS) * time.Millisecond}
	if info.Last > 0 {
		if err := w.follow(ctx, client, &info); err != nil {
			return live.Update{}, err
		}
		p := w.past
		u.Pictures, u.Offset, u.SourceLost = w.known.Pictures, p.Offset, p.Lost != 0
		u.Now = max(u.Now, p.Covered)
	}
	if info.AgeMS >= 0 {
		u.Now = u.Now.Add(u.ReadAge)
	}
	return u, nil
}

// follow folds what is new in the daemon's log. One of another daemon is opened anew.
func (w *watcher) follow(ctx context.Context, client *control.Client, info *control.Info) (err error) {
	if w.past == nil || w.pid != info.PID || w.past.LogID != info.LogID || info.Last < w.past.Last {
		if w.past, err = askDaemon(ctx, w.dataDir); err == nil {
			w.projection, err = history.Project(w.past, w.past.Last)
		}
		if err != nil {
			w.past = nil
			return err
		}
		w.pid = info.PID
	} else if info.Last == w.past.Last {
		return nil
	}
	w.past.Source = client.Log(info.LogID)
	for b, err := range w.past.Read(w.past.Last + 1) {
		if err != nil {
			return err
		}
		w.projection.Apply(&b)
		w.past.Note(&b)
	}
	w.known.Pictures = w.past.Names.Mark(history.Pictures(w.projection))
	return nil
}

// end is what the log says when nobody writes it.
func (w *watcher) end(p *opened) live.Update {
	u := live.Update{Site: p.Site, Offset: p.Offset, Now: p.Covered, Still: true, ReadAge: -1}
	var err error
	u.Trouble = fmt.Sprintf("No %s runs. This is the end of the log, of %s.", w.who(), p.Local(p.Covered))
	if w.log != "" {
		u.Trouble = fmt.Sprintf("This is the end of %s, of %s.", term.Plain(w.log), p.Local(p.Covered))
	}
	if u.Pictures, err = p.Newest(); err != nil {
		u.Pictures = w.known.Pictures
		u.Trouble = fmt.Sprintf("No %s runs, and the log cannot be read: %s.", w.who(), sentence(err))
	}
	w.past = nil
	return u
}
