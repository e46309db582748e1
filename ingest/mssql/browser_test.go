package mssql_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// browser is a SQL Server Browser (MC-SQLR) with a host of its own, as the port that everybody asks is always the same.
// It gives the answer to all questions for all instances; with none it is silent.
func browser(t *testing.T, answer func(host string) string) (host string) {
	t.Helper()
	for n := 2; ; n++ {
		host = fmt.Sprintf("127.1.0.%d", n)
		listening, err := net.ListenPacket("udp", net.JoinHostPort(host, "1434"))
		if err != nil && n < 250 {
			continue
		}
		if err != nil {
			t.Fatalf("no loopback address has port 1434 free: %v", err)
		}
		text := answer(host)
		done := make(chan struct{})
		go func() {
			defer close(done)
			question := make([]byte, 64)
			for {
				n, from, err := listening.ReadFrom(question)
				if err != nil {
					return
				}
				if n == 1 && question[0] == 3 && text != "" {
					_, _ = listening.WriteTo(append([]byte{5, byte(len(text)), byte(len(text) >> 8)}, text...), from)
				}
			}
		}()
		t.Cleanup(func() { _ = listening.Close(); <-done })
		return host
	}
}

// instance is what a Browser says about one instance.
func instance(name, more string) string {
	return "ServerName;DB01;InstanceName;" + name + ";IsClustered;No;Version;9.00.1399.06;" + more + ";"
}

func TestBrowserTellsThePortOfANamedInstance(t *testing.T) {
	var server *tdstest.Server
	host := browser(t, func(host string) string {
		server = tdstest.Start(t, tdstest.Options{Host: host})
		_, port, _ := net.SplitHostPort(server.Address())
		return instance("OTHER", "tcp;1;") + instance("ALTIRIS", "np;"+`\\DB01\pipe\MSSQL$ALTIRIS\sql\query`+";tcp;"+
			port+";")
	})
	server.Change(oneRow)
	connect := settings(server)
	connect.Encrypt = "disable"
	for _, name := range []string{`\ALTIRIS`, `\altiris`} {
		connect.Server = host + name
		if n := len(read(t, source(t, mssql.Options{Connect: connect})).Rows); n != 1 {
			t.Errorf("%d rows", n)
		}
	}
	u := server.DSN()
	u.Host, u.Path = host, "/ALTIRIS"
	read(t, source(t, mssql.Options{DSN: u.String()}))

	// A port makes the Browser needless: nobody is asked here.
	connect.Server = server.Address()
	at, port, _ := net.SplitHostPort(server.Address())
	connect.Server = at + `\UNKNOWN,` + port
	read(t, source(t, mssql.Options{Connect: connect}))
}

func TestBrowserErrorsSayWhatToDo(t *testing.T) {
	connect := mssql.Connect{User: tdstest.User, Password: tdstest.Password, Encrypt: "disable"}
	for _, c := range []struct {
		name, answer string
		words        []string
	}{
		{"silent", "", []string{"UDP 1434", "start the service SQL Server Browser", "give the port in source.server"}},
		{"another instance", instance("SQLEXPRESS", "tcp;1;") + instance("MSSQLSERVER", "tcp;1433;"),
			[]string{"no instance ALTIRIS", "SQLEXPRESS, MSSQLSERVER", "source.server"}},
		{
			"no TCP", instance("ALTIRIS", `np;\\DB01\pipe\x`),
			[]string{"does not listen on tcp", "SQL Server Configuration Manager"},
		},
		{"no port", instance("ALTIRIS", `tcp;none`), []string{"does not listen on tcp"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			host := browser(t, func(string) string { return c.answer })
			connect := connect
			connect.Server = host + `\ALTIRIS`
			_, err := source(t, mssql.Options{Connect: connect}).Read(t.Context(), ingest.Query{})
			if !errors.Is(err, mssql.ErrUnreachable) {
				t.Error(err)
			}
			for _, w := range append(c.words, host) {
				if !strings.Contains(fmt.Sprint(err), w) {
					t.Errorf("%q is not in: %v", w, err)
				}
			}
		})
	}
	t.Run("not there", func(t *testing.T) {
		connect := connect
		connect.Server = `127.1.1.1\ALTIRIS`
		_, err := source(t, mssql.Options{Connect: connect}).Read(t.Context(), ingest.Query{})
		if !errors.Is(err, mssql.ErrUnreachable) ||
			!strings.Contains(err.Error(), "start the service SQL Server Browser") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no such host", func(t *testing.T) {
		connect := connect
		connect.Server = `no..host\ALTIRIS` // which nobody has to be asked about
		_, err := source(t, mssql.Options{Connect: connect}).Read(t.Context(), ingest.Query{})
		if !errors.Is(err, mssql.ErrUnreachable) ||
			!strings.Contains(err.Error(), "check the host in source.server") ||
			!strings.Contains(err.Error(), "no such host") {
			t.Errorf("%v", err)
		}
	})
}
