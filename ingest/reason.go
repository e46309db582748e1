package ingest

import (
	"strings"
	"unicode"
)

const longestReason = 300 // characters

// reason is why something failed, on one line of bounded length. Sources keep secrets out of their errors.
func reason(err error) string {
	text := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, err.Error())
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > longestReason {
		text = string(runes[:longestReason]) + "…"
	}
	if text == "" {
		return "no reason given"
	}
	return text
}
