package notify

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// shortest is the least number of letters that make a secret: shorter pieces of an address are words like "api".
const shortest = 6

// secrets are the pieces of text that no error may hold: the address of a chat's webhook is one, and a receiver may
// repeat it in its answer.
type secrets []string

// secretsOf are those of an address, nil for none, and more.
func secretsOf(address *url.URL, more ...string) secrets {
	var list secrets
	add := func(text string) {
		if text = strings.ToLower(text); len(text) >= shortest && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	if address != nil {
		for _, path := range []string{address.EscapedPath(), address.Path} {
			for part := range strings.SplitSeq(path, "/") {
				add(part)
			}
		}
		add(address.RawQuery)
		for name, values := range address.Query() {
			add(name)
			for _, v := range values {
				add(v)
				add(url.QueryEscape(v))
			}
		}
		if address.User != nil {
			password, _ := address.User.Password()
			more = append(more, address.User.Username(), password)
		}
	}
	for _, text := range more {
		if text == "" {
			continue
		}
		add(text)
		add(strings.TrimPrefix(text, secretPrefix))
		add(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return list
}

// quote is the beginning of a receiver's answer on one line, for errors; instead where the answer holds a secret. It
// looks at the whole answer: a secret that is cut off is one still.
func (s secrets) quote(answer []byte, instead string) string {
	const most = 120
	whole := strings.ToValidUTF8(string(answer), "?")
	line := strings.Join(strings.Fields(plain.Text(whole)), " ")
	if s.within(whole) || s.within(line) {
		return instead
	}
	if runes := []rune(line); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return line
}

// within reports whether the text holds a secret, or ends within one.
func (s secrets) within(text string) bool {
	low := strings.ToLower(text)
	return slices.ContainsFunc(s, func(piece string) bool {
		for n := len(piece) - 1; n >= shortest; n-- {
			if strings.HasSuffix(low, piece[:n]) {
				return true
			}
		}
		return strings.Contains(low, piece)
	})
}
