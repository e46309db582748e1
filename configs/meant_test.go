package configs_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// What a file says and YAML reads otherwise is reported with its line, the reason and the form that works.
func TestWhatCannotBeMeant(t *testing.T) {
	t.Parallel()
	const nbsp = "\u00a0"
	for _, c := range []struct {
		content string
		line    int
		words   string
	}{
		// Escapes of double quotes.
		{"evt:\n  dir: \"\\\\ds01\\express\\temp\"\n", 2,
			`has \e in double quotes, which is no backslash there but another character; write it in single quotes: ` +
				`'\\ds01\express\temp'`},
		{"evt:\n  dir: \"C:\\temp\\new\"\n", 2, `single quotes: 'C:\temp\new'`},
		{"evt.dir: \"D:\\Program\"\n", 1, `has \P in`},
		{"evt.dir: \"D:\\x64\"\n", 1, `has \x in`},
		{"evt.dir: \"C:\\u0041\"\n", 1, `has \u in`},
		{"evt.dir: \"\\\\ds01\\\\express\"\n", 1, `a share begins with two, \\ds01\express`},
		{"evt.dir: \"C:\\wrong\"\n", 1, "single quotes"},
		{"evt.dir: \"C:\\users\"\n", 1, "single quotes"},
		{"jobs:\n  marker: \"\\bJM\\b\"\n", 2, `single quotes: '\bJM\b'`},
		{"source.server: \"ds\\new\"\n", 1, `'ds\new'`},
		{"source:\n  server: ds\n  user: jm\n  password: \"Geheim\\tX\"\n", 4,
			"(hidden) has a backslash in double quotes"},
		{"jobs.success: [0, \"\\x31\"]\n", 1, `has \x in`},
		// Quotes that became a part of the value.
		{"evt.dir: “D:\\temp”\n", 1, `leave them out: D:\temp`},
		{"evt.dir: '“D:\\temp”'\n", 1, `leave them out: D:\temp`},
		{"evt.dir: D:\\temp”\n", 1, `leave it out: D:\temp`},
		{"site: „Zürich“\n", 1, "typographic quotes"},
		{"jobs.marker: «\\(JM\\)»\n", 1, "typographic quotes"},
		{"source: {server: ds, user: jm, password: ‘Geheim’}\n", 1, "(hidden) stands in typographic quotes"},
		{"evt.dir: '\"D:\\temp\"'\n", 1, `leave them out: D:\temp`},
		// Spaces that are none.
		{"source:\n" + nbsp + " " + nbsp + " kind: simulator\n", 2, "a no-break or other special space (U+00A0)"},
		{"source:\n  kind:" + nbsp + "simulator\n", 2, "U+00A0"},
		{"site:" + nbsp + "x\n", 1, "U+00A0"},
		{"source:\n  kind" + nbsp + ": simulator\n", 2, "U+00A0"},
		{"source: {kind:" + nbsp + "simulator}\n", 1, "U+00A0"},
		{"source: {server: x, kind:" + nbsp + "simulator}\n", 1, "U+00A0"},
		{"endpoint:\n  allow:\n    -" + nbsp + "S-1-5-20\n", 3, "U+00A0"},
		{"site: DS01" + nbsp + "\n", 1, "U+00A0"},
		{"site: a\nsession:\n  gap: 30" + nbsp + "m\n", 3, "U+00A0"},
		{"evt.dir: \u202aC:\\temp\n", 1, "an invisible character (U+202A)"},
		{"evt.dir: '\u200bC:\\temp'\n", 1, "an invisible character (U+200B)"},
		{"source: {server: ds, user: jm, password: Geheim" + nbsp + "}\n", 1, "(hidden) holds a no-break"},
		// What YAML takes for something else than a value.
		{"source:\n  server: ds\n  user: jm\n  password: !Geheim\n", 4, "begins with !"},
		{"source: {server: ds, user: jm, password: ! Geheim}\n", 1, "begins with !"},
		{"source:\n  password: !<Geheim\n", 2, "single quotes"},
		{"source:\n  server: ds\n  user: jm\n  password: &Geheim\n", 4, "begins with &"},
		{"source:\n  server: ds\n  user: jm\n  password: &Ge heim\n", 4, "begins with &"},
		{"source:\n  password: &Geh*im\n", 2, "single quotes"},
		{"source:\n  server: ds\n  user: jm\n  password: #Geheim\n", 4, "is empty: # begins a comment"},
		{"source:\n  server: ds\n  user: jm\n  password: Was #Geheim\n", 4, "ends before #"},
		{"source:\n  server: ds\n  user: jm\n  password: ~\n", 4, "means no value"},
		{"source:\n  server: ds\n  user: jm\n  password: |\n    Geheim\n", 4, "one line"},
		{"source:\n  server: ds\n  user: jm\n  password: Geheim\n    noch\n", 4, "one line"},
		{"source:\n  server: ds\n  user: jm\n  password: 'Geheim\n    noch'\n", 4, "one line"},
		{"source:\n  server: ds\n  user: jm\n  password: [Geheim]\n", 4, "single quotes"},
		{"source:\n  password: |Geheim\n", 2, "single quotes"},
		{"source:\n  password: @Geheim\n", 2, "single quotes"},
		{"source:\n  password: - Geheim\n", 2, "single quotes"},
		{"source:\n  password: 'Geheim's'\n", 2, "''"},
		{"source:\n  password: \"Geheim\"s\n", 2, "single quotes"},
		{"source:\n  server: ds\n  user: jm\n  password: \"\"#Geheim\"\n", 4, "ends before #"},
		{"source:\n  server: ds\n  user: jm\n  password: 'Was'#Geheim\n", 4, "ends before #"},
		{"site: !x y\n", 1, "begins with !"},
		{"site: DS #1\n", 1, "ends before #"},
		{"evt.dir: #share\n", 1, "is empty"},
		// Paths that name no certain place.
		{"evt.dir: ~/evt\n", 1, "home folder"},
		{"evt.dir: '\\temp'\n", 1, `a folder with its drive, C:\temp`},
		// Patterns.
		{"jobs:\n  marker: (JM)\n", 2,
			`(JM) is a group and matches the same as without its parentheses; if they are part of the name write ` +
				`\(JM\), else (?:JM)`},
		{"jobs.build: '(?i)Build (x) [(]'\n", 1, `write \(x\)`},
		{"jobs.marker: '.*'\n", 1, "matches every name"},
		{"jobs.marker: '\\bJM|'\n", 1, "matches every name"},
		{"jobs.marker: '*JM*'\n", 1, "any text is .*"},
		// Durations and lists.
		{"session.gap: 30\n", 1, "30m minutes"},
		{"session.gap: 30 min\n", 1, "write 30m"},
		{"session.gap: 1,5h\n", 1, "write 1.5h"},
		{"session.stuck: 2 days\n", 1, "write 2d"},
		{"source.start_time_zone: europe/berlin\n", 1, "write Europe/Berlin"},
		{"source.start_time_zone: UTC+1\n", 1, "write +01:00"},
		{"source.start_time_zone: -0530\n", 1, "write -05:30"},
		{"source.start_time_zone: +15:00\n", 1, "more than 14 h"},
		{"source.start_time_zone: W. Europe Standard Time\n", 1, "IANA name"},
		{"source.start_time_zone: Local\n", 1, "Europe/Berlin"},
		{"jobs.success: 0 3010 1641\n", 1, "commas are missing: 0, 3010, 1641"},
	} {
		_, err := load(configs.LoadOptions{File: write(t, c.content)})
		if err == nil || !strings.Contains(err.Error(), c.words) ||
			!strings.Contains(err.Error(), fmt.Sprintf(", line %d: ", c.line)) {
			t.Errorf("%q\n  gives %v\n  want line %d and %q", c.content, err, c.line, c.words)
		}
		if err != nil && (strings.Contains(err.Error(), "Geh") || strings.Count(err.Error(), "\n") != 1) {
			t.Errorf("%q gives a part of the password, or more than one problem:\n%v", c.content, err)
		}
	}
}

// The forms that the messages recommend work, and so does what only looks strange.
func TestWhatIsMeant(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`evt.dir: '\\ds01\express\temp'`:            `evt.dir=\\ds01\express\temp`,
		`evt.dir: \\ds01\express\temp # the share`:  `evt.dir=\\ds01\express\temp`,
		`evt.dir: "\\\\ds01\\express\\temp"`:        `evt.dir=\\ds01\express\temp`,
		`evt.dir: D:\L’Oréal`:                       `evt.dir=D:\L’Oréal`,
		"evt.dir: 'D:\\a\u00a0b'":                   "evt.dir=D:\\a\u00a0b",
		`jobs.marker: \(JM\)`:                       `jobs.marker=\(JM\)`,
		`jobs.marker: "\\(JM\\)"`:                   `jobs.marker=\(JM\)`,
		`jobs.marker: '(?i)\((JM|Monitor)\)'`:       `jobs.marker=(?i)\((JM|Monitor)\)`,
		`jobs.marker: '^(?:JM)(\d+)?[)(]\Q(x)\E'`:   `jobs.marker=^(?:JM)(\d+)?[)(]\Q(x)\E`,
		`jobs.marker: '^(\d+)\. \(JM\)'`:            `jobs.marker=^(\d+)\. \(JM\)`,
		`jobs.marker: '[]()]JM[^]()]'`:              `jobs.marker=[]()]JM[^]()]`,
		`site: "Z\u00fcrich"`:                       `site=Zürich`,
		`site: !!str 0123`:                          `site=0123`,
		`site: '„Zürich“ Nord'`:                     `site=„Zürich“ Nord`,
		`site: DS 01 # the first`:                   `site=DS 01`,
		`source.start_time_zone: +01:00`:            `source.start_time_zone=+01:00`,
		`source.start_time_zone: UTC`:               `source.start_time_zone=UTC`,
		`session.stuck: 2d`:                         `session.stuck=2d`,
		`session.stuck: 1d12h`:                      `session.stuck=36h`,
		`backup: {every: 7d, dir: x}`:               `backup.every=7d`,
		`source.reconcile: 0.5d`:                    `source.reconcile=12h`,
		`history.keep: 8760h`:                       `history.keep=365d`,
		`history.keep: Forever`:                     `history.keep=forever`,
		"site: x\nsource.password: # none is given": `site=x`,
	} {
		key, text, _ := strings.Cut(want, "=")
		c, err := load(configs.LoadOptions{File: write(t, content+"\n")})
		if key == "evt.dir" && runtime.GOOS != "windows" { // read as it is meant, and then refused
			if err == nil || !strings.Contains(err.Error(), "path of Windows") ||
				!strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
				t.Errorf("%s: %v", content, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", content, err)
			continue
		}
		if got := value(t, c, key).Text; got != text && !strings.HasSuffix(got, string(filepath.Separator)+text) {
			t.Errorf("%s is %q; want %q", content, got, text)
		}
	}
}

// A path of Windows is no folder elsewhere, wherever it is given.
func TestPathsOfWindows(t *testing.T) {
	t.Parallel()
	for _, path := range []string{`C:\\ProgramData\\jobmon-db`, "C:", "D:/evt", `\\\\ds01\\eXpress`, "//ds01/eXpress",
		`data\\evt`} {
		path = strings.ReplaceAll(path, `\\`, `\`)
		err := configs.Check(configs.Setting{Key: "evt.dir", Text: path})
		if (err == nil) != (runtime.GOOS == "windows") || err != nil &&
			!strings.Contains(err.Error(), "mounted first") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := configs.Check(configs.Setting{Key: "evt.dir", Text: t.TempDir()}); err != nil {
		t.Error(err)
	}
}

// A password comes out of the file as it was put in, or is refused; never a part of it.
func TestEveryPasswordIsWholeOrRefused(t *testing.T) {
	t.Parallel()
	file := write(t, "")
	lawtest.Check(t, func(t *rapid.T) {
		password := rapid.StringMatching("[ -~]{1,12}").Draw(t, "password")
		style := rapid.SampledFrom([]string{"%s", "\"%s\"", "'%s'"}).Draw(t, "style")
		content := fmt.Sprintf("source:\n  server: ds\n  user: jm\n  password: "+style+"\n  database: x\n", password)
		c, err := configs.Load(configs.LoadOptions{File: file, Content: []byte(content)})
		if err != nil {
			return
		}
		got := c.Source.Password.Reveal()
		// YAML takes a pair of quotes off, blanks at the ends, and a comment with a space behind its #
		if style == "%s" {
			password, _, _ = strings.Cut(password, " # ")
			password = strings.TrimSuffix(strings.TrimSpace(password), " #")
			password = strings.TrimSpace(strings.TrimSuffix(password, " #"))
			if len(password) > 1 && strings.ContainsRune(`"'`, rune(password[0])) &&
				password[0] == password[len(password)-1] || strings.HasPrefix(password, "#") {
				return
			}
			password = strings.TrimPrefix(password, "!!str ")
		}
		password = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\/`, "/", `''`, "'").Replace(password)
		if strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\/`, "/", `''`, "'").Replace(got) != password {
			t.Errorf("%q became %q", content, got)
		}
	})
}

// A relative path in the file begins at the file's folder, one that is given otherwise at the current folder.
func TestRelativePaths(t *testing.T) {
	t.Parallel()
	file := write(t, "data_dir: data\nevt:\n  dir: ./evt\nlog.file: ../x.log\n")
	dir := filepath.Dir(file)
	c := mustLoad(t, configs.LoadOptions{File: file, Env: []string{"JOBMON_BACKUP_DIR=b"},
		Flags: flags(t, "--source-tls-ca=ca.pem")})
	for key, want := range map[string]string{
		"data_dir": filepath.Join(dir, "data"), "evt.dir": filepath.Join(dir, "evt"),
		"log.file":   filepath.Join(filepath.Dir(dir), "x.log"),
		"backup.dir": abs(t, "b"), "source.tls.ca": abs(t, "ca.pem"),
	} {
		if got := value(t, c, key).Text; got != want {
			t.Errorf("%s is %s; want %s", key, got, want)
		}
	}
}

func TestEveryEncodingOfTheFile(t *testing.T) {
	t.Parallel()
	content := strings.ReplaceAll(string(configs.Example()), "\n#site:", "\nsite: Zürich")
	var little []byte
	for _, unit := range utf16.Encode([]rune(content)) {
		little = binary.LittleEndian.AppendUint16(little, unit)
	}
	for _, text := range []string{content, "\ufeff" + content, string(little), "\xff\xfe" + string(little)} {
		if got := mustLoad(t, configs.LoadOptions{File: write(t, text)}).Site; got != "Zürich" {
			t.Errorf("%q", got)
		}
		edited, err := configs.Edit("f.yaml", []byte(text), []configs.Setting{{Key: "source.server", Text: "ds"}})
		if err != nil || !strings.Contains(string(edited), "\n  server: 'ds'\n") ||
			!strings.Contains(string(edited), "Zürich") {
			t.Errorf("%v\n%.300q", err, edited)
		}
		if same, err := configs.Edit("f.yaml", []byte(text),
			[]configs.Setting{{Key: "site", Text: "Zürich"}}); err != nil || string(same) != text {
			t.Errorf("what needs no change is changed: %v\n%.300q", err, same)
		}
	}
	wrong := problems(t, configs.LoadOptions{File: write(t, "site: x\r\n"+string(little))})
	if len(wrong) != 1 || wrong[0].Origin.Line != 2 || !strings.Contains(wrong[0].Reason, "mixes UTF-16 and UTF-8") {
		t.Errorf("%v", wrong)
	}
}

func TestDaysAreDurationsEverywhere(t *testing.T) {
	t.Parallel()
	for _, k := range configs.Keys() {
		if k.Type != "duration" {
			continue
		}
		c, err := load(configs.LoadOptions{Env: []string{k.Env() + "=36525d"}})
		if err == nil || strings.Contains(err.Error(), "unit is missing") ||
			!strings.Contains(err.Error(), "m, h, d) from") {
			t.Errorf("%s: %v, %v", k.Name, c, err)
		}
	}
	if keep, err := configs.ParseKeep("400d"); err != nil || keep != 400*24*time.Hour {
		t.Errorf("%v, %v", keep, err)
	}
}
