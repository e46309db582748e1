package desk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
)

const docs = "https://github.com/jobmon-db/jobmon-db/docs/"

// openapi is docs/openapi.yaml as JSON, in which objects have no other fields than those that are named.
func openapi(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile("../../../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	strict(value)
	return value.(map[string]any)
}

func strict(value any) {
	switch v := value.(type) {
	case map[string]any:
		if _, named := v["properties"]; named && v["type"] == "object" && v["additionalProperties"] == nil {
			v["additionalProperties"] = false
		}
		for _, one := range v {
			strict(one)
		}
	case []any:
		for _, one := range v {
			strict(one)
		}
	}
}

// fits says what is wrong with an answer by the schema of its path, status and media type.
func fits(t *testing.T, document map[string]any, path, status, kind string, body []byte) error {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	evt, err := os.Open("../../../docs/evt.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer evt.Close()
	schema, err := jsonschema.UnmarshalJSON(evt)
	if err != nil {
		t.Fatal(err)
	}
	for name, resource := range map[string]any{"openapi.json": document, "evt.schema.json": schema} {
		if err := compiler.AddResource(docs+name, resource); err != nil {
			t.Fatal(err)
		}
	}
	at := fmt.Sprintf("#/components/responses/Problem/content/%s/schema", pointer(kind))
	if status == "200" {
		at = fmt.Sprintf("#/paths/%s/get/responses/200/content/%s/schema", pointer(path), pointer(kind))
	}
	compiled, err := compiler.Compile(docs + "openapi.json" + at)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(body) {
		if kind != "application/x-ndjson" {
			line = body
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		if err == nil {
			err = compiled.Validate(value)
		}
		if err != nil || kind != "application/x-ndjson" {
			return err
		}
	}
	return nil
}

func pointer(name string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
}

// TestAnswersAreAsDescribed asks the API everything that docs/openapi.yaml describes, and compares what comes.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	s := watch(t, 6, 1000)
	s.pass(t, 3*time.Hour, 20*time.Second)
	s.away(t, 5*time.Minute)
	s.pass(t, 20*time.Minute, 20*time.Second)
	handler := http.Handler(http.Routes{Web: New(s)}, http.NewAccess(nil, func() []byte { return nil }, zerolog.Nop()))
	document := openapi(t)
	asked := map[string]bool{}
	middle := url.QueryEscape(begin().Add(2 * time.Hour).String())
	for _, c := range []struct{ path, query, status string }{
		{"/computers", "", "200"}, {"/at", "", "200"}, {"/at", "t=" + middle, "200"}, {"/at", "t=seq:40", "200"},
		{"/at", "t=2020-01-01", "404"}, {"/at", "t=soon", "400"}, {"/at", "t=%zz", "400"},
		{"/computers/{id}", "", "200"}, {"/computers/{id}", "t=" + middle, "200"},
		{"/events", "", "200"}, {"/events", "after=100&limit=7&computer=5000001", "200"}, {"/events", "after=-1", "400"},
		{"/deployments", "", "200"}, {"/deployments", "computer=PC-0001&since=-2h&until=now", "200"},
		{"/deployments", "computer=PC-9999", "404"},
		{"/stats", "", "200"}, {"/stats", "by=day", "200"}, {"/stats", "by=folder&since=-1h", "200"}, {"/stats", "by=moon", "400"},
		{"/timeline", "", "200"}, {"/timeline", "computer=5000002&buckets=20", "200"},
		{"/timeline", "from=" + middle + "&to=2030-01-01T00:00:00Z", "200"}, {"/timeline", "from=noon", "400"},
		{"/timeline", "from=-2h&to=seq:40000000", "200"}, {"/timeline", "from=seq:40&to=-1m", "200"},
		{"/timeline", "from=9999-12-31T23:59:59-23:59", "404"}, {"/timeline", "to=9999-12-31T23:59:59-23:59", "400"},
		{"/timeline", "buckets=0", "400"}, {"/events", "limit=0", "400"}, {"/events", "limit=10001", "400"},
	} {
		asked[c.path] = true
		r := httptest.NewRequest("GET", "http://127.0.0.1/api/v1"+strings.Replace(c.path, "{id}", "5000001", 1)+"?"+c.query, nil)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if status := fmt.Sprint(w.Code); status != c.status {
			t.Errorf("%s?%s: %s, want %s: %.300s", c.path, c.query, status, c.status, w.Body)
			continue
		}
		kind, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
		if err := fits(t, document, c.path, c.status, kind, w.Body.Bytes()); err != nil {
			t.Errorf("%s?%s: %v in %.300s", c.path, c.query, err, w.Body)
		}
		if c.status == "200" && w.Body.Len() < 100 {
			t.Errorf("%s?%s says nothing: %s", c.path, c.query, w.Body)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(document["paths"].(map[string]any))) {
		if !asked[path] && path != "/stream" && path != "/computers/{site}/{id}" { // that never ends, and is of a fleet
			t.Errorf("%s was not asked", path)
		}
	}
}
