package http

import "net/http"

// api answers what programs ask, below /api/v1/.
func api(Web) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		apiError(w, http.StatusNotFound, "there is no such question")
	})
}

// apiError answers below /api with what is wrong.
func apiError(w http.ResponseWriter, code int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(asJSON(map[string]string{"error": why}), '\n')) // the client may have gone
}
