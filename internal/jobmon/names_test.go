package jobmon

import "testing"

func TestStageName(t *testing.T) {
	rules, err := NewRules(DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	for job, want := range map[string]string{
		"03. (JM) Office":        "Office",
		"(JM) Office":            "Office",
		"(jm) Office":            "Office",
		"Office (JM)":            "Office",
		"03 (JM) Office 2024":    "Office 2024",
		"(JM) 03. Office":        "Office",
		"(JM) 03 Office":         "Office",
		"12) (JM)Join domain":    "Join domain",
		"(JM) 7-Zip":             "7-Zip",
		"03. (JM) 7-Zip":         "7-Zip",
		"(JM) 365 Apps":          "365 Apps",
		"(JM) 2.5 update":        "2.5 update",
		"4 - (JM)  VPN  client":  "VPN client",
		"(JM)":                   "(JM)",
		"03. (JM)":               "03. (JM)",
		"Build (JM) finished":    "Build finished",
		"(JM) Über\u200bprüfung": "Über\u200bprüfung",
	} {
		if got := rules.StageName(job); got != want {
			t.Errorf("StageName(%q) = %q, want %q", job, got, want)
		}
	}
}

func TestSameName(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"(JM) Office", "(jm) OFFICE ", true},
		{"(JM) Überprüfung", "(JM) ?berpr?fung", true},
		{"(JM) Überprüfung", "(JM) \u00c3\u0153berpr\u00c3\u00bcfung", true}, // UTF-8 read as Windows-1252
		{"(JM) Office", "(JM) Office 2", false},
		{"(JM) Ä", "(JM) B", false},
	} {
		if got := SameName(c.a, c.b); got != c.same {
			t.Errorf("SameName(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

func TestCutNumber(t *testing.T) {
	for name, want := range map[string]string{
		"03. Office": "03. ", "3)Office": "3)", "4 - Office": "4 - ", "007 Office": "007 ",
		"7-Zip": "", "365 Apps": "", "2.5 update": "", "Office": "", "03.": "", "": "",
	} {
		number, rest := CutNumber(name)
		if number != want || number+rest != name {
			t.Errorf("%q: %q and %q", name, number, rest)
		}
	}
}
