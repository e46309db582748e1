package recording_test

import (
	"bytes"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

func pseudonyms(t rapid.TB, key byte, settings jobmon.Settings) *recording.Pseudonyms {
	t.Helper()
	p, err := recording.NewPseudonyms(bytes.Repeat([]byte{key}, 32), settings)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// disguise gives jobs these names, in order, and returns what they are called then.
func disguise(t rapid.TB, p *recording.Pseudonyms, names ...string) []string {
	t.Helper()
	r := &recording.Recording{Tables: &jobmon.Snapshot{}}
	for i, name := range names {
		r.Tables.Jobs = append(r.Tables.Jobs, jobmon.Job{ID: jobmon.JobID(i), Name: name})
	}
	if err := r.Disguise(p); err != nil {
		t.Fatal(err)
	}
	var changed []string
	for _, j := range r.Tables.Jobs {
		changed = append(changed, j.Name)
	}
	return changed
}

// What the program understands of a name is still there, and the rest is not.
func TestWhatStaysOfAJobsName(t *testing.T) {
	const word = "[BCDFGHJKLMNPQRSTVWXZ][bcdfghjklmnpqrstvwxz]{9}"
	p := pseudonyms(t, 1, jobmon.DefaultSettings())
	for name, want := range map[string]string{
		"0. Build Job Monitor":      `0\. Build Job Monitor`,
		"0. build job monitor Bonn": `0\. build job monitor WORD`,
		"01. (JM) Office":           `01\. \(JM\) WORD`,
		"(jm) 03 Office 2024":       `\(jm\) 03 WORD`,
		"03 -(JM) Office":           `03 -\(JM\) WORD`,
		"Office (JM) for sales":     `WORD \(JM\) WORD`,
		"Office(JM)":                `WORD\(JM\)`,
		"(JM)":                      `\(JM\)`,
		"12) Install Büro":          `12\) WORD`,
		"7-Zip":                     `WORD`,
		"2.5 update":                `WORD`,
		"20241122 1":                `WORD`,
		"Ünïcode 漢字":                `WORD`,
		"漢字":                        `WORD`,
		"PC-0001":                   `WORD`,
		"":                          ``,
	} {
		pattern := "^" + strings.ReplaceAll(want, "WORD", word) + "$"
		if got := disguise(t, p, name)[0]; !regexp.MustCompile(pattern).MatchString(got) {
			t.Errorf("%q becomes %q, not like %s", name, got, want)
		}
	}
}

func TestEqualNamesStayEqualAndOthersDiffer(t *testing.T) {
	p := pseudonyms(t, 1, jobmon.DefaultSettings())
	rules, err := jobmon.NewRules(jobmon.DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	got := disguise(t, p, "01. (JM) Office", "02. (JM) office", "Office", " OFFICE ", "Visio", "01. (JM) Visio")
	stages := map[string]string{}
	for i, name := range got {
		stages[[]string{"office", "office", "office", "office", "visio", "visio"}[i]] += rules.StageName(name) + ";"
	}
	for of, list := range stages {
		if all := slices.Compact(strings.Split(strings.TrimSuffix(list, ";"), ";")); len(all) != 1 {
			t.Errorf("%s: %q", of, all)
		}
	}
	if stages["office"] == stages["visio"] || got[0] == got[1] {
		t.Errorf("%q", got)
	}
	if again := disguise(t, pseudonyms(t, 1, jobmon.DefaultSettings()), "Visio"); again[0] != got[4] {
		t.Errorf("%q is %q the next time", got[4], again)
	}
	if other := disguise(t, pseudonyms(t, 2, jobmon.DefaultSettings()), "Visio"); other[0] == got[4] {
		t.Errorf("%q with another key, too", other)
	}
}

func TestDisguise(t *testing.T) {
	before, r := site(), site()
	tables := r.Tables
	if err := r.Disguise(pseudonyms(t, 1, jobmon.DefaultSettings())); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(tables, before.Tables) {
		t.Error("the tables that were read have changed")
	}
	if !r.Pseudonyms || !reflect.DeepEqual(r.Tables.Rows, before.Tables.Rows) ||
		!reflect.DeepEqual(r.Tables.Agents, before.Tables.Agents) || r.Tables.Now != before.Tables.Now {
		t.Errorf("%+v", r)
	}
	c := r.Tables.Computers
	if c[0].Name != c[2].Name || c[1].Name != c[1].OSName || c[1].Group != c[2].Group || c[0].Group != "" ||
		c[0].OSName != "" || c[1].Name == c[2].Name || c[2].OSName == c[2].Name ||
		!c[0].Ghost || c[1].ID != 5000001 || !strings.HasPrefix(c[0].Name, "PC-") {
		t.Errorf("%+v", c)
	}
	folders := strings.Split(r.Tables.Jobs[0].Folder, `\`)
	if len(folders) != 2 || r.Tables.Jobs[4].Folder != folders[0] || r.Tables.Jobs[2].Folder == folders[0] {
		t.Errorf("%+v", r.Tables.Jobs)
	}
	file := strings.ToLower(string(encode(t, r)))
	for _, name := range []string{"windows", "office", "büro", "x64>", "software", "ready", "pc-0", "ws42", "room"} {
		if strings.Contains(file, name) {
			t.Errorf("%q is in\n%s", name, file)
		}
	}
}

// Whatever the patterns are, a job is of the same class afterwards, and what they do not find is gone.
func TestClassesStay(t *testing.T) {
	settings := rapid.Custom(func(t *rapid.T) jobmon.Settings {
		s := jobmon.DefaultSettings()
		s.Marker = rapid.SampledFrom([]string{s.Marker, "", `(?i)jm`, `^\[M\] `, `\d+\. M:`, `!$`, `(?i)\bjm\b`}).Draw(
			t, "marker")
		s.Build = rapid.SampledFrom([]string{s.Build, "", `(?i)build`, `^Build Job Monitor$`, `^0`}).Draw(t, "build")
		return s
	})
	part := rapid.SampledFrom([]string{"(JM)", "jm", "[M] ", "3. M:", "!", "Build Job Monitor", "build", "0", "01. ",
		" ", "Secretname", "Geheim", "–", "12", "\n", "漢"})
	lawtest.Check(t, func(t *rapid.T) {
		s := settings.Draw(t, "settings")
		rules, err := jobmon.NewRules(s)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Join(rapid.SliceOfN(part, 1, 6).Draw(t, "parts"), "")
		got := disguise(t, pseudonyms(t, byte(rapid.IntRange(0, 255).Draw(t, "key")), s), name)[0]
		if rules.Class(got) != rules.Class(name) || strings.Contains(got, "Secretname") ||
			strings.Contains(got, "Geheim") || strings.TrimSpace(name) != "" && strings.TrimSpace(got) == "" {
			t.Errorf("%q becomes %q, a %d instead of a %d", name, got, rules.Class(got), rules.Class(name))
		}
	})
}

func TestAPatternThatFitsEverything(t *testing.T) {
	s := jobmon.DefaultSettings()
	s.Marker = `(?i)[b-d].*|[f-z].*`
	r := &recording.Recording{Tables: &jobmon.Snapshot{Jobs: []jobmon.Job{{ID: 7, Name: "aé"}}}}
	if err := r.Disguise(pseudonyms(t, 1, s)); err == nil || !strings.Contains(err.Error(), "job 7: ") ||
		!strings.Contains(err.Error(), "jobs.marker") {
		t.Errorf("%v, %+v", err, r.Tables.Jobs)
	}
}

func TestManyNamesDiffer(t *testing.T) {
	r := &recording.Recording{Tables: &jobmon.Snapshot{}}
	for id := range jobmon.ComputerID(20_000) {
		r.Tables.Computers = append(r.Tables.Computers, jobmon.Computer{ID: id, Name: jobmon.ComputerName(id, "")})
	}
	if err := r.Disguise(pseudonyms(t, 1, jobmon.DefaultSettings())); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range r.Tables.Computers {
		names[c.Name] = true
	}
	if len(names) != len(r.Tables.Computers) {
		t.Errorf("%d names for %d", len(names), len(r.Tables.Computers))
	}
}
