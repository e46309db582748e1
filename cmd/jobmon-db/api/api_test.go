package api

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

// fake is a daemon over a log in memory.
type fake struct {
	storetest.Memory
	broken error
}

func (f *fake) Info() Info { return Info{Site: "DS01", Last: 7} }

func (f *fake) Pictures() []jobmon.Progress { return []jobmon.Progress{{Seq: 3, Asked: "<x>"}} }

func (f *fake) Read(from uint64) iter.Seq2[jobmon.Batch, error] {
	if f.broken != nil {
		return func(yield func(jobmon.Batch, error) bool) { yield(jobmon.Batch{}, f.broken) }
	}
	return f.Memory.Read(from)
}

func (f *fake) Refresh(_ context.Context, r RefreshRequest) (RefreshAnswer, error) {
	if r.Computer == 0 {
		return RefreshAnswer{}, errors.New("no computer")
	}
	return RefreshAnswer{Path: r.Job, Seq: uint64(r.Computer)}, nil
}

// direct carries requests to a handler without a connection, and counts them.
type direct struct {
	handler http.Handler
	calls   int
}

func (d *direct) Do(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	d.calls++
	recorder := httptest.NewRecorder()
	d.handler.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, method, path, body))
	return recorder.Result(), nil
}

func TestBothEnds(t *testing.T) {
	daemon := &fake{}
	var want []jobmon.Batch
	for i := range 3000 {
		b, err := daemon.Append(jobmon.Instant(1000*i+1), []jobmon.Event{
			{Kind: jobmon.KindScheduled, Schedule: 7, Computer: -3, Start: jobmon.NoStart, Flags: jobmon.Baseline},
			{Kind: jobmon.KindFinished, Status: jobmon.StatusOf(-7), Start: 5},
			{Kind: jobmon.KindRefreshed, Name: "\"<Ü>&\u2028", Sum: 1<<64 - 1},
		})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, b)
	}
	way := &direct{handler: Handler(daemon)}
	client := &Client{Transport: way, Context: t.Context()}

	var got []jobmon.Batch
	for b, err := range client.Read(0) {
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
	for b, err := range client.Read(3001) {
		if err != nil || b.First() > 3001 || b.Last() < 3001 {
			t.Errorf("from the middle: %+v, %v", b, err)
		}
		break
	}
	if info, err := client.Info(t.Context()); err != nil || info.Site != "DS01" {
		t.Errorf("%+v, %v", info, err)
	}
	if list, err := client.Pictures(t.Context()); err != nil || !reflect.DeepEqual(list, daemon.Pictures()) {
		t.Errorf("%+v, %v", list, err)
	}
	if a, err := client.Refresh(t.Context(), RefreshRequest{Computer: 5, Job: `a "b" & c`}); err != nil || a.Path != `a "b" & c` || a.Seq != 5 {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := client.Refresh(t.Context(), RefreshRequest{}); err == nil || !strings.Contains(err.Error(), "no computer") {
		t.Errorf("%v", err)
	}
	daemon.broken = errors.New("the log is damaged at event 12")
	for _, err := range client.Read(0) {
		if err == nil || !strings.Contains(err.Error(), "damaged at event 12") {
			t.Errorf("%v", err)
		}
	}
	for _, path := range []string{"/v1/batches?from=x", "/v1/nothing"} {
		if _, err := client.do(t.Context(), http.MethodGet, path, nil); err == nil {
			t.Errorf("%s was answered", path)
		}
	}
	if _, err := client.do(t.Context(), http.MethodPost, routeRefresh, strings.NewReader("{")); err == nil {
		t.Error("half a request was answered")
	}
}
