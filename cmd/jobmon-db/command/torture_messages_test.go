package command

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/notify"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestTortureMessages kills the daemon at random instants while it sends messages to a receiver that fails at random:
// each message arrives, in the order of the log, and one that arrives again has the same ID and says the same.
func TestTortureMessages(t *testing.T) {
	t.Parallel()
	limit, most, random := tortured(t)
	kills, messages, again := 0, 0, 0
	for began, enough := time.Now(), false; !enough; {
		w := newMailbox(t, random)
		for i := 0; i < most && !enough; i++ {
			w.strike(i%2 == 0)
			kills++
			enough = t.Failed() || limit > 0 && time.Since(began) >= limit
		}
		w.compare()
		enough = enough || limit == 0
		messages, again = messages+len(w.order), again+w.again
	}
	t.Logf("%d kills, %d messages, %d of them again", kills, messages, again)
	if !t.Failed() && messages == 0 {
		t.Error("there were no messages")
	}
}

// mailbox is a receiver, and the daemon that sends to it.
type mailbox struct {
	*testing.T
	random *rand.Rand
	data   string
	env    []string
	client *control.Client

	mu       sync.Mutex
	moods    *rand.Rand
	verifier *standardwebhooks.Webhook
	order    []string          // ids of what arrived, as they came first
	bodies   map[string][]byte // by id
	again    int
	well     bool // it takes everything
}

const mailboxSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func newMailbox(t *testing.T, random *rand.Rand) *mailbox {
	t.Helper()
	dir := t.TempDir()
	verifier, err := standardwebhooks.NewWebhook(mailboxSecret)
	if err != nil {
		t.Fatal(err)
	}
	w := &mailbox{T: t, random: random, moods: rand.New(rand.NewPCG(random.Uint64(), 0)), verifier: verifier,
		data: filepath.Join(dir, "data"), bodies: map[string][]byte{}}
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	file := filepath.Join(dir, "jobmon-db.yaml")
	text := fmt.Sprintf("targets:\n  ops: {kind: webhook, url: %s/hook, secret: %s}\n"+
		"notify:\n  - {on: [failed, ready, ended-early, standing-still], to: ops}\n", server.URL, mailboxSecret)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env = []string{
		configs.FileVariable + "=" + file, "JOBMON_DATA_DIR=" + w.data, "JOBMON_EVT_DIR=" + filepath.Join(dir, "evt"),
		"JOBMON_SITE=DS01", "JOBMON_SOURCE_KIND=simulator", "JOBMON_SOURCE_POLL_INTERVAL=250ms",
		"JOBMON_LOG_LEVEL=warn", "JOBMON_SIMULATOR_COMPUTERS=40", "JOBMON_SIMULATOR_SPEED=300",
		fmt.Sprintf("JOBMON_SIMULATOR_SEED=%d", random.Uint32()),
	}
	w.client = &control.Client{Transport: &endpoint.Client{DataDir: w.data}, Context: t.Context()}
	return w
}

// ServeHTTP takes most messages, and refuses or breaks off some, also after it has taken them.
func (w *mailbox) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the daemon was killed
	}
	w.mu.Lock()
	mood := w.moods.IntN(20)
	if w.well {
		mood = 20
	}
	if mood > 1 {
		w.arrived(r, body)
	}
	w.mu.Unlock()
	switch mood {
	case 0:
		out.WriteHeader(http.StatusServiceUnavailable)
	case 1, 2: // the latter has taken it
		panic(http.ErrAbortHandler)
	}
}

func (w *mailbox) arrived(r *http.Request, body []byte) {
	if err := w.verifier.Verify(body, r.Header); err != nil {
		w.Errorf("the signature: %v", err)
	}
	id := r.Header.Get("webhook-id")
	old, known := w.bodies[id]
	if !known {
		w.order, w.bodies[id] = append(w.order, id), body
		return
	}
	if w.again++; !bytes.Equal(old, body) {
		w.Errorf("message %s says something else when it comes again:\n%s\n%s", id, old, body)
	}
}

func (w *mailbox) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.order)
}

// strike starts a daemon and kills it at a random instant: a while after its start, or after another message.
func (w *mailbox) strike(arrives bool) {
	w.Helper()
	before := w.count()
	daemon := start(w.T, w.env, "run")
	if arrives {
		eventually(w.T, func() string {
			daemon.kill()
			return "another message: " + daemon.stderr.String()
		}, func() bool { return w.count() > before })
	}
	timer := time.NewTimer(time.Duration(w.random.IntN(1200)) * time.Millisecond)
	defer timer.Stop()
	<-timer.C
	daemon.kill()
}

// compare lets the daemon send what waits, ends it, and compares what arrived with what the log is worth.
func (w *mailbox) compare() {
	w.Helper()
	w.mu.Lock()
	w.well = true
	w.mu.Unlock()
	daemon := start(w.T, w.env, "run")
	eventually(w.T, func() string {
		daemon.kill()
		return "all has arrived: " + daemon.stderr.String()
	}, func() bool {
		list, err := w.client.Targets(w.Context())
		return err == nil && len(list) == 1 && list[0].Waiting == 0 && list[0].Sent > 0
	})
	daemon.stop()
	p, ok, err := notify.ReadPlace(notify.Folder(w.data), "ops")
	if err != nil || !ok {
		w.Fatalf("the place: %v", err)
	}
	log, err := store.Open(w.data, store.Options{ReadOnly: true})
	if err != nil {
		w.Fatal(err)
	}
	defer log.Close()
	all, err := past.Open(log, log.ID(), "DS01")
	if err != nil {
		w.Fatal(err)
	}
	var want []string
	window := notices.NewWindow(log.ID(), "ops", nil)
	rule := notices.Rule{On: []notices.Topic{notices.Failed, notices.Ready, notices.EndedEarly, notices.StandingStill}}
	for n, err := range all.Notices(0) {
		if err != nil {
			w.Fatal(err)
		}
		if n.Event.Seq <= p.Seq && rule.Wants(n) {
			for _, m := range window.Add(n) {
				want = append(want, m.ID)
			}
		}
	}
	if !slices.Equal(w.order, want) {
		at := 0
		for at < min(len(want), len(w.order)) && want[at] == w.order[at] {
			at++
		}
		w.Errorf("up to event %d %d messages arrived and %d are in the log; they differ from number %d on: %v, not %v",
			p.Seq, len(w.order), len(want), at, w.order[at:], want[at:])
	}
}
