package configs

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
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

// digests is a list of digests.
func digests(name string) Key {
	k := newKey(name, "list", nil, func(text string) ([]Digest, error) {
		var list []Digest
		if text == "" {
			return nil, nil
		}
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			raw, err := hex.DecodeString(part)
			switch {
			case strings.HasPrefix(part, TokenPrefix):
				return nil, fmt.Errorf("it is a token; its SHA-256 belongs here")
			case err != nil || len(raw) != sha256.Size:
				return nil, errNotAllowed
			}
			list = append(list, Digest(raw))
		}
		return list, nil
	}, func(list []Digest) string {
		parts := make([]string, len(list))
		for i, d := range list {
			parts[i] = d.String()
		}
		return strings.Join(parts, ", ")
	})
	k.list = true
	k.Allowed = "the SHA-256 of tokens, 64 hexadecimal digits each, separated by commas"
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
func (h *HTTP) Open() bool {
	host, _, err := net.SplitHostPort(h.Listen)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(host)
	return err != nil || !address.Unmap().IsLoopback()
}

// completeHTTP checks what must go together.
func (c *Config) completeHTTP(origins map[string]Origin, bad map[string]bool) (problems []Problem) {
	h := &c.HTTP
	wrong := func(key, value, reason string) {
		problems = append(problems, Problem{Origin: cmp.Or(origins[key], origins["http.listen"]), Key: key,
			Value: value, Reason: reason})
	}
	switch {
	case h.Listen == "":
		return nil
	case bad["http.tls.cert"] || bad["http.tls.key"]:
	case h.Cert != "" && h.Key == "":
		wrong("http.tls.cert", h.Cert, "is a certificate without its key: give that as http.tls.key")
	case h.Key != "" && h.Cert == "":
		wrong("http.tls.key", h.Key, "is a key without its certificate: give that as http.tls.cert")
	case h.Open() && h.Cert == "":
		wrong("http.listen", h.Listen,
			"would be open to other computers without encryption: give http.tls.cert and http.tls.key, or listen on "+
				"127.0.0.1")
	}
	if h.Open() && len(h.Tokens) == 0 && !bad["http.tokens"] {
		wrong("http.listen", h.Listen,
			"would be open to everybody who reaches this computer: make a token with `jobmon-db config new-token` and "+
				"give its digest as http.tokens, or listen on 127.0.0.1")
	}
	return problems
}
