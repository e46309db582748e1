package command

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestOut: with --out the file holds what the standard output would, and is replaced whole or not at all.
func TestOut(t *testing.T) {
	t.Parallel()
	dir := watched(t)
	path := filepath.Join(t.TempDir(), "result")
	for _, args := range [][]string{
		{"replay"}, {"replay", "-o", "csv"}, {"replay", "-o", "json", "--reverse"}, {"replay", "sessions", "-o", "csv"},
		{"replay", "stats", "-o", "ndjson"},
		{"replay", "diff", "13:10", "13:50", "--utc"}, {"replay", "waterfall", "PC-0001", "-o", "html"},
	} {
		args = append(args, "--data-dir="+dir)
		want := jobmondb(t, args...)
		got := jobmondb(t, append(args, "--out", path)...)
		text, err := os.ReadFile(path)
		if err != nil || want.code != exitOK || got.code != exitOK || string(text) != want.stdout || got.stdout != "" ||
			got.stderr != want.stderr {
			t.Errorf("%v: %v, %+v; the file has %d bytes, the standard output %d", args, err, got, len(text),
				len(want.stdout))
		}
		for _, failing := range [][]string{{"--since=nonsense"}, {"--log=" + filepath.Join(dir, "none.db")}} {
			before, _ := os.ReadFile(path)
			if got := jobmondb(t, append(append(args, "--out", path), failing...)...); got.code == exitOK {
				t.Errorf("%v: %+v", args, got)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("%v: a failure changed the file: %v", args, err)
			}
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if got := jobmondb(t, "replay", "-f", "--out", path, "--data-dir="+dir); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
	if got := jobmondb(t, "replay", "--out", filepath.Join(dir, "none", "x"),
		"--data-dir="+dir); got.code != exitFailed {
		t.Errorf("%+v", got)
	}
}

// TestOutOfACallThatIsCutOff: Ctrl-C leaves the file, and a cursor, as they were.
func TestOutOfACallThatIsCutOff(t *testing.T) {
	t.Parallel()
	dir, files := watched(t), t.TempDir()
	path, cursor := filepath.Join(files, "out"), filepath.Join(files, "cursor")
	call := func(ctx context.Context) int {
		var out, messages bytes.Buffer
		return Main(ctx, []string{"replay", "--cursor-file", cursor, "--out", path, "--data-dir=" + dir}, nil,
			strings.NewReader(""), &out, &messages)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if code := call(ctx); code == exitOK {
		t.Error("it succeeded")
	}
	if left, err := os.ReadDir(files); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if code := call(t.Context()); code != exitOK {
		t.Errorf("code %d", code)
	}
	text, err := os.ReadFile(path)
	if _, missing := os.Stat(cursor); err != nil || missing != nil || len(text) == 0 {
		t.Errorf("%d bytes, %v", len(text), errors.Join(err, missing))
	}
}

// TestImportOfWhatWindowsWrites: a byte order mark does no harm, and UTF-16 is named.
func TestImportOfWhatWindowsWrites(t *testing.T) {
	t.Parallel()
	dir, path := watched(t), filepath.Join(t.TempDir(), "events.ndjson")
	text := jobmondb(t, "export", "--data-dir="+dir).stdout
	write(t, path, "\ufeff"+strings.ReplaceAll(text, "\n", "\r\n"))
	if got := jobmondb(t, "import", path, "--data-dir="+t.TempDir()); got.code != exitOK {
		t.Errorf("with a mark: %+v", got)
	}
	for name, mark := range map[string]string{"little": "\xff\xfe", "big": "\xfe\xff", "none": ""} {
		wide := []byte(mark)
		for _, unit := range utf16.Encode([]rune(text)) {
			if low, high := byte(unit), byte(unit>>8); name == "big" {
				wide = append(wide, high, low)
			} else {
				wide = append(wide, low, high)
			}
		}
		write(t, path, string(wide))
		fresh := t.TempDir()
		if got := jobmondb(t, "import", path, "--data-dir="+fresh); got.code == exitOK ||
			!strings.Contains(got.stderr, "it is UTF-16") {
			t.Errorf("%s: %+v", name, got)
		}
		if left, err := os.ReadDir(fresh); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}
