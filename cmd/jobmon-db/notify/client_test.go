package notify

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

func about(id string) *notices.Message {
	n := &notices.Notice{Topic: notices.Failed, Event: jobmon.Event{Seq: 7, At: jobmon.InstantOf(time.Now())}}
	return &notices.Message{ID: id, Notices: []*notices.Notice{n}}
}

func target(t *testing.T, s Settings) Target {
	t.Helper()
	made, err := New(&s, plainly{}, "jobmon-db/test")
	if err != nil {
		t.Fatal(err)
	}
	if c := clientOf(made); c != nil {
		t.Cleanup(c.http.CloseIdleConnections)
	}
	return made
}

// The verifier of Standard Webhooks accepts each message with the secret, and with either of two while one is replaced.
func TestSignatures(t *testing.T) {
	t.Parallel()
	r := &receiver{}
	server := httptest.NewServer(r)
	defer server.Close()
	other := secretPrefix + base64.StdEncoding.EncodeToString([]byte("the secret before, of 32 bytes.."))
	third := secretPrefix + base64.StdEncoding.EncodeToString([]byte("a secret that nobody has, 32 b.."))
	for _, c := range []struct{ secret, old string }{{testSecret, ""}, {other, testSecret}, {testSecret, other}} {
		hook := target(t, Settings{Kind: Webhook, URL: server.URL + "/hook", Secret: c.secret, OldSecret: c.old,
			Token: "token-of-the-hook"})
		if err := hook.Send(t.Context(), about("msg_1_failed")); err != nil {
			t.Fatal(err)
		}
		for secret, good := range map[string]bool{
			testSecret: c.secret == testSecret || c.old == testSecret,
			other:      c.secret == other || c.old == other,
			third:      false,
		} {
			verifier, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Fatal(err)
			}
			if err := verifier.Verify(r.body, r.header); (err == nil) != good {
				t.Errorf("%+v: %s is good: %v; %v", c, secret, good, err)
			}
			if err := verifier.Verify(append(r.body, ' '), r.header); err == nil {
				t.Errorf("%+v: another body is good", c)
			}
		}
		if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, "application/cloudevents+json") {
			t.Errorf("content type %q", got)
		}
		if got := r.header.Get("Authorization"); got != "Bearer token-of-the-hook" {
			t.Errorf("authorization %q", got)
		}
	}
}

func TestSecretsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"whsec_", "whsec_c2hvcnQ=", "whsec_%%%%%%", "planted secret", secretPrefix +
		base64.StdEncoding.EncodeToString(make([]byte, 65))} {
		if _, err := ParseSecret(text); err == nil || strings.Contains(err.Error(), text) && text != "whsec_" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Whatever a receiver redirects to, only its own host gets the message, and a message that a redirect loses is none
// that arrived.
func TestRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := &receiver{}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	var server *httptest.Server
	var posted atomic.Int32
	hops := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			i := 0
			_, _ = fmt.Sscanf(r.URL.Query().Get("i"), "%d", &i)
			if i < n {
				http.Redirect(w, r, fmt.Sprintf("%s?i=%d", r.URL.Path, i+1), http.StatusPermanentRedirect)
				return
			}
			posted.Add(1)
		}
	}
	to := func(code int, address string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", address)
			w.WriteHeader(code)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/three", hops(3))
	mux.Handle("/four", hops(4))
	mux.Handle("/other", to(308, other.URL+"/secret-path"))
	mux.Handle("/other307", to(307, other.URL+"/secret-path"))
	mux.Handle("/metadata", to(307, "http://169.254.169.254/latest/meta-data"))
	mux.Handle("/file", to(307, "file:///etc/passwd"))
	mux.Handle("/scheme", to(307, "https://127.0.0.1/secret-path"))
	mux.Handle("/user", to(307, "//127.0.0.1@evil.example/secret-path"))
	mux.Handle("/lost", to(302, "/fine"))
	mux.Handle("/moved", to(301, "/fine"))
	mux.Handle("/nowhere", to(308, ""))
	mux.HandleFunc("/fine", func(http.ResponseWriter, *http.Request) { posted.Add(1) })
	server = httptest.NewServer(mux)
	defer server.Close()
	for path, arrives := range map[string]bool{
		"/three": true, "/fine": true, "/four": false, "/other": false, "/other307": false, "/metadata": false,
		"/file": false, "/scheme": false, "/user": false, "/lost": false, "/moved": false, "/nowhere": false,
	} {
		posted.Store(0)
		hook := target(t, Settings{Kind: Webhook, URL: server.URL + path, Secret: testSecret})
		err := hook.Send(t.Context(), about("msg_1_failed"))
		if (err == nil) != arrives || (posted.Load() == 1) != arrives {
			t.Errorf("%s: %v, %d", path, err, posted.Load())
		}
		if err != nil && (strings.Contains(err.Error(), "secret-path") || strings.Contains(err.Error(), "meta-data")) {
			t.Errorf("%s: the error holds an address: %v", path, err)
		}
	}
	if elsewhere.tries > 0 {
		t.Error("another host got a request")
	}
}

// Nothing but https leaves this computer, whatever an address looks like.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, good := range map[string]bool{
		"https://example.com/hook": true, "https://10.0.0.1:8443/x": true,
		"http://127.0.0.1/x": true, "http://[::1]:80/x": true,
		"http://localhost:9/x": true, "HTTPS://EXAMPLE.com/x": true, " https://example.com/x\n": true,
		"http://example.com/planted": false, "http://localhost.example.com/planted": false,
		"http://127.0.0.1.nip.io/planted": false,
		"ftp://example.com/planted":       false, "file:///planted": false, "planted": false, "": false, "https://": false,
		"https:///planted": false, "http://0.0.0.0/planted": false, "https://exa mple.com/planted": false,
		"https://example.com/%zzplanted": false, "javascript:planted": false, "http://2130706433/planted": false,
	} {
		_, err := newClient(address, "agent")
		if (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: the error holds it: %v", address, err)
		}
	}
	dialled := map[string]bool{"127.0.0.1:80": true, "[::1]:80": true, "10.0.0.1:80": false, "x": false}
	for address, good := range dialled {
		if err := loopbackOnly("tcp", address, nil); (err == nil) != good {
			t.Errorf("dialling %s: %v", address, err)
		}
	}
}

// No error holds a secret, whatever the receiver repeats and however the network fails.
func TestNoErrorHoldsASecret(t *testing.T) {
	t.Parallel()
	const path, token, secret = "/services/T024PLANTED/B0PLANTED/planted-path", "planted-token", "whsec_" +
		"cGxhbnRlZCBzZWNyZXQgb2YgMzIgYnl0ZXMuLi4uLi4="
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		switch r.URL.Query().Get("how") {
		case "url":
			fmt.Fprintf(w, "no route for %s %s", r.Method, r.URL)
		case "upper":
			fmt.Fprint(w, strings.ToUpper(r.URL.Path))
		case "token":
			fmt.Fprint(w, r.Header.Get("Authorization"))
		}
	}))
	defer echo.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1/"+path+"%zz")
		w.WriteHeader(http.StatusPermanentRedirect)
	}))
	defer redirect.Close()
	for _, address := range []string{
		echo.URL + path + "?how=url", echo.URL + path + "?how=upper", echo.URL + path + "?how=token",
		closed.URL + path, redirect.URL + path, "https://planted-user:planted-password@127.0.0.1:1" + path,
	} {
		for _, kind := range []string{Webhook, Slack, Teams, Discord, Ntfy} {
			made := target(t, Settings{Kind: kind, URL: address, Secret: secret, Token: token})
			errs := []error{made.Send(t.Context(), about("msg_1_failed"))}
			_, err := made.Probe(t.Context())
			cancelled, cancel := context.WithCancel(t.Context())
			cancel()
			for _, err := range append(errs, err, made.Send(cancelled, about("msg_1_failed"))) {
				text := strings.ToLower(fmt.Sprintf("%v %+v %#v", err, err, err))
				if err != nil && strings.Contains(text, "planted") {
					t.Errorf("%s: %v", kind, err)
				}
			}
			if errs[0] == nil {
				t.Errorf("%s %s: no error", kind, address)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after, date string
		want        time.Duration
	}{
		{"", "", 0}, {"120", "", 2 * time.Minute}, {"0", "", 0}, {"-5", "", 0}, {"1.5", "", 1500 * time.Millisecond},
		{"86400", "", time.Hour}, {"99999999999999999999", "", time.Hour},
		{"NaN", "", 0}, {"Inf", "", time.Hour}, {"soon", "", 0}, {"5m", "", 0},
		{"Mon, 30 Nov 2026 12:00:30 GMT", "", 30 * time.Second},
		{"Mon, 30 Nov 2026 11:00:30 GMT", "", 0},
		{"Tue, 01 Dec 2026 12:00:00 GMT", "", time.Hour},
		{"Mon, 30 Nov 2026 14:00:30 GMT", "Mon, 30 Nov 2026 14:00:00 GMT", 30 * time.Second},
	} {
		header := http.Header{}
		header.Set("Retry-After", c.after)
		header.Set("Date", c.date)
		if got := retryAfter(header, now); got != c.want {
			t.Errorf("%q, %q: %v, not %v", c.after, c.date, got, c.want)
		}
	}
}

// Each service's answers mean what its documents say.
func TestServices(t *testing.T) {
	t.Parallel()
	answer, code := "", http.StatusOK
	var method string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method = r.Method
		w.WriteHeader(code)
		fmt.Fprint(w, answer)
	}))
	defer server.Close()
	for _, c := range []struct {
		kind, answer string
		code         int
		sent         string // part of the error; "" for none
		probed       string // likewise
		method       string // of the probe, "" for none
	}{
		{Slack, "ok", 200, "", "", "POST"},
		{Slack, "no_text", 400, "no_text", "", "POST"},
		{Slack, "no_service", 404, "no_service", "no_service", "POST"},
		{Discord, "", 204, "", "", "GET"},
		{Discord, `{"message": "Unknown Webhook", "code": 10015}`, 404, "Unknown Webhook", "Unknown Webhook", "GET"},
		{Teams, "", 202, "", "cannot be tried", ""},
		{Teams, "1", 200, "", "cannot be tried", ""},
		{Teams, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429", 200,
			"says that it failed", "cannot be tried", ""},
		{Ntfy, "{}", 200, "", "cannot be tried", ""},
		{Webhook, "", 204, "", "", "HEAD"},
		{Webhook, "", 405, "405", "", "HEAD"},
		{Webhook, "", 501, "501", "", "HEAD"},
		{Webhook, "", 410, "no longer in use", "no longer in use", "HEAD"},
		{Webhook, "", 401, "401", "401", "HEAD"},
		{Webhook, "", 403, "403", "403", "HEAD"},
		{Webhook, "", 404, "404", "an empty request alone", "HEAD"},
		{Webhook, "", 400, "400", "an empty request alone", "HEAD"},
		{Webhook, "", 500, "500", "an empty request alone", "HEAD"},
		{Webhook, "", 503, "503", "an empty request alone", "HEAD"},
	} {
		answer, code, method = c.answer, c.code, ""
		made := target(t, Settings{Kind: c.kind, URL: server.URL + "/planted"})
		found, err := made.Probe(t.Context())
		if (err == nil) != (c.probed == "") || err != nil && !strings.Contains(err.Error(), c.probed) ||
			method != c.method || err == nil && found == "" {
			t.Errorf("%s %d: the probe (%s) found %q, %v", c.kind, c.code, method, found, err)
		}
		err = made.Send(t.Context(), about("msg_1_failed"))
		if (err == nil) != (c.sent == "") || err != nil && !strings.Contains(err.Error(), c.sent) {
			t.Errorf("%s %d: %v", c.kind, c.code, err)
		}
		if errors.As(err, new(*Refusal)) != (err != nil) {
			t.Errorf("%s %d: %T", c.kind, c.code, err)
		}
	}
}

// TestNtfyPublishesAtTheRoot: as JSON, with the topic that the address ends in.
func TestNtfyPublishesAtTheRoot(t *testing.T) {
	t.Parallel()
	var got, where string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, where = string(body), r.URL.Path
	}))
	defer server.Close()
	for _, address := range []string{"/builds", "/builds/"} {
		got, where = "", ""
		if err := target(t, Settings{Kind: Ntfy, URL: server.URL + address}).Send(t.Context(), about("m")); err != nil {
			t.Fatal(err)
		}
		if where != "/" || got != `{"id":"m","topic":"builds"}` {
			t.Errorf("%s: %s got %s", address, where, got)
		}
	}
	if _, err := New(&Settings{Kind: Ntfy, URL: server.URL}, plainly{}, "test"); err == nil {
		t.Error("an address without a topic is taken")
	}
}

// No part of a secret gets into an error, wherever the error, the answer or the receiver ends it.
func TestNoErrorHoldsAPartOfASecret(t *testing.T) {
	t.Parallel()
	const secret = "T0AAAA1111BBBBsupersecretsupersecret1234"
	var before, echoed string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, before, echoed)
	}))
	defer server.Close()
	for _, before = range []string{"", strings.Repeat("x", 84), strings.Repeat(" ", mostRead-30), "no route for /"} {
		for _, echoed = range []string{secret, secret[:30], secret + " is no route"} {
			made := target(t, Settings{Kind: Slack, URL: server.URL + "/" + secret})
			err := made.Send(t.Context(), about("msg_1_failed"))
			if err == nil || strings.Contains(err.Error(), secret[:shortest]) {
				t.Errorf("%.20q and %s: %v", before, echoed, err)
			}
		}
	}
}
