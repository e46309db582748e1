package hta_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

var update = flag.Bool("update", false, "write the monitor and the golden files anew")

// parts are the scripts in the order in which they stand in the monitor; those of logic need neither screen nor
// Windows.
var (
	logic = []string{"base", "json", "evt", "times", "settings", "intake", "rows", "notices", "motion", "view"}
	parts = append(slices.Clone(logic), "shapes", "paint", "layout", "list", "hero", "code", "screen", "system", "main")
)

const languages = "en de fr"

func read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// pairs reads a language file, as settings.js does.
func pairs(t testing.TB, name string) (keys []string, values map[string]string) {
	t.Helper()
	values = map[string]string{}
	for line := range strings.Lines(read(t, name)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		key = strings.TrimSpace(key)
		if _, twice := values[key]; twice {
			t.Errorf("%s: %q comes twice", name, key)
		}
		keys, values[key] = append(keys, key), strings.TrimSpace(value)
	}
	return keys, values
}

// quote writes a text as a string of a script, in ASCII.
func quote(text string) string {
	b := new(strings.Builder)
	b.WriteByte('"')
	for _, unit := range utf16.Encode([]rune(text)) {
		switch {
		case unit == '"' || unit == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(unit))
		case unit < ' ' || unit > '~' || unit == '<':
			fmt.Fprintf(b, `\u%04x`, unit)
		default:
			b.WriteByte(byte(unit))
		}
	}
	b.WriteByte('"')
	return b.String()
}

// words is the part that holds the languages.
func words(t testing.TB) string {
	b := new(strings.Builder)
	b.WriteString("// The words of the screen, from client/hta/languages.\nJobMon.languages = {")
	for i, language := range strings.Fields(languages) {
		keys, values := pairs(t, "languages/"+language+".txt")
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "\n\t%s: {", language)
		for k, key := range keys {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, "\n\t\t%s: %s", quote(key), quote(values[key]))
		}
		b.WriteString("\n\t}")
	}
	b.WriteString("\n};\n")
	return b.String()
}

// script is what these parts make together, the languages in front of the last one.
func script(t testing.TB, parts []string) string {
	t.Helper()
	b := new(strings.Builder)
	for i, part := range parts {
		if i == len(parts)-1 {
			b.WriteString(words(t))
			b.WriteByte('\n')
		}
		b.WriteString(read(t, "src/"+part+".js"))
		if i < len(parts)-1 {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// The monitor is what its parts make, and what Go puts into the program.
func TestAssembled(t *testing.T) {
	t.Parallel()
	want := strings.Replace(read(t, "shell.hta"), "{{script}}\n", script(t, parts), 1)
	if *update {
		if err := os.WriteFile("JobMon.hta", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, "JobMon.hta"); got != want {
		t.Error("JobMon.hta is not what src and languages make: go generate ./client/hta")
	}
	if i := bytes.IndexFunc([]byte(want), func(r rune) bool {
		return r > '~' || r < ' ' && r != '\n' &&
			r != '\t'
	}); i >= 0 {
		t.Errorf("at byte %d is something else than ASCII, which the code page of a computer would change: %q", i,
			want[i:i+20])
	}
	body := want[strings.Index(want, "<script"):]
	if strings.Count(strings.ToLower(body), "</script") != 1 {
		t.Error("the script holds its own end")
	}
	if strings.Contains(strings.ToLower(want), "vbscript") || strings.Contains(want, "innerHTML") ||
		strings.Contains(want, "eval(") {
		t.Error("the monitor uses VBScript, innerHTML or eval")
	}
}

// A language has the words that English has, with the same places to fill.
func TestLanguagesAreWhole(t *testing.T) {
	t.Parallel()
	keys, english := pairs(t, "languages/en.txt")
	source := script(t, parts)
	for _, key := range keys {
		// Every word stands in the languages once; words of results, files and standing still are named by what the
		// file or the look at it said.
		made := strings.HasPrefix(key, "result.") || strings.HasPrefix(key, "file.") || strings.HasPrefix(key, "age") ||
			key == "letters" || strings.HasPrefix(key, "do.") && strings.Contains(source, `"`+key+`"`) ||
			slices.Contains([]string{"still.stage", "still.agent", "still.idle"}, key)
		if !made && strings.Count(source, `"`+key+`"`) <= len(strings.Fields(languages)) {
			t.Errorf("no part uses %q", key)
		}
	}
	for _, language := range strings.Fields(languages)[1:] {
		_, values := pairs(t, "languages/"+language+".txt")
		for _, key := range keys {
			if values[key] == "" {
				t.Errorf("%s: %q is missing", language, key)
				continue
			}
			for _, place := range places(english[key]) {
				if !strings.Contains(values[key], place) {
					t.Errorf("%s: %q has no %s", language, key, place)
				}
			}
		}
		if len(values) != len(keys) {
			t.Errorf("%s: %d words, English has %d", language, len(values), len(keys))
		}
	}
}

func places(text string) []string {
	var found []string
	for i, part := range strings.Split(text, "{") {
		if name, _, ok := strings.Cut(part, "}"); ok && i > 0 {
			found = append(found, "{"+name+"}")
		}
	}
	return found
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
