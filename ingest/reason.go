package ingest

import (
	"regexp"
	"strings"
	"unicode"
)

// secrets are the places of a connection string where a password stands. Sources keep them out of their errors; this
// is the second lock on the door, because what is in the log stays there.
var secrets = regexp.MustCompile(`(?i)(\b(?:password|pwd)\s*=\s*)(?:\{[^}]*\}|"[^"]*"|'[^']*'|[^;\s]*)|(://)\S*(@)`)

const longestReason = 300 // characters

// reason is why something failed, on one line of bounded length and without secrets.
func reason(err error) string {
	text := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, err.Error())
	text = secrets.ReplaceAllString(strings.Join(strings.Fields(text), " "), "$1$2***$3")
	if runes := []rune(text); len(runes) > longestReason {
		text = string(runes[:longestReason]) + "…"
	}
	if text == "" {
		return "no reason given"
	}
	return text
}
