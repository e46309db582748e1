package board

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/waterfall"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	texts "github.com/jobmon-db/jobmon-db/internal/words"
)

// Percent is a share in percent, written with one digit behind the decimal mark: "88.0 %", "88,0 %".
type Percent float64

// Change is by how much something changed, in percent: "+3 %".
type Change int

// Word is one of a closed set of words, such as the reasons why a duration is not counted. Its text has the key
// "<kind>.<word>"; a word without a text stands for itself.
type Word struct{ Kind, Word string }

// value writes a value in the reader's language, as plain text. Texts, numbers, durations, times, codes, outcomes and
// the types above have a form of their own.
func (p *pen) value(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return shown(v)
	case Percent:
		return p.w.decimal(float64(v)) + " %"
	case Change:
		return fmt.Sprintf("%+d %%", int(v))
	case Word:
		if key := v.Kind + "." + v.Word; p.w.Has(key) {
			return p.w.Say(key)
		}
		return shown(v.Word)
	case jobmon.Code:
		return v.TextIn(p.w.Say("lang"))
	case jobmon.Length:
		return p.w.units().Length(v)
	case time.Duration:
		return p.w.units().Span(v)
	case jobmon.Instant:
		return p.speaker().At(v)
	case jobmon.WallTime:
		return p.speaker().Start(v)
	case jobmon.Outcome:
		text := p.value(Word{"outcome", v.Word})
		if v.Failed > 0 {
			text += ", " + p.say("outcome.failed", "n", v.Failed)
		}
		return text
	}
	return shown(fmt.Sprint(v))
}

// say is a text as plain text, with values in its places.
func (p *pen) say(key string, places ...any) string {
	pairs := make([]string, len(places))
	for i, place := range places {
		pairs[i] = p.value(place)
	}
	return p.w.Say(key, pairs...)
}

// phrases are sentences in the reader's language, as plain text.
func (p *pen) phrases(list ...texts.Phrase) string {
	var said []string
	for _, one := range list {
		if p.w.Has(one.Key) {
			said = append(said, p.say(one.Key, one.Places...))
		} else {
			said = append(said, shown(one.English))
		}
	}
	return strings.Join(said, " ")
}

// units are the words of durations.
func (w words) units() jobmon.Units {
	return jobmon.Units{Days: w.Say("unit.days"), UpTo: w.Say("unit.up.to")}
}

// decimal is a number with one digit behind the decimal mark.
func (w words) decimal(x float64) string {
	return strings.Replace(strconv.FormatFloat(x, 'f', 1, 64), ".", w.Say("decimal"), 1)
}

// drawing are the words of a waterfall. A word of the log that has no text stands for itself.
func (p *pen) drawing() waterfall.Words {
	return waterfall.Words{Lang: p.w.Say("lang"), Say: func(key string, places ...any) string {
		if kind, word, _ := strings.Cut(key, "."); !p.w.Has(key) {
			return p.value(Word{kind, word})
		}
		return p.say(key, places...)
	}}
}
