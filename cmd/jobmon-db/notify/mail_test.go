package notify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is a mail server that keeps what it gets and refuses what it was told to.
type mailServer struct {
	mu      sync.Mutex
	mails   []mailed
	logins  int
	refuses map[string]*smtp.SMTPError // recipients
	data    *smtp.SMTPError            // what it says of all contents
}

type mailed struct {
	from    string
	to      []string
	content string
}

type mailSession struct {
	*mailServer
	mailed mailed
}

func (s *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &mailSession{mailServer: s}, nil
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "jobmon" || password != "planted-password" {
			return errors.New("wrong password " + password)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.logins++
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error { s.mailed.from = from; return nil }

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if refused := s.refuses[to]; refused != nil {
		return refused
	}
	s.mailed.to = append(s.mailed.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.data != nil {
		return s.data
	}
	s.mailed.content = string(content)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, s.mailed)
	return nil
}

func (s *mailSession) Reset()        { s.mailed = mailed{} }
func (s *mailSession) Logout() error { return nil }

// startMail serves mail on this computer with a certificate for 127.0.0.1, and returns its address and who signed it.
func startMail(t *testing.T, s *mailServer, encrypts, atOnce bool) (address string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{{127, 0, 0, 1}}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(certificate)
	server := smtp.NewServer(s)
	server.Domain, server.ErrorLog = "mail.example", log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	if encrypts {
		server.TLSConfig = config
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if atOnce {
		listener = tls.NewListener(listener, config)
	}
	done := make(chan struct{})
	go func() { _ = server.Serve(listener); close(done) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return address, roots
}

func mailTarget(t *testing.T, s Settings, roots *x509.CertPool) *mailer {
	t.Helper()
	s.Kind, s.From = Mail, "Job Monitor <jobmon@example.com>"
	if s.To == nil {
		s.To = []string{"ops@example.com", "Other <other@example.com>"}
	}
	m := target(t, s).(*mailer)
	m.tls.RootCAs = roots
	return m
}

// A mail server gets the message encrypted and with a login, as a mail that can be answered to nobody and that joins
// the thread of its problem.
func TestMailArrives(t *testing.T) {
	t.Parallel()
	server := &mailServer{}
	address, roots := startMail(t, server, true, false)
	m := mailTarget(t, Settings{Server: address, User: "jobmon", Password: "planted-password"}, roots)
	if found, err := m.Probe(t.Context()); err != nil || found == "" {
		t.Errorf("the probe: %q, %v", found, err)
	}
	if len(server.mails) > 0 || server.logins != 1 {
		t.Errorf("after the probe: %d mails, %d logins", len(server.mails), server.logins)
	}
	if err := m.Send(t.Context(), about("msg_1_failed")); err != nil {
		t.Fatal(err)
	}
	if len(server.mails) != 1 || server.logins != 2 {
		t.Fatalf("%d mails, %d logins", len(server.mails), server.logins)
	}
	got := server.mails[0]
	if got.from != "jobmon@example.com" || strings.Join(got.to, " ") != "ops@example.com other@example.com" {
		t.Errorf("from %s to %v", got.from, got.to)
	}
	parsed, err := netmail.ReadMessage(strings.NewReader(got.content))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		"Subject": "Subject of msg_1_failed", "Message-Id": "<msg_1_failed@jobmon>", "References": "<first@jobmon>",
		"In-Reply-To": "<first@jobmon>", "Auto-Submitted": "auto-generated",
	} {
		if parsed.Header.Get(key) != want {
			t.Errorf("%s: %q, not %q", key, parsed.Header.Get(key), want)
		}
	}
	if body, _ := io.ReadAll(parsed.Body); strings.TrimSpace(string(body)) != "Body of msg_1_failed" {
		t.Errorf("the body: %q", body)
	}
}

// What goes wrong with a mail server is an error without the password, and no mail arrives half.
func TestMailRefused(t *testing.T) {
	t.Parallel()
	gone := &smtp.SMTPError{Code: 550, Message: "no such user"}
	later := &smtp.SMTPError{Code: 451, Message: "greylisted"}
	for name, c := range map[string]struct {
		server   *mailServer
		plain    bool // without encryption
		unknown  bool // nobody known signed its certificate
		password string
		err      string
		never    bool
		mails    int
	}{
		"a wrong password":          {server: &mailServer{}, password: "planted-wrong", err: ""},
		"no encryption, a password": {server: &mailServer{}, plain: true, err: ""},
		"an unknown certificate":    {server: &mailServer{}, unknown: true, err: "certificate"},
		"all recipients gone": {server: &mailServer{refuses: map[string]*smtp.SMTPError{"ops@example.com": gone,
			"other@example.com": gone}}, err: "no such user"},
		"one recipient gone": {server: &mailServer{refuses: map[string]*smtp.SMTPError{"ops@example.com": gone}},
			err: "a part of the recipients", mails: 1},
		"one recipient later": {server: &mailServer{refuses: map[string]*smtp.SMTPError{"ops@example.com": later}},
			err: "greylisted", mails: 1},
		"the content": {server: &mailServer{data: &smtp.SMTPError{Code: 554, Message: "spam"}},
			err: "spam", never: true},
		"the content now": {server: &mailServer{data: &smtp.SMTPError{Code: 452, Message: "disk full"}},
			err: "disk full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, roots := startMail(t, c.server, !c.plain, false)
			if c.unknown {
				roots = x509.NewCertPool()
			}
			password := "planted-password"
			if c.password != "" {
				password = c.password
			}
			m := mailTarget(t, Settings{Server: address, User: "jobmon", Password: password}, roots)
			err := m.Send(t.Context(), about("msg_1_failed"))
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "planted") {
				t.Errorf("%v", err)
			}
			refused := new(Refusal)
			if errors.As(err, &refused) && refused.Never != c.never || c.never && refused.Answer == "" {
				t.Errorf("never: %v", err)
			}
			if len(c.server.mails) != c.mails {
				t.Errorf("%d mails", len(c.server.mails))
			}
		})
	}
}

// A server on another computer must encrypt; on port 465 it does so at once.
func TestMailEncrypts(t *testing.T) {
	t.Parallel()
	address, _ := startMail(t, &mailServer{}, false, false)
	m := mailTarget(t, Settings{Server: address}, nil)
	if err := m.Send(t.Context(), about("msg_1_failed")); err != nil {
		t.Errorf("on this computer: %v", err)
	}
	far, err := newMail(&Settings{Server: "mail.example", From: "a@example.com", To: []string{"b@example.com"}},
		nil, "agent")
	if err != nil || far.port != portSubmit || far.policy().String() != "TLSMandatory" {
		t.Errorf("another computer: %+v, %v", far, err)
	}
	server := &mailServer{}
	address, roots := startMail(t, server, false, true)
	m = mailTarget(t, Settings{Server: address, User: "jobmon", Password: "planted-password"}, roots)
	m.atOnce = true
	if err := m.Send(t.Context(), about("msg_1_failed")); err != nil || len(server.mails) != 1 || server.logins != 1 {
		t.Errorf("TLS at once: %v, %d mails, %d logins", err, len(server.mails), server.logins)
	}
}

// A server that talks without end is heard up to a bound.
func TestMailServerWithoutEnd(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			for err == nil {
				_, err = io.WriteString(conn, "220-"+strings.Repeat("planted", 100)+"\r\n")
			}
			_ = conn.Close()
		}
	}()
	m := mailTarget(t, Settings{Server: listener.Addr().String()}, nil)
	if err := m.Send(t.Context(), about("msg_1_failed")); err == nil || len(err.Error()) > 300 {
		t.Errorf("%v", err)
	}
}

// However recipients are refused, and in whatever order, each that the server takes gets a message once, and one that
// is refused for now gets it later. One that is refused for an hour holds up nobody any more.
func TestMailComesOnce(t *testing.T) {
	t.Parallel()
	const good, gone, grey = "good@example.com", "gone@example.com", "grey@example.com"
	for _, to := range [][]string{
		{good, gone, grey}, {good, grey, gone}, {gone, good, grey}, {gone, grey, good}, {grey, gone, good}, {grey, good},
	} {
		server := &mailServer{refuses: map[string]*smtp.SMTPError{
			gone: {Code: 550, Message: "no such user"}, grey: {Code: 451, Message: "greylisted"},
		}}
		got := func() (list []string) {
			for _, mail := range server.mails {
				list = append(list, mail.to...)
			}
			server.mails = nil
			return list
		}
		address, roots := startMail(t, server, true, false)
		m := mailTarget(t, Settings{Server: address, To: to}, roots)
		for range 3 {
			if err := m.Send(t.Context(), about("one")); err == nil || errors.As(err, new(*Partly)) ||
				!strings.Contains(err.Error(), "greylisted") {
				t.Errorf("%v: while one is refused for now: %v", to, err)
			}
		}
		if list := got(); !slices.Equal(list, []string{good}) {
			t.Errorf("%v: %v got the message", to, list)
		}
		m.later[grey] = time.Now().Add(-waitForRest)
		for _, id := range []string{"one", "two"} {
			if err := m.Send(t.Context(), about(id)); !errors.As(err, new(*Partly)) {
				t.Errorf("%v: after an hour: %v", to, err)
			}
		}
		if list := got(); !slices.Equal(list, []string{good}) {
			t.Errorf("%v: %v got the second message", to, list)
		}
		delete(server.refuses, grey)
		err := m.Send(t.Context(), about("three"))
		if list := got(); len(list) != 2 || !slices.Contains(list, grey) || len(m.later) > 0 ||
			(err == nil) != (len(to) == 2) {
			t.Errorf("%v: %v got the third message, %v", to, list, err)
		}
	}
}
