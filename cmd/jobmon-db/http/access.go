package http

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/httprate"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/configs"
)

// Access says who may ask. Its tokens may change while it is used.
type Access struct {
	key    func() []byte // signs sessions; always the same
	log    zerolog.Logger
	tokens atomic.Pointer[[]configs.Token]

	trouble atomic.Pointer[string] // logged last
}

// NewAccess lets in those who have one of the tokens. Without any, only requests that name this computer are answered,
// and all of them are. The key signs browsers' sessions; a session lasts as long as the key and its token. key is
// called once, when there is a token.
func NewAccess(tokens []configs.Token, key func() []byte, log zerolog.Logger) *Access {
	a := &Access{key: sync.OnceValue(key), log: log}
	a.Set(tokens)
	return a
}

// Set replaces the tokens. What a removed one had opened ends.
func (a *Access) Set(tokens []configs.Token) {
	if len(tokens) > 0 {
		a.key()
	}
	a.tokens.Store(&tokens)
}

func (a *Access) list() []configs.Token { return *a.tokens.Load() }

// How often one address may ask in a minute where tokens are asked for. Guessing tokens leads nowhere. A screen asks
// twelve times; a browser asks often while somebody drags the slider, and several may share an address.
const (
	perMinute       = 600
	perMinuteProven = 6000 // with a token or a session
)

// asker is on whose behalf a request is answered.
type asker struct {
	token   *configs.Token // nil: none is asked for
	browser bool           // a session proves it
}

// canEnd says whether a page may offer to log out.
func (who asker) canEnd() bool { return who.browser && who.token != nil }

type askerKey struct{}

// askerOf is the asker of an admitted request.
func askerOf(r *http.Request) asker {
	who, _ := r.Context().Value(askerKey{}).(asker)
	return who
}

// unreadable logs what readers do not see, once until it is something else; nil is nothing.
func (a *Access) unreadable(err error) {
	if err == nil {
		return
	}
	text := err.Error()
	if was := a.trouble.Swap(&text); was == nil || *was != text {
		a.log.Error().Err(err).Msg("pages and answers about the past fail: the log cannot be read")
	}
}

// holds says whether the asker's token is still among those that open everything.
func (a *Access) holds(who asker) bool {
	list := a.list()
	if who.token == nil {
		return len(list) == 0
	}
	for i := range list {
		if list[i].Digest == who.token.Digest {
			return list[i].Scope == configs.ScopeRead
		}
	}
	return false
}

// caching is what a client may keep of an answer. Where tokens are asked for, logging out on a computer that several
// people use leaves nothing there. A screen may keep its picture, whose ETag it asks with.
func (a *Access) caching(path string) string {
	if len(a.list()) > 0 && !isPicture(path) {
		return "no-store"
	}
	return "no-cache"
}

// guard passes on the requests of those who may ask, before anything else is spent on them. /healthz needs no token and
// counts in no rate: supervision must hear it while somebody attacks.
func (a *Access) guard(next http.Handler) http.Handler {
	unproven, proven := limiter(perMinute), limiter(perMinuteProven)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens, from := a.list(), address(r.RemoteAddr)
		switch {
		case r.URL.Path == healthRoute:
		case len(tokens) == 0 && !here(r.Host):
			refuse(w, r, http.StatusMisdirectedRequest, "this server answers to 127.0.0.1, [::1] and localhost only")
			return
		case isCode(r.URL.Path) || len(tokens) > 0 && isPublic(r.URL.Path):
			if unproven.RespondOnLimit(w, r, from) {
				return
			}
		case len(tokens) > 0:
			who, ok := a.asker(r)
			if ok && proven.RespondOnLimit(w, r, from) || !ok && unproven.RespondOnLimit(w, r, from) {
				return
			}
			if !ok {
				challenge(w, r)
				return
			}
			if who.token.Scope == configs.ScopeScreen && !isPicture(r.URL.Path) {
				refuse(w, r, http.StatusForbidden, "this token opens /evt/<computer id> alone: its scope is screen")
				return
			}
			r = r.WithContext(context.WithValue(r.Context(), askerKey{}, who))
		}
		next.ServeHTTP(w, r)
	})
}

func limiter(perMinute int) *httprate.RateLimiter {
	return httprate.NewRateLimiter(perMinute, time.Minute,
		httprate.WithLimitHandler(func(w http.ResponseWriter, r *http.Request) {
			refuse(w, r, http.StatusTooManyRequests, "this address has asked too often: ask again in a minute")
		}),
		httprate.WithResponseHeaders(httprate.ResponseHeaders{RetryAfter: "Retry-After"}))
}

// challenge asks for a token: a browser that wants a page by the page for that, programs by 401.
func challenge(w http.ResponseWriter, r *http.Request) {
	ask := r.Method == http.MethodGet || r.Method == http.MethodHead
	if ask && isPage(r.URL.Path) && r.Header.Get("Authorization") == "" && r.Header.Get(fragmentHeader) == "" {
		toLogin(w, r)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="jobmon-db"`)
	refuse(w, r, http.StatusUnauthorized, "a token is needed: Authorization: Bearer <token>; the administrator makes "+
		"one with jobmon-db config new-token")
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

// asker finds out who asks, by the token or by a browser's session.
func (a *Access) asker(r *http.Request) (who asker, ok bool) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		who.token = a.find(strings.TrimSpace(token))
		return who, who.token != nil
	}
	who.token, who.browser = a.session(r), true
	return who, who.token != nil
}

// find takes the same time whatever part of a token is right, and whichever it is.
func (a *Access) find(token string) (found *configs.Token) {
	digest := sha256.Sum256([]byte(token))
	list := a.list()
	for i := range list {
		if subtle.ConstantTimeCompare(list[i].Digest[:], digest[:]) == 1 {
			found = &list[i]
		}
	}
	return found
}
