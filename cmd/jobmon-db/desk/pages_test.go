package desk

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// TestPagesOfEventsAreATextToImport: joined up to the end of the log they hold all of it, whatever the limit is.
func TestPagesOfEventsAreATextToImport(t *testing.T) {
	t.Parallel()
	s := watch(t, 4, 300)
	s.pass(t, time.Hour, 20*time.Second)
	handler := http.Handler(http.Routes{Web: New(s)}, http.NewAccess(nil, func() []byte { return nil }, zerolog.Nop()))
	var want []jobmon.Batch
	for b, err := range s.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, b)
	}
	for _, limit := range []int{1, 7, 10000} {
		var text bytes.Buffer
		after := uint64(0)
		for {
			r := httptest.NewRequest("GET",
				fmt.Sprintf("http://127.0.0.1/api/v1/events?after=%d&limit=%d", after, limit), nil)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != 200 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			after += uint64(bytes.Count(w.Body.Bytes(), []byte("\n")))
			text.Write(w.Body.Bytes())
			if w.Body.Len() == 0 || limit > 1000 {
				break
			}
		}
		in, err := ndjson.NewReader(&text)
		if err != nil {
			t.Fatal(err)
		}
		if in.Header.LogID != s.ID() || in.Header.Last != s.state.Seq {
			t.Errorf("%+v", in.Header)
		}
		var got []jobmon.Batch
		for b, err := range in.Batches() {
			if err != nil {
				t.Fatalf("limit %d: %v", limit, err)
			}
			got = append(got, b)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("limit %d: %d batches, want %d", limit, len(got), len(want))
		}
	}
}
