package http

import (
	"io"
	"net/http"
)

// api answers what programs ask, below /api/v1/.
func api(Web) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error": "there is no such question"}`+"\n") // the client may have gone
	})
}
