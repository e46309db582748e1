package http

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/configs"
)

// A browser's session is a cookie: when it began, something random, and a MAC of both with the digest of the token that
// opened it. Nothing is kept on the server, so that it outlives a restart, and it ends with its token.
const (
	cookieName  = "jobmon-session"
	sessionFor  = 90 * 24 * time.Hour
	renewAfter  = 24 * time.Hour // a session in use is begun anew
	sessionHead = 8 + 16
	sessionKind = "jobmon-db session 1\x00"
)

// session is the token that opened the session of a request, nil for none.
func (a *Access) session(r *http.Request) *configs.Token {
	token, _ := a.opened(r)
	return token
}

func (a *Access) opened(r *http.Request) (token *configs.Token, began time.Time) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, began
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(text) != sessionHead+sha256.Size {
		return nil, began
	}
	head, mac := text[:sessionHead], text[sessionHead:]
	began = time.Unix(int64(binary.BigEndian.Uint64(head)), 0)
	if age := time.Since(began); age < -time.Hour || age > sessionFor {
		return nil, began
	}
	list := a.list()
	for i := range list {
		if list[i].Scope == configs.ScopeRead && hmac.Equal(mac, a.sign(head, &list[i])) {
			token = &list[i]
		}
	}
	return token, began
}

func (a *Access) sign(head []byte, token *configs.Token) []byte {
	h := hmac.New(sha256.New, a.key())
	h.Write([]byte(sessionKind))
	h.Write(head)
	h.Write(token.Digest[:])
	return h.Sum(nil)
}

// begin gives the browser a session.
func (a *Access) begin(w http.ResponseWriter, token *configs.Token) {
	head := make([]byte, sessionHead)
	binary.BigEndian.PutUint64(head, uint64(time.Now().Unix()))
	_, _ = rand.Read(head[8:]) // which never fails
	value := base64.RawURLEncoding.EncodeToString(append(head, a.sign(head, token)...))
	setCookie(w, value, int(sessionFor/time.Second))
}

// renew begins a session anew that is in use and no longer young.
func (a *Access) renew(w http.ResponseWriter, r *http.Request) {
	if who := askerOf(r); who.browser {
		if token, began := a.opened(r); token != nil && time.Since(began) > renewAfter {
			a.begin(w, token)
		}
	}
}

// setCookie sets the only cookie. Browsers take a secure one over http too where the server is on their own computer.
func setCookie(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: true,
		SameSite: http.SameSiteStrictMode,
	})
}

// toLogin sends a browser to the page that asks for the token, and from there back.
func toLogin(w http.ResponseWriter, r *http.Request) {
	seeOther(w, r, loginRoute+"?"+url.Values{"next": {localPath(r.URL.RequestURI())}}.Encode())
}

// seeOther leads to a path of this server. It has no body: no page is needed on the way.
func seeOther(w http.ResponseWriter, r *http.Request, path string) {
	if r.ContentLength != 0 && r.Method != http.MethodPost {
		w.Header().Set("Connection", "close")
	}
	w.Header().Set("Location", path)
	w.WriteHeader(http.StatusSeeOther)
}

// The login form: nobody needs more bytes or more time for it.
const (
	formBytes  = 4 << 10
	formWithin = 5 * time.Second
)

// form reads a form that a page of this server sent, or answers why not. No place is taken while it is awaited.
func form(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		refuse(w, r, http.StatusForbidden, "this form is taken from pages of this server only")
		return nil, false
	}
	if r.ContentLength > formBytes {
		refuse(w, r, http.StatusRequestEntityTooLarge, "a form here has at most 4096 bytes")
		return nil, false
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(formWithin)) // a recorder has no deadline
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, formBytes))
	values, malformed := url.ParseQuery(string(text))
	if err != nil || malformed != nil {
		refuse(w, r, http.StatusBadRequest, "the form was not understood")
		return nil, false
	}
	return values, true
}

// login asks for a token by a page, and takes it.
func (p *pages) login(w http.ResponseWriter, r *http.Request) {
	if len(p.access.list()) == 0 {
		seeOther(w, r, "/")
		return
	}
	next := localPath(r.URL.Query().Get("next"))
	page := board.Login{Frame: p.frame(r, board.Frame{ReadAge: -1}), Next: next}
	if r.Method != http.MethodPost {
		p.answer(w, r, http.StatusOK, page.Write)
		return
	}
	values, ok := form(w, r)
	if !ok {
		return
	}
	next = localPath(values.Get("next"))
	token := p.access.find(values.Get("token"))
	if token == nil || token.Scope != configs.ScopeRead {
		page.Wrong, page.Next = true, next
		p.answer(w, r, http.StatusForbidden, page.Write)
		return
	}
	p.access.begin(w, token)
	p.access.log.Info().Str("token", token.Name).Msg("a browser has logged in to the board")
	seeOther(w, r, next)
}

// logout ends the session of this browser.
func (p *pages) logout(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		seeOther(w, r, "/")
		return
	}
	if _, ok := form(w, r); !ok {
		return
	}
	setCookie(w, "", -1)
	seeOther(w, r, loginRoute)
}
