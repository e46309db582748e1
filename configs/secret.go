package configs

import (
	"net/url"
	"slices"
	"strings"
)

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
	return contains(name, "dsn", "pass", "pwd", "secret", "token", "connection") || contains(value, "password", "pwd", "://", "@")
}
