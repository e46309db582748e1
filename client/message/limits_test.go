package message_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/message"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// hostile are names that services would read as more than names, beside those that break screens.
func hostile() []string {
	list := append(samples.StrangeNames(),
		"@everyone @here <@123> <@&456> <#789>", "<!channel> <!here|here> <http://evil.example|Open the board>",
		"[Open the board](https://evil.example) https://evil.example/x", "**bold** __u__ ~~s~~ ||spoiler|| `code`",
		"03. (JM) Office", "# heading", "- item", "> quote", "<at>Everyone</at>",
		"{{DATE(2026-11-22T00:00:00Z,SHORT)}}",
		"Subject\r\nBcc: evil@example.com\r\n\r\nbody", strings.Repeat("&", 300), strings.Repeat("*", 300),
		strings.Repeat("日", 300), strings.Repeat("🚀", 300), strings.Repeat(`"\`, 200), strings.Repeat("\u202e", 300),
	)
	return list
}

// drawn is any message: names of any kind in any place, digests of any size.
func drawn(t *rapid.T) *notices.Message {
	anyName := rapid.OneOf(rapid.SampledFrom(hostile()), rapid.String())
	draw := func(label string) string { return anyName.Draw(t, label) }
	one := func(i int) *notices.Notice {
		n := &notices.Notice{
			Topic:  rapid.SampledFrom(append(notices.Topics(), "a later one")).Draw(t, "topic"),
			Healed: rapid.Bool().Draw(t, "healed"), Offset: 3600, Stage: draw("stage"), Job: draw("job"),
			Code: jobmon.Code(rapid.Int64().Draw(t, "code")), Problem: "5000123/2/77",
			Again: rapid.IntRange(0, 1<<40).Draw(t, "again"),
			Since: jobmon.Instant(rapid.Int64Range(0, 4e12).Draw(t, "since")),
			Event: jobmon.Event{Seq: uint64(i), At: jobmon.Instant(1.8e12), Text: draw("text"), Name: draw("name"),
				Computer: jobmon.ComputerID(rapid.Int32().Draw(t, "computer"))},
		}
		if rapid.Bool().Draw(t, "pictured") {
			p := rapid.SampledFrom(pictures()).Draw(t, "picture").Progress
			c := p.Computer
			c.ID = jobmon.ComputerID(rapid.Int32Range(1, 200).Draw(t, "id"))
			c.Name, c.Group = draw("computer name"), draw("group")
			copied := *p
			copied.Computer, copied.Site = c, draw("site")
			n.Picture = &copied
		}
		return n
	}
	m := &notices.Message{ID: "msg_" + logID + "_1_failed", Notices: []*notices.Notice{one(1)}}
	if rapid.Bool().Draw(t, "digest") {
		m.Digest, m.More = true, rapid.IntRange(0, 1<<30).Draw(t, "more")
		m.Counts = map[notices.Topic]int{}
		for i := range rapid.IntRange(0, 60).Draw(t, "notices") {
			m.Notices = append(m.Notices, one(i+2))
		}
		for _, n := range m.Notices {
			m.Counts[n.Topic] += 1 + m.More
		}
	}
	return m
}

// TestBodiesStayWithinLimits: whatever the names and however many notices, no service refuses a message, and nobody is
// mentioned.
func TestBodiesStayWithinLimits(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		m := drawn(t)
		w := writer(rapid.SampledFrom(message.Languages()).Draw(t, "language"))
		w.Site = rapid.SampledFrom(hostile()).Draw(t, "own site")
		for service, write := range bodies(w) {
			body, err := write(m)
			if err != nil || !json.Valid(body) || !utf8.Valid(body) {
				t.Fatalf("%s: %v, %q", service, err, body)
			}
			var value map[string]any
			if err := json.Unmarshal(body, &value); err != nil {
				t.Fatal(err)
			}
			if fault := faults[service](body, value); fault != "" {
				t.Fatalf("%s: %s\n%s", service, fault, body)
			}
		}
		subject, body, id, references := w.Mail(m)
		for _, header := range []string{subject, id, references} {
			if strings.ContainsFunc(header, func(r rune) bool { return unicode.IsControl(r) }) || length(header) > 180 {
				t.Fatalf("a header is %q", header)
			}
		}
		if strings.ContainsFunc(body, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) ||
			!utf8.ValidString(body) || len(body) > 200_000 {
			t.Fatalf("the mail is %q", body)
		}
	})
}

// TestTheLongestMessagesStayWithinLimits: each strange name wherever a name can stand, in the longest messages.
func TestTheLongestMessagesStayWithinLimits(t *testing.T) {
	t.Parallel()
	for _, name := range hostile() {
		n := failed(t)
		n.Stage, n.Job, n.Again, n.Code, n.Event.Text = name, name, 7, -2147024891, name
		p, s := *n.Picture, *n.Picture.Session
		p.Computer.Name, p.Computer.Group, p.Site = name, name, name
		s.Stages = nil
		for range 2 * 5 {
			s.Stages = append(s.Stages, jobmon.Stage{Name: name, State: jobmon.StateFailed, Failed: 1,
				Failures: []jobmon.Failure{{Job: name, Code: n.Code, At: p.At}}})
		}
		s.Failed, p.Session, n.Picture = 10, &s, &p
		ready := n
		ready.Topic = notices.Ready
		storm := &notices.Message{ID: "msg_x_1_digest", Digest: true, More: 1 << 30, Counts: map[notices.Topic]int{}}
		for i := range 120 {
			one, copied := n, p
			copied.Computer.ID += jobmon.ComputerID(i)
			one.Picture = &copied
			storm.Notices = append(storm.Notices, &one)
		}
		for _, topic := range notices.Topics() {
			storm.Counts[topic] = 1 << 30
		}
		for _, m := range []*notices.Message{single(n), single(ready), storm} {
			for service, write := range bodies(writer("fr")) {
				body, err := write(m)
				var value map[string]any
				if err != nil || json.Unmarshal(body, &value) != nil {
					t.Fatalf("%s: %v", service, err)
				}
				if fault := faults[service](body, value); fault != "" {
					t.Errorf("%.40q: %s: %s", name, service, fault)
				}
			}
		}
	}
}

// TestLongNamesLeaveWhatHappened: a title whose names are too long still says what happened.
func TestLongNamesLeaveWhatHappened(t *testing.T) {
	t.Parallel()
	n := failed(t)
	n.Picture.Computer.Name, n.Stage = strings.Repeat("PC", 60), strings.Repeat("Stage ", 40)
	w := writer("en")
	w.Site = strings.Repeat("Site", 50)
	subject, _, _, _ := w.Mail(single(n))
	if !strings.HasSuffix(subject, " failed, code 1603") || length(subject) > 180 {
		t.Errorf("the subject is %q", subject)
	}
	for service, write := range bodies(w) {
		if body, err := write(single(n)); err != nil || !strings.Contains(string(body), "failed, code 1603") {
			t.Errorf("%s: %v, %s", service, err, body)
		}
	}
}

func length(text any) int { return len(utf16.Encode([]rune(text.(string)))) }

// faults says what a service would refuse or misread in a body, by its documents.
var faults = map[string]func(body []byte, value map[string]any) string{
	"cloudevent": func(body []byte, value map[string]any) string {
		if len(body) > 64<<10 {
			return fmt.Sprintf("%d bytes", len(body))
		}
		for _, key := range []string{"id", "source", "type", "subject", "time"} {
			if text, _ := value[key].(string); text == "" {
				return "no " + key
			}
		}
		return ""
	},
	"slack":   slackFault,
	"teams":   teamsFault,
	"discord": discordFault,
	"ntfy": func(body []byte, value map[string]any) string {
		if len(body) > 8192 || len(value["message"].(string)) > 4096 || value["message"] == "" || value["title"] == "" {
			return fmt.Sprintf("%d bytes", len(body))
		}
		return ""
	},
}

func slackFault(_ []byte, value map[string]any) string {
	blocks, all := value["blocks"].([]any), 0
	texts := func(where map[string]any, limit int) string {
		kind, text := where["type"].(string), where["text"].(string)
		all += length(text)
		switch {
		case text == "" || length(text) > limit:
			return fmt.Sprintf("a text has %d characters", length(text))
		case kind == "mrkdwn" &&
			(!strings.HasPrefix(text, "<https://jobmon.example/") || strings.Count(text, "<") != 1):
			return "the link is " + text
		case kind == "plain_text" && strings.ContainsAny(text, "<>"):
			return "not escaped: " + text
		}
		return ""
	}
	for i, b := range blocks {
		block, limit := b.(map[string]any), 3000
		if i == 0 {
			limit = 150
		}
		if text, ok := block["text"].(map[string]any); ok {
			if fault := texts(text, limit); fault != "" {
				return fault
			}
		}
		fields, _ := block["fields"].([]any)
		if len(fields) > 10 {
			return fmt.Sprintf("%d fields", len(fields))
		}
		for _, f := range fields {
			if fault := texts(f.(map[string]any), 2000); fault != "" {
				return fault
			}
		}
	}
	if len(blocks) > 50 || all > 13_000 || strings.ContainsAny(value["text"].(string), "<>") {
		return fmt.Sprintf("%d blocks with %d characters", len(blocks), all)
	}
	return ""
}

func teamsFault(body []byte, value map[string]any) string {
	if len(body) > 28*1024 {
		return fmt.Sprintf("%d bytes", len(body))
	}
	card := value["attachments"].([]any)[0].(map[string]any)["content"].(map[string]any)
	for _, b := range card["body"].([]any) {
		block := b.(map[string]any)
		if block["type"] != "RichTextBlock" {
			return fmt.Sprintf("a text in %s may hold markup", block["type"])
		}
		for _, run := range block["inlines"].([]any) {
			if run.(map[string]any)["text"] == "" {
				return "an empty text"
			}
		}
	}
	for _, a := range card["actions"].([]any) {
		if !strings.HasPrefix(a.(map[string]any)["url"].(string), "https://jobmon.example/") {
			return "a link"
		}
	}
	return ""
}

func discordFault(_ []byte, value map[string]any) string {
	embed := value["embeds"].([]any)[0].(map[string]any)
	all := length(embed["title"])
	if all == 0 || all > 256 {
		return fmt.Sprintf("the title has %d characters", all)
	}
	texts := []string{embed["title"].(string)}
	if text, ok := embed["description"].(string); ok {
		all, texts = all+length(text), append(texts, text)
	}
	fields, _ := embed["fields"].([]any)
	for _, f := range fields {
		field := f.(map[string]any)
		name, text := field["name"].(string), field["value"].(string)
		if name == "" || text == "" || length(name) > 256 || length(text) > 1024 {
			return fmt.Sprintf("a field has %d and %d characters", length(name), length(text))
		}
		all, texts = all+length(name)+length(text), append(texts, text)
	}
	for _, text := range texts {
		for i, r := range text {
			if strings.ContainsRune("*_~`|<>[]@#/", r) && (i == 0 || text[i-1] != '\\') {
				return "not escaped: " + text
			}
		}
	}
	if mentions := value["allowed_mentions"].(map[string]any)["parse"].([]any); len(mentions) > 0 {
		return "mentions are allowed"
	}
	if all > 6000 || len(fields) > 25 {
		return fmt.Sprintf("%d characters in %d fields", all, len(fields))
	}
	return ""
}
