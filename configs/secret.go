package configs

import (
	"net/url"
	"slices"
	"strings"
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

// redactDSN shows the server and the database of a data source name and nothing else of it. It picks what is known
// to be harmless instead of cutting out the password, and shows nothing where the parts cannot be told apart for
// sure: a password may hold any of the characters that separate them.
func redactDSN(dsn string) string {
	var parts []string
	switch {
	case dsn == "":
		return ""
	case strings.HasPrefix(dsn, "sqlserver://"):
		parts = harmlessOfURL(dsn)
	case !strings.ContainsAny(dsn, `"'{}@/`):
		parts = harmlessOfPairs(dsn)
	}
	if len(parts) == 0 {
		return hidden
	}
	return hidden + " " + strings.Join(parts, " ")
}

// harmlessOfURL reads sqlserver://user:password@server/instance?database=eXpress.
func harmlessOfURL(dsn string) []string {
	u, err := url.Parse(dsn)
	if err != nil || strings.Contains(dsn, "@") != (u.User != nil) || strings.Count(dsn, "@") > 1 || u.Fragment != "" {
		return nil // a "/", "?", "#" or "@" in a password that was not escaped
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil
	}
	parts := []string{"server=" + u.Host + strings.TrimSuffix(u.Path, "/")}
	if name := query.Get("database"); name != "" {
		parts = append(parts, "database="+name)
	}
	return parts
}

// harmlessOfPairs reads server=...;user id=...;password=...;database=....
func harmlessOfPairs(dsn string) []string {
	var parts []string
	for pair := range strings.SplitSeq(dsn, ";") {
		name, value, ok := strings.Cut(pair, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !ok && strings.TrimSpace(pair) != "" {
			return nil // the rest of a password with a ";" in it
		}
		if slices.Contains([]string{"server", "data source", "database", "initial catalog"}, name) {
			parts = append(parts, name+"="+strings.TrimSpace(value))
		}
	}
	return parts
}

// maybeSecret says that what was given under an unknown name may be a secret whose key was mistyped.
func maybeSecret(name, value string) bool {
	contains := func(text string, words ...string) bool {
		return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(strings.ToLower(text), word) })
	}
	return contains(name, "dsn", "pass", "pw", "secret", "token", "connection") || contains(value, "password", "pwd", "://", "@", TokenPrefix)
}
