package command

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
)

// ports is the last one that freeAddress gave.
var ports atomic.Int32

// freeAddress is an address that nobody listens on until the test does. Its host is a loopback address that no other
// process uses, so that no connection of another program is given the port.
func freeAddress(t *testing.T) string {
	t.Helper()
	pid := os.Getpid()
	host := net.IPv4(127, 64|byte(pid>>16&63), byte(pid>>8), byte(pid)).String()
	for {
		address := net.JoinHostPort(host, strconv.Itoa(20_000+int(ports.Add(1))))
		l, err := net.Listen("tcp", address)
		if err == nil {
			l.Close()
			return address
		}
		if ports.Load() > 1000 { // else a program listens on this port of every address
			t.Fatal(err)
		}
	}
}

// screen polls the feed as the monitor does: with the tag of what it has.
type screen struct {
	t        *testing.T
	url, tag string
	contents map[string][]byte // by tag
}

// ask is what the daemon answers now: a file that is news, or nil.
func (s *screen) ask() (news *evt.File) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("If-None-Match", s.tag)
	answer, err := http.DefaultClient.Do(r)
	if errors.As(err, new(*net.OpError)) {
		return nil // it has yet to begin
	} else if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	switch answer.StatusCode {
	case http.StatusNotFound, http.StatusNotModified:
		return nil
	case http.StatusOK:
	default:
		s.t.Fatalf("%s: %s", answer.Status, content)
	}
	s.tag = answer.Header.Get("ETag")
	if _, again := s.contents[s.tag]; again {
		s.t.Errorf("the tag %s came again", s.tag)
	}
	for tag, old := range s.contents {
		if bytes.Equal(old, content) {
			s.t.Errorf("the same content has the tags %s and %s", tag, s.tag)
		}
	}
	s.contents[s.tag] = content
	f, err := evt.Decode(content)
	if err != nil {
		s.t.Fatal(err)
	}
	return f
}

// A screen that polls follows a whole deployment, job by job, though no task copies anything to it.
func TestTheFeedFollowsADeployment(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	env := []string{"JOBMON_DATA_DIR=" + dir, "JOBMON_SOURCE_KIND=simulator", "JOBMON_SITE=DS01",
		"JOBMON_SIMULATOR_SPEED=1200",
		"JOBMON_SOURCE_POLL_INTERVAL=250ms", "JOBMON_SIMULATOR_COMPUTERS=2", "JOBMON_HTTP_LISTEN=" + address}
	daemon := start(t, env, "run")
	s := screen{t: t, url: "http://" + address + "/evt/5000001", contents: map[string][]byte{}}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	var last *evt.File
	between, seq := 0, uint64(0)
	for tick := time.NewTicker(20 * time.Millisecond); last == nil || last.Session == nil ||
		last.Session.Result == ""; <-tick.C {
		if ctx.Err() != nil {
			t.Fatalf("no deployment ended: %+v", last)
		}
		news := s.ask()
		if news == nil {
			continue
		}
		if news.Seq <= seq {
			t.Errorf("event %d after %d", news.Seq, seq)
		}
		seq = news.Seq
		if last != nil && news.Current != nil && last.Current != nil && *news.Current == *last.Current &&
			*news.Percent > *last.Percent {
			between++ // a job ended within a stage: no delivered file ever shows that
		}
		last = news
	}
	if between == 0 || len(s.contents) < 5 {
		t.Errorf("%d pictures, %d of them between two markers", len(s.contents), between)
	}
	if got := checked(t, env, "-o", "json"); stateOf(t, got, "http").State != check.OK ||
		!strings.Contains(stateOf(t, got, "http").Found, "answers") {
		t.Errorf("%+v", stateOf(t, got, "http"))
	}

	// The share holds what the feed says.
	path := filepath.Join(dir, "evt", "5000001.evt")
	eventually(t, func() string { return "the file is what the feed says" }, func() bool {
		s.ask()
		content, err := os.ReadFile(path)
		return err == nil && bytes.Equal(content, s.contents[s.tag])
	})
	second := start(t, []string{"JOBMON_DATA_DIR=" + t.TempDir(), "JOBMON_SOURCE_KIND=simulator", "JOBMON_SITE=DS01",
		"JOBMON_HTTP_LISTEN=" + address}, "run")
	if err := second.cmd.Wait(); err == nil || second.cmd.ProcessState.ExitCode() != exitInUse ||
		!strings.Contains(second.stderr.String(), address) {
		t.Errorf("%v %s", err, second.stderr.String())
	}
	daemon.stop()
}

func TestCheckLooksAtThePort(t *testing.T) {
	dir, address := t.TempDir(), freeAddress(t)
	env := []string{"JOBMON_DATA_DIR=" + dir, "JOBMON_SOURCE_KIND=simulator"}
	if l := stateOf(t, checked(t, env, "-o", "json"), "http"); l.State != check.Skip {
		t.Errorf("%+v", l)
	}
	env = append(env, "JOBMON_HTTP_LISTEN="+address)
	if l := stateOf(t, checked(t, env, "-o", "json"), "http"); l.State != check.OK ||
		!strings.Contains(l.Found, "free") {
		t.Errorf("%+v", l)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go http.Serve(l, http.NotFoundHandler())
	got := checked(t, env, "-o", "json")
	if l := stateOf(t, got, "http"); l.State != check.Fail || got.code != exitCheck ||
		!strings.Contains(l.Found, address) {
		t.Errorf("%+v, code %d", l, got.code)
	}
	refused := checked(t, []string{"JOBMON_HTTP_LISTEN=0.0.0.0:80"}, "-o", "json")
	if refused.code != exitUsage || !strings.Contains(refused.stderr, "other computers") {
		t.Errorf("%+v", refused)
	}
}
