package notify

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	texts "github.com/jobmon-db/jobmon-db/client/message"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// ticketSystem answers as Zammad does and keeps the requests.
func ticketSystem(t *testing.T) (address string, asked chan string) {
	asked = make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Token token=planted" {
			t.Errorf("%v, %q", err, r.Header)
		}
		state := ""
		if strings.Contains(string(body), `"state": "closed"`) {
			state = " closed"
		}
		asked <- r.Method + " " + r.URL.Path + state
		fmt.Fprint(w, `{"id": 17}`)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// pythonReceiver starts the receiver that docs/notices.md shows, and returns its address.
func pythonReceiver(t *testing.T, secret, tickets string) string {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs Python 3, which the receiver of the documents is written in")
	}
	page, err := os.ReadFile("../../../docs/notices.md")
	if err != nil {
		t.Fatal(err)
	}
	script := ""
	for _, block := range regexp.MustCompile("(?s)```python\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		script += block[1]
	}
	dir := t.TempDir()
	run := exec.CommandContext(t.Context(), python, "-c", script)
	said := &safeBuffer{}
	run.Dir, run.Stderr = dir, said
	run.Env = append(os.Environ(), "PORT=0", "SECRET="+secret, "TICKETS_URL="+tickets, "TICKETS_TOKEN=planted",
		"TICKETS_CUSTOMER=jobmon@example.com", "TICKETS_DB="+filepath.Join(dir, "tickets.db"))
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = run.Process.Kill(), run.Wait()
		if t.Failed() {
			t.Log(said)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + strings.Fields(line)[3]
}

// TestTheReceiverOfTheDocuments: it opens one ticket for a problem, adds what recurs, closes it, and drops duplicates
// and what is signed with another secret.
func TestTheReceiverOfTheDocuments(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	tickets, asked := ticketSystem(t)
	address := pythonReceiver(t, secret, tickets)
	bodies := &texts.Writer{Language: "en", Site: "DS01"}
	target, err := New(&Settings{Kind: Webhook, URL: address, Secret: secret}, bodies, "test")
	if err != nil {
		t.Fatal(err)
	}
	notice := func(seq uint64, topic notices.Topic, problem string) *notices.Notice {
		return &notices.Notice{
			Topic: topic, Healed: topic == notices.Repaired, Problem: problem, Stage: "Office", Code: 1603,
			Picture: &jobmon.Progress{Computer: jobmon.Computer{ID: 5000123, Name: "CXNRD02"}},
			Event:   jobmon.Event{Seq: seq, At: jobmon.Instant(1.8e12) + jobmon.Instant(seq)},
		}
	}
	send := func(ids ...*notices.Notice) {
		t.Helper()
		m := &notices.Message{ID: fmt.Sprintf("msg_a_%d_%s", ids[0].Event.Seq, ids[0].Topic), Notices: ids}
		if len(ids) > 1 {
			window := notices.NewWindow("a", "ops", nil)
			for i := range uint64(20) { // what goes at once, so that the rest is one digest
				window.Add(notice(100*ids[0].Event.Seq+i, notices.Ready, fmt.Sprint(i)))
			}
			for _, n := range ids {
				window.Add(n)
			}
			m = window.Tick(1 << 60)[0]
		}
		if err := target.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	send(notice(1, notices.Failed, "a"))
	send(notice(1, notices.Failed, "a"))
	send(notice(2, notices.Failed, "a"))
	send(notice(3, notices.Ready, "other"))
	send(notice(4, notices.Repaired, "a"))
	send(notice(5, notices.Failed, "b"), notice(6, notices.Failed, "c"))
	// the ticket of b is closed; e was over before anybody heard of it
	send(notice(7, notices.Failed, "e"), notice(8, notices.Failed, "b"), notice(9, notices.Repaired, "e"),
		notice(10, notices.Repaired, "b"))
	const ticket = "/api/v1/tickets"
	for _, want := range []string{"POST " + ticket, "PUT " + ticket + "/17", "PUT " + ticket + "/17 closed",
		"POST " + ticket, "POST " + ticket, "PUT " + ticket + "/17 closed"} {
		if got := <-asked; got != want {
			t.Errorf("the ticket system was asked to %s, want %s", got, want)
		}
	}
	stranger, err := New(&Settings{Kind: Webhook, URL: address, Secret: "whsec_" + strings.Repeat("AAAA", 8)},
		bodies, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Send(t.Context(), &notices.Message{ID: "msg_a_9_failed", Notices: []*notices.Notice{
		notice(9, notices.Failed, "z"),
	}}); err == nil || len(asked) > 0 {
		t.Errorf("a message with another secret: %v, %d requests", err, len(asked))
	}
}
