package ndjson

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// goldenLines are lines of all kinds; those of other tests are as an Encoder writes them.
func goldenLines(t testing.TB) [][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	message := AppendMessage(nil, Header{LogID: "0a", Site: "S"}, []jobmon.Link{{
		Batch: jobmon.Batch{Events: []jobmon.Event{{Seq: 7, Kind: jobmon.KindDamaged, Text: `a "b\c` + "\u202e"}}},
		After: 3, Previous: 0xa, Sum: 0xfeedf00d, Seam: true, Lost: 2,
	}})
	return append(lines, bytes.TrimSpace(message))
}

// agree fails when the quick reader takes a line that the strict one refuses or reads as something else.
func agree(t interface {
	Fatalf(string, ...any)
}, q *quick, text []byte) (took bool) {
	var got parsed
	if took = q.line(text, &got); !took {
		return false
	}
	if want, err := strict(text); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\nquick  %+v\nstrict %+v, %v", text, got, want, err)
	}
	return true
}

// The lines of an Encoder are read quickly, but for a text that is no UTF-8.
func TestQuickTakesWhatIsWritten(t *testing.T) {
	t.Parallel()
	var q quick
	for _, line := range goldenLines(t) {
		if took := agree(t, &q, line); took == bytes.Contains(line, []byte("base64")) {
			t.Errorf("took %v: %s", took, line)
		}
	}
}

// A line that was changed in any byte is read as the strict reader reads it, or left to it.
func TestQuickAndStrictAgree(t *testing.T) {
	t.Parallel()
	lines := goldenLines(t)
	pieces := []string{
		"0", "9", "-", "99999999999999999999", ".", "Z", "Ä", "\xff", `\u0041`, `\`, `"`, "}", "{", " ", "\t", "null",
		`"after":3,`, `"seq":5,`, `"more":false,`, "true", "e3", ",", "+", "_",
	}
	lawtest.Check(t, func(t *rapid.T) {
		var q quick
		for range 20 {
			line := bytes.Clone(lines[rapid.IntRange(0, len(lines)-1).Draw(t, "line")])
			at := rapid.IntRange(0, len(line)).Draw(t, "at")
			cut := min(len(line), at+rapid.IntRange(0, 2).Draw(t, "cut"))
			piece := rapid.SampledFrom(pieces).Draw(t, "piece")
			agree(t, &q, append(append(bytes.Clone(line[:at]), piece...), line[cut:]...))
			agree(t, &q, line)
		}
	})
}

func FuzzQuick(f *testing.F) {
	for _, line := range goldenLines(f) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var q quick
		agree(t, &q, text)
		agree(t, &q, text) // with the texts and the date that it keeps
	})
}

// reference is a message of so many batches of four events each, as they come when deployments run.
func reference(batches int) []byte {
	var links []jobmon.Link
	seq := uint64(1_000_000)
	for i := range batches {
		b := jobmon.Batch{At: 1_795_352_700_123 + jobmon.Instant(i)*5000}
		for k := range 4 {
			seq++
			e := jobmon.Event{
				Seq: seq, At: b.At, Kind: jobmon.KindFinished, Schedule: jobmon.ScheduleID(700_123 + seq),
				Computer: jobmon.ComputerID(5_000_001 + seq%1000), Job: jobmon.JobID(311 + seq%60),
				Start: jobmon.WallTime(b.At) / 60_000 * 60_000, Status: jobmon.StatusOf(0),
			}
			switch k {
			case 1:
				e.Kind, e.Status = jobmon.KindStarted, jobmon.StatusRunning
			case 3:
				e = jobmon.Event{
					Seq: seq, At: b.At, Kind: jobmon.KindExpected, Computer: e.Computer,
					Name: fmt.Sprintf("%02d. (JM) Office", seq%7), Seconds: 540, Count: 12,
				}
			}
			b.Events = append(b.Events, e)
		}
		links = append(links, jobmon.Link{Batch: b, After: b.First() - 1, Sum: 1})
	}
	h := Header{LogID: strings.Repeat("0a", 16), Site: "DS01", Program: "1.2.3"}
	return AppendMessage(nil, h, links)
}

func BenchmarkReadMessage(b *testing.B) {
	for _, batches := range []int{1, 20, 400} {
		b.Run(fmt.Sprintf("events=%d", 4*batches), func(b *testing.B) {
			text := reference(batches)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				_, links, err := ReadMessage(text)
				if err != nil {
					b.Fatal(err)
				}
				n += 4 * len(links)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
		})
	}
}

func BenchmarkAppendMessage(b *testing.B) {
	_, links, err := ReadMessage(reference(400))
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	n := 0
	for b.Loop() {
		text = AppendMessage(text[:0], Header{}, links)
		n += 4 * len(links)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
