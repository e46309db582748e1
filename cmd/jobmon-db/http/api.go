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
	for path, ask := range map[string]question{
		"computers": q.computers, "computers/{id}": q.computer, "at": q.at, "events": q.events,
		"deployments": q.deployments, "stats": q.stats, "timeline": q.timeline,
	} {
		mux.HandleFunc(apiRoute+path, func(w http.ResponseWriter, r *http.Request) { ask.serve(w, r, unreadable) })
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
	switch {
	case errors.As(err, &outside):
		return http.StatusNotFound, fmt.Sprintf("the log covers %s to %s", outside.From, outside.Until)
	case errors.As(err, &unknown):
		return http.StatusNotFound, unknown.Text
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
	if t := strings.TrimSpace(asked.Get("t")); t != "" {
		return q.At(r.Context(), "", t)
	}
	return q.Now(r.Context())
}

func (q questionsOf) computers(r *http.Request, _ url.Values) (any, error) {
	m, err := q.Now(r.Context())
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
		Computers  []computer `json:"computers"`
	}{
		m.Now.Time(), m.Offset.String(), m.Seq, note(m.Said), m.SourceLost, moment(m.LostSince),
		computersOf(m.Pictures),
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
	m, err := q.moment(r, asked)
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 32)
	for i := range m.Pictures {
		if p := m.Pictures[i]; err == nil && p.Computer.ID == jobmon.ComputerID(id) {
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
	id, err3 := whole(asked, "computer", 0, 0, 1<<31-1)
	if err := errors.Join(err, err2, err3); err != nil {
		return nil, err
	}
	text, err := q.Events(r.Context(), after, int(limit), jobmon.ComputerKey{ID: jobmon.ComputerID(id)})
	return lines(text), err
}

func (q questionsOf) deployments(r *http.Request, asked url.Values) (any, error) {
	return q.Deployments(r.Context(), "", asked.Get("since"), asked.Get("until"), asked.Get("computer"))
}

func (q questionsOf) stats(r *http.Request, asked url.Values) (any, error) {
	return q.Stats(r.Context(), "", asked.Get("by"), asked.Get("since"), asked.Get("until"))
}

func (q questionsOf) timeline(r *http.Request, asked url.Values) (any, error) {
	n, err := whole(asked, "buckets", buckets, 1, 1<<31-1)
	id, err2 := whole(asked, "computer", 0, 0, 1<<31-1)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	from, to, err := q.Range(r.Context(), "", asked.Get("from"), asked.Get("to"))
	if err != nil {
		return nil, err
	}
	t, err := q.Timeline(r.Context(), from, to, int(n), jobmon.ComputerKey{ID: jobmon.ComputerID(id)})
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

type bucketJSON struct {
	Started int `json:"started"`
	Failed  int `json:"failed"`
	Events  int `json:"events"`
}

type markJSON struct {
	Seq      uint64    `json:"seq,omitempty"`
	At       time.Time `json:"at"`
	Computer string    `json:"computer"`
	Job      string    `json:"job,omitempty"`
	Stage    string    `json:"stage,omitempty"`
}

type spanJSON struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type timelineJSON struct {
	From      time.Time    `json:"from"`
	To        time.Time    `json:"to"`
	Step      float64      `json:"step_s"`
	Buckets   []bucketJSON `json:"buckets"`
	Failures  []markJSON   `json:"failures"`
	Unwatched []spanJSON   `json:"unwatched"`
	Stages    []markJSON   `json:"stages"`
}

// timelineOf is a timeline for programs.
func timelineOf(t *board.Timeline) *timelineJSON {
	shown := &timelineJSON{
		From: t.From.Time(), To: t.To.Time(), Step: t.Step.Seconds(),
		Buckets: []bucketJSON{}, Failures: []markJSON{}, Unwatched: []spanJSON{}, Stages: []markJSON{},
	}
	for _, b := range t.Buckets {
		shown.Buckets = append(shown.Buckets, bucketJSON(b))
	}
	for _, m := range t.Failures {
		shown.Failures = append(shown.Failures, markJSON{Seq: m.Seq, At: m.At.Time(), Computer: m.Computer, Job: m.Job})
	}
	for _, m := range t.Stages {
		shown.Stages = append(shown.Stages, markJSON{At: m.At.Time(), Computer: m.Computer, Stage: m.Job})
	}
	for _, s := range t.Unwatched {
		shown.Unwatched = append(shown.Unwatched, spanJSON{s.From.Time(), s.To.Time()})
	}
	return shown
}
