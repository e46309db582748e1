package configs

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/nearest"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// The values of the keys of rules and targets.

func topicNames() (list []string) {
	for _, topic := range notices.Topics() {
		list = append(list, string(topic))
	}
	return list
}

func topicsAllowed() string { return "a list of " + strings.Join(topicNames(), ", ") }

func parseTopics(text string) (list []notices.Topic, err error) {
	for part := range strings.SplitSeq(text, ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		if !slices.Contains(topicNames(), part) {
			return nil, fmt.Errorf("%q is none of them%s", part, nearest.Hint(part, topicNames()))
		}
		if !slices.Contains(list, notices.Topic(part)) {
			list = append(list, notices.Topic(part))
		}
	}
	return list, nil
}

func parseKind(text string) (string, error) {
	if text = strings.ToLower(strings.TrimSpace(text)); slices.Contains(TargetKinds(), text) {
		return text, nil
	}
	if hint := nearest.Hint(text, TargetKinds()); hint != "" {
		return "", errors.New(strings.TrimPrefix(hint, "; "))
	}
	return "", errNotAllowed
}

func parseWord(text string) (string, error) {
	if text = strings.TrimSpace(text); text == "" || strings.ContainsAny(text, " \t") {
		return "", errNotAllowed
	}
	return text, nil
}

// checkAddress looks at the form of a mail address; whether there is one is seen when a mail is sent.
func checkAddress(text string) error {
	text = strings.TrimSpace(text)
	name, host, ok := strings.Cut(text, "@")
	if !ok || name == "" || host == "" || strings.ContainsAny(text, " \t<>,;") || strings.Contains(host, "@") {
		return fmt.Errorf("%q is no mail address, as in helpdesk@example.com", text)
	}
	return nil
}

// secretForms are the secrets of targets, and what they can be. No error repeats one.
var secretForms = []struct {
	field, allowed string
	parse          func(string) (Secret, error)
}{
	{"url", "an address with https://, or with http:// on this computer", parseTargetURL},
	{"secret", signingSecret, parseSigningSecret},
	{"old_secret", signingSecret, parseSigningSecret},
	{"token", "a token, without the word Bearer", parseBearer},
	{"password", "a password", func(text string) (Secret, error) { return Secret(text), nil }},
}

const signingSecret = "a signing secret, whsec_ and 24 to 64 bytes in base64"

func parseTargetURL(text string) (Secret, error) {
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errNotAllowed
	}
	address, err := netip.ParseAddr(u.Hostname())
	if u.Scheme == "http" && u.Hostname() != "localhost" && (err != nil || !address.IsLoopback()) {
		return "", errors.New("http:// leads to another computer, where others could read what is sent")
	}
	return Secret(text), nil
}

func parseSigningSecret(text string) (Secret, error) {
	text = strings.TrimSpace(text)
	key, isOne := strings.CutPrefix(text, "whsec_")
	raw, err := base64.StdEncoding.DecodeString(key)
	if !isOne || err != nil || len(raw) < 24 || len(raw) > 64 {
		return "", errNotAllowed
	}
	return Secret(text), nil
}

func parseBearer(text string) (Secret, error) {
	if text = strings.TrimSpace(text); text == "" || strings.ContainsAny(text, " \t") {
		return "", errNotAllowed
	}
	return Secret(text), nil
}

// CheckTargetName returns why a target cannot have this name. It is a part of variables' and of files' names.
func CheckTargetName(name string) error {
	for i, r := range name {
		if (r < 'a' || r > 'z') && (i == 0 || (r < '0' || r > '9') && r != '-') {
			name = ""
			break
		}
	}
	if name == "" || len(name) > 32 {
		return errors.New("the name of a target has up to 32 small letters, digits and hyphens, and begins with a " +
			"letter")
	}
	if number, isPort := strings.CutPrefix(strings.Replace(name, "lpt", "com", 1), "com"); slices.Contains(
		[]string{"con", "prn", "aux", "nul"}, name) || isPort && len(number) == 1 {
		return errors.New("no file of Windows can have that name; take another one")
	}
	return nil
}
