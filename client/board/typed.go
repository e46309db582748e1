package board

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// dayMonth is a date as it is written in German and French: "26.11.", "26.11.2026", "26/11", "26/11/2026".
var dayMonth = regexp.MustCompile(`^(\d{1,2})[./](\d{1,2})(?:[./](\d{4})?)?$`)

// Typed is a moment that a reader typed in the language of the page, in the words of --at: "di 9:00" is
// "tuesday 9:00". English words, and what is no such moment, stay as they are.
func Typed(lang, text string) string {
	text = strings.TrimSpace(text)
	if lang == Languages()[0] {
		return text
	}
	first, rest, _ := strings.Cut(text, " ")
	day := wordsOf(lang).dayIn(strings.ToLower(strings.TrimSuffix(first, ",")))
	if day == "" {
		return text
	}
	return strings.TrimSpace(day + " " + strings.TrimSpace(rest))
}

// dayIn is a day in the words of --at, "" for a word that names none.
func (w words) dayIn(word string) string {
	word = strings.ReplaceAll(word, "'", "’")
	for _, day := range []string{"now", "today", "yesterday"} {
		if word == w.Say("at."+day) {
			return day
		}
	}
	short := strings.TrimSuffix(word, ".")
	for day := time.Sunday; day <= time.Saturday; day++ {
		for _, key := range []string{"weekdays", "weekdays.short"} {
			if short == strings.ToLower(strings.TrimSuffix(w.pick(key, int(day)), ".")) {
				return strings.ToLower(day.String())
			}
		}
	}
	m := dayMonth.FindStringSubmatch(word)
	if m == nil {
		return ""
	}
	date := fmt.Sprintf("%02s-%02s", m[2], m[1])
	if m[3] != "" {
		date = m[3] + "-" + date
	}
	return date
}
