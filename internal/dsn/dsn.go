// Package dsn reads connection strings of SQL Server: a URL, ADO or ODBC. It is strict. A password with an unescaped
// separator in it would end early, and its rest would become a host, a key or a value, which other code may print.
// Anything that could be such a rest is refused, with an error that repeats nothing of the string.
package dsn

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scheme is the beginning of a connection string that is a URL.
const Scheme = "sqlserver://"

const odbcPrefix = "odbc:"

// Keys of Parts.
const (
	Server   = "server"
	Port     = "port"
	Database = "database"
	UserID   = "user id"
	Password = "password"
)

// Parts are the settings of a connection string, by the names that go-mssqldb gives them.
type Parts map[string]string

var (
	foreignScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	// serverPattern is a host, host\INSTANCE or a pipe, with a protocol and a port where the form allows them. It does
	// not bound the length: a repetition such as {1,300} of a class of letters takes tens of milliseconds to compile at
	// each start.
	serverPattern = regexp.MustCompile(`^[\pL\pN._$(),:\[\]%\\-]+$`)
	pipePattern   = regexp.MustCompile(`^(?i:np:)?\\\\[^\pC;=@"'{}?&/#]+$`)
)

// elsewhere is the advice that always helps.
const elsewhere = "or leave the password out, and give it as source.password or source.password_file"

var errUnescaped = errors.New("is not a valid URL: write characters other than letters, digits and - . _ ~ in the " +
	"user name and the password percent-encoded: % as %25, @ as %40, / as %2F, : as %3A, ? as %3F, # as %23; " +
	elsewhere)

// Parse takes a connection string apart. Its errors repeat nothing of it.
func Parse(text string) (Parts, error) {
	text = strings.TrimSpace(text)
	if strings.ContainsFunc(text, unicode.IsControl) {
		return nil, errors.New("holds a control character, such as a line end or a tab")
	}
	parts, err := parseForm(text)
	if err != nil {
		return nil, err
	}
	switch server := parts[Server]; {
	case server == "":
		return nil, errors.New("names no server: sqlserver://user:password@host:port?database=eXpress&encrypt=true " +
			"or server=host;database=eXpress;user id=USER;password=PASSWORD;encrypt=true")
	case utf8.RuneCountInString(server) > 300 || !serverPattern.MatchString(server) && !pipePattern.MatchString(server):
		return nil, errors.New("names no valid server: write host, host,port or host\\INSTANCE; " +
			"the server may be a part of a password with a separator in it: " + elsewhere)
	}
	return parts, nil
}

func parseForm(text string) (Parts, error) {
	switch {
	case strings.HasPrefix(text, Scheme):
		return parseURL(text)
	case foreignScheme.MatchString(text):
		return nil, errors.New("must begin with " + Scheme + " when it is a URL")
	case strings.HasPrefix(text, odbcPrefix):
		return parsePairs(text[len(odbcPrefix):], '{', '}')
	}
	return parsePairs(text, '"', '"')
}

// parseURL reads sqlserver://user:password@host:port/instance?key=value&....
func parseURL(text string) (Parts, error) {
	u, err := url.Parse(text)
	if err != nil || ambiguous(text[len(Scheme):]) || strings.Contains(u.User.Username(), ":") {
		return nil, errUnescaped
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errUnescaped
	}
	parts := collector{Parts{}}
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		host = u.Host
	}
	if instance := strings.Trim(u.Path, "/"); instance != "" {
		host += `\` + instance
	}
	parts.Parts[Server] = host
	if port != "" {
		parts.Parts[Port] = port
	}
	if u.User != nil {
		parts.Parts[UserID] = u.User.Username()
		if password, given := u.User.Password(); given {
			parts.Parts[Password] = password
		}
	}
	for key, values := range query {
		if len(values) != 1 || parts.add(key, values[0]) != nil {
			return nil, errors.New("has an unknown key after its ?, or one twice: write & in a value as %26, " +
				elsewhere)
		}
	}
	return parts.Parts, nil
}

// ambiguous reports whether a separator in a URL, given without its scheme, may be part of the password.
func ambiguous(rest string) bool {
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	userinfo, _, login := strings.Cut(authority, "@")
	return strings.ContainsAny(rest, "#\\") || strings.Count(rest, "@") > 1 || strings.Contains(rest, "@") != login ||
		login && strings.Count(userinfo, ":") > 1
}

// parsePairs reads key=value;key=value. A value with ; or a quote in it is quoted, and a closing quote inside it is
// doubled.
func parsePairs(text string, open, shut byte) (Parts, error) {
	quotes := "double quotes, with each double quote in it written twice"
	if open != shut {
		quotes = "{ and }, with each } in it written twice"
	}
	wrong := func(what string) (Parts, error) {
		return nil, errors.New("cannot be read: " + what + "; put a password with characters other than letters and " +
			"digits between " + quotes + ", " + elsewhere)
	}
	parts := collector{Parts{}}
	for {
		text = strings.TrimLeft(text, "; ")
		if text == "" {
			return parts.Parts, nil
		}
		end := strings.IndexAny(text, "=;")
		if end < 0 || text[end] == ';' {
			return wrong("a part of it is not key=value")
		}
		key := text[:end]
		value, rest, ok := cutValue(strings.TrimLeft(text[end+1:], " "), open, shut)
		if !ok {
			return wrong("a quote in it is not closed, or is inside a value")
		}
		if err := parts.add(key, value); err != nil {
			return wrong(err.Error())
		}
		text = rest
	}
}

// cutValue takes the value off the beginning of the text, without its quotes.
func cutValue(text string, open, shut byte) (value, rest string, ok bool) {
	if text == "" || text[0] != open {
		value, rest, _ = strings.Cut(text, ";")
		return strings.TrimRight(value, " "), rest, !strings.ContainsAny(value, string([]byte{open, shut}))
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != shut:
			b.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == shut:
			b.WriteByte(shut)
			i++
		default:
			between, rest, _ := strings.Cut(text[i+1:], ";")
			return b.String(), rest, strings.TrimSpace(between) == ""
		}
	}
	return "", "", false
}

// collector gathers settings under their own names.
type collector struct{ Parts }

// add adds a setting. Its error does not repeat the setting.
func (c collector) add(key, value string) error {
	name := strings.ToLower(strings.TrimSpace(key))
	if known, other := synonyms[name]; other {
		name = known
	}
	if !slices.Contains(keys, name) {
		return errors.New("a key in it is unknown")
	}
	if _, twice := c.Parts[name]; twice {
		return errors.New("a key is given twice")
	}
	c.Parts[name] = value
	return nil
}
