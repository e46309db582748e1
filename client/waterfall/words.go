package waterfall

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Words are the words of a drawing in one language. The zero value is English.
type Words struct {
	Lang string // of the meanings of codes
	// Say returns the text of a key with its places filled in: one of English, or a key for a word that the log has,
	// such as "row-state.failed", "reason.across a gap" or "gap.source lost".
	Say func(key string, places ...any) string
}

// English returns the English texts by their keys, as a beginning for other languages.
func English() map[string]string { return maps.Clone(english) }

var english = map[string]string{
	"waterfall.title":   "{computer}, deployment {n}",
	"waterfall.number":  "Deployment {n}",
	"waterfall.id":      "id {id}",
	"waterfall.id.on":   "id {id} on {site}",
	"waterfall.all":     "{time} in all",
	"waterfall.period":  "{from} to {to}",
	"waterfall.open":    "{from} to {to}, and goes on",
	"waterfall.offsets": "the UTC offset changed meanwhile",
	"waterfall.working": "working",
	"waterfall.waiting": "waiting",
	"waterfall.unseen":  "unseen",
	"waterfall.failed":  "failed",
	"waterfall.late":    "late",
	"waterfall.added":   "added late",
	"waterfall.goes.on": "goes on",
	"waterfall.code":    "code {code}",
	"waterfall.attempt": "attempt {n}",
	"waterfall.again":   "tried again",
	"waterfall.waited":  "waited {time} before",
	"waterfall.beside":  "Beside the stages",
	"waterfall.stepped": "The server's clock was changed meanwhile: " +
		"times and durations across that moment are wrong.",
	"waterfall.begun":         "It had begun before the log did: what came before is unseen.",
	"outcome.failed":          "{n} failed",
	"waterfall.overtook":      "It was still open when deployment {n} began.",
	"waterfall.overtook.one":  "It was still open when deployment {n} began. 1 job that waited went on there.",
	"waterfall.overtook.many": "It was still open when deployment {n} began. {jobs} jobs that waited went on there.",
	"unit.days":               "d",
	"unit.up.to":              "up to",
}

// say returns a text of the drawing. Pairs are the names of places and what stands there.
func (w *Words) say(key string, pairs ...any) string {
	if w.Say != nil {
		return w.Say(key, pairs...)
	}
	text := english[key]
	if len(pairs) == 0 {
		return text
	}
	places := make([]string, len(pairs))
	for i, part := range pairs {
		if places[i] = fmt.Sprint(part); i%2 == 0 {
			places[i] = "{" + places[i] + "}"
		}
	}
	return strings.NewReplacer(places...).Replace(text)
}

// word returns a word that the log has, such as "failed" of the kind "row-state".
func (w *Words) word(kind, word string) string {
	if w.Say == nil {
		return word
	}
	return w.Say(kind + "." + word)
}

// outcome says how the deployment stands or ended.
func (w *Words) outcome(o jobmon.Outcome) string {
	text := w.word("outcome", o.Word)
	if o.Failed > 0 {
		text += ", " + w.say("outcome.failed", "n", o.Failed)
	}
	return text
}

func (w *Words) units() jobmon.Units {
	return jobmon.Units{Days: w.say("unit.days"), UpTo: w.say("unit.up.to")}
}

func (w *Words) span(d time.Duration) string { return w.units().Span(d) }
