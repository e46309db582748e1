package message

import (
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// Slack is the body of a message for an incoming webhook of Slack.
//
// Limits (docs.slack.dev, Block Kit reference, read in November 2026): a header has 150 characters, a section 10 fields
// of 2,000 characters or a text of 3,000, a message 50 blocks; all blocks together are refused somewhere above 13,000
// characters (slackapi/bolt-js issue 2509). "&", "<" and ">" are written as entities: nothing else begins a mention or
// a link there. Names stand in plain_text, which knows no markup. A webhook can neither change a message nor answer in
// its thread: the text says what a message belongs to.
func (w *Writer) Slack(m *notices.Message) ([]byte, error) {
	s := w.say(m)
	text := func(text string, limit int) object {
		return object{"type": "plain_text", "text": fit(text, limit, slackEscape), "emoji": false}
	}
	blocks := []object{{"type": "header", "text": object{
		"type": "plain_text", "text": s.titled(150, slackEscape), "emoji": false,
	}}}
	var fields []object
	for _, f := range s.facts {
		fields = append(fields, text(f.label+"\n"+f.value, 600))
	}
	if len(fields) > 0 {
		blocks = append(blocks, object{"type": "section", "fields": fields})
	}
	if list := s.shortened(2900, slackEscape); list != "" {
		blocks = append(blocks, object{"type": "section", "text": object{
			"type": "plain_text", "text": list, "emoji": false,
		}})
	}
	if s.link != "" {
		link := "<" + slackLink.Replace(s.link) + "|" + s.words.Text("label.board") + ">"
		blocks = append(blocks, object{"type": "section", "text": object{
			"type": "mrkdwn", "text": fit(link, 2900, asIs), "verbatim": true,
		}})
	}
	return encode(object{
		"text": s.titled(600, slackEscape), "mrkdwn": false, "blocks": blocks,
		"unfurl_links": false, "unfurl_media": false,
	})
}

// slackLink keeps an address within the angle brackets of a link.
var slackLink = strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C")

func slackEscape(r rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	}
	return string(r)
}

// Teams is the body of a message for a workflow of Microsoft Teams ("When a Teams webhook request is received"): a
// message with one Adaptive Card.
//
// Limits (learn.microsoft.com, "Create and send messages", read in November 2026): 28 KB for all of it. A character is
// at most three bytes for each of its UTF-16 units, so the texts are cut such that their units stay below a third of
// that. Markdown is read in TextBlock and FactSet; RichTextBlock knows none, so that all texts stand in those. Nothing
// is a mention that the card does not list as one, and it lists none. Version 1.4 is what all clients of Teams show.
func (w *Writer) Teams(m *notices.Message) ([]byte, error) {
	s := w.say(m)
	run := func(text string, limit int, more object) object {
		part := object{"type": "TextRun", "text": fit(text, limit, asIs)}
		for key, value := range more {
			part[key] = value
		}
		return part
	}
	block := func(runs ...object) object { return object{"type": "RichTextBlock", "inlines": runs} }
	colour := [...]string{good: "Good", warn: "Warning", bad: "Attention"}[s.tone]
	body := []object{block(run(s.titled(400, asIs), 400, object{"size": "Large", "weight": "Bolder", "color": colour}))}
	for _, f := range s.facts {
		label := s.words.Say("fact", "label", f.label)
		body = append(body, block(run(label, 100, object{"weight": "Bolder"}), run(f.value, 350, nil)))
	}
	if list := s.shortened(2000, asIs); list != "" {
		for line := range strings.SplitSeq(list, "\n") {
			body = append(body, block(run(line, 600, nil)))
		}
	}
	card := object{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"msteams": object{"width": "Full"}, "body": body, "fallbackText": s.titled(400, asIs),
	}
	if s.link != "" {
		card["actions"] = []object{{"type": "Action.OpenUrl", "title": s.words.Text("label.board"), "url": s.link}}
	}
	return encode(object{"type": "message", "attachments": []object{{
		"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card,
	}}})
}

// Discord is the body of a message for a webhook of Discord: one embed.
//
// Limits (discord.com/developers, "Embed Limits", read in November 2026): title 256 characters, description 4,096, 25
// fields with names of 256 and values of 1,024, all texts of a message together 6,000. Whatever could begin markup, a
// link or a mention has a backslash before it, and allowed_mentions allows none.
func (w *Writer) Discord(m *notices.Message) ([]byte, error) {
	s := w.say(m)
	embed := object{
		"title": s.titled(256, discordEscape), "timestamp": at(m).Format(time.RFC3339),
		"color": [...]int{good: 0x2e7d32, warn: 0xed6c02, bad: 0xc62828}[s.tone],
	}
	var fields []object
	for _, f := range s.facts {
		fields = append(fields, object{
			"name": fit(f.label, 60, discordEscape), "value": fit(f.value, 320, discordEscape), "inline": false,
		})
	}
	if len(fields) > 0 {
		embed["fields"] = fields
	}
	if list := s.shortened(1900, discordEscape); list != "" {
		embed["description"] = list
	}
	if s.link != "" {
		embed["url"] = s.link
	}
	return encode(object{"embeds": []object{embed}, "allowed_mentions": object{"parse": []string{}}})
}

// markup is what Discord's Markdown may read as more than itself: "." begins a list behind a number, "/" is in links.
const markup = "\\*_~`|<>[]()#@+-./"

func discordEscape(r rune) string {
	if strings.ContainsRune(markup, r) {
		return "\\" + string(r)
	}
	return string(r)
}

// at is when the newest thing happened that a message is about.
func at(m *notices.Message) time.Time { return m.Notices[len(m.Notices)-1].Event.At.Time() }
