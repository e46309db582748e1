package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// Daemon is what the server's end needs; all methods are safe for concurrent use.
type Daemon interface {
	Info() Info
	store.PageSource                                               // the log
	Moment(at jobmon.Instant) (m store.Moment, ok bool, err error) // as store.Log.Moment
	Refresh(ctx context.Context, r RefreshRequest) (RefreshAnswer, error)
	Compact(ctx context.Context, r CompactRequest) (Compaction, error)
	Compaction() Compaction
	Targets() []Target                                           // of messages, by name
	Fleet() []FleetSite                                          // all at a hub, one at a site, none without a fleet
	Reload(ctx context.Context, r ReloadRequest) (Reload, error) // an error only where there is no configuration
}

// Handler answers the routes.
func Handler(d Daemon) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+routeInfo, asked(func(r *http.Request) (any, error) { return d.Info(), nil }))
	mux.HandleFunc("GET "+routeMoment, asked(func(r *http.Request) (any, error) { return moment(r, d) }))
	mux.HandleFunc("GET "+routeLog, asked(func(r *http.Request) (any, error) { return extract(r, d) }))
	mux.HandleFunc("GET "+routeCaches, asked(func(r *http.Request) (any, error) { return caches(d) }))
	mux.HandleFunc("GET "+routeCache, asked(func(r *http.Request) (any, error) { return cache(r, d) }))
	mux.HandleFunc("GET "+routeCompact, asked(func(*http.Request) (any, error) { return d.Compaction(), nil }))
	mux.HandleFunc("GET "+routeTargets, asked(func(*http.Request) (any, error) { return d.Targets(), nil }))
	mux.HandleFunc("GET "+routeFleet, asked(func(*http.Request) (any, error) { return d.Fleet(), nil }))
	mux.HandleFunc("POST "+routeRefresh, ordered(d.Refresh))
	mux.HandleFunc("POST "+routeCompact, administered(ordered(d.Compact)))
	mux.HandleFunc("POST "+routeReload, administered(ordered(d.Reload)))
	return mux
}

// administered refuses those who may only ask: what changes the log or the daemon is for its account and
// administrators.
func administered(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !endpoint.Administering(r.Context()) {
			refuse(
				w,
				http.StatusForbidden,
				errors.New(
					"this account may ask the daemon and not administer it: "+
						"run this command elevated (as administrator)",
				),
			)
			return
		}
		next(w, r)
	}
}

// asked answers a question about the log. What cannot be answered is the log's fault, unless the question is none.
func asked(find func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := find(r)
		answer(w, v, err, http.StatusInternalServerError)
	}
}

// ordered has the daemon do what a request's body says.
func ordered[Request, Answer any](do func(context.Context, Request) (Answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request Request
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			answer(w, nil, badRequest{fmt.Errorf("the request is not understood: %w", err)}, 0)
			return
		}
		got, err := do(r.Context(), request)
		answer(w, got, err, http.StatusServiceUnavailable)
	}
}

// badRequest is the error of a request that is none.
type badRequest struct{ error }

func answer(w http.ResponseWriter, v any, err error, failed int) {
	s, raw := v.(stored)
	if raw {
		v = s.head
	}
	body := []byte(nil)
	if err == nil {
		if body, err = json.Marshal(v); err != nil {
			err, failed = fmt.Errorf("encode the answer: %w", err), http.StatusInternalServerError
		}
	}
	switch {
	case errors.As(err, new(badRequest)):
		refuse(w, http.StatusBadRequest, err)
	case err != nil:
		refuse(w, failed, err)
	case raw:
		body = bytes.Join(append([][]byte{append(body, '\n')}, s.bytes...), nil)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Write(body)
	}
}

func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(problem{Error: err.Error()})
}

// number is a value of the question; ok is false without one.
func number(r *http.Request, name string, bits int) (n int64, ok bool, err error) {
	text := r.FormValue(name)
	if text == "" {
		return 0, false, nil
	}
	if n, err = strconv.ParseInt(text, 10, bits); err != nil {
		err = badRequest{fmt.Errorf("%s must be a number of at most %d bits", name, bits)}
	}
	return n, err == nil, err
}

func moment(r *http.Request, d Daemon) (any, error) {
	at, ok, err := number(r, "at", 64)
	if err == nil && !ok {
		err = badRequest{errors.New("at must be a time in milliseconds since 1970 UTC")}
	}
	if err != nil {
		return nil, err
	}
	m, found, err := d.Moment(jobmon.Instant(at))
	return Moment{Seq: m.Seq, At: m.At, Times: m.Times, First: m.First, Found: found}, err
}

// extract is a page of the log as it is stored. The client writes the copy, with its own rights.
func extract(r *http.Request, d Daemon) (any, error) {
	from, err := strconv.ParseUint(r.FormValue("from"), 10, 64)
	if err != nil {
		return nil, badRequest{errors.New("from must be a sequence number")}
	}
	id, one, err := number(r, "computer", 32)
	if err != nil {
		return nil, err
	}
	var x store.Extract
	if one {
		x, err = d.ExtractComputer(jobmon.ComputerID(id), from)
	} else {
		x, err = d.Extract(from)
	}
	head, s := page{Meta: x.Meta, Last: x.Last}, stored{}
	for i := range x.Parts {
		p := &x.Parts[i]
		head.Parts = append(head.Parts, part{p.Seq, p.Until, p.Since, p.Sealed, len(p.Data)})
		s.bytes = append(s.bytes, p.Data)
	}
	s.head = head
	return s, err
}

// caches are those of the log, without their data.
func caches(d Daemon) (any, error) {
	list, err := d.Caches()
	all := []kept{}
	for _, c := range list {
		all = append(all, kept{c.Name, c.Version, c.Seq})
	}
	return all, err
}

// cache is a page of one.
func cache(r *http.Request, d Daemon) (any, error) {
	at, ok, err := number(r, "at", 32)
	if err == nil && (!ok || at < 0) {
		err = badRequest{errors.New("at must be a number of bytes")}
	}
	if err != nil {
		return nil, err
	}
	p, err := d.CachePage(r.FormValue("name"), int(at))
	return stored{cachePage{p.Seq, p.Size}, [][]byte{p.Data}}, err
}
