package message

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// Ntfy is the body of a message that is published as JSON to the root of an ntfy server; topic is the last part of the
// target's address.
//
// Limits (docs.ntfy.sh/publish and docs.ntfy.sh/config, read in November 2026): a message has 4,096 bytes by default,
// the JSON twice as many; a longer one becomes an attachment. Message and title together stay below a half of that
// even where JSON doubles each byte. Messages of one problem have one sequence_id: from server 2.16 on an app shows the
// newest of them in place of the others; older servers ignore it.
func (w *Writer) Ntfy(m *notices.Message, topic string) ([]byte, error) {
	s := w.say(m)
	priority := [...]int{good: 3, warn: 4, bad: 4}[s.tone]
	tag := [...]string{good: "white_check_mark", warn: "warning", bad: "rotating_light"}[s.tone]
	body := object{
		"topic": topic, "title": inBytes(s.titled(400, asIs), 400),
		"message": inBytes(strings.TrimSpace(s.pushed()), 2800),
		"tags":    []string{tag}, "priority": priority, "sequence_id": thread(m),
	}
	if s.link != "" {
		body["click"] = s.link
	}
	return encode(body)
}

// pushed is the text without the link, which a push message has beside it.
func (s *said) pushed() string {
	without := *s
	without.link = ""
	return without.body()
}

// inBytes cuts a text to so many bytes.
func inBytes(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const mark = "…"
	return strings.ToValidUTF8(text[:limit-len(mark)], "") + mark
}

// thread is the same for all messages about one problem in one log, and for no others: 32 letters and digits.
func thread(m *notices.Message) string {
	text := m.ID
	if !m.Digest {
		log, _, _ := strings.Cut(strings.TrimPrefix(m.ID, "msg_"), "_")
		text = log + " " + m.Notices[0].Problem
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// Mail is the message as a mail. messageID and references are without angle brackets, for the headers of these names.
//
// A line of a header has at most 998 characters (RFC 5322, 2.1.1): the subject stays below that in any encoding. The
// Message-ID follows from the message's ID, so that a mail that is sent twice is one mail to those who look. All mails
// about one problem refer to one mail that never was, and therefore stand in one thread; "" for a digest. Nothing in
// subject or body can end a header: control characters are shown, not sent.
func (w *Writer) Mail(m *notices.Message) (subject, body, messageID, references string) {
	s := w.say(m)
	domain := cmp.Or(w.Domain, "jobmon-db.invalid")
	subject = "[" + fit(cmp.Or(strings.TrimSpace(s.words.Name(w.Site)), "jobmon-db"), 30, asIs) + "] "
	subject += s.titled(180-size(subject, asIs), asIs)
	if !m.Digest {
		references = thread(m) + "@" + domain
	}
	return subject, s.body(), m.ID + "@" + domain, references
}
