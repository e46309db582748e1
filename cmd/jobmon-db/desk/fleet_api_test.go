package desk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
)

// TestAnswersOfAFleetAreAsDescribed: what docs/openapi.yaml says of sites.
func TestAnswersOfAFleetAreAsDescribed(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	stream := http.NewStream(f, "", nil, zerolog.Nop())
	handler := http.Handler(http.Routes{Web: f, Stream: stream},
		http.NewAccess(nil, func() []byte { return nil }, zerolog.Nop()))
	document := openapi(t)
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1/api/v1"+path, nil))
		return w
	}
	for _, c := range []struct{ path, query, status, says string }{
		{"/computers", "", "200", `{"site":"DS01","id":5000001`}, {"/computers", "site=DS02", "200", `[{"site":"DS02"`},
		{"/computers", "site=DS09", "404", `no site \"DS09\"`}, {"/at", "", "200", `"sites":[{"site":"DS01"`},
		{"/at", "t=-30m", "200", `"utc_offset":"+09:30"`}, {"/at", "t=seq:40", "400", "DS01, DS02, DS03"},
		{"/at", "t=seq:40&site=DS03", "200", `"seq":`}, {"/computers/{site}/{id}", "", "200", `"id":5000001`},
		{"/computers/{site}/{id}", "t=-10m", "200", `"id":5000001`}, {"/events", "", "400", "needs site="},
		{"/events", "site=DS02&limit=5", "200", sites[1].ID()}, {"/events", "computer=DS02/5000001", "200", "5000001"},
		{"/events", "computer=5000001", "400", "computer=SITE/5000001"},
		{"/deployments", "", "200", `"site":"DS03"`}, {"/deployments", "computer=DS02/PC-0001", "200", `"site":"DS02"`},
		{"/deployments", "site=DS02&computer=DS02/PC-0001", "200", `"site":"DS02"`},
		{"/deployments", "computer=PC-0001", "404", "DS01/id:5000001"}, {"/deployments", "since=seq:3", "400", "site="},
		{"/stats", "", "200", `"worst_site":"DS0`}, {"/stats", "by=site", "200", `"name":"DS02"`},
		{"/stats", "by=day&site=DS01", "200", `"site":"DS01"`}, {"/stats", "site=nowhere", "404", "DS01, DS02, DS03"},
		{"/computers", "site=DS02&site=DS03", "200", `[{"site":"DS02"`},
		{"/computers", "site=DS02&site=DS09", "404", "the sites are DS01, DS02, DS03"},
		{"/computers/{id}", "", "400", "computers/SITE/5000001"}, {"/computers/{id}", "site=DS02", "200", `"id":5000001`},
		{"/computers/{site}/{id}", "site=DS03", "400", "DS02/5000001 does not belong to the site DS03"},
		{"/computers/{site}/{id}", "t=seq:60", "200", `"id":5000001`},
		{"/events", "site=DS01&computer=DS02/5000001", "400", "DS02/5000001 does not belong to the site DS01"},
		{"/events", "site=DS02&computer=DS02/5000001", "200", "5000001"},
		{"/events", "site=DS02&computer=5000001", "200", "5000001"}, {"/events", "site=DS01,DS02", "400", "needs site="},
		{"/events", "computer=PC-0001", "400", "such as DS01/5000001"},
		{"/events", "computer=DS09/5000001", "404", "the sites are DS01, DS02, DS03"},
		{"/timeline", "site=DS01&computer=DS02/5000001", "400", "does not belong to the site DS01"},
		{"/timeline", "site=DS01&site=DS02&computer=5000001", "400", "SITE/5000001"},
		{"/timeline", "site=DS01&site=DS02", "200", `"buckets"`},
		{"/deployments", "site=DS01&computer=DS02/PC-0001", "400", "does not belong to the site DS01"},
		{"/deployments", "site=DS01,DS03&computer=PC-0001", "404", "DS03/id:5000001"},
		{"/stats", "by=site&site=DS01&site=DS03", "200", `"name":"DS03"`},
		{"/stream", "computer=5000001", "400", "such as DS01/5000001"},
		{"/timeline", "", "200", "DS01/PC-"}, {"/timeline", "computer=DS02/5000002&buckets=20", "200", `"buckets"`},
		{"/timeline", "site=DS02&from=seq:20", "200", `"buckets"`}, {"/timeline", "computer=5000002", "400", "SITE/5000002"},
	} {
		w := get(strings.NewReplacer("{site}", "DS02", "{id}", "5000001").Replace(c.path) + "?" + c.query)
		text := w.Body.String()
		if b := (bytes.Buffer{}); json.Compact(&b, w.Body.Bytes()) == nil {
			text = b.String()
		}
		if status := fmt.Sprint(w.Code); status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s?%s: %s, want %s with %s: %.300s", c.path, c.query, status, c.status, c.says, w.Body)
			continue
		}
		kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		if err := fits(t, document, c.path, c.status, kind, w.Body.Bytes()); err != nil {
			t.Errorf("%s?%s: %v in %.300s", c.path, c.query, err, w.Body)
		}
	}
	list, _, err := sites[1].Durable()
	if err != nil {
		t.Fatal(err)
	}
	list[0].Later = list[0].Beside()
	want, err := evt.Encode(&list[0])
	if got := get("/computers/DS02/5000001").Body.String(); err != nil || got != string(want) {
		t.Errorf("the picture is not the site's: %s", got)
	}
	var one struct {
		Sites     []map[string]any
		Computers []map[string]any
	}
	err = json.Unmarshal(get("/at?site=DS02").Body.Bytes(), &one)
	if err != nil || len(one.Sites) != 1 || len(one.Computers) == 0 {
		t.Errorf("%+v, %v", one, err)
	}
}
