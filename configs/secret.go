package configs

import (
	"regexp"
	"slices"
	"strings"

	dsnparts "github.com/jobmon-db/jobmon-db/internal/dsn"
)

// Secret is a text that hides itself however it is printed, logged or encoded.
type Secret string

// Reveal is the secret itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// String says whether there is a secret, and nothing about it.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, for JSON and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DSN is a data source name, which may hold a password: it shows the server and the database and hides all else,
// however it is printed, logged or encoded.
type DSN string

// Reveal is the data source name itself, for the one place that needs it.
func (d DSN) Reveal() string { return string(d) }

// String is what may be shown of it, "" when there is none.
func (d DSN) String() string { return redactDSN(string(d)) }

// GoString is String, for %#v.
func (d DSN) GoString() string { return d.String() }

// MarshalText is String, for JSON and its like.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// hidden stands for a secret of which nothing can safely be shown.
const hidden = "(hidden)"

// redactDSN shows the server and the database of a data source name and nothing else of it, and nothing where it is not
// certain which part is which.
func redactDSN(text string) string {
	if text == "" {
		return ""
	}
	parts, err := dsnparts.Parse(text)
	if err != nil {
		return hidden
	}
	shown := hidden + " server=" + parts[dsnparts.Server]
	if port := parts[dsnparts.Port]; port != "" {
		shown += ":" + port
	}
	if database := parts[dsnparts.Database]; database != "" {
		shown += " database=" + database
	}
	return shown
}

// seedPattern finds the seed of an nkey, the secret half of a credential for NATS.
var seedPattern = regexp.MustCompile(`S[ACNOU][A-Z2-7]{56}`)

// maybeSecret says that what was given under an unknown name may be a secret whose key was mistyped.
func maybeSecret(name, value string) bool {
	contains := func(text string, words ...string) bool {
		text = strings.ToLower(text)
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
	}
	return contains(name, "dsn", "pass", "pw", "secret", "token", "connection") ||
		contains(value, "password", "pwd", "://", "@", TokenPrefix) || seedPattern.MatchString(value)
}
