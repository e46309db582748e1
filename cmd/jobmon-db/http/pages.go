package http

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// pages are what people see in a browser.
type pages struct {
	web      Web
	access   *Access
	public   string          // http.public_url
	links    link.Key        // the zero one: codes open nothing
	stopping context.Context // ends when the server stops
}

// page is what client/board makes.
type page interface{ Write(w io.Writer) error }

// parted is a page of which the script asks for parts.
type parted interface {
	WriteFragment(w io.Writer, name string) error
}

// routes hands over what pages answer: patterns of http.ServeMux.
func (p *pages) routes(serve func(pattern string, handler http.HandlerFunc)) {
	serve("/{$}", p.show(p.board))
	serve("/c/{id}", p.show(p.computer))
	if _, many := p.web.(ManySites); many {
		serve("/c/{site}/{id}", p.show(p.computer))
	}
	serve("/wall", p.show(p.wall))
	serve("/reports", p.show(p.reports))
	serve("/reports/{file}", p.table)
	serve("/q/{code}", p.code)
	serve("/Q/{code}", p.code)
}

// frame adds to a frame what the request decides.
func (p *pages) frame(r *http.Request, f board.Frame) board.Frame {
	query := r.URL.Query()
	f = sight{lang: languageOf(r), asked: query.Has("lang"), session: askerOf(r).canEnd()}.frame(f, p.public)
	switch asked := query.Get("range"); asked {
	case board.RangeDeployment, board.RangeDay, board.RangeWeek, board.RangeMonth, board.RangeAll:
		f.Range = asked
	}
	return f
}

// show answers with the page that made returns, or with the part of it that is asked for.
func (p *pages) show(made func(r *http.Request) (page, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		patient(p.web, w)
		defer context.AfterFunc(p.stopping, cancel)()
		shown, err := made(r.WithContext(ctx))
		if err != nil {
			p.problem(w, r, err)
			return
		}
		p.access.renew(w, r)
		write := shown.Write
		if part := r.Header.Get(fragmentHeader); part != "" {
			if has, ok := shown.(parted); ok {
				write = func(w io.Writer) error { return has.WriteFragment(w, part) }
			}
		}
		p.answer(w, r, http.StatusOK, write)
	}
}

// patient gives an answer about the logs of many sites its time, of which one site's takes a part.
func patient(web Web, w http.ResponseWriter) {
	if _, many := web.(ManySites); many {
		// a recorder in a test has none
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeOfMany))
	}
}

// answer sends a page as a whole: nothing is sent of one that cannot be made.
func (p *pages) answer(w http.ResponseWriter, r *http.Request, code int, write func(io.Writer) error) {
	var b bytes.Buffer
	if err := write(&b); errors.Is(err, board.ErrFragment) {
		http.Error(w, "this page has no such part", http.StatusBadRequest)
		return
	} else if err != nil {
		p.access.log.Error().Err(err).Msg("a page could not be made")
		http.Error(w, "the page could not be made: see the daemon's messages", http.StatusInternalServerError)
		return
	}
	secured(w.Header())
	send(w, r, code, b.Bytes())
}

// moment is what the request asks to see: the present, or what ?at= says.
func (p *pages) moment(r *http.Request) (Moment, error) {
	at, site := typed(r, "at"), board.SitesIn(r.URL.Query())
	var m Moment
	var err error
	if at == "" {
		m, err = p.web.Now(r.Context())
		p.access.unreadable(m.Trouble)
	} else {
		m, err = p.web.At(r.Context(), site, at)
	}
	if err == nil {
		err = m.knows(site)
	}
	return m, err
}

// typed is a moment in the address, which may be in the words of the page's language.
func typed(r *http.Request, name string) string {
	return board.Typed(languageOf(r), r.URL.Query().Get(name))
}

func (p *pages) board(r *http.Request) (page, error) {
	m, err := p.moment(r)
	if err != nil {
		return nil, err
	}
	shown := &board.Board{
		Frame: p.frame(r, m.Frame), Query: board.ParseQuery(r.URL.Query()), Pictures: m.Pictures,
	}
	if r.Header.Get(fragmentHeader) == board.FragmentSlider {
		from, to := rangeOf(&shown.Frame, board.RangeWeek)
		shown.Timeline, err = p.timeline(r.Context(), from, to, jobmon.ComputerKey{Site: shown.Query.Site})
	}
	return shown, err
}

func (p *pages) wall(r *http.Request) (page, error) {
	m, err := p.moment(r)
	if err != nil {
		return nil, err
	}
	seconds, err := strconv.Atoi(r.URL.Query().Get("seconds"))
	if err != nil || seconds < 3 || seconds > 600 {
		seconds = 0
	}
	shown := board.Board{Frame: p.frame(r, m.Frame), Query: board.ParseQuery(r.URL.Query()), Pictures: m.Pictures}
	return &board.Wall{Board: shown, Seconds: seconds}, nil
}

func (p *pages) computer(r *http.Request) (page, error) {
	query := r.URL.Query()
	number, err := strconv.Atoi(query.Get("deployment"))
	if err != nil || number < 0 {
		number = 0
	}
	shown, err := p.web.Computer(r.Context(), r.PathValue("site"), r.PathValue("id"), typed(r, "at"), number)
	if err != nil {
		return nil, err
	}
	p.access.unreadable(shown.Trouble)
	shown.Frame = p.frame(r, shown.Frame)
	if r.Header.Get(fragmentHeader) == board.FragmentSlider {
		asked := shown.Range // before rangeOf chooses another one
		from, to := rangeOf(&shown.Frame, board.RangeWeek)
		if asked == "" || asked == board.RangeDeployment {
			if began, ended := p.span(r.Context(), &shown.Computer); began != 0 {
				from, to, shown.Range = began, ended, board.RangeDeployment
			}
		}
		shown.Timeline, err = p.timeline(r.Context(), from, to, shown.Key)
	}
	return &shown, err
}

// span is when the deployment that is shown began and ended, the present where it goes on; 0 for none. A page about
// the past does not know yet how it ended.
func (p *pages) span(ctx context.Context, c *board.Computer) (began, ended jobmon.Instant) {
	d := deploymentOn(c, c.Shown)
	if d == nil {
		return 0, 0
	}
	began, ended = d.Began, d.Ended
	if ended == 0 && c.At != "" {
		later, err := p.web.Computer(ctx, c.Key.Site, strconv.Itoa(int(c.Key.ID)), "", d.Number)
		if now := deploymentOn(&later.Computer, d.Number); err == nil && now != nil {
			ended = now.Ended
		}
	}
	if ended == 0 {
		ended = c.Until
	}
	return began, ended
}

// deploymentOn finds a deployment on a page by its number, 0 for the latest; nil for none.
func deploymentOn(c *board.Computer, number int) *board.Deployment {
	for i := range c.Deployments {
		if number == 0 || c.Deployments[i].Number == number {
			return &c.Deployments[i]
		}
	}
	return nil
}

// buckets is into how many pieces a timeline is cut at most: a bar is some pixels wide.
const buckets = 240

// rangeOf is the piece of the log that a slider shows: the asked one or this, at its end.
func rangeOf(f *board.Frame, otherwise string) (from, to jobmon.Instant) {
	long := map[string]time.Duration{
		board.RangeDay: 24 * time.Hour, board.RangeWeek: 7 * 24 * time.Hour, board.RangeMonth: 30 * 24 * time.Hour,
	}
	if f.Range == "" || f.Range == board.RangeDeployment {
		f.Range = otherwise
	}
	length, limited := long[f.Range]
	if from, to = f.From, f.Until; limited {
		// a moment before that is shown in its middle
		if f.At != "" && f.Now < to.Add(-length) {
			to = f.Now.Add(length / 2)
		}
		from = max(from, to.Add(-length))
	}
	return from, to
}

func (p *pages) timeline(
	ctx context.Context, from, to jobmon.Instant, of jobmon.ComputerKey) (*board.Timeline, error) {
	t, err := p.web.Timeline(ctx, from, to, buckets, of)
	return &t, err
}

func (p *pages) reports(r *http.Request) (page, error) { return p.figures(r) }

func (p *pages) figures(r *http.Request) (*board.Reports, error) {
	shown, err := p.web.Reports(r.Context(), board.SitesIn(r.URL.Query()), typed(r, "since"), typed(r, "until"))
	if err != nil {
		return nil, err
	}
	shown.Frame = p.frame(r, shown.Frame)
	query := r.URL.Query() // what was typed stays in the fields as it is
	shown.Since, shown.Until = strings.TrimSpace(query.Get("since")), strings.TrimSpace(query.Get("until"))
	return &shown, nil
}

// table answers with a table of the reports as CSV.
func (p *pages) table(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutSuffix(r.PathValue("file"), ".csv")
	if !ok {
		p.problem(w, r, errNothing)
		return
	}
	patient(p.web, w)
	figures, err := p.figures(r)
	if err != nil {
		p.problem(w, r, err)
		return
	}
	for _, t := range figures.Tables {
		if t.Name == name {
			var b bytes.Buffer
			if err := writeTable(&b, &t); err != nil {
				p.problem(w, r, err)
				return
			}
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`) // a name of ours
			send(w, r, http.StatusOK, b.Bytes())
			return
		}
	}
	p.problem(w, r, errNothing)
}

func writeTable(to io.Writer, t *board.Table) error {
	csv, err := replay.NewCSV(to)
	if err != nil {
		return err
	}
	line := func(n int, text func(int) string) error {
		values := make([]any, n)
		for i := range values {
			values[i] = text(i)
		}
		return csv.Line(values...)
	}
	if err := line(len(t.Columns), func(i int) string { return t.Columns[i] }); err != nil {
		return err
	}
	for _, row := range t.Rows {
		err := line(len(row), func(i int) string { return row[i].CSV() })
		if err != nil {
			return err
		}
	}
	return csv.Flush()
}

// assets answers with files that pages load. Their addresses change with their content.
func assets(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	content, mediaType, ok := board.Asset(name)
	if !ok || board.AssetPath(name) != (&url.URL{Path: r.URL.Path}).Path {
		http.Error(w, "there is no such file; the program may be another version by now: load the page again",
			http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Vary", "Accept-Encoding")
	send(w, r, http.StatusOK, content)
}
