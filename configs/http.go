package configs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TokenPrefix begins every token, so that one which lands at the wrong place is known for what it is and not shown.
const TokenPrefix = "jobmon-token-"

// Digest is the SHA-256 of a token. The token itself is kept by those who ask: anyone who reads the configuration
// cannot use what stands there. A plain hash is enough for 130 random bits.
type Digest [sha256.Size]byte

// DigestOf is the digest of a token.
func DigestOf(token string) Digest { return sha256.Sum256([]byte(token)) }

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// NewToken makes a token that nobody can guess.
func NewToken() string { return TokenPrefix + rand.Text() }

// Scope is what a token opens.
type Scope string

// Scopes of tokens.
const (
	ScopeRead   Scope = "read"   // everything that the HTTP server has
	ScopeScreen Scope = "screen" // one computer's picture at a time, for monitors, whose settings users can read
)

// Token is an entry of http.tokens: it lets in those who have the token of that digest.
type Token struct {
	Name   string // for messages; "" for none
	Scope  Scope
	Digest Digest
}

// String is the entry as it is written.
func (t Token) String() string {
	switch {
	case t.Name == "":
		return t.Digest.String()
	case t.Scope == ScopeRead:
		return t.Name + " " + t.Digest.String()
	}
	return t.Name + " " + string(t.Scope) + " " + t.Digest.String()
}

const longestTokenName = 40 // characters

// CheckTokenName returns why a token cannot have this name. A scope is no name: an entry with a scope alone would
// otherwise open everything.
func CheckTokenName(name string) error {
	switch {
	case name == string(ScopeRead) || name == string(ScopeScreen):
		return fmt.Errorf("%q is a scope: put a name before it", name)
	case !isTokenName(name):
		return errors.New("a name has up to 40 letters, digits, dots, hyphens and underscores")
	}
	return nil
}

func isTokenName(name string) bool {
	for i, r := range name {
		if !unicode.In(r, unicode.L, unicode.N) && (i == 0 || !strings.ContainsRune("._-", r)) {
			return false
		}
	}
	return name != "" && utf8.RuneCountInString(name) <= longestTokenName
}

// ParseScope reads the name of a scope.
func ParseScope(text string) (Scope, error) {
	if scope := Scope(text); scope == ScopeRead || scope == ScopeScreen {
		return scope, nil
	}
	return "", errors.New("a scope is read or screen")
}

// parseToken reads one entry. Its errors repeat nothing that could be a token.
func parseToken(text string) (t Token, err error) {
	words := strings.Fields(text)
	if len(words) == 0 || len(words) > 3 {
		return t, errNotAllowed
	}
	if strings.Contains(text, TokenPrefix) {
		return t, errors.New("it is a token; its SHA-256 belongs here")
	}
	last := len(words) - 1
	raw, err := hex.DecodeString(words[last])
	if err != nil || len(raw) != sha256.Size {
		return t, errNotAllowed
	}
	t.Scope, t.Digest = ScopeRead, Digest(raw)
	if last > 0 {
		t.Name = words[0]
		if err := CheckTokenName(t.Name); err != nil {
			return t, err
		}
	}
	if last > 1 {
		t.Scope, err = ParseScope(words[1])
	}
	return t, err
}

// tokens is a list of tokens. No name and no digest is in it twice: it would be unclear which entry counts.
func tokens(name string) Key {
	k := newKey(name, "list", nil, func(text string) ([]Token, error) {
		var list []Token
		if text == "" {
			return nil, nil
		}
		for part := range strings.SplitSeq(text, ",") {
			t, err := parseToken(part)
			if err != nil {
				return nil, err
			}
			for _, other := range list {
				if other.Digest == t.Digest || t.Name != "" && other.Name == t.Name {
					return nil, errors.New("a name or a digest stands there twice")
				}
			}
			list = append(list, t)
		}
		return list, nil
	}, func(list []Token) string {
		parts := make([]string, len(list))
		for i, t := range list {
			parts[i] = t.String()
		}
		return strings.Join(parts, ", ")
	})
	k.list = true
	k.Allowed = "entries separated by commas: the SHA-256 of a token (64 hexadecimal digits), a name before it if " +
		"wanted, and between them a scope, read or screen: hall-3 screen 4c1d..."
	return k
}

// publicURL is the address under which others see the server: its scheme and host, without a slash at the end.
func publicURL(name string) Key {
	k := newKey(name, "text", "", func(text string) (string, error) {
		u, err := url.Parse(strings.TrimSpace(text))
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Opaque != "":
			return "", errNotAllowed
		case u.User != nil || u.Path != "" && u.Path != "/" || strings.ContainsAny(text, "?#"):
			return "", errors.New("nothing but the host and its port stands behind ://")
		case strings.ContainsFunc(u.Host, func(r rune) bool { return r <= ' ' || r == '"' || r == '<' || r > '~' }):
			return "", errNotAllowed
		}
		if port := u.Port(); port != "" {
			if _, err := strconv.ParseUint(port, 10, 16); err != nil {
				return "", errNotAllowed
			}
		}
		return u.Scheme + "://" + strings.ToLower(u.Host), nil
	}, same)
	k.Allowed = "a web address without path: https://ds01.example.com:8443"
	return k
}

// listenAddress is an address to listen on; a name that means this computer is made its address.
func listenAddress(name string) Key {
	k := newKey(name, "text", "", func(text string) (string, error) {
		host, port, err := net.SplitHostPort(strings.TrimSpace(text))
		if err != nil {
			return "", errNotAllowed
		}
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return "", errNotAllowed
		}
		port = strconv.FormatUint(number, 10)
		if strings.EqualFold(host, "localhost") {
			return net.JoinHostPort("127.0.0.1", port), nil
		}
		if host == "" {
			return net.JoinHostPort("", port), nil
		}
		address, err := netip.ParseAddr(host)
		if err != nil || address.Zone() != "" {
			return "", errNotAllowed
		}
		return net.JoinHostPort(address.String(), port), nil
	}, same)
	k.Allowed = "an IP address of this computer and a port: 127.0.0.1:8080, [::1]:8080, localhost:8080, or :8443 for " +
		"all its addresses"
	return k
}

// Open says whether other computers reach the server.
func (h *HTTP) Open() bool { return isOpen(h.Listen) }

// isOpen says whether other computers reach what listens there.
func isOpen(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	return err != nil || !address.Unmap().IsLoopback()
}

// completeHTTP checks what must go together.
func (c *Config) completeHTTP(origins map[string]Origin, bad map[string]bool) []Problem {
	h, k := &c.HTTP, checking{origins: origins, bad: bad}
	switch {
	case h.Listen == "" && h.Public != "":
		k.wrong("http.", "public_url", h.Public, "leads to a server that does not run: give http.listen as well")
		return k.problems
	case h.Listen == "":
		return nil
	}
	k.pair("http.tls.cert", h.Cert, "http.tls.key", h.Key)
	if h.Open() && h.Cert == "" && h.Key == "" && !bad["http.tls.cert"] && !bad["http.tls.key"] {
		k.wrong("http.", "listen", h.Listen, "would be open to other computers without encryption: give http.tls.cert "+
			"and http.tls.key, or listen on 127.0.0.1")
	}
	if h.Open() && len(h.Tokens) == 0 && !bad["http.tokens"] {
		k.wrong("http.", "listen", h.Listen,
			"would be open to everybody who reaches this computer: make a token with `jobmon-db config new-token` and "+
				"give its digest as http.tokens, or listen on 127.0.0.1")
	}
	return k.problems
}
