package board

import (
	"encoding/json"
	"html"
	"io/fs"
	"strings"
	"sync"

	"github.com/jobmon-db/jobmon-db/client/hta"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// Languages lists those that the pages speak; the first one is spoken where another is asked for.
func Languages() []string { return []string{"en", "de", "fr"} }

// words are the texts of one language by their keys; "{...}" in them is filled in.
type words map[string]string

// tongues are the languages by their letters. The monitor's words come first: what stands on a logon screen has the
// same words here.
var tongues = sync.OnceValue(func() map[string]words {
	list := map[string]words{}
	for _, lang := range Languages() {
		w := words{}
		w.read(hta.Files(), "languages/"+lang+".txt")
		w.read(files, "words/"+lang+".txt")
		list[lang] = w
	}
	return list
})

func wordsOf(lang string) words {
	if w, ok := tongues()[lang]; ok {
		return w
	}
	return tongues()[Languages()[0]]
}

// read adds the lines "key = text" of a file; the files are built in, and a test reads them all.
func (w words) read(from fs.FS, name string) {
	text, _ := fs.ReadFile(from, name)
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if ok && !strings.HasPrefix(key, "#") {
			w[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
}

// fill puts values into the places of a text. Pairs are names of places and their values.
func fill(text string, pairs ...string) string {
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

// say is a text as plain text; values are put in as they are.
func (w words) say(key string, pairs ...string) string { return fill(w.text(key), pairs...) }

// text is the text of a key; a key without one stands for itself.
func (w words) text(key string) string {
	if text, ok := w[key]; ok {
		return text
	}
	return key
}

// has reports whether there is a text of that key.
func (w words) has(key string) bool { return w[key] != "" }

// phrase is a text as HTML; the values are HTML already.
func (w words) phrase(key string, pairs ...string) string {
	return fill(html.EscapeString(w.text(key)), pairs...)
}

// count is a phrase about n things: it has a form of its own for one, "key.one".
func (w words) count(key string, n int) string {
	if n == 1 && w.has(key+".one") {
		key += ".one"
	}
	return w.phrase(key, "n", number(n))
}

// name is a name from the database as HTML.
func (w words) name(name string) string {
	if strings.TrimSpace(name) == "" {
		return html.EscapeString(w.text("no.name"))
	}
	return esc(name)
}

// longest is how many letters of a name are shown at most.
const longest = 200

// esc makes any text safe for HTML, in text and in attributes, and shows what is invisible in it.
func esc(text string) string { return html.EscapeString(shown(text)) }

// shown is a text that others wrote, cut to what a page can bear, with what is invisible in it made visible.
// What is shown stays as it is when it goes through here again.
func shown(text string) string {
	text = plain.Text(text)
	if len(text) > longest {
		if runes := []rune(text); len(runes) > longest {
			text = string(runes[:longest-1]) + "…"
		}
	}
	return text
}

// forScript are the words that the script says by itself, as JSON.
func (w words) forScript() string {
	list := map[string]string{}
	for key, text := range w {
		if name, ok := strings.CutPrefix(key, "script."); ok {
			list[name] = text
		}
	}
	for _, key := range []string{"for.seconds", "for.minutes", "for.hours", "for.days"} {
		list[key] = w[key]
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "{}"
	}
	return string(text)
}
