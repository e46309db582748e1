package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/httprate"
)

// Access says who may ask.
type Access struct {
	// Digests are the SHA-256 of the tokens of which every request but /healthz must bring one, as a Bearer. Without any,
	// only requests that name this computer are answered.
	Digests [][sha256.Size]byte
}

// perMinute is how often one address may ask where tokens are asked for: a screen asks twelve times, and whoever guesses
// tokens gets nowhere.
const perMinute = 600

// guard lets those through who may ask.
func (a Access) guard(next http.Handler) http.Handler {
	if len(a.Digests) == 0 {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !here(r.Host) {
				http.Error(w, "this server answers to 127.0.0.1, [::1] and localhost only", http.StatusMisdirectedRequest)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	bounded := httprate.LimitBy(perMinute, time.Minute, peer, httprate.WithLimitHandler(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "one address may ask 600 times a minute: ask again later", http.StatusTooManyRequests)
	}))
	return bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" && !a.allows(r.Header.Get("Authorization")) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="jobmon-db"`)
			http.Error(w, "a token is needed: Authorization: Bearer <token>; the administrator makes one with jobmon-db config new-token", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// peer is whose request counts: the other end of the connection. Nobody stands between.
func peer(r *http.Request) (string, error) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	return httprate.CanonicalizeIP(host), err
}

// allows takes the same time whatever part of a token is right, and whichever it is.
func (a Access) allows(authorization string) bool {
	scheme, token, ok := strings.Cut(authorization, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	digest := sha256.Sum256([]byte(strings.TrimSpace(token)))
	found := 0
	for _, d := range a.Digests {
		found |= subtle.ConstantTimeCompare(d[:], digest[:])
	}
	return found == 1
}
