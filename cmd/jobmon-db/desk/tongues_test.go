package desk

import (
	"bytes"
	"fmt"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/client/board/boardtest"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// TestPagesSpeakOneLanguage: no page of a site that is watched, at no moment and of no mistake, mixes English into
// another language.
func TestPagesSpeakOneLanguage(t *testing.T) {
	t.Parallel()
	s := watch(t, 6, 300)
	s.pass(t, 3*time.Hour, 20*time.Second)
	s.away(t, 7*time.Minute)
	s.pass(t, 2*time.Hour, 20*time.Second)
	s.commit(t, jobmon.Event{Kind: jobmon.KindSourceLost, Text: "unreachable"})
	var names []string
	for b, err := range s.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Events {
			e := &b.Events[i]
			names = append(names, e.Name, e.Place)
		}
	}
	links := link.Key(bytes.Repeat([]byte{9}, 32))
	access := http.NewAccess(nil, func() []byte { return nil }, zerolog.Nop())
	handler := http.Handler(http.Routes{Web: New(s), Links: links}, access)
	get := func(path, lang string) []byte {
		r := httptest.NewRequest(nethttp.MethodGet, "http://127.0.0.1"+path, nil)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Accept-Language", lang)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Body.Bytes()
	}
	var id jobmon.ComputerID
	list, _, err := s.Durable()
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	id = list[1].Computer.ID
	paths := []string{
		"/", "/?at=" + begin().Add(2*time.Hour).String(), "/?q=zzz", "/wall", "/reports?since=-2h", "/reports?since=-2h&until=-3h",
		"/?at=rubbish", "/?at=1999-01-01", "/c/nobody", "/nothing", "/q/AAAA", "/reports?since=rubbish",
		"/q/" + links.Code(id, 1), "/reports",
		fmt.Sprintf("/c/%d?deployment=99", id), fmt.Sprintf("/c/%d?at=%s", id, begin().Add(time.Hour)),
	}
	for i := range list {
		for n := 1; n < 3; n++ {
			paths = append(paths, fmt.Sprintf("/c/%d?deployment=%d", list[i].Computer.ID, n))
		}
	}
	for _, lang := range board.Languages()[1:] {
		found := map[string]string{}
		for _, path := range paths {
			english, page := get(path, "en"), get(path, lang)
			if !strings.Contains(string(page), `<html lang="`+lang+`"`) {
				t.Fatalf("%s is no page in %s: %s", path, lang, page)
			}
			words, err := boardtest.Untranslated(english, page, lang, append(names, "DS01", "rubbish", "nobody", "zzz")...)
			if err != nil {
				t.Fatal(err)
			}
			for word, text := range words {
				found[word] = fmt.Sprintf("%s: %q", path, text)
			}
		}
		for word, text := range found {
			t.Errorf("%s has the English word %q on the page %s", lang, word, text)
		}
	}
}
