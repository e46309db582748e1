package mssql_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// What a database does not offer is said once, and not at each connection; nothing is said of a database that cannot be
// used.
func TestWhatIsLackingIsSaidOnce(t *testing.T) {
	t.Parallel()
	server := tdstest.New(t)
	var log bytes.Buffer
	s := source(t, mssql.Options{DSN: server.DSN().String(), Log: zerolog.New(&log)})
	read := func() error {
		_, err := s.Read(t.Context(), ingest.Query{})
		return err
	}
	said := func() int { return strings.Count(log.String(), "so unknown") }

	var full map[string]*tdstest.Table
	server.Change(func(tables *tdstest.Tables) { full, tables.ByName = tables.ByName, map[string]*tdstest.Table{} })
	for range 2 {
		if err := read(); err == nil || said() != 0 {
			t.Fatalf("another database: %v\n%s", err, &log)
		}
	}
	server.Change(func(tables *tdstest.Tables) {
		delete(full, "sessions")
		tables.ByName = full
		tables.DropColumn("computer", "group_id")
	})
	if err := read(); err != nil || said() != 2 {
		t.Fatalf("two things are lacking: %v\n%s", err, &log)
	}
	server.Cut()
	for range 3 {
		_ = read() // the first notices the cut
	}
	if server.Logins() < 4 || said() != 2 {
		t.Errorf("%d logins\n%s", server.Logins(), &log)
	}
}
