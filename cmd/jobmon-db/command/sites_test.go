package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// hubFolder is the data folder of a hub with two sites whose clocks differ, and a third of which nothing has come.
func hubFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for site, hours := range map[string]int{"DS01": 1, "DS02": 9} {
		folder := filepath.Join(dir, "sites", site)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		watchAt(t, folder, 40*time.Minute, site+"-server", hours*3600)
	}
	if err := os.Mkdir(filepath.Join(dir, "sites", "DS03"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestCommandsAtAHub shares one folder, which takes a second to make.
func TestCommandsAtAHub(t *testing.T) {
	t.Parallel()
	dir := hubFolder(t)
	for name, test := range map[string]func(*testing.T, string){
		"one site": oneSiteIsItsFolder, "events": eventsOfSeveralSites, "names": computersOfSeveralSites,
		"times": timesOfSeveralSites, "tables": tablesOfSeveralSites, "refused": refusedAtAHub,
		"completion": sitesAreCompleted,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, dir)
		})
	}
}

// TestASiteThatIsBehindIsShown: what was known last of a site is shown for a moment behind the end of its log.
func TestASiteThatIsBehindIsShown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for site, long := range map[string]time.Duration{"DS01": 40 * time.Minute, "DS02": 20 * time.Minute} {
		folder := filepath.Join(dir, "sites", site)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		watchAt(t, folder, long, site, 3600)
	}
	for _, c := range [][]string{
		{"replay", "show", "--at=now"}, {"replay", "show", "--at=2026-11-22T13:35:00Z"},
		{"replay", "diff", "2026-11-22T13:05:00Z", "now"}, {"status"},
	} {
		got := jobmondb(t, append(c, "--data-dir="+dir)...)
		if got.code != exitOK || !strings.Contains(got.stdout, "DS01") || !strings.Contains(got.stdout, "DS02") {
			t.Errorf("%v: %+v", c, got)
		}
		if said := strings.Contains(got.stderr, "end of its log: DS02 ("); said != (c[0] == "replay") {
			t.Errorf("%v: %s", c, got.stderr)
		}
	}
	if got := jobmondb(t, "replay", "show", "--at=2099-01-01", "--data-dir="+dir); got.code == exitOK {
		t.Errorf("%+v", got)
	}
}

// lastRead is how long ago the log was written, which goes on.
var lastRead = regexp.MustCompile(`last read .* ago`)

// oneSiteIsItsFolder: a command says of one site of a hub what it says of that site's folder.
func oneSiteIsItsFolder(t *testing.T, dir string) {
	backup := filepath.Join(t.TempDir(), "x.db")
	for _, c := range [][]string{
		{"replay"}, {"replay", "-o", "ndjson", "--since=14:05"}, {"replay", "show"}, {"replay", "show", "PC-0001"},
		{"replay", "show", "PC-0001", "--at=14:20", "-o", "evt"}, {"replay", "sessions", "-o", "csv"},
		{"replay", "stats"}, {"replay", "waterfall", "PC-0001"}, {"replay", "diff", "14:05", "14:30", "-o", "json"},
		{"status"}, {"status", "-o", "json"}, {"export"}, {"replay", "show", "nobody"},
		{"replay", "show", "PC-0003", "--delivered"},
	} {
		at := jobmondb(t, append(c, "--data-dir="+dir, "--site=DS01")...)
		on := jobmondb(t, append(c, "--data-dir="+filepath.Join(dir, "sites", "DS01"))...)
		at.stderr = lastRead.ReplaceAllString(strings.Replace(at.stderr, "No hub runs", "No daemon runs", 1), "")
		on.stderr = lastRead.ReplaceAllString(on.stderr, "")
		if at != on {
			t.Errorf("%v\n hub    %+v\n folder %+v", c, at, on)
		}
	}
	for _, named := range [][]string{{"DS01/PC-0001"}, {"ds01/PC-0001"}, {"DS01/PC-0001", "--site=DS01"}} {
		c := []string{"replay", "show", "--at=seq:300", "-o", "evt", "--data-dir=" + dir}
		at := jobmondb(t, append(c, named...)...)
		on := jobmondb(t, "replay", "show", "PC-0001", "--at=seq:300", "-o", "evt",
			"--data-dir="+filepath.Join(dir, "sites", "DS01"))
		if at.code != exitOK || at.stdout != on.stdout {
			t.Errorf("%v\n hub    %+v\n folder %+v", named, at, on)
		}
	}
	listed := jobmondb(t, "replay", "--computer=DS01/PC-0001", "--site=DS01", "--data-dir="+dir)
	if listed.code != exitOK || listed.stdout == "" {
		t.Errorf("%+v", listed)
	}
	got := jobmondb(t, "verify", "--data-dir="+dir, "--site=ds02")
	if got.code != exitOK || !strings.Contains(got.stdout, "The log is whole") ||
		!strings.Contains(got.stdout, "a hub writes none") {
		t.Errorf("%+v", got)
	}
	got = jobmondb(t, "backup", backup, "--data-dir="+dir, "--site=DS02")
	if got.code != exitOK || !strings.Contains(got.stdout, "events 1 to") {
		t.Errorf("%+v", got)
	}
}

// eventsOfSeveralSites: the answer of several sites holds, site by site, what each site answers alone, in the order of
// time.
func eventsOfSeveralSites(t *testing.T, dir string) {
	type line struct{ Site, At string }
	for _, flags := range [][]string{nil, {"--reverse"}, {"--computer=PC-0001"}, {"--since=2026-11-22T13:10:00Z"}} {
		ask := func(site string) (lines []line, texts []string) {
			got := jobmondb(t, append([]string{"replay", "--data-dir=" + dir, "--site=" + site, "-o", "ndjson"},
				flags...)...)
			if got.code != exitOK {
				t.Fatalf("%+v", got)
			}
			for text := range strings.Lines(got.stdout) {
				var l line
				if err := json.Unmarshal([]byte(text), &l); err != nil {
					t.Fatalf("%v: %s", err, text)
				}
				text = strings.Replace(text, `"site":"`+l.Site+`",`, "", 1)
				text = regexp.MustCompile(`,"export":\{[^}]*\}|,"site":"DS0.",?|"group"`).ReplaceAllString(text, "")
				lines, texts = append(lines, l), append(texts, text)
			}
			return lines, texts
		}
		all, texts := ask("*")
		for _, site := range []string{"DS01", "DS02"} {
			_, alone := ask(site)
			var part []string
			for i, l := range all {
				if l.Site == site {
					part = append(part, texts[i])
				}
			}
			if !slices.Equal(part, alone) {
				t.Errorf("%v: %d events of %s among all, %d alone", flags, len(part), site, len(alone))
			}
		}
		sorted := slices.IsSortedFunc(all, func(a, b line) int { return strings.Compare(a.At, b.At) })
		if sorted == slices.Contains(flags, "--reverse") {
			t.Errorf("%v: sorted: %v", flags, sorted)
		}
	}
	newest := jobmondb(t, "replay", "--data-dir="+dir, "-n", "5", "-o", "csv", "--fields", "site,seq")
	whole := jobmondb(t, "replay", "--data-dir="+dir, "-o", "csv", "--fields", "site,seq")
	if tail := strings.Split(whole.stdout, "\n"); !strings.HasSuffix(newest.stdout,
		strings.Join(tail[len(tail)-6:], "\n")) || strings.Count(newest.stdout, "\n") != 6 {
		t.Errorf("the last 5 are\n%s", newest.stdout)
	}
}

func computersOfSeveralSites(t *testing.T, dir string) {
	data := "--data-dir=" + dir
	for _, c := range []struct {
		code  int
		says  []string
		words []string
	}{
		{exitOK, []string{"on DS02-server"}, []string{"status", "DS02/PC-0001"}},
		{exitOK, []string{"on DS01-server"}, []string{"status", "ds01/id:5000001"}},
		{exitAmbiguous, []string{"DS01/id:5000001", "DS02/id:5000001"}, []string{"status", "PC-0001"}},
		{exitAmbiguous, []string{"DS01/id:5000001", "DS02/id:5000001"}, []string{"replay", "waterfall", "5000001"}},
		{exitUnknown, []string{"DS01/PC-0001"}, []string{"replay", "show", "PC-00011"}},
		{exitUnknown, []string{"no site is called DS09"}, []string{"status", "DS09/PC-0001"}},
		{exitUnknown, []string{`no site "DS1"`, "DS01"}, []string{"replay", "--site", "DS1"}},
		{exitUnknown, []string{`no site at this hub fits "X*"`}, []string{"status", "--site", "X*"}},
		{exitUnknown, []string{`no computer in the log fits "X*"`}, []string{"replay", "--computer", "X*"}},
		{exitUnknown, []string{`"DS01/PC-9999"`, "are DS01/PC-"}, []string{"status", "DS01/PC-9999"}},
		{exitUnknown, []string{`"DS01/PC-9999"`, "are DS01/PC-"},
			[]string{"replay", "--site=DS01", "--computer=DS01/PC-9999"}},
		{exitUnknown, []string{"nothing has come from the site DS03 yet"}, []string{"replay", "--computer=DS03/PC-0001"}},
		{exitAmbiguous, []string{"2 computers have the id 5000001"}, []string{"status", "id:5000001"}},
		{exitOK, []string{"all are taken: DS01/id:5000001, DS02/id:5000001"},
			[]string{"replay", "sessions", "PC-0001"}},
		{exitOK, []string{"Nothing has come from DS03 yet"}, []string{"status"}},
	} {
		got := jobmondb(t, append(c.words, data)...)
		for _, text := range c.says {
			if got.code != c.code || !strings.Contains(got.stdout+got.stderr, text) {
				t.Errorf("%q does not say %q: %+v", c.words, text, got)
			}
		}
	}
}

// timesOfSeveralSites: a time without a zone is this machine's where several sites are asked, else the server's.
func timesOfSeveralSites(t *testing.T, dir string) {
	at := time.Date(2026, 11, 22, 13, 20, 0, 0, time.UTC)
	first := func(words ...string) string {
		got := jobmondb(t, append([]string{"replay", "--data-dir=" + dir, "-o", "csv", "--fields=at"}, words...)...)
		lines := strings.Split(got.stdout, "\r\n")
		if got.code != exitOK || len(lines) < 3 {
			t.Fatalf("%+v", got)
		}
		return lines[1]
	}
	absolute := first("--since", at.Format(time.RFC3339))
	if here := first("--since", at.In(time.Local).Format(time.DateTime)); here != absolute {
		t.Errorf("by this machine's clock it begins at %s, by UTC at %s", here, absolute)
	}
	if there := first("--since", "2026-11-22 22:20", "--site=DS02"); !strings.HasPrefix(there, "2026-11-22T13:2") {
		t.Errorf("by the server's clock it begins at %s", there)
	}
	table := jobmondb(t, "replay", "--data-dir="+dir, "--since", at.Format(time.RFC3339), "-n", "40")
	if !strings.Contains(table.stdout, " +01:00 ") || !strings.Contains(table.stdout, " +09:00 ") {
		t.Errorf("each time has its zone:\n%s", table.stdout)
	}
	board := jobmondb(t, "replay", "show", "--data-dir="+dir, "--at", at.Format(time.RFC3339))
	if !strings.Contains(board.stdout, "UTC+01:00 at DS01; UTC+09:00 at DS02") {
		t.Errorf("%s", board.stdout)
	}
}

func tablesOfSeveralSites(t *testing.T, dir string) {
	for _, c := range [][]string{
		{"replay"}, {"replay", "-o", "wide"}, {"replay", "show"}, {"status"}, {"replay", "sessions"},
		{"replay", "diff", "2026-11-22T13:05:00Z", "2026-11-22T13:30:00Z"}, {"replay", "stats", "--by", "site"},
	} {
		got := jobmondb(t, append(c, "--data-dir="+dir)...)
		title, _, _ := strings.Cut(got.stdout, "\n")
		if got.code != exitOK || !strings.Contains(title, "SITE") || !strings.Contains(got.stdout, "DS02") {
			t.Errorf("%v: %+v", c, got)
		}
	}
	for _, c := range [][]string{{"replay", "sessions", "-o", "json"}, {"replay", "show", "-o", "json"},
		{"replay", "diff", "2026-11-22T13:05:00Z", "2026-11-22T13:30:00Z", "-o", "json"}} {
		var list []struct{ Site string }
		got := jobmondb(t, append(c, "--data-dir="+dir)...)
		if err := json.Unmarshal([]byte(got.stdout), &list); err != nil || len(list) < 2 || list[0].Site == "" {
			t.Errorf("%v: %v, %+v", c, err, got)
		}
	}
	// a job is one over all sites, whatever its ids there
	one := jobmondb(t, "replay", "stats", "--by=job", "-o", "csv", "--data-dir="+dir, "--site=DS01").stdout
	all := jobmondb(t, "replay", "stats", "--by=job", "-o", "csv", "--data-dir="+dir).stdout
	if strings.Count(one, "\n") != strings.Count(all, "\n") || !strings.Contains(all, "worst_site") {
		t.Errorf("%s\n%s", one, all)
	}
}

func refusedAtAHub(t *testing.T, dir string) {
	site := filepath.Join(dir, "sites", "DS01")
	for _, c := range []struct {
		code  int
		says  string
		words []string
	}{
		{exitUsage, "--site leaves out DS01", []string{"status", "--site=DS02", "DS01/PC-0001", "--data-dir=" + dir}},
		{exitUsage, "--site leaves out DS01",
			[]string{"replay", "--site=DS02", "--computer=DS01/PC-0001", "--data-dir=" + dir}},
		{exitUsage, "--site leaves out DS03", []string{"status", "--site=DS01,DS02", "DS03/PC-0001", "--data-dir=" + dir}},
		{exitUnknown, "SITE/ before a name goes with", []string{"status", "DS01/PC-1", "--data-dir=" + site}},
		{exitUnknown, "SITE/ before a name goes with", []string{"replay", "--computer=DS01/PC-1", "--data-dir=" + site}},
		{exitUsage, "--site names no site", []string{"status", "--site=", "--data-dir=" + dir}},
		{exitUsage, "--site names no site", []string{"export", "--site=", "--data-dir=" + dir}},
		{exitNoLog, "nothing has come from the site DS03 yet", []string{"status", "--site=DS03", "--data-dir=" + dir}},
		{exitUsage, "data folder of a hub", []string{"refresh", "PC-0001", "--data-dir=" + dir}},
		{exitUsage, "data folder of a hub", []string{"compact", "--data-dir=" + dir}},
		{exitUsage, "data folder of a hub", []string{"run", "--source-kind=simulator", "--data-dir=" + dir}},
		{exitUsage, "is none", []string{"replay", "--site=DS01", "--data-dir=" + site}},
		{exitUsage, "give one of them", []string{"replay", "--site=DS01", "--log=" + filepath.Join(site, "CURRENT")}},
		{exitUsage, "name one with --site", []string{"replay", "--from-seq=3", "--data-dir=" + dir}},
		{exitUsage, "name one site with --site", []string{"replay", "--cursor-file=x", "--data-dir=" + dir}},
		{exitUsage, "at one site", []string{"replay", "show", "--at=seq:9", "--data-dir=" + dir}},
		{exitUsage, "--site (DS01, DS02, DS03)", []string{"export", "--data-dir=" + dir}},
		{exitUsage, "--site (DS01, DS02, DS03)", []string{"verify", "--data-dir=" + dir}},
		{exitOutside, "the logs of 2 sites cover", []string{"replay", "show", "--at=2026-11-20", "--data-dir=" + dir}},
		{exitUnknown, "no job", []string{"replay", "--job=nothing at all", "--data-dir=" + dir}},
		{exitUsage, "one is asked", []string{"replay", "stats", "--by=site", "--data-dir=" + site}},
	} {
		got := jobmondb(t, c.words...)
		if got.code != c.code || !strings.Contains(got.stderr, c.says) || got.stdout != "" {
			t.Errorf("%q does not say %q: %+v", c.words, c.says, got)
		}
	}
}

func sitesAreCompleted(t *testing.T, dir string) {
	for _, c := range []struct {
		want, not string
		words     []string
	}{
		{"DS01\nDS02\nDS03\n", "PC", []string{"replay", "--data-dir=" + dir, "--site", ""}},
		{"DS02/PC-0001", "DS01/", []string{"status", "--data-dir=" + dir, "DS02/PC"}},
		{"DS01\n", "", []string{"verify", "--data-dir=" + dir, "--site", ""}},
	} {
		got := jobmondb(t, append([]string{"__complete"}, c.words...)...)
		if !strings.Contains(got.stdout, c.want) || c.not != "" && strings.Contains(got.stdout, c.not) {
			t.Errorf("%q: %+v", c.words, got)
		}
	}
}
