// Package wording says in several languages what people read about a computer: on the board's pages and in messages.
//
// The words are lines "key = text" of files, those of the logon screen first (client/hta/languages): what stands on a
// screen has the same words everywhere. All texts here are plain; a caller who writes HTML escapes what it gets.
package wording

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/hta"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Languages lists those that there are; the first one is spoken where another is asked for.
func Languages() []string { return []string{"en", "de", "fr"} }

// Words are the texts of one language by their keys; "{...}" in them is filled in.
type Words map[string]string

// Load reads the words of each language: the screen's, and the caller's own in the files folder/xx.txt.
func Load(own fs.FS, folder string) map[string]Words {
	all := map[string]Words{}
	for _, lang := range Languages() {
		w := Words{}
		w.Read(hta.Files(), "languages/"+lang+".txt")
		w.Read(own, folder+"/"+lang+".txt")
		all[lang] = w
	}
	return all
}

// Read adds the lines "key = text" of a file. The files are built in, and tests read them all.
func (w Words) Read(from fs.FS, name string) {
	text, _ := fs.ReadFile(from, name)
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if ok && !strings.HasPrefix(key, "#") {
			w[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
}

// Fill puts values into the places of a text. Pairs are names of places and their values.
func Fill(text string, pairs ...string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var b strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			break
		}
		var place string
		place, text, _ = strings.Cut(rest, "}")
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == place {
				b.WriteString(pairs[i+1])
			}
		}
	}
	return b.String()
}

// Say returns a text with its places filled in.
func (w Words) Say(key string, pairs ...string) string { return Fill(w.Text(key), pairs...) }

// Text returns the text of a key; a key without one stands for itself.
func (w Words) Text(key string) string {
	if text, ok := w[key]; ok {
		return text
	}
	return key
}

// Has reports whether there is a text of that key.
func (w Words) Has(key string) bool { return w[key] != "" }

// CountKey returns the key of a text about n things: it has a form of its own for one, "key.one".
func (w Words) CountKey(key string, n int) string {
	if one := key + ".one"; n == 1 && w.Has(one) {
		return one
	}
	return key
}

// Name returns a name from the database, "(no name)" where it is empty.
func (w Words) Name(name string) string {
	if strings.TrimSpace(name) == "" {
		return w.Text("no.name")
	}
	return Shown(name)
}

// Lasting is a duration in words, as the logon screen writes it.
func (w Words) Lasting(d time.Duration) string {
	seconds := int(max(d, 0) / time.Second)
	minutes := seconds / 60
	switch {
	case seconds < 60:
		return w.Say("for.seconds", "n", strconv.Itoa(seconds))
	case minutes < 60:
		return w.Say("for.minutes", "n", strconv.Itoa(minutes))
	case minutes < 2880:
		return w.Say("for.hours", "h", strconv.Itoa(minutes/60), "m", fmt.Sprintf("%02d", minutes%60))
	}
	return w.Say("for.days", "n", strconv.Itoa(minutes/1440))
}

// longest is how many letters of a name are shown at most.
const longest = 200

// Shown is a text that others wrote, cut to what a page can bear, with what is invisible in it made visible.
// What is shown stays as it is when it goes through here again.
func Shown(text string) string {
	text = plain.Text(text)
	if len(text) > longest {
		if runes := []rune(text); len(runes) > longest {
			text = string(runes[:longest-1]) + "…"
		}
	}
	return text
}
