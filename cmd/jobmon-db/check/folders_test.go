package check_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestBackupFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "backups")
	s := newSite(t, "JOBMON_BACKUP_DIR="+dir, "JOBMON_BACKUP_EVERY=24h")
	s.expect(s.run(), "backup folder", check.OK, dir, "will be made")
	write(t, dir, "a file")
	s.expect(s.run(), "backup folder", check.Fail, "is a file", "backup.dir")
	s = newSite(t)
	write(t, filepath.Join(s.dir, "x"), "")
	s.options.Config.Backup.Dir, s.options.Config.Backup.Every = s.dir, time.Hour
	s.expect(s.run(), "backup folder", check.Warn, "the folder of the log", "another disk")
}

func TestEvtFolder(t *testing.T) {
	ours, err := evt.Stopped(jobmon.Form{}, 5000001, "01. (JM) Office")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	dir := filepath.Join(s.dir, "evt")
	write(t, filepath.Join(dir, "5000001.evt"), string(ours))
	write(t, filepath.Join(dir, "5000002.evt"), "\x00\x00\x00") // what a power failure leaves
	write(t, filepath.Join(dir, "readme.txt"), "anything")
	s.expect(s.run(), "evt folder", check.OK, dir+", writable")

	write(t, filepath.Join(dir, "Application.Evt"), "an event log of Windows")
	lines := s.run()
	s.expect(lines, "evt folder", check.OK, "1 .evt file", "in nobody's way: Application.Evt")

	for _, id := range []string{"5000011", "5000012", "5000013", "5000014"} {
		write(t, filepath.Join(dir, id+".evt"), "01. (JM) Office;1;")
	}
	write(t, filepath.Join(dir, "5000015.EVT"), strings.Repeat("\x00", 1<<20+1)) // too much for a power failure
	if err := os.Mkdir(filepath.Join(dir, "5000016.evt"), 0o755); err != nil {
		t.Fatal(err)
	}
	lines = s.run()
	s.expect(lines, "evt folder", check.Warn,
		"6 files of another program: 5000011.evt, 5000012.evt, 5000013.evt and 3 "+
			"more", "Application.Evt", "evt.takeover")
	if err := check.Failed(lines); err != nil {
		t.Errorf("a warning fails: %v", err)
	}
	took := newSite(t, "JOBMON_EVT_DIR="+dir, "JOBMON_EVT_TAKEOVER=true")
	took.expect(took.run(), "evt folder", check.OK, "6 files", "will be replaced")
}

func TestAFileWhereAFolderBelongs(t *testing.T) {
	s := newSite(t)
	write(t, filepath.Join(s.dir, "evt"), "")
	lines := s.run()
	s.expect(lines, "evt folder", check.Fail, "is a file", "evt.dir")
	s.expect(lines, "request folder", check.Fail)
	s.expect(lines, "data folder", check.OK, "writable")

	s = newSite(t)
	write(t, s.dir, "")
	lines = s.run()
	s.expect(lines, "data folder", check.Fail, "is a file", "data_dir")
	s.expect(lines, "evt folder", check.Fail, "evt.dir")
	s.expect(lines, "log", check.Fail)
}

func TestRequestFolder(t *testing.T) {
	s := newSite(t)
	dir := s.options.Requests
	write(t, filepath.Join(dir, "notes.txt"), "of an administrator")
	write(t, filepath.Join(dir, "notanid.req"), "")
	s.expect(s.run(), "request folder", check.OK, dir+", writable, no request waits")

	write(t, filepath.Join(dir, "5000001.req"), "Office\r\n")
	s.expect(s.run(), "request folder", check.OK, "1 request waiting")
	write(t, filepath.Join(dir, "5000002.req"), "Office\r\n")
	old := time.Now().Add(-10 * time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "5000002.req"), old, old); err != nil {
		t.Fatal(err)
	}
	s.expect(s.run(), "request folder", check.Warn, "2 requests waiting, the oldest for 10 min", "daemon")

	other := newSite(t)
	write(t, other.options.Requests, "")
	other.expect(other.run(), "request folder", check.Fail, "is not a folder", "remove")
}

func TestDaemon(t *testing.T) {
	s := newSite(t)
	s.options.Running = func(context.Context) (string, bool, error) { return "version 1.2.3, process 77", true, nil }
	lines := s.run()
	s.expect(lines, "daemon", check.OK, "version 1.2.3, process 77")
	s.expect(lines, "log", check.OK, "in use by the daemon")

	write(t, s.dir, "") // stands for a folder in which this account may not write
	s.expect(s.run(), "data folder", check.OK, "in use by the daemon; this account cannot write there")
	if err := os.Remove(s.dir); err != nil {
		t.Fatal(err)
	}

	s.options.Running = func(context.Context) (string, bool, error) { return "", false, os.ErrPermission }
	lines = s.run()
	s.expect(lines, "daemon", check.Fail, "permission", "elevated")
	s.expect(lines, "log", check.OK, "none yet")

	s.options.Running = nil
	s.expect(s.run(), "daemon", check.Skip)
}
