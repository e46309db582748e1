package command

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/store"
)

// batchesOf is all that a log holds.
func batchesOf(t *testing.T, dir string) []jobmon.Batch {
	t.Helper()
	log, err := store.Open(dir, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var all []jobmon.Batch
	for b, err := range log.Read(0) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func TestExport(t *testing.T) {
	dir := watched(t)
	path := filepath.Join(t.TempDir(), "events.ndjson")
	if got := jobmondb(t, "export", path, "--data-dir="+dir); got.code != exitOK || got.stdout != "" ||
		!strings.Contains(got.stderr, "events up to number") {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ndjson.NewReader(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	var got []jobmon.Batch
	for b, err := range r.Batches() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b)
	}
	if want := batchesOf(t, dir); !reflect.DeepEqual(got, want) || len(want) == 0 {
		t.Errorf("%d batches exported, %d in the log, or not the same", len(got), len(want))
	}
	for _, args := range [][]string{{"export"}, {"export", "-"}} {
		if again := jobmondb(t, append(args, "--data-dir="+dir)...); again.stdout != string(text) || again.stderr != "" {
			t.Errorf("%q writes something else: code %d, %s", args, again.code, again.stderr)
		}
	}
	if over := jobmondb(t, "export", path, "--data-dir="+dir); over.code != exitUsage ||
		!strings.Contains(over.stderr, "there already") {
		t.Errorf("over a file: %+v", over)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if after, _ := os.ReadFile(path); err != nil || len(left) != 1 || string(after) != string(text) {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// What was exported makes the same log again, and the same pictures.
func TestImport(t *testing.T) {
	dir, path := watched(t), filepath.Join(t.TempDir(), "events.ndjson")
	if got := jobmondb(t, "export", path, "--data-dir="+dir); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	fresh := filepath.Join(t.TempDir(), "data")
	if got := jobmondb(t, "import", path, "--dry-run", "--data-dir="+fresh); got.code != exitOK ||
		!strings.Contains(got.stdout, "There is no log yet.\n") ||
		!strings.Contains(got.stdout, "Nothing was changed") {
		t.Fatalf("%+v", got)
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a dry run made a folder")
	}
	if got := jobmondb(t, "import", path, "--data-dir="+fresh); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	if got, want := batchesOf(t, fresh), batchesOf(t, dir); !reflect.DeepEqual(got, want) {
		t.Error("the imported log holds something else")
	}
	for _, question := range [][]string{
		{"replay"}, {"replay", "show", "-o", "json"}, {"replay", "show", "PC-0001", "-o", "evt"},
		{"replay", "show", "PC-0003", "--at=14:30", "-o", "evt"}, {"export"},
	} {
		was, is := jobmondb(t, append(question, "--data-dir="+dir)...), jobmondb(t,
			append(question, "--data-dir="+fresh)...)
		if was.stdout != is.stdout || was.code != exitOK || is.code != exitOK {
			t.Errorf("%v: %d bytes, then %d bytes (codes %d, %d) %s", question, len(was.stdout), len(is.stdout),
				was.code, is.code, is.stderr)
		}
	}
	if got := jobmondb(t, "verify", "--data-dir="+fresh); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	left, err := filepath.Glob(filepath.Join(fresh, "jobmon-db.import-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestImportThatCannotBe(t *testing.T) {
	dir, path := watched(t), filepath.Join(t.TempDir(), "events.ndjson")
	if got := jobmondb(t, "export", path, "--data-dir="+dir); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := batchesOf(t, dir)
	cut := path + ".cut"
	if err := os.WriteFile(cut, text[:len(text)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	other := path + ".other"
	if err := os.WriteFile(other, []byte(strings.Replace(string(text), `"log_id":"`, `"log_id":"f`, 1)),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{cut, other, path + ".none", dir} {
		if got := jobmondb(t, "import", file, "--data-dir="+dir); got.code == exitOK || got.stdout != "" {
			t.Errorf("%s: %+v", file, got)
		}
	}
	if !reflect.DeepEqual(batchesOf(t, dir), before) {
		t.Error("the log is no longer what it was")
	}
}

// Events that replay wrote make the same log again: all of them, or all up to one; where events are left out, import
// names the first place.
func TestImportOfReplay(t *testing.T) {
	dir := openGolden(t)
	ask := func(in string, args ...string) outcome {
		t.Helper()
		return jobmondbWith(t, strings.NewReader(in), args...)
	}
	again := func(from, to string, flags ...string) outcome {
		t.Helper()
		text := jobmondb(t, append([]string{"replay", "-o", "ndjson", "--data-dir=" + from}, flags...)...)
		if text.code != exitOK {
			t.Fatalf("%+v", text)
		}
		return ask(text.stdout, "import", "-", "--data-dir="+to)
	}
	same := func(from, to string) {
		t.Helper()
		was, is := jobmondb(t, "export", "--data-dir="+from), jobmondb(t, "export", "--data-dir="+to)
		if was.stdout != is.stdout || was.code != exitOK {
			t.Errorf("the export has %d bytes, and had %d", len(is.stdout), len(was.stdout))
		}
	}
	whole := filepath.Join(t.TempDir(), "whole")
	if got := again(dir, whole); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	same(dir, whole)

	begin := filepath.Join(t.TempDir(), "begin")
	if got := again(dir, begin, "--to-seq=135"); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	if got, all := batchesOf(t, begin), batchesOf(t, dir); !reflect.DeepEqual(got, all[:len(got)]) ||
		got[len(got)-1].Last() != 135 {
		t.Errorf("%d batches up to event %d", len(got), got[len(got)-1].Last())
	}

	// what came in several turns is one text
	seen, parts := filepath.Join(t.TempDir(), "seen.json"), ""
	for _, to := range []string{"--to-seq=100", "--to-seq=200", "--kind=*"} {
		parts += jobmondb(t, "replay", "-o", "ndjson", "--data-dir="+dir, "--cursor-file="+seen, to).stdout
	}
	turns := filepath.Join(t.TempDir(), "turns")
	if got := ask(parts, "import", "-", "--data-dir="+turns); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	same(dir, turns)

	for flag, says := range map[string]string{
		"--computer=PC-0001": "does not join event 0", "--from-seq=139": "event 139 does not join event 0",
		"--kind=configured,daemon-*,clock": "does not join event 3", "-n=5": "jobmon-db export",
		"--reverse": "does not join event 0",
	} {
		none := filepath.Join(t.TempDir(), "none")
		if got := again(dir, none, flag); got.code == exitOK || !strings.Contains(got.stderr, says) {
			t.Errorf("%s: %+v", flag, got)
		}
		if _, err := os.Stat(filepath.Join(none, "CURRENT")); err == nil {
			t.Errorf("%s: there is a log", flag)
		}
	}
}
