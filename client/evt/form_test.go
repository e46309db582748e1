package evt_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// shipped reads an example that ships.
func shipped(t testing.TB, name string) jobmon.Form {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../configs/templates", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return jobmon.Form{Template: string(text), Encoding: "utf-8", Newline: jobmon.NewlineCRLF}
}

func form(text string) jobmon.Form {
	return jobmon.Form{Template: text, Encoding: "utf-8", Newline: jobmon.NewlineLF}
}

// render writes a picture by a template.
func render(t testing.TB, f jobmon.Form, p *jobmon.Progress) (string, error) {
	t.Helper()
	p.Form = &f
	content, err := evt.Content(p, siteKey)
	return string(content), err
}

func TestExamplesThatShip(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"list", "line"} {
		form := shipped(t, name)
		if faults := evt.Check(form); faults != nil {
			t.Errorf("%s: %v", name, faults)
		}
		var all bytes.Buffer
		for _, picture := range samples.Pictures() {
			if strings.HasSuffix(picture.Name, "-names") || picture.Name == "many-stages" {
				continue
			}
			text, err := render(t, form, picture.Progress)
			if err != nil {
				t.Errorf("%s, %s: %v", name, picture.Name, err)
			}
			fmt.Fprintf(&all, "---- %s\r\n%s", picture.Name, text)
		}
		stopped, err := evt.Stopped(form, 5000123, "03. (JM) Office")
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(&all, "---- stopped\r\n%s", stopped)
		path := filepath.Join("testdata/forms", name+".txt")
		if *update {
			if err := os.WriteFile(path, all.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(want, all.Bytes()) {
			t.Errorf("%s: %v\n%s", name, err, all.String())
		}
	}
}

// The line stays one line with as many fields, whatever names hold.
func TestNamesCannotBreakTheLine(t *testing.T) {
	t.Parallel()
	form := shipped(t, "line")
	for _, picture := range samples.Pictures() {
		text, err := render(t, form, picture.Progress)
		if err != nil {
			t.Errorf("%s: %v", picture.Name, err)
			continue
		}
		if strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\r\n") || strings.Count(text, "|") != 11 ||
			!utf8.ValidString(text) {
			t.Errorf("%s: %q", picture.Name, text)
		}
	}
}

func TestWithoutATemplate(t *testing.T) {
	t.Parallel()
	p := samples.Pictures()[1].Progress
	want, err := evt.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []*jobmon.Form{nil, {}} {
		p.Form = form
		if got, err := evt.Content(p, nil); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s %v", got, err)
		}
	}
	if _, err := evt.Content(nil, nil); err == nil {
		t.Error("nothing was written")
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	p := samples.Pictures()[2].Progress // failed, with a late stage
	for text, want := range map[string]string{
		`{{.Computer.Name}} {{.Computer.ID}}`:                       "CXNRD02 5000123",
		`[{{pad 5 "ab"}}][{{padleft 5 12}}][{{pad 1 "abc"}}]`:       "[ab   ][   12][abc]",
		`[{{trunc 3 "äöüß"}}][{{trunc 9 "ab"}}][{{trunc -1 "ab"}}]`: "[äöü][ab][]",
		`{{ascii "Büro – Straße „x“ 5 € 日本 é ﬁ"}}`: `Buro - Strasse "x" 5 ` +
			`EUR ?? e fi`,
		`{{upper "büro"}}{{lower "ÄB"}}`:       "BÜROäb",
		`{{join "+" (pick "Name" .Failures)}}`: "",
		`{{join "+" (pick "Job" .Failures)}}`:  "Java plug-in",
		`{{join "," (pick "Jobs" .Stages)}}`:   "2,1,4,3,1,2,5,1",
		`{{local "dd.MM.yyyy HH:mm:ss" .Time}}|{{.TimeUTC}}`: "22.11.2026 " +
			"14:12:05|2026-11-22 13:12:05",
		`{{local "yy" .Session.Ended}}|{{.UTCOffset}}`: "|+01:00",
		`{{hms 3725}} {{hms 59}} {{hms 100000}} {{hms -61}}`: "1:02:05 0:00:59 27:46:40 " +
			"-0:01:01",
		`{{minutes .Session.Elapsed}} {{add 1 2}} {{sub 1 .Seq}}`:                         "32 3 -4711",
		`{{printf "%05d|%-4s|%x" 42 "ab" 255}}`:                                           "00042|ab  |ff",
		`{{html "<a>"}} {{urlquery "a b&c"}} {{js "'"}}`:                                  `&lt;a&gt; a+b%26c \'`,
		`{{print 1 2 "x"}}{{println "y"}}`:                                                "1 2xy\n",
		`{{range $i, $s := .Stages}}{{if eq $s.Number 5}}{{$i}}{{$s.Late}}{{end}}{{end}}`: "4true",
		`{{.Current.Number}}{{.Current.Name}} {{.Next.Number}}`:                           "4Installing Anti-virus 5",
		`{{with index .Failures 0}}{{.Stage}} {{.Code}} {{local "HH:mm" .Time}}{{end}}`:   "Install Plugins 1603 13:58",
		`{{range 3}}{{.}}{{end}}`:                                                         "012",
		"a\r\nb\nc":                                                                       "a\nb\nc",
	} {
		got, err := render(t, form(text), p)
		if text == `{{join "+" (pick "Name" .Failures)}}` {
			if err == nil {
				t.Errorf("%s: %q", text, got)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", text, got, want, err)
		}
	}
}

func TestEncodings(t *testing.T) {
	t.Parallel()
	p := samples.Pictures()[1].Progress
	p.Computer.Name = "Büro Łódź Привет 日 –€"
	for encoding, want := range map[string]string{
		"utf-8":        "Büro Łódź Привет 日 –€\r\n",
		"utf-8-bom":    "\xef\xbb\xbfBüro Łódź Привет 日 –€\r\n",
		"ascii":        "Buro Lodz ?????? ? -EUR\r\n",
		"windows-1252": "B\xfcro L\xf3dz ?????? ? \x96\x80\r\n",
		"windows-1250": "B\xfcro \xa3\xf3d\x9f ?????? ? \x96\x80\r\n",
		"windows-1251": "Buro Lodz \xcf\xf0\xe8\xe2\xe5\xf2 ? \x96\x88\r\n",
		"cp850":        "B\x81ro L\xa2dz ?????? ? -EUR\r\n",
		"iso-8859-15":  "B\xfcro L\xf3dz ?????? ? -\xa4\r\n",
	} {
		got, err := render(t, jobmon.Form{Template: "{{.Computer.Name}}\n", Encoding: encoding,
			Newline: jobmon.NewlineCRLF}, p)
		if err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", encoding, got, want, err)
		}
	}
	got, err := render(t, jobmon.Form{Template: "a🚀\n", Encoding: "utf-16le", Newline: jobmon.NewlineLF}, p)
	if err != nil || got != "\xff\xfea\x00\x3d\xd8\x80\xde\n\x00" {
		t.Errorf("%q %v", got, err)
	}
	for _, encoding := range jobmon.Encodings() { // all that the setting allows
		f := jobmon.Form{Template: "x", Encoding: encoding, Newline: jobmon.NewlineLF}
		if _, err := render(t, f, p); err != nil || evt.Check(f) != nil {
			t.Errorf("%s: %v %v", encoding, err, evt.Check(f))
		}
		if m := evt.MediaType(&f); !strings.HasPrefix(m, "text/plain; charset=") || strings.HasSuffix(m, "bom") {
			t.Errorf("%s: %s", encoding, m)
		}
	}
	if evt.Check(jobmon.Form{Template: "x", Encoding: "ebcdic"}) == nil {
		t.Error("an encoding that is not known")
	}
}

// A template cannot hold the daemon up, eat its memory, or fill the share.
func TestBounds(t *testing.T) {
	t.Parallel()
	p := samples.Pictures()[1].Progress
	for name, text := range map[string]string{
		"a loop without end": `{{range 1000000000}}{{end}}`,
		"loops in loops":     `{{range 100000}}{{range 100000}}{{range 100000}}x{{end}}{{end}}{{end}}`,
		"with a long round": `{{range 1000000}}` + strings.Repeat(`{{if eq "a" "b"}}x{{end}}`, 2000) +
			`{{end}}`,
		"templates that call others": `{{define "a"}}x{{end}}` + doubling() + `{{template "z" .}}`,
		"a template calling itself":  `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`,
		"two calling each other": `{{define "a"}}{{template "b"}}{{end}}{{define "b"}}{{template ` +
			`"a"}}{{end}}{{template "a"}}`,
		"a wide number":          `{{printf "%999999d" 1}}`,
		"many of them":           `{{range 100000}}{{$x := printf "%60000d" 1}}{{end}}`,
		"a width from elsewhere": `{{range 100000}}{{$x := printf "%*d" 900000 1}}{{end}}`,
		"one text many times": `{{$x := printf "%60000d" 1}}{{$y := printf "` + strings.Repeat("%[1]s", 5000) +
			`" $x}}`,
		"a text that doubles":     `{{$x := "xxxxxxxx"}}{{range 100}}{{$x = print $x $x}}{{end}}`,
		"replacing":               `{{$x := printf "%60000d" 1}}{{$x = replace " " $x $x}}`,
		"padding":                 `{{pad 999999999999 "x"}}`,
		"a long file":             `{{range 70000}}x{{end}}`,
		"a template that is long": strings.Repeat("x", evt.MaxBytes+1),
		"not UTF-8":               "a\nb \xff",
	} {
		got, err := render(t, form(text), p)
		if !errors.Is(err, evt.ErrTemplate) || got != "" {
			t.Errorf("%s: %.40q, %v", name, got, err)
		}
		if faults := evt.Check(form(text)); len(faults) == 0 || len(faults) > 20 {
			t.Errorf("%s: %v", name, faults)
		}
	}
	if got, err := render(t, form(`{{range 60000}}x{{end}}`), p); err != nil || len(got) != 60000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := render(t, jobmon.Form{Template: `{{range 60000}}x{{end}}`, Encoding: "utf-16le"}, p); err == nil {
		t.Error("twice the bytes")
	}
}

// doubling defines templates each of which calls the one before twice, up to z.
func doubling() string {
	var b strings.Builder
	for c := byte('b'); c <= 'z'; c++ {
		fmt.Fprintf(&b, `{{define "%c"}}{{template "%c"}}{{template "%c"}}{{end}}`, c, c-1, c-1)
	}
	return b.String()
}

// Everything that is wrong is reported at once, with its place.
func TestCheckNamesAllFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "{{.Computer.Name}}", nil},
		{"a brace too few", "a\nb {{.Seq", []string{"line 2: unclosed action"}},
		{"an end too few", "{{if .Stale}}", []string{"line 1: unexpected EOF"}},
		{"a function that is none", "{{padlef 3 .Seq}}",
			[]string{"line 1: there is no function padlef; did you mean \"padleft\"?"}},
		{"misspelt fields", "{{.Computr.Name}}\n{{.Sequence}} {{range .Stages}}\n{{.Nmae}}{{end}}", []string{
			"line 1: there is no field Computr; did you mean \"Computer\"?",
			"line 2: there is no field Sequence; see docs/",
			"line 3: there is no field Nmae; did you mean \"Name\"?",
		}},
		{"in a branch that is seldom taken",
			`{{if eq .Computer.ID 7}}{{.Nope}}{{else if eq .Computer.ID 8}}{{with .Why}}{{.Knd}}{{end}}{{end}}`,
			[]string{
				"line 1: there is no field Knd; did you mean \"Kind\" or", "line 1: there is no field Nope",
			}},
		{"in texts and comments they are none", "a.Foo{{/* .Foo */}}{{\".Foo\"}}{{`\n.Foo`}}", nil},
		{"a field of something else", "\n{{.Session.Name}}",
			[]string{"line 2: .Session.Name: there is no field Name in it"}},
		{"a field of a text", "{{.Time.Name}}", []string{".Time.Name: can't evaluate field Name in type"}},
		{"a field of a list", "{{.Stages.Name}}", []string{".Stages.Name: can't evaluate field Name in type"}},
		{"the wrong kind", `{{trunc .Computer.Name 3}}`, []string{"wrong type for value; expected int; got string"}},
		{"too few", `{{trunc 3}}`, []string{"wrong number of args for trunc"}},
		{"printing a list", "{{print .Stages}}", []string{"only texts and numbers"}},
		{"picking what is not there", `{{pick "Nam" .Stages}}`,
			[]string{"there is no field Nam; did you mean \"Name\"? (for a picture of this kind: "}},
		{"a place that is not always there", "{{(index .Stages 0).Name}}",
			[]string{"(for a picture of this kind: stopped)"}},
		{"guarded it is fine", "{{if .Stages}}{{(index .Stages 0).Name}}{{end}}", nil},
		{"in a template of its own", "{{define \"x\"}}\n{{.Nam}}{{end}}{{range .Stages}}{{template \"x\" .}}{{end}}",
			[]string{
				"line 2: there is no field Nam; did you mean \"Name\"?",
			}},
		{"a template that is not there", `{{template "x"}}`, []string{"template \"x\" not defined"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := evt.Check(form(c.text))
			if len(faults) != len(c.want) {
				t.Fatalf("%q", faults)
			}
			for i, f := range faults {
				if !strings.Contains(f.Error(), c.want[i]) {
					t.Errorf("%v, want %s", f, c.want[i])
				}
			}
		})
	}
}

// No template ends the daemon, and none gives other bytes the second time.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{
		"{{.Computer.Name}}", `{{range $i, $s := .Stages}}{{pad $i $s.Name}}{{end}}`, `{{printf "%*[1]d" 7}}`,
		`{{define "a"}}{{.}}{{end}}{{template "a" .}}`,
		`{{with $x := .Later}}{{$x}}{{break}}{{end}}`, `{{\x00}}`, `{{slice "abc" 1 2}}`, `{{call .}}`,
		`{{block "b" .Why}}{{end}}`, `{{index .Stages 99}}`,
	} {
		f.Add(text)
	}
	f.Add(shipped(f, "list").Template)
	f.Add(shipped(f, "line").Template)
	p := samples.Pictures()[2].Progress
	f.Fuzz(func(t *testing.T, text string) {
		first, err := render(t, form(text), p)
		if len(first) > evt.MaxBytes || err != nil && !errors.Is(err, evt.ErrTemplate) {
			t.Errorf("%d bytes, %v", len(first), err)
		}
		if again, _ := render(t, form(text), p); again != first {
			t.Errorf("%q, then %q", first, again)
		}
		evt.Check(form(text))
	})
}
