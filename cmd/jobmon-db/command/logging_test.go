package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/eventlog"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestMessagesGoOnInANewFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	path := filepath.Join(dir, "jobmon-db.log")
	logger, closeLog, err := openMessages(path, &configs.Log{Level: "info", Format: "json", MaxSize: 1, Keep: 2})
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 100_000)
	for i := range 45 { // a little more than four files of a MiB
		logger.Info().Int("line", i).Msg(line)
	}
	logger.Debug().Msg("not this")
	if err := closeLog(); err != nil {
		t.Fatal(err)
	}
	newest, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(newest), `"line":44`) || strings.Contains(string(newest), "not this") {
		t.Errorf("%v, %d bytes", err, len(newest))
	}
	if len(newest) > 1<<20 {
		t.Errorf("%d bytes in one file", len(newest))
	}
	if info, err := os.Stat(crashLog(path)); err != nil || info.Size() != 0 {
		t.Errorf("%v", err)
	}
	if logger, closeLog, err = openMessages(path, &configs.Log{Level: "info", Format: "json", MaxSize: 1,
		Keep: 2}); err != nil {
		t.Fatal(err)
	}
	logger.Info().Msg("afterwards")
	if err := closeLog(); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(again), string(newest)) ||
		!strings.Contains(string(again), "afterwards") {
		t.Errorf("a new start does not go on behind what was there: %v", err)
	}
}

// While the file cannot be moved aside, or not even opened, no message is lost, and the move is tried again.
func TestNoMessageIsLostWhileTheFileIsHeld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "jobmon-db.log")
	for _, name := range []string{"jobmon-db-2020-01-01T00-00-00.000.log", "jobmon-db-2020-01-02T00-00-00.000.log",
		"jobmon-db-notes.log"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := newMessageFile(path, 100, 2)
	if err != nil {
		t.Fatal(err)
	}
	now, tries, held := time.Date(2026, 10, 23, 14, 5, 0, 0, time.UTC), 0, true
	m.now = func() time.Time { return now }
	m.rename = func(old, new string) error {
		if tries++; held {
			return errors.New("the file is being used by another process")
		}
		return os.Rename(old, new)
	}
	said := ""
	say := func(times int) {
		t.Helper()
		for range times {
			line := fmt.Sprintf("message %03d\n", len(said)/12)
			if n, err := m.Write([]byte(line)); err != nil || n != len(line) {
				t.Errorf("%q: %d, %v", line, n, err)
			}
			said += line
		}
	}
	say(50)
	if text := read(t, path); text != said || tries != 1 {
		t.Errorf("%d tries:\n%s", tries, text)
	}
	now = now.Add(moveAgain)
	say(5)
	if text := read(t, path); text != said || tries != 2 {
		t.Errorf("%d tries:\n%s", tries, text)
	}
	held, now = false, now.Add(moveAgain)
	say(8)
	if text := read(t, filepath.Join(dir, "jobmon-db-2026-10-23T14-07-00.000.log")) + read(t, path); text != said {
		t.Errorf("%s", text)
	}
	// A scanner takes the file at the moment between two opens.
	m.rename = func(old, new string) error {
		if err := os.Rename(old, new); err != nil {
			return err
		}
		return os.Mkdir(old, 0o700)
	}
	say(3)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	m.rename = os.Rename
	say(2)
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "jobmon-db-notes.log")); err != nil {
		t.Errorf("not ours, and gone: %v", err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) != 3 {
		t.Errorf("old files: %v, %v", names, err)
	}
	all := ""
	for _, name := range names {
		all += read(t, name)
	}
	if all != said {
		t.Errorf("kept:\n%s", all)
	}
}

func TestALogFileThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := openMessages(dir, &configs.Log{Level: "info", MaxSize: 1, Keep: 1}); err == nil ||
		!strings.Contains(err.Error(), "log file") {
		t.Errorf("%v", err)
	}
}

func TestARiskIsAWarningInTheEventLog(t *testing.T) {
	if e := risky("encrypt is disable\x1b[2J"); e.ID != 202 || e.Severity != eventlog.Warning ||
		!strings.Contains(e.Text, "encrypt is disable") ||
		strings.ContainsRune(e.Text, 0x1b) {
		t.Errorf("%+v", e)
	}
}

func TestWhatIsNotable(t *testing.T) {
	for _, c := range []struct {
		event jobmon.Event
		id    uint32
		grave eventlog.Severity
		text  string
	}{
		{jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "v1.2.3"}, 100, eventlog.Information, "v1.2.3"},
		{jobmon.Event{Kind: jobmon.KindDaemonStopped}, 101, eventlog.Information, "stopped"},
		{jobmon.Event{Kind: jobmon.KindSourceLost, Text: "login\x1b[2J refused"}, 200, eventlog.Warning, "refused"},
		{jobmon.Event{Kind: jobmon.KindSourceRestored}, 201, eventlog.Information, "again"},
		{jobmon.Event{Kind: jobmon.KindDamaged, From: 7, To: 9, Text: "a bit"}, 300, eventlog.Error, "7 to 9"},
		{jobmon.Event{Kind: jobmon.KindClock}, 0, 0, ""},
		{jobmon.Event{Kind: jobmon.KindConfigured, Text: "{}"}, 0, 0, ""},
		{jobmon.Event{Kind: jobmon.KindFinished}, 0, 0, ""},
	} {
		entry, ok := notable(&c.event)
		if ok != (c.id > 0) || entry.ID != c.id || entry.Severity != c.grave || !strings.Contains(entry.Text, c.text) ||
			strings.ContainsRune(entry.Text, 0x1b) {
			t.Errorf("%v: %+v, %v", c.event.Kind, entry, ok)
		}
	}
}

func TestATakenPipeHasAnEntryOfItsOwn(t *testing.T) {
	taken := fmt.Errorf("open the local endpoint: %w: the pipe", endpoint.ErrTaken)
	if e := placed(taken); e.ID != 401 || e.Severity != eventlog.Error || !strings.Contains(e.Text, "the pipe") {
		t.Errorf("%+v", e)
	}
	if e := placed(nil); e.ID != 402 || e.Severity != eventlog.Information {
		t.Errorf("%+v", e)
	}
	if e := failure(errors.New("disk full")); e.ID != 400 {
		t.Errorf("%+v", e)
	}
}
