package names

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func computer(id jobmon.ComputerID, name, osName string, flags jobmon.Flags) *jobmon.Event {
	return &jobmon.Event{Kind: jobmon.KindComputer, Computer: id, Name: name, Text: osName, Flags: flags}
}

func TestFind(t *testing.T) {
	names := Computers{}
	for _, e := range []*jobmon.Event{
		computer(5000001, "PC-0001", "OLDNAME", 0),
		computer(5000001, "PC-0100", "OLDNAME", 0), // renamed
		computer(5000002, "PC-0002", "", 0),
		computer(5000003, "PC-0002", "", jobmon.Ghost), // the same name once more
		computer(5000004, "5000002", "", 0),            // a name that looks like an id
		computer(5000005, "GONE", "", 0),
		computer(5000005, "GONE", "", jobmon.Gone),
		{Kind: jobmon.KindScheduled, Computer: 5000009}, // a row on a computer that the table does not have
	} {
		names.Add(e)
	}
	for text, want := range map[string]jobmon.ComputerID{
		"PC-0100": 5000001, "pc-0100": 5000001, "PC-0001": 5000001, "oldname": 5000001,
		"5000001": 5000001, "id:5000003": 5000003, "5000002": 5000002, "name:5000002": 5000004, "GONE": 5000005, "id:5000009": 5000009,
	} {
		if got, err := names.Find(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	var unknown *UnknownError
	if _, err := names.Find("PC-001"); !errors.As(err, &unknown) || !slices.Contains(unknown.Closest, "PC-0001") ||
		len(unknown.Closest) != 3 {
		t.Errorf("%v", err)
	}
	if _, err := names.Find("id:PC-0100"); !errors.As(err, &unknown) {
		t.Errorf("%v", err)
	}
	var ambiguous *AmbiguousError
	if _, err := names.Find("PC-0002"); !errors.As(err, &ambiguous) || len(ambiguous.Found) != 2 ||
		!ambiguous.Found[1].Ghost {
		t.Errorf("%v", err)
	}
	if _, err := (Computers{}).Find("x"); !errors.As(err, &unknown) {
		t.Errorf("%v", err)
	}
}

// TestRecordsOfOneName: the present is that of the record that exists, and a PC that got a new id goes on there.
func TestRecordsOfOneName(t *testing.T) {
	t.Parallel()
	names := Computers{}
	for _, e := range []*jobmon.Event{
		computer(5000001, "PC-0001", "PC-0001", 0), computer(5000009, "PC-0001", "PC-0001", 0), computer(5000001, "PC-0001", "PC-0001", jobmon.Gone),
		computer(5000002, "PC-0002", "", jobmon.Ghost), computer(5000012, "pc-0002 ", "", 0),
		computer(5000003, "PC-0003   ", "", 0), computer(5000004, "PC-0003", "", 0),
		computer(5000005, "PC-0005   ", "", 0),
		computer(5000006, "PC-0006", "", 0), computer(5000006, "PC-0007", "", 0), computer(5000007, "PC-0006", "", 0),
	} {
		names.Add(e)
	}
	for text, want := range map[string]jobmon.ComputerID{
		"PC-0001": 5000009, "PC-0002": 5000012, "PC-0005": 5000005, "PC-0005 ": 5000005, "PC-0006": 5000007, "PC-0007": 5000006, "id:5000001": 5000001,
	} {
		if got, err := names.Find(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	var ambiguous *AmbiguousError
	if _, err := names.Find("PC-0003"); !errors.As(err, &ambiguous) { // they differ in blanks only
		t.Errorf("%v", err)
	}
	if all, err := names.All("PC-0001"); err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	marked := names.Mark([]jobmon.Progress{
		{
			Computer: jobmon.Computer{ID: 5000001},
		}, {Computer: jobmon.Computer{ID: 5000002}}, {Computer: jobmon.Computer{ID: 5000009}},
	})
	if marked[0].Continues != 5000009 || marked[1].Continues != 5000012 || marked[2].Continues != 0 {
		t.Errorf("%+v", marked)
	}
}

// TestACopyOfTheNamesIsNotChanged: neither of two copies learns what the other one does, and of one computer that is
// renamed for ever the newest names are known.
func TestACopyOfTheNamesIsNotChanged(t *testing.T) {
	t.Parallel()
	rename := func(n Computers, name string) {
		n.Add(&jobmon.Event{Kind: jobmon.KindComputer, Computer: 7, Name: name})
	}
	names := Computers{}
	for i := range 3 {
		rename(names, fmt.Sprint("PC-", i))
	}
	other := names.Clone()
	rename(names, "A")
	rename(other, "B")
	for n, want := range map[*Computers]string{&names: "A", &other: "B"} {
		if k := (*n)[7]; k.Name != want || !slices.Equal(k.Names, []string{"PC-0", "PC-1", "PC-2", want}) {
			t.Errorf("%+v, want %s last", k, want)
		}
	}
	for i := range 5000 {
		rename(names, fmt.Sprint("PC-", i))
	}
	if known := names[7].Names; len(known) > 1000 || !slices.Contains(known, "PC-4999") ||
		!slices.Contains(known, "PC-4100") {
		t.Errorf("%d names, up to %s", len(known), known[len(known)-1])
	}
}
