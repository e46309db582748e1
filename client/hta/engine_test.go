package hta_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dop251/goja"
)

// engine runs the logic of the monitor, without screen and Windows.
type engine struct {
	t  *testing.T
	vm *goja.Runtime
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{t, goja.New()}
	e.run(script(t, append(logic[:len(logic):len(logic)], "shapes")) + read(t, "testdata/story.js"))
	return e
}

func (e *engine) run(source string) goja.Value {
	e.t.Helper()
	value, err := e.vm.RunString(source)
	if err != nil {
		e.t.Fatalf("%v\n%.2000s", err, source)
	}
	return value
}

// gives runs an expression and gives its value as JSON.
func (e *engine) gives(source string) string {
	e.t.Helper()
	return e.run("JSON.stringify((" + source + "))").String()
}

// is compares the value of an expression with JSON.
func (e *engine) is(source, want string) {
	e.t.Helper()
	if got := e.gives(source); got != want {
		e.t.Errorf("%s\n gives %s\n  want %s", source, got, want)
	}
}

func TestParserTakesJSONOnly(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-1.5e+3`, `true`, `false`, `null`, ` [ 1 , 2 ] `, `{"a":{"b":[null,{"c":"d"}]}}`,
		`"\"\\\/\b\f\n\r\tA\ud83d\ude00"`,
		`{"a b":1,"":2}`, `1e308`, `[[[[[[[[[[[[]]]]]]]]]]]]`, "{\"a\":\t1}",
		`{"hasOwnProperty":1,"toString":2,"constructor":3}`,
	} {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is no JSON", text)
		}
		e.is("JobMon.parseJson("+quote(text)+")", e.gives("JSON.parse("+quote(text)+")"))
	}
	for _, text := range []string{
		``, ` `, `{`, `}`, `[`, `[1`, `[1,]`, `[,1]`, `[1 2]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{'a':1}`, `'a'`,
		`"a`, `"\x41"`, `"\u12"`, `"\u12g4"`,
		"\"a\nb\"", `01`, `+1`, `.5`, `1.`, `1e`, `--1`, `0x10`, `NaN`, `Infinity`, `undefined`, `tru`, `truex`, `nul`,
		`1 2`, `{}{}`, `[]]`, `// a`, `/**/1`,
		`alert(1)`, `(1)`, `[1](2)`, `{"a":1,"a":2}`, `{"hasOwnProperty":1,"hasOwnProperty":2}`, "\u00a01",
		`[[[[[[[[[[[[[]]]]]]]]]]]]]`, `this`, `new Date`, `"\`,
		strings.Repeat("[", 60000), strings.Repeat(`{"a":`, 10000),
	} {
		if got := e.gives("(function () { try { return ['taken', JobMon.parseJson(" + quote(text) +
			")]; } catch (e) { return 'refused'; } }())"); got != `"refused"` {
			t.Errorf("%.40q is taken as %s", text, got)
		}
	}
	e.is(`[{}.polluted, JobMon.parseJson('{"__proto__":{"polluted":1},"b":2}').polluted, `+
		`JobMon.parseJson('{"b":2}').b]`, `[null,null,2]`)
}

// Every golden file is read, and says what Go's reader says it does.
func TestGoldenFilesAreRead(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	found, err := filepath.Glob(golden + "*.evt")
	if err != nil || len(found) < 20 {
		t.Fatalf("%d golden files (%v)", len(found), err)
	}
	for _, path := range found {
		text := read(t, path)
		var f struct {
			Kind   string
			Seq    uint64
			Stages []struct{ State string }
		}
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal([]any{f.Kind, f.Seq, len(f.Stages)})
		if err != nil {
			t.Fatal(err)
		}
		e.is("(function (r) { return r.error || [r.file.kind, r.file.seq, (r.file.stages || []).length]; "+
			"}(JobMon.readEvt("+quote(text)+")))", string(want))
		e.is("look("+quote(text)+", 7).hero.name !== ''", "true")
	}
}

func TestOtherFilesAreRefusedInWords(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	running := read(t, golden+"running.evt")
	for _, c := range []struct{ text, want string }{
		{"", "empty"}, {"\x00\x00\x00\x00", "empty"}, {"\r\n", "empty"}, {"{", "cut"}, {running[:20], "cut"},
		{running[:len(running)/2], "cut"},
		{running[:len(running)-1], "cut"}, {running[:len(running)-2], "cut"}, {"hello", "foreign"},
		{"Office;1;Drivers;0", "foreign"}, {"<html>", "foreign"},
		{" " + running, "foreign"}, {"MZ\x90\x00", "foreign"}, {strings.Replace(running, `"v":1`, `"v":2`, 1), "newer"},
		{strings.Replace(running, `"v":1`, `"v":2`, 1)[:60], "newer"}, {strings.Replace(running, `"v":1`, `"v":0`, 1),
			"damaged"},
		{strings.Replace(running, `"v":1`, `"v":x`, 1), "damaged"}, {running + running, "damaged"},
		{running[:len(running)-2] + "}\r\n", "damaged"},
		{strings.Replace(running, "Office", "Öffice", 1), "damaged"},
		{strings.Replace(running, `"kind":"deployment"`, `"kind":"party"`, 1), "damaged"},
		{strings.Replace(running, `"current":3`, `"current":7`, 1), "damaged"},
		{strings.Replace(running, `"jobs":3`, `"jobs":"3"`, 1), "damaged"},
		{strings.Replace(running, `"jobs":3`, `"jobs":-3`, 1), "damaged"},
		{strings.Replace(running, `"jobs":3`, `"jobs":1.5`, 1), "damaged"},
		{strings.Replace(running, `"name":"Office 2024"`, `"name":["Office"]`, 1), "damaged"},
		{strings.Replace(running, `"at_local":"2026-11-22T14:12:05"`, `"at_local":"2026-11-22T25:12:05"`, 1),
			"damaged"},
		{strings.Replace(running, `"stages":[`, `"stages":{"a":[`, 1), "damaged"},
		{strings.Replace(running, `"settle_s":20,`, ``, 1), "damaged"},
		{strings.Replace(running, `"stages":[`, `"stages":[`+strings.Repeat(" ", 66000), 1), "large"},
		{strings.Replace(running, `"server"`, `"new":{"a":[1]},"server"`, 1), ""},
		{strings.Replace(running, `"online"`, `"asleep"`, 1), ""},
		{strings.Replace(running, `"state":"waiting"`, `"state":"dreaming"`, 1), ""},
	} {
		e.is("JobMon.readEvt("+quote(c.text)+").error || ''", plain(c.want))
	}
}

// plain gives a text as JSON.stringify does.
func plain(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// A file that was changed anywhere is refused or shown; it never breaks the reader or the view.
func FuzzFilesNeverBreakTheView(f *testing.F) {
	found, err := filepath.Glob(golden + "*.evt")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range found {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 8000 {
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := newEngine(t)
		e.is("(function (v) { return typeof v.hero.name + typeof v.age + (v.rows instanceof Array); }(look("+quote(
			text)+", 30)))", `"stringstringtrue"`)
	})
}
