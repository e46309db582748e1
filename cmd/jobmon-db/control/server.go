package control

import (
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
	Moment(at jobmon.Instant) (m store.Moment, ok bool, err error) // as store.Log.Moment
	Chronicle() ([]jobmon.Event, error)                            // as history.Facts
	Checkpoint(seq uint64) (Checkpoint, error)                     // the newest one not behind that event
	Pictures() []jobmon.Progress
	PicturesAt(seq uint64) ([]jobmon.Progress, error) // after the batch that holds that event
	News(after uint64) News
	Refresh(ctx context.Context, r RefreshRequest) (RefreshAnswer, error)
	store.PageSource
	Compact(ctx context.Context, r CompactRequest) (Compaction, error)
	Compaction() Compaction
	Reload(ctx context.Context, r ReloadRequest) (Reload, error) // an error only where there is no configuration
}

// Handler answers the routes.
func Handler(d Daemon) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+routeInfo, func(w http.ResponseWriter, _ *http.Request) { answer(w, d.Info()) })
	mux.HandleFunc("GET "+routeChronicle, func(w http.ResponseWriter, _ *http.Request) {
		list, err := d.Chronicle()
		if err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		answer(w, list)
	})
	mux.HandleFunc("GET "+routeMoment, func(w http.ResponseWriter, r *http.Request) { moment(w, r, d) })
	mux.HandleFunc("GET "+routeCheckpoint, func(w http.ResponseWriter, r *http.Request) { checkpoint(w, r, d) })
	mux.HandleFunc("GET "+routePictures, func(w http.ResponseWriter, r *http.Request) { pictures(w, r, d) })
	mux.HandleFunc("GET "+routeNews, func(w http.ResponseWriter, r *http.Request) {
		if after, ok := number(w, r, "after"); ok {
			answer(w, d.News(after))
		}
	})
	mux.HandleFunc("POST "+routeRefresh, func(w http.ResponseWriter, r *http.Request) { refresh(w, r, d) })
	mux.HandleFunc("GET "+routeLog, func(w http.ResponseWriter, r *http.Request) { extract(w, r, d) })
	mux.HandleFunc("GET "+routeCaches, func(w http.ResponseWriter, _ *http.Request) { caches(w, d) })
	mux.HandleFunc("GET "+routeCache, func(w http.ResponseWriter, r *http.Request) { cache(w, r, d) })
	mux.HandleFunc("GET "+routeCompact, func(w http.ResponseWriter, r *http.Request) { answer(w, d.Compaction()) })
	mux.HandleFunc("POST "+routeCompact, administered(func(w http.ResponseWriter, r *http.Request) { compact(w, r, d) }))
	mux.HandleFunc("POST "+routeReload, administered(func(w http.ResponseWriter, r *http.Request) { reload(w, r, d) }))
	return mux
}

// administered refuses those who may only ask: what changes the log or the daemon is for its account and administrators.
func administered(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !endpoint.Administering(r.Context()) {
			refuse(w, http.StatusForbidden, errors.New("this account may ask the daemon and not administer it: run this command elevated (as administrator)"))
			return
		}
		next(w, r)
	}
}

func answer(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		refuse(w, http.StatusInternalServerError, fmt.Errorf("encode the answer: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(problem{Error: err.Error()})
}

func moment(w http.ResponseWriter, r *http.Request, d Daemon) {
	at, err := strconv.ParseInt(r.FormValue("at"), 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, errors.New("at must be a time in milliseconds since 1970 UTC"))
		return
	}
	m, found, err := d.Moment(jobmon.Instant(at))
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, Moment{Seq: m.Seq, At: m.At, Times: m.Times, First: m.First, Found: found})
}

// pictures answers with the newest pictures, or with those of then.
func pictures(w http.ResponseWriter, r *http.Request, d Daemon) {
	text := r.FormValue("seq")
	if text == "" {
		answer(w, wrap(d.Pictures()))
		return
	}
	seq, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, errors.New("seq must be a sequence number"))
		return
	}
	list, err := d.PicturesAt(seq)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, wrap(list))
}

func checkpoint(w http.ResponseWriter, r *http.Request, d Daemon) {
	seq, ok := number(w, r, "seq")
	if !ok {
		return
	}
	kept, err := d.Checkpoint(seq)
	switch {
	case err != nil:
		refuse(w, http.StatusInternalServerError, err)
	case len(kept.Data) > mostCheckpoint:
		answer(w, Checkpoint{})
	default:
		answer(w, kept)
	}
}

// number is the sequence number that is asked for; without one the request is refused.
func number(w http.ResponseWriter, r *http.Request, name string) (seq uint64, ok bool) {
	seq, err := strconv.ParseUint(r.FormValue(name), 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("%s must be a sequence number", name))
	}
	return seq, err == nil
}

// computer is the one whose part of the log is asked for; one says that there is one. With what is no id the request is refused.
func computer(w http.ResponseWriter, r *http.Request) (id jobmon.ComputerID, one, ok bool) {
	text := r.FormValue("computer")
	if text == "" {
		return 0, false, true
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		refuse(w, http.StatusBadRequest, errors.New("computer must be an id"))
	}
	return jobmon.ComputerID(n), true, err == nil
}

// extract answers with a page of the log as it is stored. The client writes the copy, with its own rights.
func extract(w http.ResponseWriter, r *http.Request, d Daemon) {
	from, ok := number(w, r, "from")
	if !ok {
		return
	}
	id, one, ok := computer(w, r)
	if !ok {
		return
	}
	page, err := store.Extract{}, error(nil)
	if one {
		page, err = d.ExtractComputer(id, from)
	} else {
		page, err = d.Extract(from)
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, page)
}

// caches answers with what the log has of them, without their data.
func caches(w http.ResponseWriter, d Daemon) {
	list, err := d.Caches()
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	all := []kept{}
	for _, c := range list {
		all = append(all, kept{c.Name, c.Version, c.Seq})
	}
	answer(w, all)
}

// cache answers with a page of one.
func cache(w http.ResponseWriter, r *http.Request, d Daemon) {
	at, err := strconv.ParseUint(r.FormValue("at"), 10, 31)
	if err != nil {
		refuse(w, http.StatusBadRequest, errors.New("at must be a number of bytes"))
		return
	}
	page, err := d.CachePage(r.FormValue("name"), int(at))
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	answer(w, page)
}

func compact(w http.ResponseWriter, r *http.Request, d Daemon) {
	var request CompactRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("the request is not understood: %w", err))
		return
	}
	got, err := d.Compact(r.Context(), request)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, got)
}

func refresh(w http.ResponseWriter, r *http.Request, d Daemon) {
	var request RefreshRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("the request is not understood: %w", err))
		return
	}
	got, err := d.Refresh(r.Context(), request)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, got)
}

func reload(w http.ResponseWriter, r *http.Request, d Daemon) {
	var request ReloadRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("the request is not understood: %w", err))
		return
	}
	got, err := d.Reload(r.Context(), request)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	answer(w, got)
}
