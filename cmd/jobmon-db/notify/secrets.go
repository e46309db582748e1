package notify

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
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

// hide returns a text that holds none of them: the text, or what stands for it.
func (s secrets) hide(text, instead string) string {
	low := strings.ToLower(text)
	if slices.ContainsFunc([]string(s), func(piece string) bool { return strings.Contains(low, piece) }) {
		return instead
	}
	return text
}
