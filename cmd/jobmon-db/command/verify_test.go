package command

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/store"
)

func TestVerifyCommand(t *testing.T) {
	dir := watchedFor(t, 20*time.Minute)
	args := func(more ...string) []string {
		return append([]string{"verify", "--data-dir=" + dir, "--evt-dir=" + filepath.Join(dir, "evt")}, more...)
	}
	ask := func(t *testing.T, code int, more ...string) (v verification) {
		t.Helper()
		got := jobmondb(t, args(append(more, "-o", "json")...)...)
		if got.code != code {
			t.Fatalf("%+v", got)
		}
		if err := json.Unmarshal([]byte(got.stdout), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	path := filepath.Join(dir, "log-000001.db")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	v := ask(t, exitOK)
	if !v.Whole || v.Events == 0 || v.Files.Compared == 0 || v.Kept.Compared < 3 || len(v.Kept.Wrong) != 0 ||
		len(v.Readable) != 1 || v.Readable[0].To != uint64(v.Events) {
		t.Errorf("%+v", v)
	}
	if got := jobmondb(t, args()...); got.code != exitOK || !strings.Contains(got.stdout, "The log is whole.") ||
		got.stderr != "" {
		t.Errorf("%+v", got)
	}

	t.Run("a file that does not follow from the log", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(dir, "evt", "*.evt"))
		if err != nil || len(files) == 0 {
			t.Fatal("no files", err)
		}
		for _, file := range files {
			old, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(t, file, strings.Replace(string(old), `"agent":"`, `"agent":"x`, 1))
			defer write(t, file, string(old))
		}
		v := ask(t, exitFiles)
		if !v.Whole || len(v.Files.Differences) != v.Files.Compared {
			t.Errorf("%+v", v.Files)
		}
	})
	t.Run("files of deployments that have ended", func(t *testing.T) {
		long := watched(t)
		shown := jobmondb(t, "replay", "show", "-o", "json", "--data-dir="+long)
		var pictures []evt.File
		if err := json.Unmarshal([]byte(shown.stdout), &pictures); err != nil {
			t.Fatal(err)
		}
		var ended []string
		for _, p := range pictures {
			if p.Session != nil && p.Session.State == "complete" {
				ended = append(ended, fmt.Sprintf("%d.evt", p.Computer.ID))
			}
		}
		if len(ended) < 2 {
			t.Fatalf("%q have ended", ended)
		}
		folder := filepath.Join(long, "evt")
		if err := os.Remove(filepath.Join(folder, ended[0])); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, ended[1]), "{}")
		got := jobmondb(t, "verify", "--data-dir="+long, "--evt-dir="+folder)
		if got.code != exitFiles || !strings.Contains(got.stdout,
			"1 ended deployment without a file, which was removed or written into another folder: "+ended[0]+".\n") ||
			!strings.Contains(got.stdout, ended[1]+": it is not a file of this program") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a damaged log", func(t *testing.T) {
		bad := []byte(strings.ReplaceAll(string(content), "PC-0001", "PC-0009"))
		write(t, path, string(bad))
		defer write(t, path, string(content))
		v := ask(t, exitDamaged)
		if v.Whole || len(v.Faults) == 0 || v.Faults[0].Part != store.PartFrame || v.Faults[0].From == 0 ||
			v.Faults[0].To == 0 || v.Files.Skipped == "" {
			t.Errorf("%+v", v)
		}
		got := jobmondb(t, args()...)
		if got.code != exitDamaged || !strings.Contains(got.stdout, "frame (byte ") ||
			!strings.Contains(got.stderr, "keep this file") {
			t.Errorf("%+v", got)
		}
		if left, _ := os.ReadFile(path); string(left) != string(bad) {
			t.Error("verify has written")
		}
	})
	t.Run("a file that is named", func(t *testing.T) {
		backup := filepath.Join(t.TempDir(), "backup.db")
		write(t, backup, string(content))
		if v := ask(t, exitOK, "--log", backup); !v.Whole || v.Log != backup || v.Files.Skipped == "" {
			t.Errorf("%+v", v)
		}
		write(t, backup, "this is no log")
		if got := jobmondb(t, args("--log", backup)...); got.code != exitNoLog {
			t.Errorf("%+v", got)
		}
	})
	t.Run("no log", func(t *testing.T) {
		if got := jobmondb(t, "verify", "--data-dir="+t.TempDir()); got.code != exitNoLog {
			t.Errorf("%+v", got)
		}
	})
	t.Run("an output that there is not", func(t *testing.T) {
		if got := jobmondb(t, args("-o", "xml")...); got.code != exitUsage {
			t.Errorf("%+v", got)
		}
	})
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestADamagedEventIsRecordedOnce: the daemon goes on without what is damaged, its scrub records that in the log, once,
// and the commands that read the log report it.
func TestADamagedEventIsRecordedOnce(t *testing.T) {
	dir := watchedFor(t, 20*time.Minute)
	path := filepath.Join(dir, "log-000001.db")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copies := map[uint64][]int{} // of each frame, by its first event
	for at := 0; ; at++ {
		next := bytes.Index(content[at:], []byte("\xe7JM\x01"))
		if next < 0 {
			break
		}
		at += next
		_, n := binary.Uvarint(content[at+12:])
		first, _ := binary.Uvarint(content[at+12+n:])
		copies[first] = append(copies[first], at)
	}
	middle := slices.Sorted(maps.Keys(copies))[len(copies)/2]
	for _, at := range copies[middle] {
		content[at+20] ^= 1
	}
	write(t, path, string(content))
	report, err := store.Verify(t.Context(), path)
	if err != nil || len(report.Faults) != 1 || report.Faults[0].Seq != middle {
		t.Fatalf("%v %+v", err, report)
	}
	to := report.Faults[0].Last
	for range 2 {
		watch(t, dir, time.Minute)
		report, err := store.Verify(t.Context(), path)
		if err != nil || len(report.Recorded) != 1 || report.Recorded[0].From != middle || report.Recorded[0].To != to {
			t.Fatalf("%v %+v, damaged are %d to %d", err, report, middle, to)
		}
	}
	got := jobmondb(t, "replay", "--data-dir="+dir, "-o", "ndjson")
	if got.code != exitOK || strings.Count(got.stdout, `"kind":"damaged"`) != 1 ||
		!strings.Contains(got.stderr, "left out") {
		t.Errorf("%d, %s", got.code, got.stderr)
	}
	if list, _ := filepath.Glob(filepath.Join(dir, "*.damaged-*")); len(list) > 0 {
		t.Errorf("moved aside: %v", list)
	}
}
