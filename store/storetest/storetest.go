// Package storetest opens event logs for the tests of packages that use one.
package storetest

import (
	"os"

	"github.com/jobmon-db/jobmon-db/store"
)

// T is a test, a benchmark or a rapid.T.
type T interface {
	Helper()
	Fatal(args ...any)
	Cleanup(end func())
}

// Open creates an empty log that is gone with the test. Where the system has a file system in memory it lies there,
// so that commits wait for no disk.
func Open(t T) *store.Log {
	t.Helper()
	parent := "/dev/shm"
	if _, err := os.Stat(parent); err != nil {
		parent = ""
	}
	dir, err := os.MkdirTemp(parent, "jobmon-db-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	log, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}
