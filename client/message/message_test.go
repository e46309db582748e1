package message_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/message"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

var update = flag.Bool("update", false, "write the golden files anew")

var pictures = sync.OnceValue(samples.Pictures)

// picture is one of the samples, as it is at a site with a board.
func picture(t testing.TB, name string) *jobmon.Progress {
	t.Helper()
	for _, s := range pictures() {
		if s.Name == name {
			p := *s.Progress
			p.PublicURL = "https://jobmon.example/"
			return &p
		}
	}
	t.Fatalf("there is no sample %s", name)
	return nil
}

// example is a message and what it is an example of.
type example struct {
	name    string
	message *notices.Message
}

const logID = "0123456789abcdef"

// single is the message of one notice.
func single(n notices.Notice) *notices.Message {
	n.Event.Seq = max(n.Event.Seq, 4712)
	return &notices.Message{ID: "msg_" + logID + "_4712_" + string(n.Topic), Notices: []*notices.Notice{&n}}
}

// ofComputer is a notice of a sample's computer.
func ofComputer(p *jobmon.Progress, topic notices.Topic) notices.Notice {
	return notices.Notice{
		Topic: topic, Picture: p, Offset: p.Offset, Since: p.At, Problem: "5000123/2/77",
		Event: jobmon.Event{Seq: p.Seq, At: p.At, Computer: p.Computer.ID},
	}
}

// ofSite is a notice of none.
func ofSite(t testing.TB, topic notices.Topic, e jobmon.Event) notices.Notice {
	e.At = picture(t, "running").At
	return notices.Notice{Topic: topic, Offset: 3600, Since: e.At, Problem: "source/17", Event: e}
}

func failed(t testing.TB) notices.Notice {
	n := ofComputer(picture(t, "failed-late"), notices.Failed)
	n.Stage, n.Job, n.Folders, n.Code = "Install Plugins", "Java plug-in", []string{`Build\Plugins`}, 1603
	return n
}

// examples are messages about everything that there are messages about.
func examples(t testing.TB) []example {
	var list []example
	add := func(name string, n notices.Notice) { list = append(list, example{name, single(n)}) }

	n := failed(t)
	add("failed", n)
	n.Again, n.Code = 2, -2147024891
	add("failed-again", n)
	n = failed(t)
	n.Job, n.Code, n.Picture = "", 4242, picture(t, "ready-with-failures")
	add("failed-hidden", n)
	n = failed(t)
	n.Topic, n.Healed, n.Again, n.Code, n.Picture = notices.Repaired, true, 1, 3010, picture(t, "repaired")
	n.Since = n.Picture.Session.Stages[2].Failures[0].At
	add("repaired", n)
	add("ready", ofComputer(picture(t, "ready"), notices.Ready))
	add("ready-with-failures", ofComputer(picture(t, "ready-with-failures"), notices.Ready))
	add("ended-early", ofComputer(picture(t, "ended-early"), notices.EndedEarly))
	add("abandoned", ofComputer(picture(t, "abandoned"), notices.EndedEarly))

	n = ofComputer(picture(t, "standing-still"), notices.StandingStill)
	still := n.Picture.Session.Still
	n.Event.Kind, n.Event.Text, n.Job, n.Since = jobmon.KindOverdue, still.Why, still.Name, still.Since
	add("standing-still", n)
	n.Event.Text, n.Job, n.Picture = jobmon.StillAgent, "", picture(t, "agent-away")
	n.Since = n.Event.At.Add(-50 * time.Hour)
	add("standing-still-hidden", n)
	n = ofComputer(picture(t, "running"), notices.StandingStill)
	n.Healed, n.Since, n.Event.Kind = true, n.Event.At.Add(-31*time.Minute), jobmon.KindMovingAgain
	add("moving-again", n)

	lost := ofSite(t, notices.SourceLost, jobmon.Event{Text: "login failed for user 'jobmon'"})
	add("source-lost", lost)
	lost.Topic, lost.Healed, lost.Since = notices.SourceRestored, true, lost.Event.At.Add(-40*time.Minute)
	add("source-restored", lost)
	damaged := ofSite(t, notices.Damaged, jobmon.Event{From: 100, To: 120, Text: "page 7 is damaged"})
	damaged.Offset = 0
	add("damaged", damaged)
	full := ofSite(t, notices.DiskFull, jobmon.Event{Text: "no space left on device"})
	add("disk-full", full)
	full.Healed, full.Since = true, full.Event.At.Add(-90*time.Second)
	add("disk-free", full)
	add("test", ofSite(t, notices.Test, jobmon.Event{}))
	return append(list, example{"digest", digest(t, 3, 34)})
}

// digest stands for the failures of so many computers, each of which failed twice, for more, and for a repair.
func digest(t testing.TB, computers, more int) *notices.Message {
	m := &notices.Message{
		ID: "msg_" + logID + "_4712_digest", Digest: true, More: computers + 1 + more,
		Counts: map[notices.Topic]int{
			notices.Failed: 2*computers + more, notices.SourceLost: 1, notices.Ready: 1, notices.Repaired: 1,
		},
		Began: picture(t, "failed-late").At.Add(-4 * time.Minute),
	}
	add := func(n notices.Notice, of int) {
		n.Event.Seq = 4712 + uint64(len(m.Notices))
		m.Notices, m.Each = append(m.Notices, &n), append(m.Each, of)
	}
	for i := range computers {
		n := failed(t)
		n.Picture.Computer.ID += jobmon.ComputerID(i)
		n.Picture.Computer.Name = "PC-" + string(rune('A'+i%26))
		n.Problem, n.Again = fmt.Sprintf("%d/2/77", n.Picture.Computer.ID), 1
		add(n, 2)
	}
	n := failed(t)
	n.Topic, n.Healed, n.Stage, n.Problem, n.Again = notices.Repaired, true, "Install Visio", "5000123/2/78", 1
	add(n, 2)
	add(ofSite(t, notices.SourceLost, jobmon.Event{Text: "login failed"}), 1)
	return m
}

func writer(lang string) *message.Writer {
	return &message.Writer{Language: lang, Site: "DS01", PublicURL: "https://jobmon.example", Domain: "example.com"}
}

// golden compares what was made with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// TestTexts: what people read, of each topic in each language.
func TestTexts(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages() {
		var b bytes.Buffer
		for _, e := range examples(t) {
			title, body := writer(lang).Text(e.message)
			b.WriteString("== " + e.name + "\n" + title + "\n\n" + body + "\n")
		}
		golden(t, "texts."+lang+".txt", b.Bytes())
	}
}

// bodies are the services that take JSON.
func bodies(w *message.Writer) map[string]func(*notices.Message) ([]byte, error) {
	return map[string]func(*notices.Message) ([]byte, error){
		"cloudevent": w.CloudEvent, "slack": w.Slack, "teams": w.Teams, "discord": w.Discord,
		"ntfy": func(m *notices.Message) ([]byte, error) { return w.Ntfy(m, "builds") },
	}
}

// TestBodies: what each service gets.
func TestBodies(t *testing.T) {
	t.Parallel()
	for service, write := range bodies(writer("en")) {
		var b bytes.Buffer
		for _, e := range examples(t) {
			if e.name != "failed" && e.name != "repaired" && e.name != "source-lost" && e.name != "digest" {
				continue
			}
			body, err := write(e.message)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Indent(&b, body, "", "  "); err != nil {
				t.Fatal(err)
			}
			b.WriteByte('\n')
		}
		golden(t, service+".json", b.Bytes())
	}
	var b bytes.Buffer
	for _, e := range examples(t) {
		subject, body, id, references := writer("de").Mail(e.message)
		b.WriteString("Subject: " + subject + "\nMessage-ID: " + id + "\nReferences: " + references + "\n\n")
		b.WriteString(body + "\n")
	}
	golden(t, "mail.txt", b.Bytes())
}

// TestARestartIsNoCauseToMend: msiexec's two codes for a restart come with another advice than failures.
func TestARestartIsNoCauseToMend(t *testing.T) {
	for code, restart := range map[jobmon.Code]bool{3010: true, 1641: true, 1603: false} {
		n := failed(t)
		n.Code = code
		_, body := writer("en").Text(single(n))
		if strings.Contains(body, "jobs.success") != restart || strings.Contains(body, "the cause is mended") == restart {
			t.Errorf("%d: %s", code, body)
		}
	}
}
