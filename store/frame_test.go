package store

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Update says that golden files are to be written anew.
func Update() bool { return *update }

const noon = jobmon.Instant(1_795_348_800_000) // 2026-11-22T12:00:00Z

func encode(t testing.TB, previous uint32, first uint64, at jobmon.Instant, events []jobmon.Event) []byte {
	t.Helper()
	data, _, _, err := appendFrame(nil, nil, &frame{previous: previous, first: first, at: at}, events)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(data []byte) (frame, []jobmon.Event, *frameError) {
	f, bad := parseFrame(data)
	if bad != nil {
		return f, nil, bad
	}
	var d decoder
	events, bad := d.events(nil, &f)
	return f, events, bad
}

// numbered are the events as a reader gets them.
func numbered(first uint64, at jobmon.Instant, events []jobmon.Event) []jobmon.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].Seq, events[i].At = first+uint64(i), at
	}
	return events
}

// day is a batch of each kind of event, as they come, with a number of events that makes sense.
func day() []jobmon.Event {
	row := jobmon.Event{Schedule: 700_123, Computer: 5_000_042, Job: 311, Start: jobmon.WallTime(noon + 3600_000)}
	of := func(kind jobmon.Kind, flags jobmon.Flags, status jobmon.Status) jobmon.Event {
		e := row
		e.Kind, e.Flags, e.Status = kind, flags, status
		row.Schedule++
		return e
	}
	events := []jobmon.Event{
		{Kind: jobmon.KindDaemonStarted, Text: "1.0.0", Count: 1, Until: noon - 95_000},
		{Kind: jobmon.KindConfigured, Text: `{"site":"DS1","marker":"(?i)\\(JM\\)"}`},
		{Kind: jobmon.KindClock, Seconds: 3600, Step: -2500},
		{Kind: jobmon.KindJob, Job: 311, Name: "03. (JM) Büro 📎", Place: `Build\Stages`},
		{Kind: jobmon.KindJob, Job: 312, Flags: jobmon.Gone},
		{Kind: jobmon.KindComputer, Computer: 5_000_042, Name: "PC-0042", Text: "PC-0042", Place: "Berlin"},
		{Kind: jobmon.KindComputer, Computer: 5_000_043, Name: "PC-0042", Flags: jobmon.Ghost},
		of(jobmon.KindScheduled, jobmon.Baseline, jobmon.StatusOf(0)),
		of(jobmon.KindScheduled, 0, jobmon.StatusNull),
		of(jobmon.KindRescheduled, 0, jobmon.StatusNull),
		of(jobmon.KindDue, 0, jobmon.StatusNull),
		of(jobmon.KindStarted, jobmon.Inferred, jobmon.StatusRunning),
		of(jobmon.KindFinished, jobmon.Inexact, jobmon.StatusOf(1603)),
		of(jobmon.KindFinished, 0, jobmon.StatusOf(-7)),
		of(jobmon.KindRequeued, 0, jobmon.StatusNull),
	}
	row.Start = jobmon.NoStart
	events = append(events, of(jobmon.KindRemoved, 0, jobmon.StatusNull))
	row.Start = jobmon.WallTime(noon) + 12_345
	return append(events,
		of(jobmon.KindScheduled, 0, jobmon.StatusNull),
		jobmon.Event{Kind: jobmon.KindAgentOnline, Computer: 5_000_042},
		jobmon.Event{Kind: jobmon.KindAgentOffline, Computer: 5_000_043},
		jobmon.Event{Kind: jobmon.KindAgentUnknown, Computer: 5_000_044},
		jobmon.Event{Kind: jobmon.KindRefreshed, Computer: 5_000_042, Name: "03. (JM) Büro 📎", Sum: 0x0123456789abcdef},
		jobmon.Event{Kind: jobmon.KindExpected, Computer: 5_000_042, Name: "Büro 📎", Seconds: 540, Count: 17},
		jobmon.Event{Kind: jobmon.KindSourceLost, Text: "login refused"},
		jobmon.Event{Kind: jobmon.KindSourceRestored},
		jobmon.Event{Kind: jobmon.KindDamaged, From: 17, To: 42, Text: "checksum"},
		jobmon.Event{Kind: jobmon.KindDaemonStopped},
	)
}

func TestFrameFormatIsFrozen(t *testing.T) {
	t.Parallel()
	path := filepath.Join("testdata", "frame-v1.hex")
	events := day()
	data := encode(t, 0xfeedf00d, 4711, noon, events)
	text := ""
	for line := range slices.Chunk(data, 32) {
		text += hex.EncodeToString(line) + "\n"
	}
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old, err := hex.DecodeString(strings.Join(strings.Fields(string(golden)), ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, got, bad := decode(old); bad != nil || !slices.Equal(got, numbered(4711, noon, events)) {
		t.Errorf("%s is no longer read as it was: %v", path, bad)
	}
	if !slices.Equal(data, old) {
		t.Errorf("frames are no longer written as in %s; written now:\n%s", path, text)
	}
}

func TestEveryFieldOfAnEventIsStored(t *testing.T) {
	t.Parallel()
	fields := reflect.TypeFor[jobmon.Event]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if name == "Seq" || name == "At" {
			continue // given by the frame
		}
		e := jobmon.Event{Kind: jobmon.KindClock}
		switch field := reflect.ValueOf(&e).Elem().Field(i); field.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Struct:
			e.Status = jobmon.StatusOf(1)
		case reflect.Uint8, reflect.Uint64:
			field.SetUint(17)
		default:
			field.SetInt(17)
		}
		_, got, bad := decode(encode(t, 0, 1, noon, []jobmon.Event{e}))
		if bad != nil || got[0] != numbered(1, noon, []jobmon.Event{e})[0] {
			t.Errorf("%s is lost: %+v, %v", name, got, bad)
		}
	}
}

// handmade builds a frame around the bytes of events.
func handmade(version byte, count uint64, events []byte) []byte {
	body := binary.AppendUvarint(nil, 10)
	body = binary.AppendUvarint(body, count)
	body = binary.AppendUvarint(body, zigzag(int64(noon)))
	body = append(body, events...)
	data := append([]byte(magic), version, 1, 2, 3, 4, 0, 0, 0, 0)
	data = append(binary.AppendUvarint(data, uint64(len(body))), body...)
	return seal(data)
}

// seal gives a frame the checksum that its bytes have.
func seal(data []byte) []byte {
	binary.LittleEndian.PutUint32(data[8:], checksum(0, data[:8], data[fixedLen:]))
	return data
}

func TestWhatIsNotKnownIsSteppedOver(t *testing.T) {
	t.Parallel()
	events := []byte{
		200, 31, 0x40, // a kind and a flag of the future
		63<<2 | wireNumber, 0x81, 0x01,
		62<<2 | wireString, 3, 'a', 'b', 'c',
		keyRow, 20, 2, 6, startNull, 3, // what is known of it
		61<<2 | wireRow, 1, 2, 3, 4, 0x85, 0x01,
		60<<2 | wireFixed, 1, 2, 3, 4, 5, 6, 7, 8,
		// told from the one before
		byte(jobmon.KindStarted), 9, 0, keyRow, 2, 0, 1, startNull, 2, 63<<2 | wireNumber, 7,
	}
	_, got, bad := decode(handmade(frameVersion, 2, events))
	if bad != nil {
		t.Fatal(bad)
	}
	want := []jobmon.Event{
		{Seq: 10, At: noon, Kind: 200, Flags: 0x40, Schedule: 10, Computer: 5_000_001, Job: 3, Start: jobmon.NoStart,
			Status: jobmon.StatusOf(1)},
		{Seq: 11, At: noon, Kind: jobmon.KindStarted, Schedule: 11, Computer: 5_000_001, Job: 2, Start: jobmon.NoStart,
			Status: jobmon.StatusRunning},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestBadFramesAreNamed(t *testing.T) {
	t.Parallel()
	whole := encode(t, 1, 10, noon, day())
	flipped := func(at int) []byte {
		data := slices.Clone(whole)
		data[at] ^= 0x10
		return data
	}
	started := byte(jobmon.KindStarted)
	for _, test := range []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, ErrTruncated},
		{"a header without a body", whole[:fixedLen], ErrTruncated},
		{"one byte missing", whole[:len(whole)-1], ErrTruncated},
		{"one byte too many", append(slices.Clone(whole), 0), ErrCorrupt},
		{"zeros", make([]byte, 100), ErrCorrupt},
		{"magic flipped", flipped(1), ErrCorrupt},
		{"version flipped", flipped(3), ErrCorrupt},
		{"chain flipped", flipped(5), ErrCorrupt},
		{"checksum flipped", flipped(9), ErrCorrupt},
		{"an event flipped", flipped(len(whole) - 7), ErrCorrupt},
		{"a newer version", handmade(gapVersion+1, 1, []byte{1, 2, 3}), ErrNewer},
		{"version 0", handmade(0, 1, []byte{started, 1, 0}), ErrCorrupt},
		{"no events", handmade(frameVersion, 0, nil), ErrCorrupt},
		{"more events than bytes", handmade(frameVersion, MaxEvents, []byte{started, 1, 0}), ErrCorrupt},
		{"more events than any batch", handmade(frameVersion, jobmon.MaxSeq, []byte{started, 1, 0}), ErrCorrupt},
		{"an event too few", handmade(frameVersion, 2, []byte{started, 4, 0, fieldSeconds<<2 | wireNumber, 2, 0}),
			ErrCorrupt},
		{"an event too many", handmade(frameVersion, 1, []byte{started, 1, 0, started, 1, 0}), ErrCorrupt},
		{"an event of no kind", handmade(frameVersion, 1, []byte{0, 1, 0}), ErrCorrupt},
		{"an event without flags", handmade(frameVersion, 1, []byte{started, 0, 0}), ErrCorrupt},
		{"an event beyond the end", handmade(frameVersion, 1, []byte{started, 9, 0}), ErrCorrupt},
		{"a text beyond the end", handmade(frameVersion, 1, []byte{started, 4, 0, fieldName<<2 | wireString, 9, 'x'}),
			ErrCorrupt},
		{"an id beyond 32 bits", handmade(frameVersion, 1, []byte{started, 7, 0, keyJob, 0xff, 0xff, 0xff, 0xff, 0x7f}),
			ErrCorrupt},
		{"a start of no known form", handmade(frameVersion, 1, []byte{started, 7, 0, keyRow, 0, 0, 0, 3, 0}),
			ErrCorrupt},
		{"half a checksum field", handmade(frameVersion, 1, []byte{started, 4, 0, keySum, 1, 2}), ErrCorrupt},
	} {
		_, _, bad := decode(test.data)
		if bad == nil || bad.kind != test.want || bad.offset > len(test.data) {
			t.Errorf("%s: got %v, want %v", test.name, bad, test.want)
		}
	}
	for n := range whole {
		if _, _, bad := decode(whole[:n]); bad == nil || bad.kind != ErrTruncated {
			t.Errorf("cut at %d of %d bytes: %v", n, len(whole), bad)
		}
	}
}

func TestEncodeRefusesWhatNoReaderBelieves(t *testing.T) {
	t.Parallel()
	started := jobmon.Event{Kind: jobmon.KindStarted}
	long := jobmon.Event{Kind: jobmon.KindConfigured, Text: strings.Repeat("x", MaxString)}
	if _, got, bad := decode(encode(t, 0, 1, noon, []jobmon.Event{long})); bad != nil || got[0].Text != long.Text {
		t.Errorf("the longest text: %v", bad)
	}
	for _, test := range []struct {
		name   string
		first  uint64
		events []jobmon.Event
		want   error
	}{
		{"no events", 1, nil, ErrInvalid},
		{"no kind", 1, []jobmon.Event{started, {}}, ErrInvalid},
		{"a text too long", 1, []jobmon.Event{{Kind: jobmon.KindJob, Place: long.Text + "x"}}, ErrTooLarge},
		{"a batch too long", 1, slices.Repeat([]jobmon.Event{long}, MaxFrame/MaxString), ErrTooLarge},
		{"sequence number 0", 0, []jobmon.Event{started}, ErrTooLarge},
		{"no sequence numbers left", jobmon.MaxSeq, []jobmon.Event{started, started}, ErrTooLarge},
	} {
		data, _, _, err := appendFrame([]byte("before"), nil, &frame{first: test.first, at: noon}, test.events)
		if !errors.Is(err, test.want) || string(data) != "before" {
			t.Errorf("%s: %q, %v, want %v", test.name, data, err, test.want)
		}
	}
}

// TestTheExampleInTheDocument keeps docs/event-log.md true.
func TestTheExampleInTheDocument(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join("..", "docs", "event-log.md"))
	if err != nil {
		t.Fatal(err)
	}
	finished := jobmon.Event{
		Kind: jobmon.KindFinished, Schedule: 700_123, Computer: 5_000_042, Job: 311,
		Start: jobmon.WallTime(noon + 3_600_000), Status: jobmon.StatusOf(1603),
	}
	started := finished
	started.Kind, started.Schedule, started.Job, started.Status = jobmon.KindStarted, 700_124, 312, jobmon.StatusRunning
	data := encode(t, 0xa1b2c3d4, 4711, noon, []jobmon.Event{finished, started})
	var bytes []string
	for _, b := range data {
		bytes = append(bytes, hex.EncodeToString([]byte{b}))
	}
	// In the document the bytes stand in the first column, with their meaning behind them.
	_, example, _ := strings.Cut(string(document), "```frame\n")
	example, _, _ = strings.Cut(example, "```")
	var got []string
	for line := range strings.Lines(example) {
		column, _, _ := strings.Cut(line, "  ")
		got = append(got, strings.Fields(column)...)
	}
	if !slices.Equal(got, bytes) {
		t.Errorf("the example is\n%s\nand should be\n%s", strings.Join(got, " "), strings.Join(bytes, " "))
	}
}
