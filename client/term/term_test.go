package term_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/clipperhouse/displaywidth"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func screen(t *testing.T, p *jobmon.Progress, o term.Options) string {
	t.Helper()
	var b strings.Builder
	if err := term.Screen(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func board(t *testing.T, pictures []jobmon.Progress, o term.Options) string {
	t.Helper()
	var b strings.Builder
	if err := term.Board(&b, pictures, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// computers are the examples as the pictures of different computers.
func computers() []jobmon.Progress {
	var list []jobmon.Progress
	for i, picture := range samples.Pictures() {
		p := *picture.Progress
		p.Computer.ID += jobmon.ComputerID(i)
		if p.Computer.Name == "CXNRD02" && i > 2 {
			p.Computer.Name = fmt.Sprintf("PC-%04d", i)
		}
		if picture.Name == "source-lost" {
			p.Seq = 5000
		}
		list = append(list, p)
	}
	return list
}

func TestScreens(t *testing.T) {
	for _, picture := range samples.Pictures() {
		if picture.Name == "many-stages" {
			picture.Progress = samples.ManyStages(20)
		}
		golden(t, "screen-"+picture.Name, screen(t, picture.Progress, term.Options{Width: 80}))
	}
	late := samples.Pictures()[2].Progress
	golden(t, "screen-utc", screen(t, late, term.Options{Width: 80, UTC: true}))
	golden(t, "screen-color", screen(t, late, term.Options{Width: 80, Color: true}))
	golden(t, "screen-pipe", screen(t, late, term.Options{}))
}

func TestBoards(t *testing.T) {
	for name, o := range map[string]term.Options{
		"80": {Width: 80}, "120": {Width: 120}, "pipe": {}, "color": {Width: 100, Color: true},
		"utc": {Width: 100, UTC: true},
	} {
		golden(t, "board-"+name, board(t, computers()[1:17], o))
	}
	golden(t, "board-names", board(t, computers(), term.Options{Width: 100}))
	golden(t, "board-empty", board(t, nil, term.Options{}))
}

// No name can command the terminal, break a line or push it beyond the edge.
func TestNothingEscapes(t *testing.T) {
	for _, width := range []int{0, 20, 36, 40, 50, 60, 79, 80, 81, 100, 200} {
		o := term.Options{Width: width}
		outputs := []string{board(t, computers(), o)}
		for _, p := range computers() {
			outputs = append(outputs, screen(t, &p, o))
		}
		for _, output := range outputs {
			for i, line := range strings.Split(output, "\n") {
				if strings.ContainsFunc(line, func(r rune) bool {
					return unicode.IsControl(r) ||
						unicode.Is(unicode.Bidi_Control, r)
				}) {
					t.Errorf("width %d, line %d: %q", width, i, line)
				}
				if n := displaywidth.String(line); width > 0 && n > max(width, 36) {
					t.Errorf("width %d: %d columns in %q", width, n, line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("width %d: blanks at the end of %q", width, line)
				}
			}
		}
	}
}

// Colour adds nothing but colour.
func TestColorOnlyPaints(t *testing.T) {
	paint := strings.NewReplacer("\x1b[1m", "", "\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "",
		"\x1b[0m", "")
	for _, width := range []int{0, 80} {
		plain, colored := term.Options{Width: width}, term.Options{Width: width, Color: true}
		if got, want := paint.Replace(board(t, computers(), colored)), board(t, computers(), plain); got != want {
			t.Errorf("board:\n%s\nwant\n%s", got, want)
		}
		for _, p := range computers() {
			if got, want := paint.Replace(screen(t, &p, colored)), screen(t, &p, plain); got != want {
				t.Errorf("screen:\n%s\nwant\n%s", got, want)
			}
		}
	}
}

func TestPlain(t *testing.T) {
	for name, want := range map[string]string{
		"Office 2024":               "Office 2024",
		"Büro 日本語 🚀 👩‍💻":            "Büro 日本語 🚀 👩‍💻",
		"\x1b[31mred\x1b[0m":        `\x1b[31mred\x1b[0m`,
		"tab\tline\r\nnul\x00":      `tab\tline\r\nnul\x00`,
		"\u202etxt.exe":             `\u202etxt.exe`,
		"a\u2028b\u2029c\u009bd":    `a\u2028b\u2029c\u009bd`,
		"soft\u00adhyphen\ufeffbom": `soft\u00adhyphen\ufeffbom`,
		"broken \xff UTF-8":         "broken \ufffd UTF-8",
		`quote ' and \ stay`:        `quote ' and \ stay`,
		"private \U000f0000 use":    `private \U000f0000 use`,
	} {
		if got := term.Plain(name); got != want {
			t.Errorf("Plain(%+q) = %q, want %q", name, got, want)
		}
	}
}

func TestWriterErrorsAreReturned(t *testing.T) {
	closed, w := io.Pipe()
	closed.Close()
	p := samples.Pictures()[1].Progress
	if err := term.Screen(w, p, term.Options{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if err := term.Board(w, []jobmon.Progress{*p}, term.Options{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
	if err := term.Board(w, nil, term.Options{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

// Times of the same day stand alone, others with their date: in the zone that is shown.
func TestOtherDaysHaveTheirDate(t *testing.T) {
	p := samples.Pictures()[1].Progress
	p.Session.Stages[0].Began = p.At.Add(-14 * 3600e9) // 00:12 local is still the day before in UTC
	if text := screen(t, p, term.Options{}); strings.Contains(text, "2026-11-21") ||
		!strings.Contains(text, "00:12-13:46") {
		t.Errorf("local:\n%s", text)
	}
	if text := screen(t, p, term.Options{UTC: true}); !strings.Contains(text, "2026-11-21 23:12-2026-11-22 12:46") ||
		!strings.Contains(text, "13:12:05 UTC,") {
		t.Errorf("UTC:\n%s", text)
	}
}
