package ndjson_test

import (
	"bytes"
	"errors"
	"flag"
	"iter"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

var update = flag.Bool("update", false, "write the golden files anew")

func all(batches []jobmon.Batch) iter.Seq2[jobmon.Batch, error] {
	return func(yield func(jobmon.Batch, error) bool) {
		for _, b := range batches {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func written(t interface {
	Helper()
	Fatal(...any)
}, batches ...jobmon.Batch) []byte {
	t.Helper()
	var out bytes.Buffer
	h := ndjson.Header{LogID: strings.Repeat("0a", 16), Site: "DS01", Program: "1.2.3"}
	if len(batches) > 0 {
		h.Last = batches[len(batches)-1].Last()
	}
	if _, err := ndjson.Write(&out, h, all(batches)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read reads an export to its end or to its first failure.
func read(text []byte) (got []jobmon.Batch, h ndjson.Header, err error) {
	r, err := ndjson.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, h, err
	}
	for b, err := range r.Batches() {
		if err != nil {
			return got, r.Header, err
		}
		got = append(got, b)
	}
	return got, r.Header, nil
}

func drawBatches(t *rapid.T) (batches []jobmon.Batch) {
	seq := uint64(0)
	text := rapid.OneOf(
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 20), func(b []byte) string { return string(b) }),
	)
	for range rapid.IntRange(1, 6).Draw(t, "batches") {
		b := jobmon.Batch{At: jobmon.Instant(rapid.Int64().Draw(t, "at"))}
		seq += rapid.Uint64Range(0, 3).Draw(t, "gap")
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			seq++
			e := jobmon.Event{
				Seq: seq, At: b.At, Kind: jobmon.Kind(rapid.Uint8Range(1, 255).Draw(t, "kind")), Flags: jobmon.Flags(rapid.Uint8().Draw(t, "flags")),
				Schedule: jobmon.ScheduleID(
					rapid.Int32().Draw(t, "row"),
				), Computer: jobmon.ComputerID(rapid.Int32().Draw(t, "computer")),
				Job: jobmon.JobID(
					rapid.Int32().Draw(t, "job"),
				), Start: jobmon.WallTime(rapid.OneOf(rapid.Int64(), rapid.Just(int64(jobmon.NoStart)), rapid.Just(int64(0))).Draw(t, "start")),
				Name: text.Draw(t, "name"), Place: text.Draw(t, "place"), Text: text.Draw(t, "text"),
				Seconds: rapid.Int32().
					Draw(t, "seconds"),
				Count: rapid.Int32().Draw(t, "count"), Step: rapid.Int64().Draw(t, "step"),
				Until: jobmon.Instant(rapid.Int64().Draw(t, "until")), Sum: rapid.Uint64().Draw(t, "sum"),
				From: rapid.Uint64Range(0, jobmon.MaxSeq).
					Draw(t, "from"),
				To: rapid.Uint64Range(0, jobmon.MaxSeq).Draw(t, "to"),
			}
			if rapid.Bool().Draw(t, "set") {
				e.Status = jobmon.StatusOf(jobmon.Code(rapid.Int64().Draw(t, "status")))
			}
			b.Events = append(b.Events, e)
		}
		batches = append(batches, b)
	}
	return batches
}

// Whatever an event holds comes back as it was, whole batches and gaps too.
func TestRoundTrip(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		batches := drawBatches(t)
		got, h, err := read(written(t, batches...))
		if err != nil || h.Site != "DS01" || h.Program != "1.2.3" || h.LogID != strings.Repeat("0a", 16) ||
			!reflect.DeepEqual(got, batches) {
			t.Fatalf("%+v %v\n got %+v\nwant %+v", h, err, got, batches)
		}
	})
}

// story holds one of every kind, as they really are.
func story() []jobmon.Batch {
	const at = 1_795_352_700_123
	row := func(seq uint64, kind jobmon.Kind, flags jobmon.Flags, status jobmon.Status, start jobmon.WallTime) jobmon.Event {
		return jobmon.Event{
			Seq:      seq,
			At:       at,
			Kind:     kind,
			Flags:    flags,
			Schedule: 700123,
			Computer: 5000042,
			Job:      311,
			Start:    start,
			Status:   status,
		}
	}
	const due = jobmon.WallTime(1_795_356_300_000)
	return []jobmon.Batch{
		{At: at, Events: []jobmon.Event{
			{Seq: 1, At: at, Kind: jobmon.KindDaemonStarted, Text: "1.2.3", Count: 1},
			{Seq: 2, At: at, Kind: jobmon.KindConfigured, Text: `{"marker":"\\(JM\\)"}`},
			{Seq: 3, At: at, Kind: jobmon.KindClock, Seconds: 3600, Step: -2500},
			{
				Seq:      4,
				At:       at,
				Kind:     jobmon.KindComputer,
				Flags:    jobmon.Baseline | jobmon.Ghost,
				Computer: 5000042,
				Name:     "PC-Ä <script>",
				Place:    "Room 1",
				Text:     "PC-0042",
			},
			{
				Seq:   5,
				At:    at,
				Kind:  jobmon.KindJob,
				Flags: jobmon.Baseline,
				Job:   311,
				Name:  "Office \xff",
				Place: `Clients\New`,
			},
			row(6, jobmon.KindScheduled, jobmon.Baseline, jobmon.StatusNull, due),
		}},
		{At: at, Events: []jobmon.Event{
			row(9, jobmon.KindStarted, jobmon.Inferred|jobmon.Inexact, jobmon.StatusRunning, due),
			row(10, jobmon.KindFinished, 0, jobmon.StatusOf(1603), due),
			row(11, jobmon.KindRequeued, 0, jobmon.StatusNull, jobmon.NoStart),
		}},
		{
			At: at,
			Events: []jobmon.Event{
				{
					Seq:      12,
					At:       at,
					Kind:     jobmon.KindRefreshed,
					Computer: 5000042,
					Name:     "03. (JM) Office",
					Sum:      0xfedcba9876543210,
				},
			},
		},
		{
			At: at,
			Events: []jobmon.Event{
				{
					Seq:      13,
					At:       at,
					Kind:     jobmon.KindExpected,
					Computer: 5000042,
					Name:     "Office",
					Seconds:  540,
					Count:    12,
				},
			},
		},
		{At: at, Events: []jobmon.Event{{Seq: 14, At: at, Kind: jobmon.KindDamaged, From: 7, To: 8, Text: "lost"}}},
		{At: at, Events: []jobmon.Event{{Seq: 15, At: at, Kind: jobmon.KindDaemonStarted, Until: at}}},
	}
}

func TestGolden(t *testing.T) {
	const path = "testdata/events.ndjson"
	got := written(t, story()...)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the format has changed:\n%s", got)
	}
}

// Cut anywhere, it is never taken for a whole one.
func TestEveryCutIsNoticed(t *testing.T) {
	text := written(t, story()...)
	for n := range len(text) - 1 { // the line end at the end is not missed
		if _, _, err := read(text[:n]); err == nil {
			t.Fatalf("cut after %d of %d bytes: no error", n, len(text))
		}
	}
	if _, _, err := read(append(slices.Clone(text), text...)); !errors.Is(err, ndjson.ErrDamaged) {
		t.Errorf("twice: %v", err)
	}
}

func TestWrongExports(t *testing.T) {
	text := string(written(t, story()...))
	for name, c := range map[string]struct {
		text string
		want error
		said string
	}{
		"empty":              {"", ndjson.ErrTruncated, ""},
		"something else":     {`{"recording":{}}`, ndjson.ErrForeign, ""},
		"newer":              {strings.Replace(text, `"v":1`, `"v":2`, 1), ndjson.ErrNewer, "version 2"},
		"unknown field":      {strings.Replace(text, `"seq":3,`, `"seq":3,"colour":1,`, 1), ndjson.ErrDamaged, "line 3"},
		"a number twice":     {strings.Replace(text, `"seq":10,`, `"seq":9,`, 1), ndjson.ErrDamaged, "line 8"},
		"a hole in a batch":  {strings.Replace(text, `"seq":3,`, `"seq":4,`, 1), ndjson.ErrIncomplete, "line 3"},
		"a hole":             {strings.Replace(text, `"after":6,`, ``, 1), ndjson.ErrIncomplete, "event 9 does not join event 6"},
		"no beginning":       {text[strings.Index(text, "\n")+1:], ndjson.ErrForeign, ""},
		"a later beginning":  {`{"export":{"format":"jobmon-db events","v":1}}` + text[strings.Index(text, "\n"):], ndjson.ErrIncomplete, "event 2 does not join event 0"},
		"an end less":        {text[:strings.Index(text, `{"seq":15`)], ndjson.ErrTruncated, "event 15"},
		"another log":        {text + strings.Replace(text, "0a0a", "0b0b", 1), ndjson.ErrDamaged, "another log"},
		"unknown kind":       {strings.Replace(text, `"clock"`, `"clocks"`, 1), ndjson.ErrDamaged, "clocks"},
		"more than is lost":  {strings.Replace(text, `"to":8`, `"to":18446744073709551615`, 1), ndjson.ErrDamaged, "above"},
		"unknown flag":       {strings.Replace(text, `"ghost"`, `"host"`, 1), ndjson.ErrDamaged, "host"},
		"another time":       {strings.Replace(text, `2026-11-22`, `2026-11-21`, 1), ndjson.ErrDamaged, "line 2"},
		"no time":            {strings.Replace(text, `2026-11-22T`, `2026-11-22 `, 1), ndjson.ErrDamaged, "line 1"},
		"a line less":        {strings.Replace(text, text[strings.Index(text, `{"seq":12`):strings.Index(text, `{"seq":13`)], "", 1), ndjson.ErrIncomplete, "event 13 does not join event 11"},
		"two events, a line": {strings.Replace(text, "}\n{\"seq\":13", "} {\"seq\":13", 1), ndjson.ErrDamaged, "follows"},
		"an endless line":    {text[:len(text)/2] + strings.Repeat("x", 33<<20), ndjson.ErrDamaged, "longer"},
	} {
		if _, _, err := read([]byte(c.text)); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.said) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Windows' editors change line ends
	if got, _, err := read([]byte(strings.ReplaceAll(text, "\n", "\r\n"))); err != nil ||
		!reflect.DeepEqual(got, story()) {
		t.Errorf("with CRLF: %v", err)
	}
}

// A log that cannot be read to its end leaves an export that says so.
func TestWriteEndsWithTheLog(t *testing.T) {
	var out bytes.Buffer
	broken := errors.New("damaged")
	_, err := ndjson.Write(&out, ndjson.Header{}, func(yield func(jobmon.Batch, error) bool) {
		_ = yield(story()[0], nil) && yield(jobmon.Batch{}, broken)
	})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "event 6") {
		t.Error(err)
	}
	if _, _, err := read(out.Bytes()); err == nil {
		t.Error("it is taken for a whole one")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, story()...))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, h, err := read(text)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if _, err := ndjson.Write(&out, h, all(got)); err != nil {
			t.Fatal(err)
		}
		again, _, err := read(out.Bytes())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("read, written and read again: %v", err)
		}
	})
}
