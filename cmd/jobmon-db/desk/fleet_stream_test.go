package desk

import (
	"bufio"
	"context"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
)

// TestOpenPagesOfAFleetFollow: a page that was loaded gets the rows that have changed at any site since, and no others.
func TestOpenPagesOfAFleetFollow(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	changed := make(chan struct{}, 1)
	stream := http.NewStream(f, "", changed, zerolog.Nop())
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { stream.Run(ctx) })
	server := httptest.NewServer(http.Handler(http.Routes{Web: f, Stream: stream},
		http.NewAccess(nil, func() []byte { return nil }, zerolog.Nop())))
	t.Cleanup(func() { stop(); server.CloseClientConnections(); server.Close(); running.Wait() })
	open := func(query string) *bufio.Reader {
		answer, err := server.Client().Get(server.URL + "/api/v1/stream?" + query)
		if err != nil || answer.StatusCode != 200 {
			t.Fatal(answer, err)
		}
		return bufio.NewReader(answer.Body)
	}
	next := func(r *bufio.Reader, kind string) string {
		for is := ""; ; {
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatalf("the stream ended: %v", err)
			}
			if name, ok := strings.CutPrefix(line, "event: "); ok {
				is = strings.TrimSpace(name)
			}
			if data, ok := strings.CutPrefix(line, "data: "); ok && is == kind {
				return data
			}
		}
	}
	was, err := f.Now(t.Context()) // a page is loaded
	if err != nil {
		t.Fatal(err)
	}
	sites[1].pass(t, 20*time.Minute, 30*time.Second) // what the page misses until it reads the stream
	r := open("page=board&after=" + strconv.FormatUint(was.Seq, 10))
	rows := next(r, "rows")
	brought := func(site string) bool { return strings.Contains(rows, `"id":"`+site+`/`) }
	if !brought("DS02") || brought("DS01") || brought("DS03") {
		t.Errorf("the page was brought %.200s", rows)
	}
	if !strings.Contains(rows, `"sites":[{"name":"DS01","counts":{"all":`) {
		t.Errorf("nothing is said of the sites: %.300s", rows[len(rows)-300:])
	}
	one := open("computer=DS03/5000001")
	next(one, "state")
	sites[2].pass(t, 30*time.Minute, 30*time.Second)
	changed <- struct{}{}
	if rows := next(r, "rows"); !strings.Contains(rows, `"id":"DS03/`) {
		t.Errorf("the page was brought %.200s", rows)
	}
	if html := next(one, "picture"); !strings.Contains(html, "/c/DS03/5000001") {
		t.Errorf("the computer's page was brought %.200s", html)
	}
}
