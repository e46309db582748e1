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

// problem answers with a page that says what is wrong with a request for a page. The script gets the sentence alone.
func (p *pages) problem(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody waits any more
	}
	if p.stopping.Err() != nil && errors.Is(err, context.Canceled) {
		err = errStopping
	}
	said := p.explain(r, err)
	if said.Status == http.StatusServiceUnavailable {
		seconds := strconv.Itoa(int(againAfter / time.Second))
		w.Header().Set("Retry-After", seconds)
		w.Header().Set("Refresh", seconds)
	}
	if r.Header.Get(fragmentHeader) != "" {
		http.Error(w, said.Text, said.Status)
		return
	}
	said.Frame = p.frame(r, said.Frame)
	p.answer(w, r, said.Status, said.Write)
}

func (p *pages) explain(r *http.Request, err error) board.Problem {
	said := board.Problem{Frame: board.Frame{ReadAge: -1}}
	if m, err := p.web.Now(r.Context()); err == nil {
		said.Frame = m.Frame
	}
	home := board.Link{Text: "All computers", Href: "/"}
	var outside *Outside
	var wrong *Wrong
	var unknown *Unknown
	switch {
	case errors.As(err, &outside):
		said.Status, said.Title = http.StatusNotFound, "This moment is not covered"
		from, until := wall(outside.From, outside.Offset), wall(outside.Until, outside.Offset)
		said.Text = fmt.Sprintf("The log covers %s to %s.", from, until)
		said.Links = []board.Link{
			{Text: "Its first moment", Href: at(r.URL, outside.From.String())}, {Text: "Now", Href: at(r.URL, "")},
		}
	case errors.As(err, &wrong):
		said.Status, said.Title, said.Text = http.StatusBadRequest, "This is not a time", sentence(wrong.Text)
		said.Links = []board.Link{{Text: "Now", Href: at(r.URL, "")}}
	case errors.As(err, &unknown):
		said.Status, said.Title, said.Text = http.StatusNotFound, "No such computer", sentence(unknown.Text)
		for _, c := range unknown.Closest {
			said.Links = append(said.Links, board.Link{
				Text: jobmon.ComputerName(c.ID, c.Name), Href: fmt.Sprintf("/c/%d", c.ID),
			})
		}
		said.Links = append(said.Links, home)
	case errors.Is(err, errNothing):
		said.Status, said.Title = http.StatusNotFound, "There is no such page"
		said.Text, said.Links = "The address may be mistyped.", []board.Link{home}
	case errors.Is(err, errStopping):
		said.Status, said.Title = http.StatusServiceUnavailable, "The daemon stops"
		said.Text = "This page comes back by itself when the daemon runs again."
	case errors.Is(err, ErrBusy):
		said.Status, said.Title = http.StatusServiceUnavailable, "One moment"
		said.Text = "The log cannot be asked at the moment. This page comes back by itself."
	default:
		said.Status, said.Title = http.StatusServiceUnavailable, "The log cannot be read"
		said.Text = sentence(err.Error()) + " This page comes back by itself."
	}
	return said
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
