package mssql

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"Büro\x00\x1b[31m\u202e😀":   "Büro\x00\x1b[31m\u202e😀",
		"a\xffb\xc3":                "a\uFFFDb\uFFFD",
		strings.Repeat("ä", 10_000): strings.Repeat("ä", 10_000),
		strings.Repeat("ä", 10_001): strings.Repeat("ä", 10_000),
	} {
		if got := clean(in); got != want {
			t.Errorf(
				"%.20q (%d characters): %.20q (%d)", in, utf8.RuneCountInString(in), got,
				utf8.RuneCountInString(got),
			)
		}
	}
}

func TestOffset(t *testing.T) {
	const utc = jobmon.WallTime(1_795_000_000_000)
	for _, c := range []struct {
		ahead time.Duration
		want  jobmon.Offset
	}{
		{0, 0}, {7 * time.Millisecond, 0}, {-7 * time.Millisecond, 0},
		{time.Hour + 3*time.Millisecond, 3600}, {time.Hour - 3*time.Millisecond, 3600},
		{5*time.Hour + 45*time.Minute, 20700}, {-3*time.Hour - 30*time.Minute - time.Second, -12600},
		{14 * time.Hour, 50400},
	} {
		if got := offset(utc, utc+jobmon.WallTime(c.ahead.Milliseconds())); got != c.want {
			t.Errorf("%s: %d", c.ahead, got)
		}
	}
}

func TestCells(t *testing.T) {
	read := func(cell any, take func(*record)) *record {
		r := &record{part: &part{table: "[dbo].[t]", columns: []string{"id", "c"}}, cells: []any{int64(17), cell}}
		take(r)
		return r
	}
	fits := func(cell any, want jobmon.Row, take func(*record) jobmon.Row) {
		t.Helper()
		var got jobmon.Row
		if r := read(cell, func(r *record) { got = take(r) }); !r.fits() || got != want {
			t.Errorf("%v: %+v, %q, %v", cell, got, r.unfit, r.err)
		}
	}
	status := func(r *record) jobmon.Row { return jobmon.Row{Status: r.status(1)} }
	start := func(r *record) jobmon.Row { return jobmon.Row{Start: r.wall(1)} }
	fits(nil, jobmon.Row{}, status)
	fits(int64(-2147483648), jobmon.Row{Status: jobmon.StatusOf(-2147483648)}, status)
	fits(int64(2147483647), jobmon.Row{Status: jobmon.StatusOf(2147483647)}, status)
	fits(int64(2147942487), jobmon.Row{Status: jobmon.StatusOf(2147942487)}, status) // a bigint column
	fits(int64(-1<<63), jobmon.Row{Status: jobmon.StatusOf(-1 << 63)}, status)
	fits(nil, jobmon.Row{Start: jobmon.NoStart}, start)
	at := time.Date(2026, 3, 29, 2, 30, 0, 3_333_333, time.FixedZone("", 7200))
	fits(at, jobmon.Row{Start: jobmon.WallTimeOf(time.Date(2026, 3, 29, 2, 30, 0, 3_000_000, time.UTC))}, start)
	fits(at.Add(3_333_333), jobmon.Row{
		Start: jobmon.WallTimeOf(time.Date(2026, 3, 29, 2, 30, 0, 7_000_000, time.UTC)),
	}, start)

	for cell, want := range map[any]string{
		int64(2147483648): "[dbo].[t].c is 2147483648, which does not fit into 32 bits (id 17)",
		nil:               "[dbo].[t].c is NULL (id 17)",
	} {
		if r := read(cell, func(r *record) { r.id(1) }); r.unfit != want || r.err != nil {
			t.Errorf("%v: %q, %v", cell, r.unfit, r.err)
		}
	}
	for _, take := range []func(*record){func(r *record) {
		r.number(1)
	}, func(r *record) { r.status(1) }, func(r *record) { r.text(1) }, func(r *record) { r.wall(1) }} {
		if r := read([]byte("?"), take); r.err == nil || !strings.Contains(r.err.Error(), "[dbo].[t].c") ||
			!strings.Contains(r.err.Error(), "id 17") {
			t.Errorf("a surprising type: %q, %v", r.unfit, r.err)
		}
	}
}
