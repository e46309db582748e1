package http

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
	// Digests are the SHA-256 of the tokens of which every request but /healthz must bring one, as a Bearer. Without
	// any, only requests that name this computer are answered.
	Digests [][sha256.Size]byte
}

// perMinute is how often one address may ask where tokens are asked for. A screen asks twelve times a minute; an
// address that guesses tokens gets nowhere.
const perMinute = 600

// guard passes on the requests of those who may ask, before anything else is spent on them. /healthz needs no token and
// counts in no rate: supervision must hear it while somebody attacks.
func (a Access) guard(next http.Handler) http.Handler {
	if len(a.Digests) == 0 {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !here(r.Host) {
				refuse(
					w,
					r,
					http.StatusMisdirectedRequest,
					"this server answers to 127.0.0.1, [::1] and localhost only",
				)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	tooOften := func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusTooManyRequests, "one address may ask 600 times a minute: ask again later")
	}
	bounded := httprate.LimitBy(
		perMinute,
		time.Minute,
		func(r *http.Request) (string, error) { return address(r.RemoteAddr), nil },
		httprate.WithLimitHandler(tooOften),
	)(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !a.allows(r.Header.Get("Authorization")) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="jobmon-db"`)
				refuse(
					w,
					r,
					http.StatusUnauthorized,
					"a token is needed: Authorization: Bearer <token>; the administrator makes one with jobmon-db config new-token",
				)
				return
			}
			next.ServeHTTP(w, r)
		}),
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == healthRoute {
			next.ServeHTTP(w, r)
			return
		}
		bounded.ServeHTTP(w, r)
	})
}

// address is what counts as one address: that at the other end of the connection, as nobody stands between. Of IPv6 it
// is the network, of which one computer can have every address.
func address(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	return httprate.CanonicalizeIP(host)
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
