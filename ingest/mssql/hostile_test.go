package mssql_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// What is larger than any DS is not read to its end, in rows or in bytes, whichever part of the answer it is.
func TestAnAnswerWithoutEndIsCutOff(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 4000)
	for name, c := range map[string]struct {
		rows, bytes uint64
		fill        func(*tdstest.Tables)
	}{
		"rows": {100, 1 << 20, func(d *tdstest.Tables) { fillRows(d, 200) }},
		"names": {1 << 20, 64 << 10, func(d *tdstest.Tables) {
			for i := range 100 {
				d.Insert("event", i+1, 0, long, "")
			}
		}},
		"bytes of rows": {1 << 20, 16 << 10, func(d *tdstest.Tables) { fillRows(d, 2000) }},
	} {
		server := tdstest.Start(t, tdstest.Options{})
		s := source(t, mssql.Options{DSN: server.DSN().String()})
		s.Bound(c.rows, c.bytes)
		if _, err := ingest.ReadAll(t.Context(), s, 0); err != nil {
			t.Fatalf("%s, before: %v", name, err)
		}
		server.Change(c.fill)
		_, err := ingest.ReadAll(t.Context(), s, 0)
		if !errors.Is(err, mssql.ErrTooMuch) || errors.Is(err, ingest.ErrTransient) {
			t.Errorf("%s: %.300v", name, err)
		}
		s.Bound(1<<20, 1<<30)
		if _, err := ingest.ReadAll(t.Context(), s, 0); err != nil {
			t.Errorf("%s, afterwards: %.300v", name, err)
		}
	}
}

func fillRows(d *tdstest.Tables, count int) {
	for i := range count {
		d.Insert("event_schedule", 1000+i, 1, 5000001, nil, wall("2026-05-01T08:00:00"))
	}
}

// A server that sends during the login, before anything was asked, is cut off too, after few bytes.
func TestALoginWithoutEndIsCutOff(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var sent atomic.Int64
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		packet := make([]byte, 4096)
		copy(packet, "\x04\x00\x10\x00") // an answer that goes on
		for {
			n, err := c.Write(packet)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}()
	s := source(t, mssql.Options{DSN: "sqlserver://reader:secret@" + l.Addr().String() +
		"?encrypt=disable", Timeout: 5 * time.Minute})
	s.Bound(1000, 4<<20)
	_, err = ingest.ReadAll(t.Context(), s, 0)
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, mssql.ErrTimeout) {
		t.Errorf("%v", err)
	}
	if n := sent.Load(); n > 64<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

// A source that says nothing of encryption encrypts, however it is given: anyone who answers without TLS learns no
// password.
func TestNoPasswordInClearByDefault(t *testing.T) {
	t.Parallel()
	for _, form := range []string{
		"sqlserver://USER:PASSWORD@HOST?database=eXpress",
		"sqlserver://USER:PASSWORD@HOST?database=eXpress&TrustServerCertificate=true",
		"server=tcp:ADDRESS;database=eXpress;user id=USER;password=PASSWORD",
		"odbc:server=HOST_;port=PORT_;database=eXpress;user id=USER;password={PASSWORD}",
		"server=ADDRESS;user id=USER;password=PASSWORD;trustservercertificate=yes",
		"", // by keys
	} {
		server := tdstest.Start(t, tdstest.Options{})
		host, port, _ := net.SplitHostPort(server.Address())
		dsn := strings.NewReplacer("USER", tdstest.User, "PASSWORD", url.QueryEscape(tdstest.Password),
			"HOST_", host, "PORT_", port, "HOST", server.Address(), "ADDRESS", host+","+port).Replace(form)
		o := mssql.Options{DSN: dsn}
		if form == "" {
			o.Connect = settings(server)
			o.Connect.Encrypt = ""
		}
		if _, err := ingest.ReadAll(t.Context(), source(t, o), 0); !errors.Is(err, mssql.ErrEncryption) {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// The certificate counts too: one that nobody known signed is refused unless the settings trust any.
func TestADSNChecksTheCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	server := tdstest.Start(t, tdstest.Options{Encryption: tdstest.OffersTLS,
		TLS: &tls.Config{Certificates: []tls.Certificate{ca.issue(t, nil, "127.0.0.1")}}})
	u := server.DSN()
	for query, good := range map[string]bool{"": false, "TrustServerCertificate=true": true} {
		u.RawQuery = query
		if _, err := ingest.ReadAll(t.Context(), source(t, mssql.Options{DSN: u.String()}), 0); good != (err == nil) {
			t.Errorf("%q: %v", query, err)
		}
	}
	u.RawQuery = ""
	read(t, source(t, mssql.Options{DSN: u.String(), Connect: mssql.Connect{CA: ca.file}}))
}

// Whatever weakens the connection is named, in every way of giving it, and nothing else is.
func TestWhatWeakensIsNamed(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{
		"encrypt=true":     "",
		"":                 "",
		"encrypt=strict":   "",
		"encrypt=disable":  "encrypt in source.dsn is disable",
		"encrypt=false":    "encrypt in source.dsn is false",
		"encrypt=no":       "encrypt in source.dsn is false",
		"encrypt=optional": "encrypt in source.dsn is false",
		"encrypt=true&TrustServerCertificate=true": "TrustServerCertificate in source.dsn",
		"TrustServerCertificate=1":                 "TrustServerCertificate in source.dsn",
		"encrypt=true&tlsmin=1.0":                  "TLS older than 1.2",
	} {
		for _, host := range []string{"db01", "127.0.0.1"} {
			risks := source(t, mssql.Options{DSN: "sqlserver://reader:secret@" + host + "?" + form}).Risks()
			if text := strings.Join(risks, "; "); (want == "") != (text == "") || !strings.Contains(text, want) {
				t.Errorf("%s %q: %q", host, form, text)
			}
		}
	}
	for key, c := range map[string]mssql.Connect{
		"source.tls.encrypt is disable": {Encrypt: "disable"}, "source.tls.encrypt is false": {Encrypt: "false"},
		"(source.tls.trust)": {Trust: true}, "source.tls.min": {TLSMin: "1.1"},
	} {
		c.Server, c.User, c.Password = "db01", "reader", "secret"
		if text := strings.Join(source(t, mssql.Options{Connect: c}).Risks(), "; "); !strings.Contains(text, key) {
			t.Errorf("%s: %q", key, text)
		}
	}
}
