package mssql_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/faultproxy"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// settings are how the tests' server is reached, one by one.
func settings(server *tdstest.Server) mssql.Connect {
	return mssql.Connect{
		Server: server.Address(), Database: tdstest.Database, User: tdstest.User, Password: tdstest.Password,
	}
}

// seen reads through a listener on the wire, and says which of the texts crossed it readable. It fails when the read
// does.
func seen(t *testing.T, server *tdstest.Server, c mssql.Connect, texts ...string) (readable []string) {
	t.Helper()
	p := newProxy(t, server.Address())
	c.Server = p.address()
	s := source(t, mssql.Options{Connect: c, Timeout: 5 * time.Minute})
	if n := len(read(t, s).Rows); n != 1 {
		t.Errorf("%d rows", n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, text := range texts {
		var wide []byte
		for _, b := range []byte(text) {
			wide = append(wide, b, 0)
		}
		for _, tap := range p.tapped {
			if bytes.Contains(tap.Bytes(), wide) {
				readable = append(readable, text)
			}
		}
	}
	return readable
}

// Which part of the talk is encrypted, for each pair of what the server does and what is asked for.
func TestTLSWhatIsEncrypted(t *testing.T) {
	ca := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil, "127.0.0.1")}}
	const all, login, nothing = "", "batches", "login batches"
	for _, c := range []struct {
		name    string
		server  tdstest.Encryption
		encrypt string
		want    string // what could be read
	}{
		{"default", tdstest.OffersTLS, "", all},
		{"true", tdstest.OffersTLS, "true", all},
		{"true, forced", tdstest.ForcesTLS, "true", all},
		{"false", tdstest.OffersTLS, "false", login},
		{"false, forced", tdstest.ForcesTLS, "false", all},
		{"false, none", tdstest.NoTLS, "false", nothing},
		{"disable", tdstest.OffersTLS, "disable", nothing},
		{"disable, none", tdstest.NoTLS, "disable", nothing},
		{"strict", tdstest.StrictTLS, "strict", all},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := tdstest.Start(t, tdstest.Options{Encryption: c.server, TLS: config})
			server.Change(oneRow)
			connect := settings(server)
			connect.Encrypt = c.encrypt
			if c.encrypt != "disable" {
				connect.CA = ca.file
			}
			var got []string
			for _, text := range seen(t, server, connect, tdstest.User, "jobmon-db read") {
				got = append(got, map[string]string{tdstest.User: "login", "jobmon-db read": "batches"}[text])
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("readable on the wire: %q, expected %q", strings.Join(got, " "), c.want)
			}
		})
	}
}

// Each way in which TLS fails has a sentence of its own, which names the setting to look at; and with that setting the
// same server is read, where a setting can help.
func TestTLSFailuresNameTheSetting(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	good := ca.issue(t, nil, "127.0.0.1")
	expired := ca.issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, "127.0.0.1")
	elsewhere := ca.issue(t, nil, "db01.example.org")
	nameless := ca.issue(t, nil)
	old := &tls.Config{
		Certificates: []tls.Certificate{selfMade(t, 1024)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA},
	}
	oldCiphers := &tls.Config{
		Certificates: []tls.Certificate{selfMade(t, 2048)}, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
	}
	with := func(cs ...tls.Certificate) *tls.Config { return &tls.Config{Certificates: cs} }
	for _, c := range []struct {
		name   string
		mode   tdstest.Encryption
		config *tls.Config
		set    func(*mssql.Connect)
		kind   error
		words  []string
		mend   func(*mssql.Connect)
	}{
		{"unknown authority", tdstest.OffersTLS, with(good), func(*mssql.Connect) {},
			mssql.ErrEncryption, []string{"is not signed by an authority", "source.tls.ca", "source.tls.trust"},
			func(c *mssql.Connect) {
				c.CA = ca.file
			}},
		{"another authority", tdstest.OffersTLS, with(good), func(c *mssql.Connect) { c.CA = other.file },
			mssql.ErrEncryption, []string{"is not signed by an authority", "source.tls.ca"}, func(c *mssql.Connect) {
				c.CA = ca.file
			}},
		{"made by the server", tdstest.OffersTLS, with(selfMade(t, 2048)), func(*mssql.Connect) {},
			mssql.ErrEncryption, []string{"source.tls.trust: true"}, func(c *mssql.Connect) { c.Trust = true }},
		{"false looks at the certificate too", tdstest.OffersTLS, with(good), func(c *mssql.Connect) {
			c.Encrypt = "false"
		},
			mssql.ErrEncryption, []string{"is not signed by an authority"}, func(c *mssql.Connect) { c.Trust = true }},
		{"expired", tdstest.OffersTLS, with(expired), func(c *mssql.Connect) { c.CA = ca.file },
			mssql.ErrEncryption, []string{"expired", "source.tls.trust"}, func(c *mssql.Connect) {
				c.CA, c.Trust = "", true
			}},
		{"another name", tdstest.OffersTLS, with(elsewhere), func(c *mssql.Connect) { c.CA = ca.file },
			mssql.ErrEncryption, []string{"another name", "source.tls.host_name"}, func(c *mssql.Connect) {
				c.HostName = "db01.example.org"
			}},
		{"another name than asked for", tdstest.OffersTLS, with(elsewhere), func(c *mssql.Connect) {
			c.CA, c.HostName = ca.file, "db02.example.org"
		},
			mssql.ErrEncryption, []string{"another name", "db01.example.org"}, func(c *mssql.Connect) {
				c.HostName = "db01.example.org"
			}},
		{"common name only", tdstest.OffersTLS, with(nameless), func(c *mssql.Connect) {
			c.CA, c.HostName = ca.file, "db01"
		},
			mssql.ErrEncryption, []string{"common name", "source.tls.trust"}, func(c *mssql.Connect) {
				c.CA, c.HostName, c.Trust = "", "", true
			}},
		{"no TLS", tdstest.NoTLS, nil, func(*mssql.Connect) {},
			mssql.ErrEncryption, []string{"offers no TLS", "source.tls.encrypt: disable"}, func(c *mssql.Connect) {
				c.Encrypt = "disable"
			}},
		{"TLS is forced", tdstest.ForcesTLS, with(good), func(c *mssql.Connect) { c.Encrypt = "disable" },
			mssql.ErrEncryption, []string{"insists on encryption", "source.tls.encrypt: true"}, func(c *mssql.Connect) {
				c.Encrypt, c.CA = "true", ca.file
			}},
		{"TLS 1.0 with 3DES", tdstest.OffersTLS, old, func(c *mssql.Connect) { c.Trust = true },
			mssql.ErrEncryption, []string{"may not know TLS 1.2", "source.tls.min: 1.0"}, func(c *mssql.Connect) {
				c.TLSMin = "1.0"
			}},
		{"TLS 1.0 for the login", tdstest.OffersTLS, old, func(c *mssql.Connect) { c.Trust, c.Encrypt = true, "false" },
			mssql.ErrEncryption, []string{"source.tls.min: 1.0"}, func(c *mssql.Connect) { c.TLSMin = "1.0" }},
		{"TLS 1.0, and 1.1 is not enough", tdstest.ForcesTLS, old, func(c *mssql.Connect) {
			c.Trust, c.TLSMin = true, "1.1"
		},
			mssql.ErrEncryption, []string{"not even an old one"}, func(c *mssql.Connect) { c.TLSMin = "1.0" }},
		{"TLS 1.2 with old ciphers", tdstest.OffersTLS, oldCiphers, func(c *mssql.Connect) { c.Trust = true },
			mssql.ErrEncryption, []string{"update the server", "source.tls.min"}, func(c *mssql.Connect) {
				c.TLSMin = "1.1"
			}},
		{"no TLS 1.3", tdstest.OffersTLS, with(good), func(c *mssql.Connect) { c.CA, c.TLSMin = ca.file, "1.3" },
			mssql.ErrEncryption, []string{"source.tls.min: 1.2"}, func(c *mssql.Connect) { c.TLSMin = "1.2" }},
		{"strict, TLS 1.3", tdstest.StrictTLS, with(good), func(c *mssql.Connect) {
			c.Encrypt, c.TLSMin = "strict", "1.3"
		},
			mssql.ErrEncryption, []string{"source.tls.ca"}, func(c *mssql.Connect) { c.CA = ca.file }},
		{"strict is not spoken", tdstest.OffersTLS, with(good), func(c *mssql.Connect) {
			c.CA, c.Encrypt = ca.file, "strict"
		},
			mssql.ErrEncryption, []string{"TDS 8", "source.tls.encrypt: true"}, func(c *mssql.Connect) {
				c.Encrypt = "true"
			}},
		{"nothing but strict", tdstest.StrictTLS, with(good), func(c *mssql.Connect) { c.CA = ca.file },
			mssql.ErrUnreachable, []string{"source.tls.encrypt: strict"}, func(c *mssql.Connect) {
				c.Encrypt = "strict"
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := tdstest.Start(t, tdstest.Options{Encryption: c.mode, TLS: c.config})
			server.Change(oneRow)
			connect := settings(server)
			c.set(&connect)
			_, err := source(t, mssql.Options{
				Connect: connect, Timeout: 5 * time.Minute,
			}).Read(t.Context(), ingest.Query{})
			if !errors.Is(err, c.kind) {
				t.Errorf("%v", err)
			}
			for _, w := range append(c.words, server.Address()) {
				if err != nil && !strings.Contains(err.Error(), w) {
					t.Errorf("%q is not in: %v", w, err)
				}
			}
			if server.Logins() != 0 {
				t.Error("somebody logged in")
			}
			c.mend(&connect)
			if n := len(read(t, source(t, mssql.Options{Connect: connect, Timeout: 5 * time.Minute})).Rows); n != 1 {
				t.Errorf("%d rows with the setting", n)
			}
		})
	}
}

// What an old SQL Server makes for itself can be read, whatever the serial number; who forbids it learns of it.
func TestTLSNegativeSerialNumbers(t *testing.T) {
	started := func() mssql.Connect { // with a certificate of its own, as the ones that were good once are remembered
		connect := settings(tdstest.Start(t, tdstest.Options{Encryption: tdstest.ForcesTLS,
			TLS: &tls.Config{Certificates: []tls.Certificate{negative(t, selfMade(t, 1024))}}}))
		connect.Trust = true
		return connect
	}
	read(t, source(t, mssql.Options{Connect: started()}))

	t.Setenv("GODEBUG", "x509negativeserial=0")
	_, err := source(t, mssql.Options{Connect: started()}).Read(t.Context(), ingest.Query{})
	if !errors.Is(err, mssql.ErrEncryption) || !strings.Contains(err.Error(), "x509negativeserial") {
		t.Errorf("%v", err)
	}
}

// Windows ends the negotiation of TLS 1.2 when the client does not take the signature of its certificate, which SQL
// Server up to 2016 makes with SHA-1. The error names what helps, and it does.
func TestTLSCertificatesSignedWithSHA1(t *testing.T) {
	config := &tls.Config{Certificates: []tls.Certificate{selfMade(t, 2048)}}
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if !slices.Contains(hello.SignatureSchemes, tls.PKCS1WithSHA1) {
			_ = hello.Conn.Close()
			return nil, errors.New("the client takes no SHA-1")
		}
		return nil, nil
	}
	server := tdstest.Start(t, tdstest.Options{Encryption: tdstest.OffersTLS, TLS: config})
	connect := settings(server)
	connect.Trust = true
	for _, connect.TLSMin = range []string{"1.2", "1.0"} {
		_, err := source(t, mssql.Options{Connect: connect}).Read(t.Context(), ingest.Query{})
		if !errors.Is(err, mssql.ErrEncryption) || !strings.Contains(err.Error(), "GODEBUG=tlssha1=1") {
			t.Errorf("%v", err)
		}
	}
	t.Setenv("GODEBUG", "tlssha1=1")
	read(t, source(t, mssql.Options{Connect: connect}))
}

func TestTLSLoweringItIsWarnedAboutInWords(t *testing.T) {
	for min, warned := range map[string]bool{"1.0": true, "1.1": true, "1.2": false, "": false, "1.3": false} {
		var log bytes.Buffer
		o := mssql.Options{
			Connect: mssql.Connect{Server: "db01", User: "reader", Password: "secret", TLSMin: min},
			Log:     zerolog.New(&log),
		}
		risks := source(t, o).Risks()
		text := log.String()
		if warned != (len(risks) == 1) {
			t.Errorf("%q: %q", min, risks)
		}
		if warned != strings.Contains(text, "source.tls.min allows TLS older than 1.2") ||
			warned != strings.Contains(text, "password") {
			t.Errorf("%q: %s", min, text)
		}
	}
	for host, warned := range map[string]bool{
		"db01": true, "192.0.2.1": true, "localhost": false, "127.0.0.2": false, "::1": false,
	} {
		var log bytes.Buffer
		source(t, mssql.Options{
			Connect: mssql.Connect{Server: host, User: "reader", Password: "secret", Encrypt: "disable"},
			Log:     zerolog.New(&log),
		})
		if warned != strings.Contains(log.String(), "can read the password") {
			t.Errorf("%s: %s", host, log.String())
		}
	}
}

// An own authority and an older TLS can be set beside a connection string, whose driver knows only parts of both.
func TestTLSBesideAConnectionString(t *testing.T) {
	old := &tls.Config{Certificates: []tls.Certificate{selfMade(t, 1024)}, MinVersion: tls.VersionTLS10,
		MaxVersion:   tls.VersionTLS11,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}}
	server := tdstest.Start(t, tdstest.Options{Encryption: tdstest.ForcesTLS, TLS: old})
	u := server.DSN()
	query := u.Query()
	query.Set("encrypt", "true")
	query.Set("TrustServerCertificate", "true")
	u.RawQuery = query.Encode()
	_, err := source(t, mssql.Options{DSN: u.String()}).Read(t.Context(), ingest.Query{})
	if !errors.Is(err, mssql.ErrEncryption) || !strings.Contains(err.Error(), "source.tls.min: 1.0") {
		t.Errorf("%v", err)
	}
	read(t, source(t, mssql.Options{DSN: u.String(), Connect: mssql.Connect{TLSMin: "1.0"}}))
	query.Set("tlsmin", "1.1")
	u.RawQuery = query.Encode()
	read(t, source(t, mssql.Options{DSN: u.String()}))

	ca := newAuthority(t)
	server = tdstest.Start(t, tdstest.Options{Encryption: tdstest.ForcesTLS,
		TLS: &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil, "127.0.0.1")}}})
	u = server.DSN()
	u.RawQuery = "encrypt=true"
	_, err = source(t, mssql.Options{DSN: u.String()}).Read(t.Context(), ingest.Query{})
	if !errors.Is(err, mssql.ErrEncryption) || !strings.Contains(
		err.Error(), "TrustServerCertificate=true in source.dsn",
	) {
		t.Errorf("%v", err)
	}
	read(t, source(t, mssql.Options{DSN: u.String(), Connect: mssql.Connect{CA: ca.file}}))
}

// Wherever the wire breaks under TLS, a read returns an error or all rows.
func TestTLSAnAnswerThatEndsEarlyIsNoAnswer(t *testing.T) {
	ca := newAuthority(t)
	server := tdstest.Start(t, tdstest.Options{Encryption: tdstest.ForcesTLS,
		TLS: &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil, "127.0.0.1")}}})
	server.Change(oneRow)
	proxy := faultproxy.New(t, server.Address())
	connect := settings(server)
	connect.Server, connect.CA = proxy.Address(), ca.file
	s := source(t, mssql.Options{Connect: connect, Timeout: 5 * time.Minute})
	all := read(t, s).Rows
	whole := proxy.Passed()
	for n, end := 0, faultproxy.Cut; n < whole; n, end = n+97, faultproxy.Cut+faultproxy.Reset-end {
		proxy.Set(faultproxy.Fault{End: end})
		if _, err := ingest.ReadAll(t.Context(), s, 0); err == nil {
			t.Fatal("a read without an answer succeeded")
		}
		proxy.Set(faultproxy.Fault{After: n, End: end})
		_, err := ingest.ReadAll(t.Context(), s, 0)
		if _, ok := errors.AsType[*mssql.Error](err); !ok {
			t.Errorf("after %d of %d bytes: %v", n, whole, err)
		}
	}
	proxy.Set(faultproxy.Fault{})
	same(t, "rows", read(t, s).Rows, all)
}
