package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var errStopping = errors.New("the daemon stops")

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
	home := board.Link{Text: "board.title", Href: "/"}
	now := board.Link{Text: "back", Href: at(r.URL, "")}
	var outside *Outside
	var wrong *Wrong
	var unknown *Unknown
	var noSite *NoSite
	set := func(status int, kind string, links ...board.Link) {
		said.Status, said.Kind, said.Ways = status, kind, links
	}
	switch {
	case errors.As(err, &outside):
		first := board.Link{Text: "problem.first", Href: at(r.URL, outside.From.String())}
		set(http.StatusNotFound, board.ProblemOutside, first, now)
		said.From, said.Until, said.Offset = outside.From, outside.Until, outside.Offset
	case errors.As(err, &wrong):
		set(http.StatusBadRequest, kindOf(wrong.Say.Key), now)
		said.Say, said.Text = wrong.Say, sentence(wrong.Text)
	case errors.As(err, &unknown):
		set(http.StatusNotFound, board.ProblemUnknown, home)
		if unknown.Say.Key != "" {
			said.Kind = kindOf(unknown.Say.Key)
		}
		said.Say, said.Text = unknown.Say, sentence(unknown.Text)
		for _, c := range unknown.Closest {
			said.Links = append(said.Links, linkTo(c, unknown.Closest))
		}
	case errors.As(err, &noSite):
		set(http.StatusNotFound, board.ProblemNoSite, home)
		said.Say = noSite.say()
	case errors.Is(err, errNothing):
		set(http.StatusNotFound, board.ProblemNothing, home)
	case errors.Is(err, errStopping):
		set(http.StatusServiceUnavailable, board.ProblemStopping)
	case errors.Is(err, ErrBusy):
		set(http.StatusServiceUnavailable, board.ProblemBusy)
	default:
		set(http.StatusServiceUnavailable, board.ProblemUnreadable)
		p.access.unreadable(err)
	}
	return said
}

// linkTo leads to a computer. In a fleet its site stands before its name, and its id behind one that is there twice.
func linkTo(c jobmon.Computer, all []jobmon.Computer) board.Link {
	name := jobmon.ComputerName(c.ID, c.Name)
	if c.Site != "" {
		name = c.Site + "/" + name
		twice := func(other jobmon.Computer) bool {
			return other.Site == c.Site && other.Name == c.Name && other.ID != c.ID
		}
		if slices.ContainsFunc(all, twice) {
			name += fmt.Sprintf(" (id:%d)", c.ID)
		}
	}
	return board.Link{Text: name, Href: "/c/" + c.Key().String()}
}

// kindOf is the kind of problem that a text "problem.<kind>.text" is about.
func kindOf(key string) string {
	if parts := strings.Split(key, "."); len(parts) == 3 {
		return parts[1]
	}
	return board.ProblemWrong
}

// bare answers a phone, which is shown nothing of the site, with what is wrong.
func (p *pages) bare(w http.ResponseWriter, r *http.Request, err error) {
	said := board.Problem{
		Frame: p.frame(r, board.Frame{ReadAge: -1}), Status: http.StatusNotFound, Kind: board.ProblemCode,
	}
	if !errors.Is(err, errNothing) {
		said.Status, said.Kind = http.StatusServiceUnavailable, board.ProblemBusy
		again(w)
	}
	p.answer(w, r, said.Status, said.Write)
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
