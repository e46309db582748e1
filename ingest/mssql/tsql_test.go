package mssql_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// An independent client, which shares no code with the driver, understands the tests' server: it logs in, sends the
// batches of a read as the source sends them, and prints the rows that the test put there.
func TestTSQLUnderstandsTheServer(t *testing.T) {
	client := os.Getenv("JOBMON_TEST_TSQL")
	if client == "" {
		t.Skip("JOBMON_TEST_TSQL does not name the program tsql of FreeTDS (.ci/run tsql)")
	}
	secured := &tls.Config{Certificates: []tls.Certificate{selfMade(t, 2048)}}
	for _, c := range []struct {
		name       string
		server     tdstest.Options
		encryption string // as FreeTDS names it
		user       string
	}{
		{"plain", tdstest.Options{}, "off", tdstest.User},
		{"encrypted login", tdstest.Options{Encryption: tdstest.OffersTLS, TLS: secured}, "request", tdstest.User},
		{"encrypted", tdstest.Options{Encryption: tdstest.OffersTLS, TLS: secured}, "require", tdstest.User},
		{"encryption forced", tdstest.Options{Encryption: tdstest.ForcesTLS, TLS: secured}, "request", tdstest.User},
		{"Windows account", tdstest.Options{SSPI: ntlm(t)}, "off", ntDomain + `\reader`},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := tdstest.Start(t, c.server)
			server.Change(func(tables *tdstest.Tables) {
				tables.Insert("event_schedule", 7, 11, 5000002, -1, wall("2026-03-29T02:30:00"))
				tables.Insert("event_schedule", -2147483648, 10, 5000001, nil, nil)
				tables.Insert("event", 11, nil, "01. (JM) Windows", nil)
				tables.Retype("computer", "name", tdstest.NVarChar)
				tables.Insert("computer", 5000001, nil, "PC-Ä€-水", nil)
			})
			config := filepath.Join(t.TempDir(), "freetds.conf")
			if err := os.WriteFile(
				config,
				[]byte("[global]\ntds version = 7.4\nclient charset = UTF-8\nencryption = "+c.encryption+"\n"),
				0o600,
			); err != nil {
				t.Fatal(err)
			}
			host, port, err := net.SplitHostPort(server.Address())
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			run := exec.CommandContext(
				ctx, client, "-o", "fhq", "-H", host, "-p", port, "-U", c.user, "-P", tdstest.Password, "-D",
				tdstest.Database,
			)
			run.Env = append(os.Environ(), "FREETDSCONF="+config, "LC_ALL=C.UTF-8")
			run.Stdin = strings.NewReader(strings.Join(batches(t, server), "go\n") + "go\nquit\n")
			out, err := run.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if strings.Contains(string(out), "Msg ") {
				t.Errorf("an error came: %s", out)
			}
			for _, row := range []string{
				"7\t11\t5000002\t-1\tMar 29 2026 02:30AM\n", "-2147483648\t10\t5000001\tNULL\tNULL\n",
				"11\t01. (JM) Windows\tNULL\n", "5000001\tPC-Ä€-水\tNULL\tNULL\n",
			} {
				if !strings.Contains("\n"+string(out), "\n"+row) {
					t.Errorf("%q is not in:\n%s", row, out)
				}
			}
		})
	}
}

// batches are those of a full read, as the source sent them to the server.
func batches(t *testing.T, server *tdstest.Server) []string {
	t.Helper()
	connect := settings(server)
	connect.Encrypt, connect.Trust = "false", true
	read(t, source(t, mssql.Options{Connect: connect}))
	return slices.DeleteFunc(server.Batches(), func(b string) bool {
		return !slices.Contains([]string{"page", "names", "read"}, tdstest.Name(b))
	})
}
