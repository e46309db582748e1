package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// fake is a daemon over a log.
type fake struct {
	*store.Log
	broken    error
	compacted CompactRequest
}

func (f *fake) Info() Info { return Info{Site: "DS01", Last: 7} }

func (f *fake) Extract(from uint64) (store.Extract, error) {
	if f.broken != nil {
		return store.Extract{}, f.broken
	}
	return f.Log.Extract(from)
}

func (f *fake) Compact(_ context.Context, r CompactRequest) (Compaction, error) {
	f.compacted = r
	return f.Compaction(), f.broken
}

func (f *fake) Compaction() Compaction {
	return Compaction{Running: true, Done: 3, Total: 9}
}

func (f *fake) Fleet() []FleetSite {
	return []FleetSite{{Site: "DS01", Last: 9, Away: "nats", Refused: true}}
}

func (f *fake) Targets() []Target { return []Target{{Name: "ops", Waiting: 7, Error: "away"}} }

func (f *fake) Refresh(_ context.Context, r RefreshRequest) (RefreshAnswer, error) {
	if r.Computer == 0 {
		return RefreshAnswer{}, errors.New("no computer")
	}
	return RefreshAnswer{Path: r.Job, Seq: uint64(r.Computer)}, nil
}

func (f *fake) Reload(_ context.Context, r ReloadRequest) (Reload, error) {
	if !r.DryRun {
		return Reload{Problems: []string{"line 3"}}, f.broken
	}
	return Reload{Changed: []Setting{{Key: "log.level", Old: "info", New: "debug"}}}, nil
}

// direct carries requests to a handler without a connection, and counts them.
type direct struct {
	handler http.Handler
	calls   int
}

func (d *direct) Do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	d.calls++
	recorder := httptest.NewRecorder()
	d.handler.ServeHTTP(recorder, httptest.NewRequestWithContext(endpoint.Administer(ctx), method, path, body))
	return recorder.Result(), nil
}

// watched is a daemon over a log of so many batches of 30 events.
func watched(t testing.TB, batches int) (*fake, []jobmon.Batch) {
	t.Helper()
	log, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	var list []jobmon.Batch
	for i := range batches {
		events := []jobmon.Event{
			{Kind: jobmon.KindScheduled, Schedule: 7, Computer: -3, Start: jobmon.NoStart, Flags: jobmon.Baseline},
		}
		for len(events) < 30 {
			events = append(
				events,
				jobmon.Event{
					Kind:   jobmon.KindFinished,
					Status: jobmon.StatusOf(-7),
					Start:  jobmon.WallTime(len(events)),
				},
			)
		}
		events[29] = jobmon.Event{
			Kind: jobmon.KindRefreshed,
			Name: fmt.Sprintf("\"<Ü>&\u2028%02000d", i),
			Sum:  1<<64 - 1,
		}
		b, err := log.Append(jobmon.Instant(1000*i+1), events)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	return &fake{Log: log}, list
}

// FuzzQuestion asks for anything: what is no question is refused in words, and nothing panics.
func FuzzQuestion(f *testing.F) {
	daemon, _ := watched(f, 40)
	handler := Handler(daemon)
	for _, route := range []string{routeLog, routeCaches, routeCache, routeMoment, routeRefresh, routeCompact, routeReload, routeInfo, "/"} {
		for _, query := range []string{"", "from=1", "from=1&computer=-3", "from=18446744073709551615&computer=2147483647", "from=1e3", "seq=%zz", "at=-9223372036854775808", "name=x&at=9", "after=1;from=2"} {
			f.Add("GET", route, query, "")
			f.Add("POST", route, query, `{"computer": 1, "keep_ms": -9223372036854775808}`)
		}
	}
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		request := httptest.NewRequestWithContext(
			endpoint.Administer(t.Context()),
			http.MethodGet,
			"/",
			strings.NewReader(body),
		)
		request.Method, request.URL.Path, request.URL.RawQuery = method, path, query
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		answer := recorder.Body.Bytes()
		switch code := recorder.Code; {
		case code == http.StatusOK && len(answer) > 2<<20:
			t.Errorf("%s %s?%s: %d bytes", method, path, query, len(answer))
		case code == http.StatusBadRequest,
			code == http.StatusInternalServerError,
			code == http.StatusServiceUnavailable:
			var p problem
			if err := json.Unmarshal(answer, &p); err != nil || p.Error == "" {
				t.Errorf("%s %s?%s: %d %q", method, path, query, code, answer)
			}
		}
	})
}

func TestBothEnds(t *testing.T) {
	daemon, want := watched(t, 300)
	way := &direct{handler: Handler(daemon)}
	client := &Client{Transport: way, Context: t.Context()}
	log := client.Log(daemon.ID())

	var got []jobmon.Batch
	for b, err := range log.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d batches of %d came over, or others", len(got), len(want))
	}
	if way.calls < 3 {
		t.Errorf("a log of several pages came in %d answers", way.calls)
	}
	for b, err := range log.Read(3002) {
		if err != nil || b.First() > 3002 || b.Last() < 3002 {
			t.Errorf("from the middle: %+v, %v", b, err)
		}
		break
	}
	told := 0
	for b, err := range log.Computer(-3, 31) {
		if err != nil || len(b.Events) != 1 || b.Events[0].Computer != -3 {
			t.Fatalf("one computer's: %+v, %v", b, err)
		}
		told++
	}
	if told != 299 { // its event of the first batch is before
		t.Errorf("%d batches of one computer", told)
	}
	for at, want := range map[jobmon.Instant]store.Moment{0: {}, 1500: {Seq: 60, At: 1001, Times: 1, First: 60}} {
		if m, ok, err := log.Moment(at); m != want || ok != (want.Times > 0) || err != nil {
			t.Errorf("moment %d: %+v, %v, %v", at, m, ok, err)
		}
	}
	if info, err := client.Info(t.Context()); err != nil || info.Site != "DS01" {
		t.Errorf("%+v, %v", info, err)
	}
	if list, err := client.Fleet(t.Context()); err != nil || !reflect.DeepEqual(list, daemon.Fleet()) {
		t.Errorf("fleet: %+v %v", list, err)
	}
	if list, err := client.Targets(t.Context()); err != nil || !reflect.DeepEqual(list, daemon.Targets()) {
		t.Errorf("%+v, %v", list, err)
	}
	if a, err := client.Refresh(t.Context(), RefreshRequest{Computer: 5, Job: `a "b" & c`}); err != nil ||
		a.Path != `a "b" & c` ||
		a.Seq != 5 {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := client.Refresh(t.Context(), RefreshRequest{}); err == nil ||
		!strings.Contains(err.Error(), "no computer") {
		t.Errorf("%v", err)
	}
	if page, err := client.Extract(12); err != nil || page.Last != 9000 {
		t.Errorf("%+v, %v", page, err)
	} else if want, _ := daemon.Extract(12); !reflect.DeepEqual(page, want) {
		t.Errorf("%+v, want %+v", page, want)
	}
	if page, err := client.ExtractComputer(9, 12); err != nil || len(page.Parts) == 0 || page.Parts[0].Sealed {
		t.Errorf("a computer that no block lists: %+v, %v", page, err)
	}
	if err := daemon.KeepCaches(store.Cache{Name: "a b&c", Version: 7, Seq: 5, Data: make([]byte, 300_000)}); err != nil {
		t.Fatal(err)
	}
	if list, err := client.Caches(); err != nil || len(list) != 1 || list[0].Name != "a b&c" || list[0].Version != 7 ||
		list[0].Seq != 5 {
		t.Errorf("caches %+v, %v", list, err)
	}
	if c, ok := log.Cache("a b&c", 7); !ok || c.Seq != 5 || len(c.Data) != 300_000 {
		t.Errorf("the cache of several pages: %v, event %d, %d bytes", ok, c.Seq, len(c.Data))
	}
	if _, ok := log.Cache("a b&c", 8); ok {
		t.Error("a cache of another version was taken")
	}
	for _, at := range []int{0, 299_000, 1 << 30} {
		page, err := client.CachePage("a b&c", at)
		if want, _ := daemon.CachePage("a b&c", at); err != nil || page.Seq != want.Seq || page.Size != want.Size ||
			!bytes.Equal(page.Data, want.Data) || at < 1<<30 && page.Size < 300_000 {
			t.Errorf(
				"a cache from %d: %d bytes of %d, %v; want %d of %d",
				at,
				len(page.Data),
				page.Size,
				err,
				len(want.Data),
				want.Size,
			)
		}
	}
	if got, err := client.Compact(t.Context(), CompactRequest{DryRun: true}); err != nil ||
		!reflect.DeepEqual(got, daemon.Compaction()) ||
		!daemon.compacted.DryRun {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := client.Reload(t.Context(), ReloadRequest{DryRun: true}); err != nil || !got.Taken() ||
		got.Changed[0].New != "debug" {
		t.Errorf("reload: %+v, %v", got, err)
	}
	if got, err := client.Reload(t.Context(), ReloadRequest{}); err != nil || got.Taken() {
		t.Errorf("reload: %+v, %v", got, err)
	}
	if got, err := client.Compaction(t.Context()); err != nil || !reflect.DeepEqual(got, daemon.Compaction()) {
		t.Errorf("%+v, %v", got, err)
	}
	daemon.broken = errors.New("the log is damaged at event 12")
	for _, err := range log.Read(0) {
		if err == nil || !strings.Contains(err.Error(), "damaged at event 12") {
			t.Errorf("%v", err)
		}
	}
	if _, err := client.Extract(1); err == nil || !strings.Contains(err.Error(), "damaged at event 12") {
		t.Errorf("%v", err)
	}
	if _, err := client.Compact(t.Context(), CompactRequest{}); err == nil ||
		!strings.Contains(err.Error(), "damaged at event 12") {
		t.Errorf("%v", err)
	}
	for _, path := range []string{"/v1/moment?at=x", "/v1/log?from=-1", "/v1/log?from=1&computer=x", "/v1/cache?name=x", "/v1/cache?name=x&at=-1", "/v1/cache?name=x&at=4294967296", "/v1/log?from=1&computer=5000000000", "/v1/nothing"} {
		if _, err := client.do(t.Context(), http.MethodGet, path, nil); err == nil {
			t.Errorf("%s was answered", path)
		}
	}
	if _, err := client.do(t.Context(), http.MethodPost, routeRefresh, strings.NewReader("{")); err == nil {
		t.Error("half a request was answered")
	}
}

// Who may only ask neither compacts the log nor has the configuration read again.
func TestAskingIsNotAdministering(t *testing.T) {
	daemon, _ := watched(t, 1)
	handler := Handler(daemon)
	for route, want := range map[string]int{
		"GET " + routeInfo: 200, "GET " + routeCompact: 200, "POST " + routeRefresh: 200,
		"POST " + routeCompact: 403, "POST " + routeReload: 403,
	} {
		method, path, _ := strings.Cut(route, " ")
		ask := func(ctx context.Context) (int, string) {
			recorder := httptest.NewRecorder()
			body := strings.NewReader(`{"keep_ms": 1, "computer": 1}`)
			handler.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, method, path, body))
			return recorder.Code, recorder.Body.String()
		}
		if code, answer := ask(t.Context()); code != want || code == 403 && !strings.Contains(answer, "elevated") {
			t.Errorf("%s: %d %s, want %d", route, code, answer, want)
		}
		if code, answer := ask(endpoint.Administer(t.Context())); code != 200 {
			t.Errorf("%s by an administrator: %d %s", route, code, answer)
		}
	}
	asker := &Client{Transport: asking{handler}, Context: t.Context()}
	if _, err := asker.Compact(t.Context(), CompactRequest{}); !errors.Is(err, endpoint.ErrDenied) {
		t.Errorf("%v, want that it is denied", err)
	}
	if daemon.compacted.KeepMS != 1 {
		t.Errorf("compacted with %+v", daemon.compacted)
	}
}

// asking carries the requests of somebody who may only ask.
type asking struct{ http.Handler }

func (a asking) Do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	a.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, method, path, body))
	return recorder.Result(), nil
}
