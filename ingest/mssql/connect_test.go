package mssql

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/microsoft/go-mssqldb/msdsn"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

const onWindows = runtime.GOOS == "windows"

// at is a Connect to a server with a SQL login.
func at(server string) Connect {
	return Connect{Server: server, Database: "eXpress", User: "reader", Password: planted}
}

func TestServersAreUnderstood(t *testing.T) {
	for server, want := range map[string]string{
		"db01":                         "db01",
		" db01 ":                       "db01",
		"db01,1444":                    "db01:1444",
		"db01, 1444":                   "db01:1444",
		"db01:1444":                    "db01:1444",
		"TCP:db01,1444":                "db01:1444",
		`db01\ALTIRIS`:                 `db01\ALTIRIS`,
		`tcp:db01\ALTIRIS`:             `db01\ALTIRIS`,
		`db01\ALTIRIS,1444`:            "db01:1444", // as other clients have it, the port counts
		".":                            "localhost",
		`(local)\X`:                    `localhost\X`,
		"192.0.2.1,1444":               "192.0.2.1:1444",
		"2001:db8::1":                  "2001:db8::1",
		"2001:db8::1,1444":             "[2001:db8::1]:1444",
		"[2001:db8::1]:1444":           "[2001:db8::1]:1444",
		"[2001:db8::1]":                "2001:db8::1",
		"x.database.windows.net":       "x.database.windows.net",
		`np:db01`:                      `np:db01`,
		`np:db01\ALTIRIS`:              `np:db01\ALTIRIS`,
		`NP:\\db01\pipe\sql\query`:     `np:\\db01\pipe\sql\query`,
		`np:\\.\pipe\MSSQL$X\sql\q`:    `np:\\.\pipe\MSSQL$X\sql\q`,
		`lpc:localhost`:                `lpc:localhost`,
		`lpc:.\ALTIRIS`:                `lpc:localhost\ALTIRIS`,
		`np:\\db01\PIPE\a"b\sql\query`: `np:\\db01\PIPE\a"b\sql\query`,
	} {
		s, err := New(Options{Connect: at(server)})
		if needsWindows := strings.HasPrefix(want, "np:") ||
			strings.HasPrefix(want, "lpc:"); needsWindows && !onWindows {
			if err == nil || !strings.Contains(err.Error(), "source.server") ||
				!strings.Contains(err.Error(), "Windows only") {
				t.Errorf("%q: %v, %v", server, s, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", server, err)
			continue
		}
		if got := s.String(); got != "SQL Server "+want+", database eXpress, login reader" {
			t.Errorf("%q: %s", server, got)
		}
	}
}

func TestWrongSettingsAreNamedBeforeAnythingIsConnected(t *testing.T) {
	text := filepath.Join(t.TempDir(), "not.pem")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const dsn = "sqlserver://reader:" + planted + "@db01"
	for _, c := range []struct {
		name string
		o    Options
		want string // the setting, or the words, that must be named
	}{
		{"nothing", Options{}, "source.server"},
		{"port 0", Options{Connect: at("db01,0")}, "source.server"},
		{"no port", Options{Connect: at("db01,")}, "source.server"},
		{"no port either", Options{Connect: at("db01:")}, "source.server"},
		{"large port", Options{Connect: at("db01:65536")}, "source.server"},
		{"port in words", Options{Connect: at("db01,ms-sql-s")}, "source.server"},
		{"two ports", Options{Connect: at("db01,1,2")}, "source.server"},
		{"no host", Options{Connect: at(",1433")}, "source.server"},
		{"no instance", Options{Connect: at(`db01\`)}, "source.server"},
		{"two instances", Options{Connect: at(`db01\a\b`)}, "source.server"},
		{"a URL", Options{Connect: at("sqlserver://db01")}, "source.server"},
		{"a URL with a password", Options{Connect: at("sqlserver://reader:" + planted + "@db01")}, "source.server"},
		{"a connection string", Options{Connect: at("server=db01;password=" + planted)}, "source.server"},
		{"the administrator's", Options{Connect: at("admin:db01")}, "admin:"},
		{"LocalDB", Options{Connect: at(`(localdb)\x`)}, "LocalDB"},
		{"a bare pipe", Options{Connect: at(`\\db01\pipe\sql\query`)}, "np:"},
		{"no pipe", Options{Connect: at(`np:\\db01\share\x`)}, "pipe"},
		{"a pipe's port", Options{Connect: at("np:db01,1433")}, "port"},
		{"a memory's port", Options{Connect: at("lpc:.,1433")}, "port"},
		{"user alone", Options{Connect: Connect{Server: "db01", User: "reader"}}, "source.password"},
		{"Windows user alone", Options{Connect: Connect{Server: "db01", User: `CORP\reader`}}, "source.password"},
		{"password alone", Options{Connect: Connect{Server: "db01", Password: planted}}, "source.password"},
		{"DSN's user alone", Options{DSN: "sqlserver://reader@db01"}, "source.dsn"},
		{"DSN's password alone", Options{DSN: "server=db01;password=" + planted}, "source.dsn"},
		{"another encrypt", Options{Connect: with(func(c *Connect) {
			c.Encrypt = "yes please"
		})}, "source.tls.encrypt"},
		{"trust of nothing", Options{Connect: with(func(c *Connect) {
			c.Encrypt, c.Trust = "disable", true
		})}, "source.tls.trust"},
		{"name of nothing", Options{Connect: with(func(c *Connect) {
			c.Encrypt, c.HostName = "disable", "x"
		})}, "source.tls.host_name"},
		{"CA of nothing", Options{Connect: with(func(c *Connect) {
			c.Encrypt, c.CA = "disable", text
		})}, "source.tls.ca"},
		{"TLS of nothing", Options{Connect: with(func(c *Connect) {
			c.Encrypt, c.TLSMin = "disable", "1.0"
		})}, "source.tls.min"},
		{"strict and trust", Options{Connect: with(func(c *Connect) {
			c.Encrypt, c.Trust = "strict", true
		})}, "source.tls.trust"},
		{"strict and old", Options{Connect: with(func(c *Connect) {
			c.Encrypt, c.TLSMin = "strict", "1.1"
		})}, "source.tls.min"},
		{"trust and name", Options{Connect: with(func(c *Connect) {
			c.Trust, c.HostName = true, "x"
		})}, "source.tls.host_name"},
		{"trust and CA", Options{Connect: with(func(c *Connect) { c.Trust, c.CA = true, text })}, "source.tls.ca"},
		{"another TLS", Options{Connect: with(func(c *Connect) { c.TLSMin = "1.4" })}, "source.tls.min"},
		{"no CA file", Options{Connect: with(func(c *Connect) { c.CA = text + "x" })}, "source.tls.ca"},
		{"no CA in the file", Options{Connect: with(func(c *Connect) { c.CA = text })}, "source.tls.ca"},
		{"DSN and server", Options{DSN: dsn, Connect: Connect{Server: "db01"}}, "source.server"},
		{"DSN and user", Options{DSN: dsn, Connect: Connect{User: "reader"}}, "source.user"},
		{"DSN and password", Options{DSN: dsn, Connect: Connect{Password: planted}}, "source.password"},
		{"DSN and encrypt", Options{DSN: dsn, Connect: Connect{Encrypt: "true"}}, "source.tls.encrypt"},
		{"DSN and trust", Options{DSN: dsn, Connect: Connect{Trust: true}}, "source.tls.trust"},
		{"DSN and name", Options{DSN: dsn, Connect: Connect{HostName: "db01"}}, "source.tls.host_name"},
		{"a DSN that trusts, and a CA", Options{DSN: dsn, Connect: Connect{CA: text}}, "source.tls.ca"},
		{"a DSN with another TLS", Options{DSN: dsn +
			"?tlsmin=1.1", Connect: Connect{TLSMin: "1.0"}}, "source.tls.min"},
		{"a DSN with no TLS", Options{DSN: dsn + "?tlsmin=" + planted}, "tlsmin"},
		{"strict and trust in a DSN", Options{DSN: dsn +
			"?encrypt=strict&TrustServerCertificate=true"}, "TrustServerCertificate"},
		{"an unknown protocol", Options{DSN: dsn + "?protocol=via"}, "source.dsn"},
		{"the administrator's protocol", Options{DSN: dsn + "?protocol=admin"}, "source.dsn"},
		{"Kerberos from a file", Options{DSN: dsn + "?authenticator=krb5"}, "authenticator"},
		{"Entra ID", Options{DSN: dsn + "?fedauth=ActiveDirectoryPassword"}, "fedauth"},
	} {
		s, err := New(c.o)
		if err == nil {
			t.Errorf("%s: accepted: %v", c.name, s)
			continue
		}
		if text := err.Error(); !strings.Contains(text, c.want) || strings.Contains(text, planted) ||
			strings.Contains(text, "\n") {
			t.Errorf("%s: %s", c.name, text)
		}
		if shown := fmt.Sprintf("%v %+v %#v", c.o, c.o, c.o); strings.Contains(shown, planted) {
			t.Errorf("%s: shown as %s", c.name, shown)
		}
	}
}

// with is a Connect that is good, but for one change.
func with(change func(*Connect)) Connect {
	c := at("db01")
	change(&c)
	return c
}

// The account of the service exists on Windows alone.
func TestTheServicesAccount(t *testing.T) {
	for _, o := range []Options{{Connect: Connect{Server: "db01"}}, {DSN: "server=db01;Integrated Security=SSPI"}} {
		s, err := New(o)
		switch {
		case onWindows && (err != nil || !strings.Contains(s.String(), "Windows account")):
			t.Errorf("%v, %v", s, err)
		case !onWindows && (err == nil || !strings.Contains(err.Error(), `DOMAIN\name`)):
			t.Errorf("%v, %v", s, err)
		}
	}
}

func TestPipesInAConnectionStringNeedWindows(t *testing.T) {
	for _, dsn := range []string{
		"server=np:db01;user id=reader;password=" + planted,
		`server=\\db01\pipe\sql\query;user id=reader;password=` + planted,
		"server=db01;protocol=np;user id=reader;password=" + planted, "server=lpc:.;user id=reader;password=" + planted,
	} {
		s, err := New(Options{DSN: dsn})
		if onWindows != (err == nil) || err != nil && !strings.Contains(err.Error(), "Windows only") {
			t.Errorf("%v, %v", s, err)
		}
	}
}

// What a connection string does not say can be said beside it.
func TestSettingsBesideAConnectionString(t *testing.T) {
	o := Options{
		DSN: "sqlserver://reader@db01", Connect: Connect{Password: planted, Database: "eXpress", TLSMin: "1.2"},
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if s.config.Password != planted || s.String() != "SQL Server db01, database eXpress, login reader" {
		t.Errorf("%v", s)
	}
	if s, err = New(Options{
		DSN: "sqlserver://reader:x@db01?database=other&tlsmin=1.0", Connect: o.Connect,
	}); err == nil {
		t.Errorf("two passwords: %v", s)
	}
	o.DSN += "?database=other"
	if s, err = New(o); err != nil || !strings.Contains(s.String(), "database other") {
		t.Errorf("%v, %v", s, err)
	}
}

func TestASettingsPasswordIsNeverShown(t *testing.T) {
	for _, password := range []string{planted, `a;b="c` +
		planted, planted + `""`, `{` + planted + `};`, " " + planted + " "} {
		var log bytes.Buffer
		c := at("127.0.0.1,1")
		c.Password, c.Encrypt, c.Server = password, "disable", "127.0.0.1,1"
		o := Options{Connect: c, Log: zerolog.New(&log)}
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		if s.config.Password != password || s.config.Database != "eXpress" {
			t.Errorf("%q became %q", password, s.config.Password)
		}
		_, err = s.Read(t.Context(), ingest.Query{})
		if !errors.Is(err, ErrUnreachable) {
			t.Errorf("%v", err)
		}
		nested := struct{ Connect Connect }{c}
		shown := fmt.Sprintln(o, s, err, log.String(), nested) +
			fmt.Sprintf("%+v %#v %#v %v %+v %#v %#v", o, o, s, c, c, c, nested)
		if strings.Contains(shown, planted) {
			t.Errorf("%q: %s", password, shown)
		}
	}
}

// Whatever is in a setting arrives at the driver as it is, and nothing else changes.
func TestSettingsArriveAsTheyAre(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		c := Connect{
			Server:   "db01,1444",
			Database: rapid.String().Draw(t, "database"),
			User:     rapid.StringN(1, -1, -1).Draw(t, "user"),
			Password: rapid.StringN(1, -1, -1).Draw(t, "password"),
			HostName: rapid.String().Draw(t, "host name"),
		}
		config, err := Options{Connect: c}.config()
		if err != nil {
			t.Fatal(err)
		}
		if config.Database != c.Database || config.User != c.User || config.Password != c.Password ||
			config.Host != "db01" ||
			config.Port != 1444 || config.Encryption != msdsn.EncryptionRequired ||
			config.TLSConfig.InsecureSkipVerify ||
			config.TLSConfig.ServerName != cmp.Or(c.HostName, "db01") || config.AppName != appName {
			t.Fatalf("%#v became %+v", c, config)
		}
	})
}
