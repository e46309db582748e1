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
)

// TestPagesOfAFleetSpeakOneLanguage: as those of a site do, at any moment and about any mistake.
func TestPagesOfAFleetSpeakOneLanguage(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	handler := http.Handler(http.Routes{Web: f}, http.NewAccess(nil, func() []byte { return nil }, zerolog.Nop()))
	get := func(path, lang string) (int, []byte) {
		r := httptest.NewRequest(nethttp.MethodGet, "http://127.0.0.1"+path, nil)
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Accept-Language", lang)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code, w.Body.Bytes()
	}
	names := []string{"rubbish", "zzz", "DS", "NOWHERE", "PC", "seq", "Preparation", "and 1 more"}
	for b, err := range sites[2].Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Events {
			names = append(names, b.Events[i].Name, b.Events[i].Place)
		}
	}
	twice := begin().Add(30 * time.Minute).String()
	for path, status := range map[string]int{
		"/": 200, "/?site=DS02": 200, "/?q=zzz": 200, "/?at=" + twice: 200, "/?at=seq:40&site=DS02": 200, "/?at=seq:40": 400,
		"/?at=rubbish": 400, "/?at=1999-01-01": 404, "/wall": 200, "/wall?site=DS03": 200, "/?site=NOWHERE": 404,
		"/wall?site=NOWHERE": 404, "/?site=DS01&site=DS03": 200, "/c/DS01/DS02%2FPC-0001": 400, "/reports": 200,
		"/reports?site=DS02": 200, "/reports?site=NOWHERE": 404, "/reports?since=-1h": 200, "/c/DS02/5000001": 200,
		"/c/DS02/PC-0001?at=" + twice: 200, "/c/PC-0001": 404, "/c/5000001": 404, "/c/NOWHERE/5000001": 404,
		"/c/DS02/zzz": 404, "/c/zzz": 404, "/c/DS02/5000001?deployment=99": 400, "/c/DS02/5000001?at=seq:60": 200,
	} {
		code, english := get(path, "en")
		if code != status {
			t.Errorf("%s: %d, want %d", path, code, status)
		}
		for _, lang := range board.Languages()[1:] {
			_, page := get(path, lang)
			if !strings.Contains(string(page), `<html lang="`+lang+`"`) {
				t.Fatalf("%s is no page in %s: %s", path, lang, page)
			}
			words, err := boardtest.Untranslated(english, page, lang, names...)
			if err != nil {
				t.Fatal(err)
			}
			for word, text := range words {
				t.Errorf("%s of %s has the English word %q: %q", lang, path, word, text)
			}
		}
	}
	_, page := get("/c/PC-0002", "en")
	for _, s := range sites {
		want := fmt.Sprintf(`<a href="/c/%s/5000002">%s/PC-0002</a>`, s.name, s.name)
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the list of computers of that name lacks %s", want)
		}
	}
	if code, csv := get("/reports/sites.csv?since=-2h", "en"); code != 200 || !bytes.Contains(csv, []byte("DS02,")) {
		t.Errorf("%d %s", code, csv)
	}
}
