package configs_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/jobmon-db/jobmon-db/configs"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestAllProblemsAtOnce(t *testing.T) {
	file := write(t, `data_dir: /var/lib/jobmon-db
soruce:
  kind: simulator
source:
  poll_intervall: 5s
  timeout: 15
  tables: event
poll_interval: 5s
evt:
  takeover: perhaps
  dir: [a, b]
jobs:
  success: [0, [3010]]
  marker: '(JM'
log.level: loud
log:
  level: debug
nothing_like_it: 1
`)
	env := []string{"JOBMON_SITE=" + strings.Repeat("x", 99), "JOBMON_SOURCE_POLL_INTERVALL=7s", "JOBMON_QUIET=1h",
		"JOBMON_TEST_ANYTHING=1", "JOBMONITOR=1"}
	wrong := problems(t, configs.LoadOptions{File: file, Env: env,
		Flags: flags(t, "--log-format=xml", "--session-gap=1")})
	var got []string
	for _, p := range wrong {
		got = append(got, fmt.Sprintf("%s|%d|%s|%s", p.Origin.Layer, p.Origin.Line, p.Key, p.Value))
	}
	want := []string{
		"file|2|soruce|",
		"file|5|source.poll_intervall|5s",
		"file|6|source.timeout|15",
		"file|7|source.tables|",
		"file|8|poll_interval|5s",
		"file|10|evt.takeover|perhaps",
		"file|11|evt.dir|",
		"file|13|jobs.success|",
		"file|14|jobs.marker|(JM",
		"file|15|log.level|loud",
		"file|17|log.level|",
		"file|18|nothing_like_it|1",
		"environment|0|JOBMON_QUIET|1h",
		"environment|0|site|" + strings.Repeat("x", 99),
		"environment|0|JOBMON_SOURCE_POLL_INTERVALL|7s",
		"flag|0|log.format|xml",
		"flag|0|session.gap|1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	_, err := load(configs.LoadOptions{File: file, Env: env, Flags: flags(t, "--log-format=xml", "--session-gap=1")})
	for _, words := range []string{
		"17 problems",
		file + `, line 2: soruce: this key does not exist; did you mean "source"?`,
		file + `, line 5: source.poll_intervall: "5s" is given for a key that does not exist; did you mean ` +
			`"source.poll_interval"?`,
		file + `, line 6: source.timeout: "15" is not allowed; allowed is a duration with its unit (ms, s, m, h, d) ` +
			`from 1s to 10m (its unit is missing: 15s are seconds, 15m minutes)`,
		file + `, line 8: poll_interval: "5s" is given for a key that does not exist; did you mean ` +
			`"source.poll_interval"?`,
		file + `, line 17: log.level: is given twice; line 15 gave it first`,
		`missing closing )`,
		"`jobmon-db config init` lists all keys",
		`environment variable JOBMON_SOURCE_POLL_INTERVALL: "7s" is given for a key that does not exist; did you ` +
			`mean "JOBMON_SOURCE_POLL_INTERVAL"?`,
		`environment variable JOBMON_QUIET: "1h" is given for a key that does not exist; did you mean ` +
			`"JOBMON_MONITOR_QUIET"?`,
		`flag --log-format: log.format: "xml" is not allowed; allowed is one of auto, console, json`,
	} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q is not in\n%v", words, err)
		}
	}
}

func TestFilesThatAreFine(t *testing.T) {
	utf16le := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune("site: Zürich\r\n")) {
		utf16le = append(utf16le, byte(unit), byte(unit>>8))
	}
	for name, content := range map[string]string{
		"empty":              "",
		"comments":           "# nothing\n\n# more nothing\n",
		"start of document":  "---\nsite: Zürich\n",
		"empty sections":     "evt:\nsource:\n  tables:\nsite: Zürich\n",
		"keys without value": "source:\n  dsn:\nsite: Zürich\nevt.dir: null\n",
		"flow":               "{site: Zürich, source: {timeout: 20s}}",
		"Windows lines":      "evt:\r\n  takeover: yes\r\nsite: Zürich\r\n",
		"byte order mark":    "\ufeffsite: Zürich\n",
		"UTF-16":             string(utf16le),
		"number as text":     "site: 0123\n",
		"section in parts":   "source: {timeout: 20s}\nsource.lock_timeout: 3s\n",
		"list in one text":   "jobs:\n  success: 0, 3010\n",
	} {
		c, err := load(configs.LoadOptions{File: write(t, content)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		switch {
		case strings.Contains(content, "0123") && c.Site != "0123",
			strings.Contains(content, "Zürich") && c.Site != "Zürich",
			strings.Contains(content, "3010") && !slices.Equal(c.Jobs.Success, []jobmon.Code{0, 3010}):
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// A file that is no YAML is reported with the line and a sentence, beside what is wrong elsewhere.
func TestMalformedYAML(t *testing.T) {
	for _, c := range []struct {
		content string
		line    int
		words   string
	}{
		{"site: a\nevt:\n\tdir: x\n", 3, "indent with spaces"},
		{"\tsite: a\n", 1, "indent with spaces"},
		{"site: a\nevt.dir @: x\nlog.level @loud\n", 3, "colon and a space"},
		{"site: a\ndata_dir: \"C:\\jobmon\"\n", 2, "single quotes"},
		{"data_dir: \"C:\\jobmon\"\n", 1, "single quotes"},
		{"log.level: 'info\nsite: a\n", 3, "never closed"},
		{"site: a\njobs.success: [0, 1\nlog.level: info\n", 2, "missing"},
		{"site: a: b\n", 1, "colon"},
		{"site: a\n\n  evt.dir: x\n", 3, "indented"},
		{"evt:\n  takeover: true\n dir: x\n", 3, "indented"},
		{"site: a\nsource.dsn: *geheim\n", 2, "single quotes"},
		{"site: a\nevt.dir: %TEMP%\n", 2, "single quotes"},
		{"site: a\nevt.dir: \x01\n", 2, "control character"},
		{"site: a\n\nevt.dir: M\xfcnchen\n", 3, "UTF-8"},
		{"site: a\n---\nsite: b\n", 2, "second document"},
		{"site: a\n---\n\tb\n", 3, "indent with spaces"},
		{"- site\n", 1, "no list of settings"},
		{"just words\n", 1, "no list of settings"},
		{"? [site]\n: a\n", 1, "plain word"},
	} {
		wrong := problems(t, configs.LoadOptions{File: write(t, c.content), Env: []string{"JOBMON_LOG_LEVEL=loud"}})
		if len(wrong) != 2 || wrong[0].Origin.Line != c.line || !strings.Contains(wrong[0].Reason, c.words) {
			t.Errorf("%q\n  gives %v\n  want line %d and %q", c.content, wrong, c.line, c.words)
		}
		if strings.Contains(fmt.Sprint(wrong), "geheim") {
			t.Errorf("%q: the value is repeated: %v", c.content, wrong)
		}
	}
}

func TestFileTooLarge(t *testing.T) {
	wrong := problems(t, configs.LoadOptions{File: write(t, strings.Repeat("#", 1<<20+1))})
	if len(wrong) != 1 || !strings.Contains(wrong[0].Reason, "larger than") {
		t.Errorf("%v", wrong)
	}
}

// Whatever a file holds, Load answers with a configuration or with problems that have a place in it.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"# text\ndata_dir: C:\\data\nsource:\n  dsn: 'server=ds'\n  poll_interval: 5s\nlog.level: \"info\"\n",
		"", "a: &a [*a]\n", "source: {tables: {event: x}}", "<<: {a: b}\n", "? a\n", "jobs:\n  success: [0, -1]\n",
		"evt.dir: !!binary aGFsbG8=\n", "\xff\xfes\x00", "---\n...\n---\n", "names: {hide: yes, hide: no}",
		"site: |\n  a\n  b\n",
	} {
		f.Add([]byte(seed))
	}
	path := filepath.Join(f.TempDir(), "jobmon-db.yaml")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := load(configs.LoadOptions{File: path})
		if err == nil {
			if len(c.Values()) != len(configs.Keys()) {
				t.Errorf("%d values", len(c.Values()))
			}
			return
		}
		var wrong *configs.Error
		if !errors.As(err, &wrong) || len(wrong.Problems) == 0 {
			t.Fatalf("%v", err)
		}
		for _, p := range wrong.Problems {
			if lines := 1 + strings.Count(string(content), "\n") + strings.Count(string(content), "\r") +
				strings.Count(string(content), "\u0085") +
				strings.Count(string(content), "\u2028") +
				strings.Count(string(content), "\u2029"); p.Origin.Layer == configs.FromFile &&
				p.Origin.Line > lines || p.Reason == "" {
				t.Errorf("%+v for a file of %d lines", p, lines)
			}
		}
	})
}
