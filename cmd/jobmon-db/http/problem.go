package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var (
	errNothing  = errors.New("there is nothing at this address")
	errStopping = errors.New("the daemon stops")
)

// againAfter is when a page that cannot be made now is loaded again, by itself.
const againAfter = 5 * time.Second

// problem answers with a page that says what is wrong with a request for a page.
func (p *pages) problem(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody waits any more
	}
	if p.stopping.Err() != nil && errors.Is(err, context.Canceled) {
		err = errStopping
	}
	said := p.explain(r, err)
	if said.Status == http.StatusServiceUnavailable {
		again(w)
	}
	said.Frame = p.frame(r, said.Frame)
	p.answer(w, r, said.Status, said.Write)
}

// again has the browser load the page again, without a script.
func again(w http.ResponseWriter) {
	seconds := strconv.Itoa(int(againAfter / time.Second))
	w.Header().Set("Retry-After", seconds)
	w.Header().Set("Refresh", seconds)
}

// explain says it in words. The frame is that of the present where that is known.
func (p *pages) explain(r *http.Request, err error) board.Problem {
	said := board.Problem{Frame: board.Frame{ReadAge: -1}}
	if m, err := p.web.Now(r.Context()); err == nil {
		said.Frame = m.Frame
	}
	home := board.Link{Text: "All computers", Href: "/"}
	now := board.Link{Text: "Now", Href: at(r.URL, "")}
	var outside *Outside
	var wrong *Wrong
	var unknown *Unknown
	set := func(status int, kind, title, text string, links ...board.Link) {
		said.Status, said.Kind, said.Title, said.Text, said.Links = status, kind, title, text, links
	}
	switch {
	case errors.As(err, &outside):
		from, until := wall(outside.From, outside.Offset), wall(outside.Until, outside.Offset)
		first := board.Link{Text: "The first moment", Href: at(r.URL, outside.From.String())}
		set(http.StatusNotFound, board.ProblemOutside, "This moment is not covered",
			fmt.Sprintf("The log covers %s to %s.", from, until), first, now)
		said.From, said.Until, said.Offset = outside.From, outside.Until, outside.Offset
	case errors.As(err, &wrong):
		set(http.StatusBadRequest, board.ProblemWrong, "This is not a time", sentence(wrong.Text), now)
	case errors.As(err, &unknown):
		set(http.StatusNotFound, board.ProblemUnknown, "No such computer", sentence(unknown.Text))
		for _, c := range unknown.Closest {
			said.Links = append(said.Links, board.Link{
				Text: jobmon.ComputerName(c.ID, c.Name), Href: fmt.Sprintf("/c/%d", c.ID),
			})
		}
		said.Links = append(said.Links, home)
	case errors.Is(err, errNothing):
		set(http.StatusNotFound, board.ProblemNothing, "There is no such page", "The address may be mistyped.", home)
	case errors.Is(err, errStopping):
		set(http.StatusServiceUnavailable, board.ProblemStopping, "The daemon stops",
			"This page comes back by itself when the daemon runs again.")
	case errors.Is(err, ErrBusy):
		set(http.StatusServiceUnavailable, board.ProblemBusy, "One moment",
			"The log cannot be asked at the moment. This page comes back by itself.")
	default:
		set(http.StatusServiceUnavailable, board.ProblemUnreadable, "The log cannot be read", Unreadable)
		p.access.unreadable(err)
	}
	return said
}

// bare answers a phone, which is shown nothing of the site, with what is wrong.
func (p *pages) bare(w http.ResponseWriter, r *http.Request, err error) {
	said := board.Problem{
		Frame: p.frame(r, board.Frame{ReadAge: -1}), Status: http.StatusNotFound, Kind: board.ProblemCode,
		Title: "This link shows nothing", Text: "It has ended, or was mistyped. Scan the code on the screen again.",
	}
	if !errors.Is(err, errNothing) {
		said.Status, said.Kind, said.Title = http.StatusServiceUnavailable, board.ProblemBusy, "One moment"
		said.Text = "This page comes back by itself."
		again(w)
	}
	p.answer(w, r, said.Status, said.Write)
}

// wall is a moment by the clock of the DS server.
func wall(at jobmon.Instant, offset jobmon.Offset) string {
	return at.Wall(offset).Time().Format("2006-01-02 15:04")
}

// at is the page's address at another moment, "" for the present.
func at(u *url.URL, moment string) string {
	query := u.Query()
	if query.Del("at"); moment != "" {
		query.Set("at", moment)
	}
	return (&url.URL{Path: u.Path, RawQuery: query.Encode()}).String()
}

// sentence ends a text as a sentence.
func sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
