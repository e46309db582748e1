package configs

import (
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/nearest"
)

// name is what a key is called in one layer. A section of the file has a nil key.
type name struct {
	text string
	key  *Key
}

// unknown is the problem of a value that is given under a name that is not among the known ones.
func unknown(origin Origin, given, value string, known []name) Problem {
	p := Problem{Origin: origin, Key: given, Value: value, Reason: "is given for a key that does not exist"}
	meant := closest(given, known)
	switch {
	case value == "":
		p.Reason = "this key does not exist"
	case meant.key != nil && meant.key.Secret, maybeSecret(given, value):
		p.Value = hidden
	}
	if maybeSecret("", given) {
		p.Key = hidden // a value that stands where a key belongs
	}
	if oddCharacter.MatchString(given) {
		p.Reason = named(given) + "; type it again with plain spaces"
		return p
	}
	if meant.text == "" {
		p.Reason += "; `jobmon-db config init` lists all keys"
	} else {
		p.Reason += nearest.Ask(meant.text)
	}
	return p
}

// closest is the name that was probably meant, or none.
func closest(given string, known []name) name {
	given = strings.ToLower(given)
	distance := func(n name) int {
		text := strings.ToLower(n.text)
		// A forgotten section ("poll_interval") is a small mistake however many letters it has.
		section, forgotten := strings.CutSuffix(text, strings.TrimPrefix(given, strings.ToLower(envPrefix)))
		if forgotten && (strings.HasSuffix(section, ".") || strings.HasSuffix(section, "_")) {
			return 2
		}
		return nearest.Distance(given, text)
	}
	best := slices.MinFunc(known, func(a, b name) int { return distance(a) - distance(b) })
	if !nearest.Enough(given, distance(best)) {
		return name{}
	}
	return best
}
