package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/client/live"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/names"
)

// answerWithin is how long a daemon may take to tell its news before it counts as out of touch.
const answerWithin = 10 * time.Second

// watcher finds out what is known now: from the daemon as long as one answers, else from the end of the log. It is
// asked by one goroutine at a time.
type watcher struct {
	question
	client *control.Client

	news  control.News // the daemon's last
	known live.Update  // what was found out last
	met   bool         // a daemon has answered since the log was read
}

func newWatcher(q question) *watcher {
	return &watcher{question: q, client: &control.Client{Transport: &endpoint.Client{
		DataDir: q.dataDir, GreetingTimeout: 200 * time.Millisecond, ConnectTimeout: connectWithin,
	}}}
}

// begin is what is known at first, with all computers' names. Its errors are those of any question about the log; only
// an empty log is none as long as a daemon fills it.
func (w *watcher) begin(ctx context.Context) (live.Update, names.Computers, error) {
	p, err := openPast(ctx, w.question)
	var empty *outsideError
	if errors.As(err, &empty) {
		if u := w.ask(ctx); w.met {
			return u, names.Computers{}, nil
		}
	}
	if err != nil {
		return live.Update{}, nil, err
	}
	defer p.close()
	if p.live {
		if u := w.ask(ctx); w.met {
			return u, p.Names, nil
		}
	}
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
		u.Trouble = fmt.Sprintf("Out of touch with the daemon%s: %s.", since, sentence(err))
	}
	return u
}

func (w *watcher) say(u live.Update) live.Update {
	w.known = u
	return u
}

// present asks the daemon; for all pictures only when something has happened or it is another daemon.
func (w *watcher) present(ctx context.Context) (live.Update, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	news, err := w.client.News(ctx, w.news.Last)
	if err == nil && w.news.Last > 0 && (news.PID != w.news.PID || news.LogID != w.news.LogID) {
		news, err = w.client.News(ctx, 0)
	}
	if err != nil {
		return live.Update{}, err
	}
	u := live.Update{
		Pictures: news.Pictures, Site: news.Site, Offset: news.Offset, Now: news.Covered,
		ReadAge: time.Duration(news.AgeMS) * time.Millisecond, SourceLost: news.SourceLost,
	}
	if news.Last == w.news.Last {
		u.Pictures = w.known.Pictures
	}
	if news.AgeMS >= 0 {
		u.Now = u.Now.Add(u.ReadAge)
	}
	w.news = news
	w.news.Pictures = nil
	return u, nil
}

// end is what the log says when nobody writes it.
func (w *watcher) end(p *past) live.Update {
	u := live.Update{Site: p.Site, Offset: p.Offset, Now: p.Covered, Still: true, ReadAge: -1}
	var err error
	u.Trouble = fmt.Sprintf("No daemon runs. This is the end of the log, of %s.", p.local(p.Covered))
	if w.log != "" {
		u.Trouble = fmt.Sprintf("This is the end of %s, of %s.", term.Plain(w.log), p.local(p.Covered))
	}
	if u.Pictures, err = p.fresh(); err != nil {
		u.Pictures = w.known.Pictures
		u.Trouble = fmt.Sprintf("No daemon runs, and the log cannot be read: %s.", sentence(err))
	}
	w.news = control.News{}
	return u
}
