package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Daemon is what the server's end needs; all methods are safe for concurrent use.
type Daemon interface {
	Info() Info
	Read(from uint64) iter.Seq2[jobmon.Batch, error]
	Pictures() []jobmon.Progress
	Refresh(ctx context.Context, r RefreshRequest) (RefreshAnswer, error)
}

// Handler answers the routes.
func Handler(d Daemon) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+routeInfo, func(w http.ResponseWriter, _ *http.Request) { answer(w, d.Info()) })
	mux.HandleFunc("GET "+routePictures, func(w http.ResponseWriter, _ *http.Request) { answer(w, d.Pictures()) })
	mux.HandleFunc("GET "+routeBatches, func(w http.ResponseWriter, r *http.Request) { batches(w, r, d) })
	mux.HandleFunc("POST "+routeRefresh, func(w http.ResponseWriter, r *http.Request) { refresh(w, r, d) })
	return mux
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

// batches answers with a page of the log, a batch a line. It is put together before anything is sent: nothing of
// the log is held while a slow client reads.
func batches(w http.ResponseWriter, r *http.Request, d Daemon) {
	from, err := strconv.ParseUint(r.FormValue("from"), 10, 64)
	if err != nil {
		refuse(w, http.StatusBadRequest, errors.New("from must be a sequence number"))
		return
	}
	var page bytes.Buffer
	encoder := json.NewEncoder(&page)
	for b, err := range d.Read(from) {
		if err == nil {
			err = encoder.Encode(b)
		}
		if err != nil {
			refuse(w, http.StatusInternalServerError, err)
			return
		}
		if page.Len() >= pageBytes {
			break
		}
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Write(page.Bytes())
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
