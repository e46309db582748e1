package command

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// pipe is a buffer that may be read while it is written.
type pipe struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *pipe) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(text)
}

func (p *pipe) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// TestFollowMissesNothingAndDoublesNothing: a daemon writes as fast as it can. Meanwhile its log is compacted, it is
// stopped and started, killed and started. The follower prints every event once, in order. Ctrl-C ends it with code 0,
// and its cursor stands at the last event.
func TestFollowMissesNothingAndDoublesNothing(t *testing.T) {
	dir, seen := t.TempDir(), filepath.Join(t.TempDir(), "seen.json")
	env := []string{
		"JOBMON_SOURCE_KIND=simulator", "JOBMON_SIMULATOR_SPEED=600", "JOBMON_SIMULATOR_COMPUTERS=30",
		"JOBMON_SOURCE_POLL_INTERVAL=1s", "JOBMON_DATA_DIR=" + dir, "JOBMON_SITE=DS01", "JOBMON_LOG_LEVEL=error",
	}
	last := func() uint64 {
		p, err := openPast(t.Context(), question{dataDir: dir})
		if err != nil {
			return 0
		}
		defer p.done(io.Discard)
		return p.Last
	}
	// grows waits until the daemon has written something more.
	grows := func() {
		t.Helper()
		before := last()
		eventually(
			t,
			func() string { return fmt.Sprint("the log ends at ", before) },
			func() bool { return last() > before+50 },
		)
	}
	daemon := start(t, env, "run")
	grows()

	var out, messages pipe
	follower := exec.Command(
		os.Args[0],
		"replay",
		"-f",
		"-o",
		"ndjson",
		"--fields",
		"seq",
		"--data-dir="+dir,
		"--cursor-file="+seen,
	)
	follower.Env = append(os.Environ(), asProgram+"=1")
	follower.Stdout, follower.Stderr = &out, &messages
	if err := follower.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if follower.ProcessState == nil {
			follower.Process.Kill()
			follower.Wait()
		}
	})
	told := func(seq uint64) func() bool {
		return func() bool { return strings.Contains(out.String(), fmt.Sprintf("{\"seq\":%d}\n", seq)) }
	}
	grows()
	if got := jobmondb(t, "compact", "--data-dir="+dir); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	grows()
	daemon.stop()
	end := last()
	said := func() string { return out.String() + messages.String() }
	eventually(t, said, told(end)) // also what only the file has
	daemon = start(t, env, "run")
	eventually(t, daemon.stderr.String, func() bool { return last() > end })
	grows()
	daemon.kill()
	daemon = start(t, env, "run")
	grows()
	if got := jobmondb(t, "compact", "--data-dir="+dir); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	grows()
	daemon.stop()
	end = last()
	eventually(t, said, told(end))

	if err := follower.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := follower.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v: %.300s", err, messages.String())
	}
	var want strings.Builder
	for _, b := range batchesOf(t, dir) {
		for _, e := range b.Events {
			fmt.Fprintf(&want, "{\"seq\":%d}\n", e.Seq)
		}
	}
	if out.String() != want.String() {
		t.Errorf("%d events were printed, the log has %d up to %d; messages: %s",
			strings.Count(out.String(), "\n"), strings.Count(want.String(), "\n"), end, messages.String())
	}
	if text, err := os.ReadFile(seen); err != nil || !strings.Contains(string(text), fmt.Sprintf(`"seq":%d}`, end)) {
		t.Errorf("the cursor is %s, %v; want %d", text, err, end)
	}
}

// gone are a daemon's events when it has left.
type gone struct{ past.Source }

func (gone) Scan(uint64) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) { yield(jobmon.Batch{}, endpoint.ErrNotRunning) }
}

// TestFollowWaitsForALogThatIsStillHeld: a daemon that no longer answers may be writing its last events; they are
// told when it lets go of the file, also if none comes after it.
func TestFollowWaitsForALogThatIsStillHeld(t *testing.T) {
	dir := watchedFor(t, 5*time.Minute)
	synctest.Test(t, func(t *testing.T) {
		p, err := openPast(t.Context(), question{dataDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		p.Source, p.Live = gone{p.Source}, true
		known := replay.NewChronicle(p.Chronicle)
		filter, err := replay.NewFilter(replay.Ask{}, p.Names, known)
		if err != nil {
			t.Fatal(err)
		}
		var out, messages bytes.Buffer
		printer, err := replay.NewPrinter(&out, replay.Layout{Shape: "ndjson", Fields: []string{"seq"}}, known)
		if err != nil {
			t.Fatal(err)
		}
		held, err := store.Open(dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		last, at, _ := held.Last()
		if _, err := held.Append(at+1000, []jobmon.Event{{Kind: jobmon.KindDaemonStopped}}); err != nil {
			t.Fatal(err)
		}
		r := replayer{
			question: question{dataDir: dir}, past: p, out: bufio.NewWriter(&out), messages: &messages,
			telling: &replay.Telling{Log: p, Chronicle: known, Filter: filter}, printer: printer,
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- follow(ctx, &messages, r.tail(last)) }()
		time.Sleep(3 * time.Second)
		if err := held.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if want := fmt.Sprintf("{\"seq\":%d}\n", last+1); out.String() != want {
			t.Errorf("told %q, want %q; %s", out.String(), want, &messages)
		}
		r.past.done(&messages)
	})
}

// TestHistoryAtItsOwnSpeed: with a clock that is made up, an hour takes an hour, six minutes at 10x, and nothing at
// once.
func TestHistoryAtItsOwnSpeed(t *testing.T) {
	dir := openGolden(t)
	for speed, want := range map[string]time.Duration{"original": 60 * time.Minute, "10x": 6 * time.Minute, "instant": 0} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			got := jobmondb(
				t,
				"replay",
				"--data-dir="+dir,
				"--since=2026-10-23 09:05",
				"--until=2026-10-23 10:30",
				"--speed="+speed,
				"-o",
				"ndjson",
			)
			// from 09:05:02 to the daemon's end at 10:19:59
			passed := time.Since(began) * 60 / 75
			if got.code != exitOK || passed < want-want/100 || passed > want+want/100 {
				t.Errorf("%s: it took %v: %.200s", speed, time.Since(began), got.stderr)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var out, messages bytes.Buffer
		code := Main(
			ctx,
			[]string{"replay", "--data-dir=" + dir, "--speed=original", "--since=2026-10-23 09:05", "-o", "ndjson"},
			nil,
			strings.NewReader(""),
			&out,
			&messages,
		)
		if n := strings.Count(out.String(), "\n"); code != exitOK || n < 20 || n > 60 {
			t.Errorf("Ctrl-C after a minute: code %d, %d events: %s", code, n, messages.String())
		}
	})
}

// failing is an output that is taken up to some point.
type failing struct{ left int }

func (f *failing) Write(text []byte) (int, error) {
	if f.left -= len(text); f.left < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(text), nil
}

// TestTheCursorStaysBehindWhatWasNotTaken: output that fails comes again.
func TestTheCursorStaysBehindWhatWasNotTaken(t *testing.T) {
	dir, seen := openGolden(t), filepath.Join(t.TempDir(), "seen.json")
	for _, shape := range []string{"table", "csv", "json", "ndjson"} {
		var messages bytes.Buffer
		code := Main(
			t.Context(),
			[]string{"replay", "--data-dir=" + dir, "--cursor-file=" + seen, "-o", shape},
			nil,
			strings.NewReader(""),
			&failing{left: 5000},
			&messages,
		)
		if _, err := os.Stat(seen); code != exitFailed || err == nil ||
			!strings.Contains(messages.String(), "disk is full") {
			t.Errorf("%s: code %d, %v, %s", shape, code, err, messages.String())
		}
	}
}
