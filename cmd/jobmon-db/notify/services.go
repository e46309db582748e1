package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// The kinds of targets.
const (
	Webhook = "webhook"
	Slack   = "slack"
	Teams   = "teams"
	Discord = "discord"
	Ntfy    = "ntfy"
	Mail    = "mail"
)

// Settings are those of a target. Which count depends on its kind.
type Settings struct {
	Kind      string
	URL       string // of all kinds but mail
	Secret    string // of a webhook, as Standard Webhooks writes it; "" to send unsigned
	OldSecret string // the one before, while receivers change; "" for none
	Token     string // of webhook and ntfy; "" for none

	Server         string // of mail: host:port
	User, Password string
	From           string
	To             []string
}

// Bodies writes messages in the form of each kind.
type Bodies interface {
	CloudEvent(m *notices.Message) ([]byte, error)
	Slack(m *notices.Message) ([]byte, error)
	Teams(m *notices.Message) ([]byte, error)
	Discord(m *notices.Message) ([]byte, error)
	Ntfy(m *notices.Message, topic string) ([]byte, error)
	Mail(m *notices.Message) (subject, body, messageID, references string)
}

// New makes a target. agent is how the program names itself. The error holds no secret.
func New(s *Settings, bodies Bodies, agent string) (Target, error) {
	if s.Kind == Mail {
		return newMail(s, bodies.Mail, agent)
	}
	c, err := newClient(s.URL, agent, s.Secret, s.OldSecret, s.Token)
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case Webhook:
		w := &webhook{client: c, token: s.Token, body: bodies.CloudEvent}
		for _, text := range []string{s.Secret, s.OldSecret} {
			if text == "" {
				continue
			}
			key, err := ParseSecret(text)
			if err != nil {
				return nil, err
			}
			w.keys = append(w.keys, key)
		}
		return w, nil
	case Slack:
		return &service{client: c, body: bodies.Slack, probe: emptySlack}, nil
	case Teams:
		return &service{client: c, body: bodies.Teams, refuses: teamsRefuses}, nil
	case Discord:
		return &service{client: c, body: bodies.Discord, probe: lookAtDiscord}, nil
	case Ntfy:
		return newNtfy(c, bodies.Ntfy, s.Token)
	}
	return nil, fmt.Errorf("there is no kind of target %q", s.Kind)
}

// service is a chat or push service: a body of its own form, posted to an address that is a secret.
type service struct {
	*client
	token   string // for the header Authorization; "" for none
	body    func(*notices.Message) ([]byte, error)
	refuses func(answer string) bool // reports that a success is none; nil: it is one
	probe   func(ctx context.Context, s *service) (found string, err error)
}

// newNtfy publishes as JSON, which an ntfy server takes at its root: the topic is the last part of the address.
func newNtfy(c *client, body func(*notices.Message, string) ([]byte, error), token string) (*service, error) {
	root, topic := path.Split(strings.TrimSuffix(c.address.Path, "/"))
	if topic == "" {
		return nil, errors.New("the url of an ntfy target ends in its topic: https://ntfy.sh/TOPIC")
	}
	c.address.Path, c.address.RawPath = root, ""
	return &service{client: c, token: token, body: func(m *notices.Message) ([]byte, error) {
		return body(m, topic)
	}}, nil
}

// Send implements Target.
func (s *service) Send(ctx context.Context, m *notices.Message) error {
	body, err := s.body(m)
	if err != nil {
		return unwritable(err)
	}
	answer, err := s.do(ctx, http.MethodPost, s.header(), body)
	if err == nil && s.refuses != nil && s.refuses(string(answer)) {
		err = &Refusal{Answer: "the receiver answers 200 and says that it failed: " +
			s.secrets.quote(answer, "no reason that can be shown")}
	}
	return err
}

func (s *service) header() http.Header {
	header := http.Header{}
	header.Set("Content-Type", "application/json; charset=utf-8")
	authorize(header, s.token)
	return header
}

// ErrCannotTry is the error of a target that takes every request for a message.
var ErrCannotTry = errors.New("it cannot be tried without sending a message")

// Probe implements Target.
func (s *service) Probe(ctx context.Context) (string, error) {
	if s.probe == nil {
		return "", ErrCannotTry
	}
	return s.probe(ctx, s)
}

// emptySlack posts nothing. Slack says then that there is no text, where it knows the address.
func emptySlack(ctx context.Context, s *service) (string, error) {
	_, err := s.do(ctx, http.MethodPost, s.header(), []byte("{}"))
	refused := new(Refusal)
	if errors.As(err, &refused) && refused.Never {
		return "knows the address, and refuses an empty message", nil
	}
	return "takes an empty message", err
}

// lookAtDiscord asks for the webhook's description, which anybody gets who knows the address.
func lookAtDiscord(ctx context.Context, s *service) (string, error) {
	_, err := s.do(ctx, http.MethodGet, s.header(), nil)
	return "knows the address", err
}

// teamsRefuses recognizes the failures that connectors of Teams report with status 200.
func teamsRefuses(answer string) bool {
	return strings.Contains(answer, "message delivery failed") || strings.Contains(answer, "returned HTTP error")
}
