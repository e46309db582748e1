package http

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// MostLines is how many events are given at once, mostEvents where the question does not say.
const (
	MostLines  = 10_000
	mostEvents = 1000
)

// question is one that programs ask. It returns the answer, a value for JSON or lines, or what is wrong.
type question func(r *http.Request, asked url.Values) (answer any, err error)

// lines is an answer that is newline-delimited JSON already, document one that is JSON.
type (
	lines    []byte
	document []byte
)

// api answers what programs ask, below /api/v1/: docs/openapi.yaml.
func api(web Web, unreadable func(error)) http.Handler {
	q := questionsOf{web}
	mux := http.NewServeMux()
	questions := map[string]question{
		"computers": q.computers, "computers/{id}": q.computer, "at": q.at, "events": q.events,
		"deployments": q.deployments, "stats": q.stats, "timeline": q.timeline,
	}
	if q.many() {
		questions["computers/{site}/{id}"] = q.computer
	}
	for path, ask := range questions {
		mux.HandleFunc(apiRoute+path, func(w http.ResponseWriter, r *http.Request) {
			patient(web, w)
			ask.serve(w, r, unreadable)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		apiError(w, http.StatusNotFound, "there is no such question: docs/openapi.yaml lists them")
	})
	return mux
}

func (ask question) serve(w http.ResponseWriter, r *http.Request, unreadable func(error)) {
	asked, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		apiError(w, http.StatusBadRequest, "the question's parameters cannot be read")
		return
	}
	answer, err := ask(r, asked)
	if err != nil {
		if r.Context().Err() == nil { // else nobody waits
			code, why := refusal(err)
			if why == Unreadable {
				unreadable(err)
			}
			apiError(w, code, why)
		}
		return
	}
	kind := "application/json"
	var text []byte
	switch answer := answer.(type) {
	case lines:
		kind, text = "application/x-ndjson", answer
	case document:
		text = answer
	default:
		var b bytes.Buffer
		if err := plain.WriteJSON(&b, answer); err != nil {
			apiError(w, http.StatusInternalServerError, err.Error())
			return
		}
		text = b.Bytes()
	}
	w.Header().Set("Content-Type", kind)
	send(w, r, http.StatusOK, text)
}

// refusal is the status and the sentence for an error.
func refusal(err error) (code int, why string) {
	var outside *Outside
	var wrong *Wrong
	var unknown *Unknown
	var noSite *NoSite
	switch {
	case errors.As(err, &outside):
		return http.StatusNotFound, fmt.Sprintf("the log covers %s to %s", outside.From, outside.Until)
	case errors.As(err, &unknown):
		return http.StatusNotFound, unknown.Text
	case errors.As(err, &noSite):
		return http.StatusNotFound, noSite.Error()
	case errors.As(err, &wrong):
		return http.StatusBadRequest, wrong.Text
	}
	if errors.Is(err, ErrBusy) {
		return http.StatusServiceUnavailable, ErrBusy.Error()
	}
	return http.StatusServiceUnavailable, Unreadable
}

// apiError answers below /api with what is wrong.
func apiError(w http.ResponseWriter, code int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(asJSON(map[string]string{"error": why}), '\n')) // the client may have gone
}

// questionsOf are the questions that programs ask.
type questionsOf struct{ Web }

// moment is the one that is asked for: t, or the present.
func (q questionsOf) moment(r *http.Request, asked url.Values) (Moment, error) {
	var m Moment
	var err error
	site := board.SitesIn(asked)
	if t := strings.TrimSpace(asked.Get("t")); t != "" {
		m, err = q.At(r.Context(), site, t)
	} else {
		m, err = q.Now(r.Context())
	}
	if err == nil && q.many() && site != "" {
		return only(m, site)
	}
	return m, err
}

func (q questionsOf) computers(r *http.Request, asked url.Values) (any, error) {
	asked.Del("t")
	m, err := q.moment(r, asked)
	return computersOf(m.Pictures), err
}

func (q questionsOf) at(r *http.Request, asked url.Values) (any, error) {
	m, err := q.moment(r, asked)
	return struct {
		At         time.Time  `json:"at"` // up to when durations are counted
		UTCOffset  string     `json:"utc_offset"`
		Seq        uint64     `json:"seq"`
		Note       string     `json:"note,omitempty"`
		SourceLost bool       `json:"source_lost"`
		LostSince  *time.Time `json:"lost_since,omitempty"`
		Sites      []siteJSON `json:"sites,omitempty"` // of a fleet
		Computers  []computer `json:"computers"`
	}{
		m.Now.Time(), m.Offset.String(), newest(&m), note(m.Said), m.SourceLost, moment(m.LostSince),
		sitesOf(&m), computersOf(m.Pictures),
	}, err
}

// note is the remarks in English.
func note(remarks []words.Phrase) string {
	var list []string
	for _, remark := range remarks {
		list = append(list, remark.English)
	}
	return strings.Join(list, "\n")
}

// computer is a computer's picture in the form of its file, with what is beside the deployment.
func (q questionsOf) computer(r *http.Request, asked url.Values) (any, error) {
	site, err := q.siteOf(r, asked)
	if err != nil {
		return nil, err
	}
	m, err := q.moment(r, asked)
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 32)
	key := jobmon.ComputerKey{Site: site, ID: jobmon.ComputerID(id)}
	for i := range m.Pictures {
		if p := m.Pictures[i]; err == nil && p.Computer.Key() == key {
			p.Later = p.Beside()
			file, err := evt.Encode(&p)
			return document(file), err
		}
	}
	return nil, &Unknown{Text: fmt.Sprintf("there is no picture of a computer with the id %q", r.PathValue("id"))}
}

func (q questionsOf) events(r *http.Request, asked url.Values) (any, error) {
	after, err := whole(asked, "after", 0, 0, jobmon.MaxSeq)
	limit, err2 := whole(asked, "limit", mostEvents, 1, MostLines)
	of, err3 := q.of(asked)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	text, err := q.Events(r.Context(), after, int(limit), of)
	return lines(text), err
}

func (q questionsOf) deployments(r *http.Request, asked url.Values) (any, error) {
	return q.Deployments(r.Context(), board.SitesIn(asked), asked.Get("since"), asked.Get("until"),
		asked.Get("computer"))
}

func (q questionsOf) stats(r *http.Request, asked url.Values) (any, error) {
	return q.Stats(r.Context(), board.SitesIn(asked), asked.Get("by"), asked.Get("since"), asked.Get("until"))
}

func (q questionsOf) timeline(r *http.Request, asked url.Values) (any, error) {
	n, err := whole(asked, "buckets", buckets, 1, 1<<31-1)
	of, err2 := q.of(asked)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	from, to, err := q.Range(r.Context(), of.Site, asked.Get("from"), asked.Get("to"))
	if err != nil {
		return nil, err
	}
	t, err := q.Timeline(r.Context(), from, to, int(n), of)
	return timelineOf(&t), err
}

// whole is a parameter that is a number.
func whole(asked url.Values, name string, otherwise, least, most uint64) (uint64, error) {
	text := asked.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, &Wrong{Text: fmt.Sprintf("%s must be a whole number, %d to %d", name, least, most)}
	}
	return n, nil
}
