package store

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// anyInt64 prefers the values at which encodings go wrong.
func anyInt64() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3),
		rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64, farStart, farStart - 1, -farStart,
			1 - farStart}))
}

func anyInt32() *rapid.Generator[int32] {
	return rapid.OneOf(rapid.Int32(), rapid.Int32Range(-3, 3), rapid.Int32Range(5_000_001, 5_000_300),
		rapid.SampledFrom([]int32{math.MinInt32, math.MaxInt32}))
}

func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.Just(""), rapid.String(), rapid.StringN(0, 700, -1),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
}

func anyEvent(t *rapid.T) jobmon.Event {
	e := jobmon.Event{
		Kind:  jobmon.Kind(rapid.OneOf(rapid.Uint8Range(1, 21), rapid.Uint8Range(1, 255)).Draw(t, "kind")),
		Flags: jobmon.Flags(rapid.Uint8().Draw(t, "flags")),
	}
	some := rapid.Uint16().Draw(t, "fields")
	with := func(bit int) bool { return some>>bit&1 == 1 }
	if with(0) {
		e.Schedule = jobmon.ScheduleID(anyInt32().Draw(t, "schedule"))
	}
	if with(1) {
		e.Computer = jobmon.ComputerID(anyInt32().Draw(t, "computer"))
	}
	if with(2) {
		e.Job = jobmon.JobID(anyInt32().Draw(t, "job"))
	}
	if with(3) {
		e.Start = jobmon.WallTime(rapid.OneOf(
			rapid.Map(rapid.Int64Range(-3000, 3000), func(m int64) int64 { return int64(noon) + m*minute }),
			rapid.Map(rapid.Int64Range(-1e9, 1e9), func(ms int64) int64 { return int64(noon) + ms }),
			anyInt64()).Draw(t, "start"))
	}
	if with(4) {
		e.Status = jobmon.StatusOf(jobmon.Code(rapid.OneOf(rapid.SampledFrom([]int64{-1, 0, 1603, 3010, -7}),
			anyInt64()).Draw(t, "status")))
	}
	if with(5) {
		e.Name = anyText().Draw(t, "name")
	}
	if with(6) {
		e.Place = anyText().Draw(t, "place")
	}
	if with(7) {
		e.Text = anyText().Draw(t, "text")
	}
	if with(8) {
		e.Seconds, e.Count = anyInt32().Draw(t, "seconds"), anyInt32().Draw(t, "count")
	}
	if with(9) {
		e.Step, e.Until = anyInt64().Draw(t, "step"), jobmon.Instant(anyInt64().Draw(t, "until"))
	}
	if with(10) {
		e.From, e.To, e.Sum = rapid.Uint64().Draw(t, "from"), rapid.Uint64().Draw(t, "to"),
			rapid.Uint64().Draw(t, "sum")
	}
	return e
}

// AnyEvents makes events of all kinds, also of kinds and with flags that are not known.
func AnyEvents(t *rapid.T, most int) []jobmon.Event {
	return rapid.SliceOfN(rapid.Custom(anyEvent), 1, most).Draw(t, "events")
}

func TestFramesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		at := jobmon.Instant(rapid.OneOf(rapid.Just(int64(noon)), anyInt64()).Draw(t, "at"))
		events := rapid.SliceOfN(rapid.Custom(anyEvent), 1, 20).Draw(t, "events")
		first := rapid.OneOf(rapid.Uint64Range(1, 10_000_000), rapid.Uint64Range(1, jobmon.MaxSeq-20)).Draw(t, "first")
		previous := rapid.Uint32().Draw(t, "previous")

		data, _, crc,
			err := appendFrame([]byte("before"), nil, &frame{previous: previous, first: first, at: at}, events)
		if err != nil {
			t.Fatal(err)
		}
		f, got, bad := decode(data[len("before"):])
		if bad != nil {
			t.Fatal(bad)
		}
		if want := numbered(first, at, events); !slices.Equal(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		if f.previous != previous || f.crc != crc || f.first != first || f.at != at ||
			f.last() != first+uint64(len(events))-1 {
			t.Fatalf("frame %+v", f)
		}
	})
}

// cycles are batches as they come in cycles of 5 s with 20 deployments side by side: a job ends on some computers
// and the next one starts, now and then a computer gets new jobs, whose start time is on a minute.
func cycles(n int) [][]jobmon.Event {
	var batches [][]jobmon.Event
	schedule := jobmon.ScheduleID(1_200_000)
	now := int64(noon)
	for cycle := range n {
		now += 5000
		var events []jobmon.Event
		row := func(kind jobmon.Kind, computer int, back jobmon.ScheduleID, status jobmon.Status) {
			events = append(events, jobmon.Event{
				Kind: kind, Schedule: schedule - back, Computer: jobmon.ComputerID(5_000_100 + computer),
				Job: jobmon.JobID(200 + (cycle+computer)%60), Start: jobmon.WallTime(now/minute*minute + 3_540_000),
				Status: status,
			})
		}
		if cycle%40 == 7 {
			for range 15 {
				schedule++
				row(jobmon.KindScheduled, cycle%20, 0, jobmon.StatusNull)
			}
		}
		if cycle%2 == 0 {
			row(jobmon.KindFinished, cycle%20, jobmon.ScheduleID(cycle%250+1), jobmon.StatusOf(0))
			row(jobmon.KindStarted, cycle%20, jobmon.ScheduleID(cycle%250), jobmon.StatusRunning)
		}
		if cycle%6 == 1 {
			row(jobmon.KindStarted, (cycle+9)%20, jobmon.ScheduleID(cycle%180), jobmon.StatusRunning)
		}
		if len(events) > 0 {
			batches = append(batches, events)
		}
	}
	return batches
}

func TestRowEventsAreSmall(t *testing.T) {
	t.Parallel()
	events, bytes := 0, 0
	for _, batch := range cycles(2000) {
		data := encode(t, 0xfeedf00d, uint64(2_000_000+events), noon, batch)
		events += len(batch)
		bytes += len(data)
	}
	per := float64(bytes) / float64(events)
	t.Logf("%d events, %.1f bytes each", events, per)
	if per > 26 {
		t.Errorf("%.1f bytes an event, at most 26 are meant", per)
	}
}

func TestDecodingRowsAllocatesOncePerFrame(t *testing.T) {
	batch := slices.Concat(cycles(200)...)
	f, bad := parseFrame(encode(t, 0, 1, noon, batch))
	if bad != nil {
		t.Fatal(bad)
	}
	var d decoder
	if n := testing.AllocsPerRun(20, func() { d.events(nil, &f) }); n > 1 {
		t.Errorf("%v allocations for %d events, want 1", n, len(batch))
	}
	space := make([]jobmon.Event, len(batch))
	if n := testing.AllocsPerRun(20, func() { d.events(space, &f) }); n > 0 {
		t.Errorf("%v allocations for %d events in space that is there, want none", n, len(batch))
	}
}
