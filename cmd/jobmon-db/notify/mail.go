package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// The ports of mail servers: where TLS is spoken at once, and where mail is handed in.
const (
	portTLS    = 465
	portSubmit = 587
)

// mostHeard bounds what is read from a mail server during one try; its certificate is the largest part.
const mostHeard = 256 << 10

// waitForRest is how long recipients that are refused for now hold up those that get their messages.
const waitForRest = time.Hour

// mailer hands mail to a server. A server on another computer must encrypt.
type mailer struct {
	host     string
	port     int
	atOnce   bool // it speaks TLS from the beginning
	login    []mail.Option
	from     string
	to       []string
	agent    string
	secrets  secrets
	tls      *tls.Config
	describe func(*notices.Message) (subject, body, messageID, references string)

	// of Send, which one goroutine calls
	id    string               // the message that was tried last
	over  map[string]error     // its recipients that are not tried again: nil for one that has it, or why not
	later map[string]time.Time // since when a recipient is refused for now
}

func newMail(s *Settings, describe func(*notices.Message) (subject, body, messageID, references string),
	agent string) (*mailer, error) {
	host, port := s.Server, portSubmit
	if h, p, err := net.SplitHostPort(s.Server); err == nil {
		host = h
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return nil, errors.New("the port of the mail server is no number from 1 to 65535")
		}
	}
	m := &mailer{host: host, port: port, from: s.From, to: s.To, agent: agent, describe: describe,
		later:   map[string]time.Time{},
		secrets: secretsOf(nil, s.Password), tls: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}}
	m.atOnce = port == portTLS
	if s.User != "" {
		// each refuses to send a password that is not encrypted
		m.login = []mail.Option{mail.WithUsername(s.User), mail.WithPassword(s.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain,
				mail.SMTPAuthLogin, mail.SMTPAuthCramMD5, mail.SMTPAuthNTLM)}
	}
	if _, err := m.client(context.Background(), time.Time{}); err != nil {
		return nil, m.failure(err)
	}
	if _, err := m.letter(nil, m.to); err != nil {
		return nil, m.failure(err)
	}
	return m, nil
}

func (m *mailer) policy() mail.TLSPolicy {
	if loopback(m.host) {
		return mail.TLSOpportunistic
	}
	return mail.TLSMandatory
}

// client makes a client whose connection ends at until.
func (m *mailer) client(ctx context.Context, until time.Time) (*mail.Client, error) {
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		bounded := &boundedConn{Conn: conn, until: until, left: mostHeard}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		if !m.atOnce {
			return bounded, nil
		}
		secured := tls.Client(bounded, m.tls)
		if err := secured.HandshakeContext(dialing); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return secured, nil
	}
	options := append([]mail.Option{mail.WithDialContextFunc(dial), mail.WithPort(m.port), mail.WithTLSConfig(m.tls),
		mail.WithTLSPolicy(m.policy()), mail.WithTimeout(tryWithin)}, m.login...)
	if m.atOnce {
		options = append(options, mail.WithSSL())
	}
	return mail.NewClient(m.host, options...)
}

// letter is a message to these recipients; without a message it only checks the addresses.
func (m *mailer) letter(about *notices.Message, to []string) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := letter.From(m.from); err != nil {
		return nil, fmt.Errorf("the sender %q: %w", m.from, err)
	}
	if err := letter.To(to...); err != nil {
		return nil, fmt.Errorf("the recipients: %w", err)
	}
	if about == nil {
		return letter, nil
	}
	subject, body, id, references := m.describe(about)
	letter.Subject(subject)
	letter.SetBodyString(mail.TypeTextPlain, body)
	letter.SetMessageIDWithValue(id)
	if references != "" {
		letter.SetGenHeader(mail.HeaderReferences, "<"+references+">")
		letter.SetGenHeader(mail.HeaderInReplyTo, "<"+references+">")
	}
	letter.SetDate()
	letter.SetUserAgent(m.agent)
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // no automatic answers
	return letter, nil
}

// Send implements Target. No recipient keeps another one from the message, or gets it again while others are tried.
// Those that are refused for now are tried again, until that has lasted for an hour.
func (m *mailer) Send(ctx context.Context, about *notices.Message) error {
	if m.id != about.ID {
		m.id, m.over = about.ID, map[string]error{}
	}
	if len(m.over) == 0 {
		err := m.send(ctx, about, m.to)
		if err == nil {
			clear(m.later)
		}
		if len(m.to) == 1 || !refusesRecipient(err) {
			return m.failure(err)
		}
	}
	var later error
	for _, one := range m.to {
		if _, over := m.over[one]; over {
			continue
		}
		err := m.send(ctx, about, []string{one})
		switch {
		case err == nil:
			delete(m.later, one)
		case !refusesRecipient(err):
			return m.failure(err)
		case isTemporary(err) && m.waitsFor(one):
			later = err
			continue
		}
		m.over[one] = err
	}
	if later != nil {
		return m.failure(later)
	}
	return m.outcome()
}

// outcome is what comes of a message that no recipient is tried with again.
func (m *mailer) outcome() error {
	var refused error
	took := 0
	for _, one := range m.to {
		if err := m.over[one]; err != nil {
			refused = err
		} else {
			took++
		}
	}
	switch {
	case refused == nil:
		return nil
	case took == 0:
		m.id = "" // the next try asks all of them
		return m.failure(refused)
	}
	return &Partly{m.failure(refused)}
}

// waitsFor reports whether a recipient that is refused for now is worth another try. It holds up the others.
func (m *mailer) waitsFor(recipient string) bool {
	since, known := m.later[recipient]
	if !known {
		since = time.Now()
		m.later[recipient] = since
	}
	return time.Since(since) < waitForRest
}

func refusesRecipient(err error) bool {
	failed := new(mail.SendError)
	return errors.As(err, &failed) && failed.Reason == mail.ErrSMTPRcptTo
}

func isTemporary(err error) bool {
	failed := new(mail.SendError)
	return errors.As(err, &failed) && failed.IsTemp()
}

func (m *mailer) send(ctx context.Context, about *notices.Message, to []string) error {
	letter, err := m.letter(about, to)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	until, _ := ctx.Deadline()
	client, err := m.client(ctx, until)
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, letter); err != nil && !letter.IsDelivered() {
		return err
	}
	return nil
}

// Probe implements Target: it logs in and sends nothing.
func (m *mailer) Probe(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tryWithin)
	defer cancel()
	until, _ := ctx.Deadline()
	client, err := m.client(ctx, until)
	if err == nil {
		err = client.DialWithContext(ctx)
	}
	if err != nil {
		return "", m.failure(err)
	}
	_ = client.Close()
	return "the mail server greets, and takes the login where one is set", nil
}

// failure is an error without the password. What a server refuses for ever is the message, not its envelope: that can
// be set right in the configuration.
func (m *mailer) failure(err error) error {
	if err == nil {
		return nil
	}
	failed := new(mail.SendError)
	answered := errors.As(err, &failed)
	if !answered && (errors.Is(err, context.DeadlineExceeded) || isTimeout(err)) {
		return fmt.Errorf("no answer within %v", tryWithin)
	}
	text := m.secrets.quote([]byte(err.Error()), "the mail server refuses")
	if answered && failed.ErrorCode()/100 == 5 &&
		(failed.Reason == mail.ErrSMTPData || failed.Reason == mail.ErrSMTPDataClose) {
		return &Refusal{Answer: text, Never: true}
	}
	return errors.New(text)
}

func isTimeout(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}

// boundedConn ends at a time, whatever deadline is set, and after so many bytes.
type boundedConn struct {
	net.Conn
	until time.Time
	left  int
}

var errTalkative = errors.New("the mail server says more than any does")

func (b *boundedConn) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalkative
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *boundedConn) SetDeadline(t time.Time) error {
	if t.IsZero() || t.After(b.until) {
		t = b.until
	}
	return b.Conn.SetDeadline(t)
}

func (b *boundedConn) SetReadDeadline(t time.Time) error  { return b.SetDeadline(t) }
func (b *boundedConn) SetWriteDeadline(t time.Time) error { return b.SetDeadline(t) }
