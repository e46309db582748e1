package daemon

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// broken is a log that cannot be read for a while.
type broken struct {
	store.Source
	until time.Time
}

func (b *broken) Extract(from uint64) (store.Extract, error) {
	if time.Now().Before(b.until) {
		return store.Extract{}, errors.New("the disk is away")
	}
	return b.Source.Extract(from)
}

// messages is a log that is read while it is written.
type messages struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (m *messages) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.Write(p)
}

func (m *messages) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text.String()
}

func TestScheduledBackups(t *testing.T) {
	log, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := log.Append(1, []jobmon.Event{{Kind: jobmon.KindDaemonStopped}}); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) { // it begins at midnight on 1 January 2000
		dir := filepath.Join(t.TempDir(), "backups")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		prefix := "jobmon-db-" + log.ID()[:8] + "-"
		theirs := []string{"jobmon-db-00000000-19990101T000000Z.db", "notes.txt"}
		half := prefix + "19991231T000000Z.db.0badcafe.jobmon-tmp"
		for _, name := range append(theirs, half) {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		old := time.Now().Add(-48 * time.Hour)
		if err := os.Chtimes(filepath.Join(dir, half), old, old); err != nil {
			t.Fatal(err)
		}
		var messages messages
		b := &backups{
			Backups: Backups{Dir: dir, Every: 24 * time.Hour, Keep: 2},
			source:  &broken{log, time.Now().Add(40 * time.Minute)},
			id:      log.ID(), logger: zerolog.New(&messages),
		}
		ended := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			b.run(ctx)
			close(ended)
		}()
		want := func(names ...string) {
			t.Helper()
			synctest.Wait()
			for i, name := range names {
				names[i] = prefix + name + ".db"
			}
			names = append(names, theirs...)
			slices.Sort(names)
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, e.Name())
			}
			if !slices.Equal(got, names) {
				t.Errorf("at %v there are %q, want %q", time.Now().UTC(), got, names)
			}
		}
		time.Sleep(44 * time.Minute)
		want()
		if n := strings.Count(messages.String(), "the disk is away"); n != 3 {
			t.Errorf("%d failures were told: %s", n, messages.String())
		}
		time.Sleep(2 * time.Minute)
		want("20000101T004500Z")
		time.Sleep(24 * time.Hour)
		want("20000101T004500Z", "20000102T004500Z")
		time.Sleep(24 * time.Hour)
		want("20000102T004500Z", "20000103T004500Z")
		cancel()
		<-ended
		// the next run goes on with the schedule
		if due := b.due(); !due.Equal(time.Date(2000, 1, 4, 0, 45, 0, 0, time.UTC)) {
			t.Errorf("the next is due at %v", due)
		}
	})
}
