package board

import (
	"encoding/json"
	"html"
	"maps"
	"strings"
	"sync"

	"github.com/jobmon-db/jobmon-db/client/internal/wording"
	"github.com/jobmon-db/jobmon-db/client/waterfall"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Languages lists those that the pages speak; the first one is spoken where another is asked for.
func Languages() []string { return wording.Languages() }

// words are the texts of one language.
type words struct{ wording.Words }

// tongues are the languages by their letters. The drawing of a deployment brings its English words along.
var tongues = sync.OnceValue(func() map[string]wording.Words {
	all := wording.Load(files, "words")
	maps.Copy(all[jobmon.English], waterfall.English())
	for lang, w := range all {
		w["lang"] = lang
	}
	return all
})

func wordsOf(lang string) words {
	if w, ok := tongues()[lang]; ok {
		return words{w}
	}
	return words{tongues()[Languages()[0]]}
}

// phrase is a text as HTML; the values are HTML already.
func (w words) phrase(key string, pairs ...string) string {
	return wording.Fill(html.EscapeString(w.Text(key)), pairs...)
}

// count is a phrase about n things.
func (w words) count(key string, n int) string { return w.phrase(w.CountKey(key, n), "n", number(n)) }

// name is a name from the database as HTML.
func (w words) name(name string) string { return html.EscapeString(w.Name(name)) }

// esc makes any text safe for HTML, in text and in attributes, and shows what is invisible in it.
func esc(text string) string { return html.EscapeString(shown(text)) }

// shown is a text that others wrote, cut to what a page can bear, with what is invisible in it made visible.
func shown(text string) string { return wording.Shown(text) }

// forScript are the words that the script says by itself, as JSON.
func (w words) forScript() string {
	list := map[string]string{}
	for key, text := range w.Words {
		if name, ok := strings.CutPrefix(key, "script."); ok {
			list[name] = text
		}
	}
	for _, key := range []string{"for.seconds", "for.minutes", "for.hours", "for.days"} {
		list[key] = w.Text(key)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return "{}"
	}
	return string(text)
}
