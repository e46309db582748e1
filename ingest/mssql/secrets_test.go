package mssql

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	mssqldb "github.com/microsoft/go-mssqldb"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
)

func TestDSNForms(t *testing.T) {
	const account = `SQL Server db01\ALTIRIS, database eXpress, the service's Windows account`
	const withPort = "SQL Server db01:1444, database eXpress, login reader"
	const plain = "SQL Server db01, database eXpress, login reader"
	for dsn, want := range map[string]string{
		"sqlserver://reader:p%40ss@db01:1444?database=eXpress":                 withPort,
		" sqlserver://reader:p@db01?database=eXpress\n":                        plain,
		"sqlserver://db01/ALTIRIS?database=eXpress":                            account,
		"sqlserver://db01?user+id=me%40srv&password=p%40ss":                    "SQL Server db01, login me@srv",
		"Server=tcp:db01,1444;Initial Catalog=eXpress;User Id=reader;Pwd=p;":   withPort,
		`server=db01\ALTIRIS;database=eXpress;Integrated Security=SSPI`:        account,
		"odbc:server=db01;database=eXpress;user id=reader;password={p;a}}ss}":  plain,
		"sqlserver://reader:p@db01?connection+timeout=3&timezone=Europe/Paris": "SQL Server db01, login reader",
	} {
		config, err := parseDSN(dsn)
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		if got := describe(config); got != want {
			t.Errorf("%s: %s", dsn, got)
		}
		if config.AppName != appName || config.ReadOnlyIntent || config.ConnTimeout != 0 ||
			config.Encoding.Timezone != time.UTC {
			t.Errorf(
				"%s: app name %q, read-only intent %v, timeout %s, zone %s", dsn, config.AppName,
				config.ReadOnlyIntent, config.ConnTimeout, config.Encoding.Timezone,
			)
		}
	}
	config, err := parseDSN("sqlserver://db01?app+name=mine&database=eXpress&ApplicationIntent=ReadOnly")
	if err != nil || config.AppName != "mine" || !config.ReadOnlyIntent {
		t.Errorf("what the string says is kept: %+v, %v", config.AppName, err)
	}
}

const planted = "Planted-Secret"

func TestBadDSNsAreRefusedWithoutRepeatingThem(t *testing.T) {
	for _, dsn := range []string{
		"",
		"sqlserver://jm:" + planted + "@2026/Koeln@127.0.0.1:1433?database=eXpress&encrypt=disable",
		"sqlserver://jm:Sommer@2026/" + planted + "@127.0.0.1:1433?database=eXpress&encrypt=disable",
		"sqlserver://jm:12:" + planted + "@db01",
		"sqlserver://jm%3A" + planted + "@db01",
		"sqlserver://db01?user+id=jm&password=12@" + planted,
		"sqlserver://db01?user+id=jm&password=12&" + planted,
		"sqlserver://db01?user+id=jm&password=12#" + planted,
		"sqlserver://reader:x@db01?encrypt=" + planted,
		"sqlserver://reader:x@db01?authenticator=" + planted,
		"sqlserver://reader:x@db01?protocol=" + planted,
		"server=db01;user id=jm;password=12;" + planted,
		"server=db01;user id=jm;password=12;server=" + planted,
		"server=db01;user id=jm;password=12;port=" + planted,
		"server=db01;user id=jm;password=12\"" + planted + ";x\"",
		"server=db01;user id=jm;password='12;" + planted + "=x'",
		"server=12@" + planted + ";user id=jm;password=x",
		"sqlserver://reader:12/" + planted + "@db01?database=eXpress",
		"sqlserver://reader:12#" + planted + "@db01?database=eXpress",
		"sqlserver://reader:12?" + planted + "@db01",
		"sqlserver://reader:" + planted + "%@db01",
		"sqlserver://reader:" + planted + "@db01:99999",
		"sqlserver://reader:" + planted + "@db01?encrypt=perhaps&x=" + planted,
		"sqlserver://reader:" + planted + "@db01?database=a&database=b",
		"sqlserver://reader:" + planted + "@",
		"mssql://reader:" + planted + "@db01",
		"odbc:server=db01;password={" + planted,
		"odbc:server=db01;password={x}" + planted,
		"database=eXpress;password=" + planted,
		planted,
	} {
		s, err := New(Options{DSN: dsn})
		if err == nil || !strings.Contains(err.Error(), "source.dsn") {
			t.Errorf("%q: %v, %v", dsn, s, err)
			continue
		}
		if strings.Contains(err.Error(), planted) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", dsn, err)
		}
		if shown := fmt.Sprintf("%v %+v %#v", Options{
			DSN: dsn,
		}, Options{DSN: dsn}, Options{DSN: dsn}); strings.Contains(shown, planted) {
			t.Errorf("%q is shown as %s", dsn, shown)
		}
	}
}

func TestPasswordsAreNeverShown(t *testing.T) {
	const password = "p/Ä@ :" + planted
	const dsn = "server=127.0.0.1;port=1;database=eXpress;user id=reader;change password=other" + planted +
		";password=" + password
	var log bytes.Buffer
	o := Options{DSN: dsn, Log: zerolog.New(&log).Level(zerolog.TraceLevel), Timeout: time.Second}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Read(t.Context(), ingest.Query{})
	nested := struct{ Source Options }{o}
	shown := fmt.Sprintln(o, &o, nested, s, err) +
		fmt.Sprintf("%+v %#v %+v %#v %s %#v %v", o, o, nested, nested, s, s, log.String())
	if strings.Contains(shown, planted) || !strings.Contains(shown, "reader") {
		t.Errorf("shown: %s", shown)
	}
}

func TestSentences(t *testing.T) {
	s, err := New(Options{DSN: "sqlserver://reader:" + planted +
		"@db01:1444?database=eXpress", LockTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	answer := func(number int32, message string, before ...mssqldb.Error) error {
		e := mssqldb.Error{Number: number, Class: 14, Message: message}
		e.All = append(before, e)
		return e
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, c := range []struct {
		ctx   context.Context
		err   error
		want  error
		words []string
	}{
		{err: answer(1205, "chosen as the deadlock victim"), want: ingest.ErrTransient, words: []string{"1205"}},
		{
			err: answer(1222, "Lock request time out period exceeded."), want: ingest.ErrTransient,
			words: []string{"1222", "2s"},
		},
		{
			err: connectError{answer(18456, "login error: Login failed for user 'reader'.")}, want: ErrLoginRefused,
			words: []string{"db01:1444", "reader", "18456", "source.dsn"},
		},
		{
			err: connectError{answer(18470, "The account is disabled.")}, want: ErrLoginRefused,
			words: []string{"disabled"},
		},
		{
			err: connectError{
				answer(18456, "Login failed.", mssqldb.Error{Number: 4060, Message: "Cannot open database."}),
			},
			want: ErrNoDatabase, words: []string{"eXpress", "4060"},
		},
		{err: answer(916, "not able to access the database"), want: ErrNoDatabase},
		{
			err: answer(229, "The SELECT permission was denied on the object 'event'."), want: ErrPermission,
			words: []string{"'event'", "configs/readonly-login.sql", "229"},
		},
		{err: answer(230, "denied on the column 'name'"), want: ErrPermission, words: []string{"'name'"}},
		{
			err: answer(208, "Invalid object name 'dbo.event'."), want: ErrSchemaChanged,
			words: []string{"dbo.event", "208"},
		},
		{err: answer(207, "Invalid column name 'name'."), want: ErrSchemaChanged},
		{err: answer(9002, "The transaction log is full."), words: []string{"db01:1444", "log is full", "9002"}},
		{
			err:  connectError{&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}},
			want: ErrUnreachable, words: []string{"db01:1444", "connection refused", "firewall"},
		},
		{
			ctx: late, err: connectError{&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("i/o timeout")}},
			want: ErrUnreachable,
		},
		{
			err: connectError{&net.DNSError{Name: "db01", Err: "no such host"}}, want: ErrUnreachable,
			words: []string{"no such host"},
		},
		{
			err:  connectError{errors.New("no instance matching 'X' returned from host 'db01'")},
			want: ErrUnreachable, words: []string{"Browser"},
		},
		{err: connectError{io.ErrUnexpectedEOF}, want: ErrUnreachable},
		{
			err:  connectError{errors.New("TLS Handshake failed: x509: certificate signed by unknown authority")},
			want: ErrEncryption, words: []string{"TrustServerCertificate"},
		},
		// What servers and systems say that no test can be made of.
		{
			err: connectError{
				errors.New("TLS Handshake failed: tls: server selected unsupported protocol version 301"),
			},
			want: ErrEncryption, words: []string{"source.tls.min: 1.0"},
		},
		{
			err:  connectError{errors.New("TLS Handshake failed: cannot read handshake packet: EOF")},
			want: ErrEncryption, words: []string{"source.tls.min: 1.0"},
		},
		{
			err: connectError{
				errors.New(
					"TLS Handshake failed: crypto/rsa: 512-bit keys are insecure (see " +
						"https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)",
				),
			},
			want: ErrEncryption, words: []string{"1024 bits"},
		},
		{
			err: connectError{
				errors.New(
					"TLS Handshake failed: x509: certificate relies on legacy Common Name field, use SANs instead",
				),
			},
			want: ErrEncryption, words: []string{"common name", "TrustServerCertificate=true in source.dsn"},
		},
		{
			err: connectError{
				errors.New("TLS Handshake failed: x509: cannot verify signature: insecure algorithm SHA1-RSA"),
			},
			want: ErrEncryption, words: []string{"is not valid"},
		},
		{
			err: connectError{errors.New("encrypt negotiation failed")}, want: ErrEncryption,
			words: []string{"offers no TLS"},
		},
		{
			err: &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}, want: ErrLost,
			words: []string{"reset"},
		},
		{err: mssqldb.ServerError{}, want: ErrLost}, // how the driver tells that the server ended the session
		{
			err:   connectError{answer(40613, "Database is not currently available.")},
			words: []string{"not currently available", "40613"},
		},
		{err: mssqldb.StreamError{InnerError: errors.New("junk")}, want: ErrLost},
		{ctx: late, err: context.DeadlineExceeded, want: ErrTimeout, words: []string{"30s", "db01:1444"}},
		{ctx: late, err: answer(18456, "Login failed."), want: ErrLoginRefused},
		{ctx: over, err: io.EOF, want: context.Canceled},
		{
			err:   &SchemaError{Faults: []SchemaFault{{Table: "event", Key: "source.tables.event"}}},
			words: []string{"source.tables.event"},
		},
	} {
		ctx := c.ctx
		if ctx == nil {
			ctx = t.Context()
		}
		got := s.translate(ctx, c.err, 30*time.Second)
		if c.want != nil && !errors.Is(got, c.want) {
			t.Errorf("%v: %v", c.err, got)
		}
		if c.want != ingest.ErrTransient && errors.Is(got, ingest.ErrTransient) {
			t.Errorf("%v is worth repeating at once? %v", c.err, got)
		}
		for _, word := range c.words {
			if !strings.Contains(got.Error(), word) {
				t.Errorf("%v: %q is not in: %v", c.err, word, got)
			}
		}
		var raw mssqldb.Error
		if errors.As(got, &raw) || strings.Contains(got.Error(), "\n") {
			t.Errorf("%v: the driver's error is handed on: %v", c.err, got)
		}
	}
	s.config.Protocols = []string{protocolPipe}
	if err := s.translate(t.Context(), connectError{
		errors.New("The system cannot find the file specified."),
	}, 0); !errors.Is(err, ErrUnreachable) ||
		!strings.Contains(err.Error(), "np:db01:1444") || !strings.Contains(err.Error(), "protocol enabled") {
		t.Errorf("a pipe that is not there: %v", err)
	}
	if err := s.translate(late, nil, 0); err != nil {
		t.Errorf("no error became %v", err)
	}
}
