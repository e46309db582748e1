package hta_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// A JScript engine of old, and the real file object of scripts, on files of every kind: what the monitor reckons there
// is what it reckons in the tests' own engine.
func TestMonitorReadsFilesInWine(t *testing.T) {
	t.Parallel()
	wine := os.Getenv("JOBMON_TEST_WINE")
	if wine == "" {
		t.Skip("JOBMON_TEST_WINE does not name a wine to run cscript with")
	}
	folder := t.TempDir()
	running := read(t, golden+"running.evt")
	put := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name), text)
	}
	put("empty.evt", "")
	put("folder.evt/inside", "")
	put("half.evt", running[:len(running)/2])
	put("huge.evt", running[:100]+strings.Repeat("x", 3<<20))
	put("foreign.evt", "MZ\x90\x00\x03\xff\xfe")
	put("newer.evt", strings.Replace(running, `"v":1`, `"v":2`, 1))
	ini := "# settings\r\ntitle = Büro Straße\r\nsupport = 12345\r\n"
	put("utf8.ini", "\ufeff"+ini)
	put("western.ini", strings.NewReplacer("ü", "\xfc", "ß", "\xdf").Replace(ini))
	put("utf16.ini", littleEndian("\ufeff"+ini))

	e := newEngine(t)
	want, names := []string{"frames " + e.run("frames()").String()}, []string{}
	for _, from := range []string{golden, "testdata/story/"} {
		found, err := filepath.Glob(from + "*.evt")
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", from, err)
		}
		to := "golden"
		if from != golden {
			to = "story"
			e.run("var s = new Story({ language: 'de' }).file(null).pass(5)")
		}
		for _, path := range found {
			text, name := read(t, path), filepath.Base(path)
			put(to+"/"+name, text)
			name = to + `\` + name
			names = append(names, name)
			if from == golden {
				want = append(want, name+" "+ascii(e.run("summary("+quote(text)+")").String()))
			} else {
				want = append(want, name+" "+ascii(
					e.run("s.pass(20).file("+quote(text)+"), s.view().hero.name + ' ' + s.view().done").String()))
			}
		}
	}
	want = append(want, "reached the end, all is well")
	put("names.txt", strings.Join(names, "\n"))
	source := script(t, append(logic[:len(logic):len(logic)], "system")) + read(t, "testdata/story.js") +
		read(t, "testdata/cscript.js")
	put("monitor.js", source)

	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	windows := func(path string) string { return "Z:" + strings.ReplaceAll(path, "/", `\`) }
	command := exec.CommandContext(ctx, wine, "cscript", "/nologo", windows(filepath.Join(folder, "monitor.js")),
		windows(folder))
	var errs bytes.Buffer
	command.Stderr = &errs
	command.Env = append(os.Environ(), "WINEDEBUG=-all")
	said, err := command.Output()
	got := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(said), "\r\n", "\n")), "\n")
	if err != nil || got[len(got)-1] != want[len(want)-1] {
		t.Errorf("cscript did not end well: %v\n%s", err, errs.String())
	}
	for i := range max(len(got), len(want)) {
		if g, w := at(got, i), at(want, i); g != w {
			same := 0
			for same < min(len(g), len(w)) && g[same] == w[same] {
				same++
			}
			same = max(0, same-60)
			t.Fatalf("line %d, from byte %d\n got %.300s\nwant %.300s", i, same, g[same:], w[same:])
		}
	}
}

// The live feed follows no redirection to another host: WinHTTP would take the token along.
func TestMonitorFollowsNoRedirectionInWine(t *testing.T) {
	t.Parallel()
	wine := os.Getenv("JOBMON_TEST_WINE")
	if wine == "" {
		t.Skip("JOBMON_TEST_WINE does not name a wine to run cscript with")
	}
	elsewhere := httptest.NewServer(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) }))
	defer elsewhere.Close()
	asked := make(chan string, 9)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "live.js"), "var JobMon = {};"+script(t, []string{"base", "system"})+`
		var live = JobMon.makeLive(function (name) { return new ActiveXObject(name); }), found = null, i;
		JobMon.largest = 65536;
		live.ask("`+server.URL+`/evt/1", "", true, 0);
		for (i = new Date().getTime(); new Date().getTime() - i < 20000 && found === null;) {
			found = live.look(1);
		}
		WScript.Echo(found === null ? "no answer" : found.error || "good");`)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, wine, "cscript", "/nologo",
		"Z:"+strings.ReplaceAll(filepath.Join(folder, "live.js"), "/", `\`))
	command.Env = append(os.Environ(), "WINEDEBUG=-all")
	said, err := command.Output()
	if err != nil || strings.TrimSpace(string(said)) != "live" || len(asked) != 1 {
		t.Errorf("%q, %v; asked %d times", said, err, len(asked))
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

func littleEndian(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

// ascii writes a text as testdata/cscript.js does.
func ascii(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		if unit > 31 && unit < 127 {
			b.WriteByte(byte(unit))
		} else {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
