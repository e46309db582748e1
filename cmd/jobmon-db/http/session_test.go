package http_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/board"
	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// site is a server with pages and its browsers.
type site struct {
	t       *testing.T
	access  *web.Access
	handler http.Handler
	log     bytes.Buffer
}

var links = link.Key(bytes.Repeat([]byte{9}, 32))

func newSite(t *testing.T, list []configs.Token) *site {
	s := &site{t: t}
	s.access = web.NewAccess(list, key, zerolog.New(&s.log))
	s.handler = web.Handler(web.Routes{
		Files: files, Web: newShown(7, known), Links: links, Health: func() string { return "" },
	}, s.access)
	return s
}

// does is one request; header has names and values in turns.
func (s *site) does(method, target, body string, header ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	r.Host = "ds01.example.com:8443"
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		} else {
			r.Header.Add(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Result()
}

// login sends the form of the login page and returns the session that it begins, as a Cookie header; "" for none.
func (s *site) login(token, next string, header ...string) (*http.Response, string) {
	s.t.Helper()
	form := url.Values{"token": {token}, "next": {next}}.Encode()
	header = append(header, "Content-Type", "application/x-www-form-urlencoded")
	r := s.does("POST", "/login", form, header...)
	if cookies := r.Cookies(); len(cookies) > 0 {
		c := cookies[0]
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
			s.t.Errorf("%+v", c)
		}
		return r, c.Name + "=" + c.Value
	}
	return r, ""
}

// named are a token that opens everything, and one for monitors.
func named() []configs.Token {
	return []configs.Token{
		{Name: "helpdesk", Scope: configs.ScopeRead, Digest: configs.DigestOf("good")},
		{Name: "monitors", Scope: configs.ScopeScreen, Digest: configs.DigestOf("hall")},
	}
}

func TestWhoMaySeeWhat(t *testing.T) {
	t.Parallel()
	asked, free := newSite(t, named()), newSite(t, nil)
	_, cookie := asked.login("good", "/")
	_, forged := newSite(t, []configs.Token{
		{Scope: configs.ScopeRead, Digest: configs.DigestOf("other")}}).login("other", "/")
	if cookie == "" || forged == "" {
		t.Fatal("nobody can log in")
	}
	code := "/q/" + links.Code(known, 1)
	const html = "text/html; charset=utf-8"
	for _, c := range []struct {
		name, path string
		site       *site
		header     []string
		code       int
		location   string
	}{
		{"on this computer", "/", free, []string{"Host", "127.0.0.1:8080"}, 200, ""},
		{"on this computer, by another name", "/", free, nil, 421, ""},
		{"the code, by another name", code, free, nil, 421, ""},
		{"nothing to log in to", "/login", free, []string{"Host", "localhost"}, 303, "/"},

		{"a browser", "/", asked, nil, 303, "/login?next=%2F"},
		{"a browser with a filter", "/?state=failed&q=%26", asked, nil, 303, "/login?next=%2F%3Fstate%3Dfailed%26q%3D%2526"},
		{"a computer", "/c/7?at=14:20", asked, nil, 303, "/login?next=%2Fc%2F7%3Fat%3D14%3A20"},
		{"the wall", "/wall", asked, nil, 303, "/login?next=%2Fwall"},
		{"a table", "/reports/stages.csv", asked, nil, 303, "/login?next=%2Freports%2Fstages.csv"},
		{"the script", "/", asked, []string{"X-Fragment", "main"}, 401, ""},
		{"a program", "/api/v1/computers", asked, nil, 401, ""},
		{"a screen", "/evt/5000001", asked, nil, 401, ""},
		{"another path", "/nothing", asked, nil, 401, ""},
		{"the login page", "/login", asked, nil, 200, ""},
		{"its style", "/assets/0/board.css", asked, nil, 404, ""},
		{"supervision", "/healthz", asked, nil, 200, ""},
		{"a code", code, asked, nil, 200, ""},
		{"a code in capitals", strings.ToUpper(code), asked, nil, 200, ""},
		{"another deployment's code", "/q/" + links.Code(known, 2), asked, nil, 404, ""},
		{"an unknown computer's code", "/q/" + links.Code(99, 1), asked, nil, 404, ""},
		{"a code that was changed", code[:len(code)-1] + "!", asked, nil, 404, ""},
		{"no code", "/q/", asked, nil, 404, ""},

		{"a token", "/", asked, []string{"Authorization", "Bearer good"}, 200, ""},
		{"a wrong token", "/", asked, []string{"Authorization", "Bearer bad"}, 401, ""},
		{"a session", "/", asked, []string{"Cookie", cookie}, 200, ""},
		{"a session for the API", "/evt/5000001", asked, []string{"Cookie", cookie}, 200, ""},
		{"a session of another token", "/", asked, []string{"Cookie", forged}, 303, "/login?next=%2F"},
		{"a broken session", "/", asked, []string{"Cookie", cookie[:len(cookie)-2]}, 303, "/login?next=%2F"},
		{"no session", "/", asked, []string{"Cookie", "jobmon-session="}, 303, "/login?next=%2F"},
		{"a session and a wrong token", "/", asked, []string{"Cookie", cookie, "Authorization", "Bearer x"}, 401, ""},

		{"a monitor", "/evt/5000001", asked, []string{"Authorization", "Bearer hall"}, 200, ""},
		{"a monitor on the board", "/", asked, []string{"Authorization", "Bearer hall"}, 403, ""},
		{"a monitor and all computers", "/computers", asked, []string{"Authorization", "Bearer hall"}, 403, ""},
		{"a monitor and the API", "/api/v1/computers", asked, []string{"Authorization", "Bearer hall"}, 403, ""},
		{"a monitor and a page", "/c/5000001", asked, []string{"Authorization", "Bearer hall"}, 403, ""},
		{"a monitor and figures", "/metrics", asked, []string{"Authorization", "Bearer hall"}, 403, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := c.site.does("GET", c.path, "", c.header...)
			if r.StatusCode != c.code || r.Header.Get("Location") != c.location {
				t.Errorf("%d to %q, want %d to %q", r.StatusCode, r.Header.Get("Location"), c.code, c.location)
			}
			if len(r.Cookies()) > 0 {
				t.Errorf("a cookie is set: %v", r.Cookies())
			}
			page := r.Header.Get("Content-Type") == html
			csp := strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'")
			if page != csp || page != (r.Header.Get("X-Frame-Options") == "DENY") {
				t.Errorf("%v", r.Header)
			}
		})
	}
}

func TestALoginThatIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t, named())
	for _, c := range []struct {
		name, token string
		header      []string
		code        int
	}{
		{"a wrong token", "bad", nil, 403},
		{"no token", "", nil, 403},
		{"the digest", configs.DigestOf("good").String(), nil, 403},
		{"a token for monitors", "hall", nil, 403},
		{"a form of another site", "good", []string{"Origin", "https://evil.example.com"}, 403},
		{"a form of another site that says so", "good", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a form of the site beside", "good", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"a form without an origin", "good", []string{"Origin", "null"}, 403},
		{"too much", strings.Repeat("x", 5000), nil, 413},
		{"a good one", "good", []string{"Origin", "https://ds01.example.com:8443", "Sec-Fetch-Site", "same-origin"}, 303},
	} {
		r, cookie := s.login(c.token, "/", c.header...)
		if r.StatusCode != c.code || (cookie != "") != (c.code == 303) {
			t.Errorf("%s: %d, cookie %q", c.name, r.StatusCode, cookie)
		}
	}
	if text := s.log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"token":"helpdesk"`) ||
		strings.Contains(text, "good") || strings.Contains(text, "evil") {
		t.Errorf("logged: %s", text)
	}
	for _, path := range []string{"/", "/c/7", "/reports", "/evt/5000001", "/api/v1/computers", "/q/x", "/login/", "/logout/x"} {
		if r := s.does("POST", path, "token=good", "Authorization", "Bearer good"); r.StatusCode != 405 {
			t.Errorf("POST %s: %d", path, r.StatusCode)
		}
	}
}

// The page after the login is one of this server, whatever the address of the login page said.
func TestTheLoginLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s := newSite(t, named())
	for next, want := range map[string]string{
		"/": "/", "/c/7?at=14:20": "/c/7?at=14:20", "/?q=a%26b": "/?q=a%26b", "/reports/stages.csv": "/reports/stages.csv",
		"": "/", "//evil.example.com": "/", "/\\evil.example.com": "/", "https://evil.example.com/c/7": "/", "\t//evil": "/",
		"/%09/evil.example.com": "/", "/c/\\..\\..\\evil": "/", "javascript:alert(1)": "/", "/login": "/", "/logout": "/",
		"c/7": "/", "///evil.example.com": "/", "/c/7\r\nSet-Cookie: a=b": "/", "/evt/1": "/", "%": "/",
	} {
		if r, cookie := s.login("good", next); r.StatusCode != 303 || r.Header.Get("Location") != want || cookie == "" {
			t.Errorf("%q: %d to %q", next, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

func TestASessionEndsWithItsToken(t *testing.T) {
	t.Parallel()
	s := newSite(t, named())
	_, cookie := s.login("good", "/")
	sees := func() int { return s.does("GET", "/", "", "Cookie", cookie).StatusCode }
	restarted := newSite(t, named())
	if code := restarted.does("GET", "/", "", "Cookie", cookie).StatusCode; code != 200 {
		t.Errorf("after a restart: %d", code)
	}
	s.access.Set(named()[1:])
	if code := sees(); code != 303 {
		t.Errorf("its token was removed: %d", code)
	}
	narrower := named()
	narrower[0].Scope = configs.ScopeScreen
	s.access.Set(narrower)
	if code := sees(); code != 303 {
		t.Errorf("its token opens pictures only: %d", code)
	}
	s.access.Set(named())
	if code := sees(); code != 200 {
		t.Errorf("its token is back: %d", code)
	}
	r := s.does("POST", "/logout", "", "Cookie", cookie, "Sec-Fetch-Site", "same-origin")
	if c := r.Cookies(); r.StatusCode != 303 || r.Header.Get("Location") != "/login" || len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("log out: %d %v", r.StatusCode, r.Header)
	}
	if r := s.does("POST", "/logout", "", "Cookie", cookie, "Sec-Fetch-Site", "cross-site"); r.StatusCode != 403 {
		t.Errorf("logged out by another site: %d", r.StatusCode)
	}
}

func TestASessionInUseGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, named())
		_, cookie := s.login("good", "/")
		first := cookie
		for range 10 {
			time.Sleep(30 * 24 * time.Hour)
			r := s.does("GET", "/", "", "Cookie", cookie)
			if r.StatusCode != 200 || len(r.Cookies()) != 1 {
				t.Fatalf("%d %v", r.StatusCode, r.Header)
			}
			cookie = r.Cookies()[0].Name + "=" + r.Cookies()[0].Value
			if r := s.does("GET", "/", "", "Cookie", cookie); len(r.Cookies()) > 0 {
				t.Error("a young session is begun anew")
			}
		}
		if code := s.does("GET", "/", "", "Cookie", first).StatusCode; code != 303 {
			t.Errorf("a session from 300 days ago: %d", code)
		}
	})
}

func TestLoginsCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, named())
		n := 0
		for r, _ := s.login("guess", "/"); r.StatusCode == 403; r, _ = s.login("guess", "/") {
			if n++; n > 2000 {
				t.Fatal("tokens can be guessed without end")
			}
		}
		if r := s.does("GET", "/q/GUESS", ""); r.StatusCode != 429 {
			t.Errorf("codes can be guessed beside: %d", r.StatusCode)
		}
		if r := s.does("GET", "/", "", "Authorization", "Bearer good"); r.StatusCode != 200 {
			t.Errorf("who has a token on that address: %d", r.StatusCode)
		}
	})
}

// Where tokens are asked for, nothing that they open stays in a browser; pictures keep their ETag, assets their time.
func TestNothingStaysBehindALogout(t *testing.T) {
	t.Parallel()
	routes := web.Routes{Files: files, Web: newShown(7, known)}
	for path, want := range map[string][2]string{
		"/": {"no-cache", "no-store"}, "/c/7": {"no-cache", "no-store"}, "/reports": {"no-cache", "no-store"},
		"/nothing": {"no-cache", "no-store"}, "/api/v1/computers": {"no-cache", "no-store"},
		"/evt/5000001":               {"no-cache", "no-cache"},
		board.AssetPath("board.css"): {"public, max-age=31536000, immutable", "public, max-age=31536000, immutable"},
	} {
		for i, access := range []*web.Access{open(), tokens("secret")} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
			r.Host = "127.0.0.1"
			r.Header.Set("Authorization", "Bearer secret")
			w := httptest.NewRecorder()
			web.Handler(routes, access).ServeHTTP(w, r)
			if got := w.Header().Get("Cache-Control"); got != want[i] {
				t.Errorf("%s: %d, %q, want %q", path, w.Code, got, want[i])
			}
		}
	}
}
