package names

import (
	"errors"
	"slices"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		fits          bool
	}{
		{"pc-0001", "PC-0001", true},
		{"PC-000", "PC-0001", false},
		{"PC-00*", "PC-00", true},
		{"*", "", true},
		{"?", "", false},
		{"B?ro*", "BÜRO-7", true},
		{"PC-000[1-3]", "PC-0002", false},
		{"pc-000[1-3]", "PC-000[1-3]", true},
		{"[ab", "[AB", true},
		{"a.c", "abc", false},
		{`a\*`, `a\b`, true},
		{`a\?`, "a?", false},
		{"*office*", "02. Office / Visio", true},
		{"a*c", "a\nb\nc", true},
		{"", "", true},
		{"", "x", false},
		{"$(x)^", "$(X)^", true},
	} {
		if got := NewPattern(c.pattern).Fits(c.name); got != c.fits {
			t.Errorf("%q and %q: %v", c.pattern, c.name, got)
		}
	}
	for _, c := range []struct {
		pattern, folder string
		holds           bool
	}{
		{"Build", `Build\Windows 11\Office`, true},
		{"office", `Build\Windows 11\Office`, true},
		{"windows 11", `Build\Windows 11\Office`, true},
		{`build/windows 11/`, `Build\Windows 11\Office`, true},
		{`Windows 11\Office`, `Build\Windows 11\Office`, false},
		{"Win*", `Build\Windows 11\Office`, true},
		{"Buil", `Build\Windows 11`, false},
		{"Build", "", false},
		{"*", "", true},
		{"Build[1]", `Build[1]\x`, true},
	} {
		if got := NewFolderPattern(c.pattern).Holds(c.folder); got != c.holds {
			t.Errorf("%q and the folder %q: %v", c.pattern, c.folder, got)
		}
	}
}

func TestMeantComputers(t *testing.T) {
	known := Computers{}
	for id, name := range map[jobmon.ComputerID]string{
		5: "PC-0001", 6: "PC-0002", 7: "LAB[1]", 8: "LAB1", 9: "PC-0002",
	} {
		known.Add(&jobmon.Event{Kind: jobmon.KindComputer, Computer: id, Name: name})
	}
	for _, c := range []struct {
		wanted   []string
		ids      []jobmon.ComputerID
		patterns int
	}{
		{nil, nil, 0},
		{[]string{"pc-0001", "id:9"}, []jobmon.ComputerID{5, 9}, 0},
		{[]string{"PC-*", "5"}, []jobmon.ComputerID{5, 6, 9}, 1},
		{[]string{"lab[1]"}, []jobmon.ComputerID{7}, 0},
		{[]string{"name:lab[?]", "name:LAB?"}, []jobmon.ComputerID{7, 8}, 2},
	} {
		ids, patterns, err := known.Meant(c.wanted)
		if err != nil || !slices.Equal(ids, c.ids) || len(patterns) != c.patterns {
			t.Errorf("%q: %v, %d patterns, %v", c.wanted, ids, len(patterns), err)
		}
	}
	for _, text := range []string{"PC-9*", "LAB[12]", "id:1"} {
		var unknown *UnknownError
		if _, _, err := known.Meant([]string{text}); !errors.As(err, &unknown) || unknown.Asked != text {
			t.Errorf("%q: %v", text, err)
		}
	}
	// a name that two have is both
	if ids, _, err := known.Meant([]string{"pc-0002 "}); err != nil ||
		!slices.Equal(ids, []jobmon.ComputerID{6, 9}) {
		t.Errorf("%v, %v", ids, err)
	}
}
