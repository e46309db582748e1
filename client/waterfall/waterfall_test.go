package waterfall

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

var update = flag.Bool("update", false, "replace the golden files")

// at is a moment of the example's day.
func at(text string) jobmon.Instant {
	t, err := time.Parse("2006-01-02 15:04", "2026-11-10 "+text)
	if err != nil {
		panic(err)
	}
	return jobmon.InstantOf(t) - 3600_000
}

func bar(from, to string, kind Kind) Bar { return Bar{From: at(from), To: at(to), Kind: kind} }

// run is a line of something that ran, in bars.
func run(name string, job bool, state jobmon.RowState, bars ...Bar) Line {
	l := Line{Name: name, Job: job, State: state, Bars: bars, Known: len(bars) > 0,
		Running: state == jobmon.StateRunning}
	if job {
		l.Folder = `Build\Windows 11`
	}
	if len(bars) > 0 {
		l.Began, l.Ended = bars[0].From, bars[len(bars)-1].To
		l.Took.Took = l.Ended.Sub(l.Began)
	}
	return l
}

// example is a deployment in which everything happens.
func example() *Chart {
	zone := time.FixedZone("", 3600)
	late := func(l Line) Line { l.Late = true; return l }
	failed := func(l Line, code jobmon.Code, attempt int) Line { l.Code, l.Attempt = code, attempt; return l }
	beside := func(l Line) Line { l.Beside = true; return l }
	c := &Chart{
		Computer: "PC-0042", ID: 5000042, Site: "DS01", Number: 3, Result: jobmon.Outcome{Word: "open"}, Began: at("09:00"), End: at("10:24"),
		Running: true,
		Took:    84 * time.Minute, Working: 57 * time.Minute, Waiting: 15 * time.Minute, Unseen: 12 * time.Minute,
		Clock: func(i jobmon.Instant) time.Time { return i.Time().In(zone) },
		Lines: []Line{
			run("Drivers", false, jobmon.StateSucceeded, bar("09:02", "09:13", Working)),
			run("Chipset and storage drivers", true, jobmon.StateSucceeded, bar("09:03", "09:08", Working)),
			run("Graphics driver", true, jobmon.StateSucceeded, bar("09:08", "09:13", Working)),
			run("Office and everything that belongs to an office computer", false, jobmon.StateFailed,
				bar("09:13", "09:16", Waiting), bar("09:16", "09:30", Working),
				bar("09:30", "09:42", Unseen), bar("09:42", "09:48", Working)),
			run("Install Microsoft 365 Apps for enterprise, semi-annual channel", true, jobmon.StateSucceeded,
				bar("09:17", "09:30", Working), bar("09:30", "09:42", Unseen), bar("09:42", "09:44", Working)),
			failed(run("Install Visio", true, jobmon.StateFailed, bar("09:44", "09:46", Failed)), 1603, 1),
			failed(run("Install Visio", true, jobmon.StateFailed, bar("09:46", "09:48", Failed)), 1618, 2),
			late(run(`<img src=x onerror="alert(1)">`, false, jobmon.StateRunning, bar("09:48", "10:00", Waiting),
				bar("10:00", "10:24", Working))),
			late(run("CAD  ünïcode 設計 & <b>more</b>", true, jobmon.StateRunning, bar("10:00", "10:24", Working))),
			late(run("\u202etxt.exe\x1b[31m", true, jobmon.StateWaiting)),
			run("Closing", false, jobmon.StateWaiting),
			run("Restart", true, jobmon.StateCancelled),
			beside(run("", false, jobmon.StateSucceeded, bar("09:00", "09:02", Working))),
			run("0. Build Job Monitor", true, jobmon.StateSucceeded, bar("09:00", "09:02", Working)),
		},
		Gaps:  []Gap{{at("09:30"), at("09:42"), "source lost"}, {at("10:10"), at("10:10"), "clock stepped"}},
		Notes: []words.Phrase{{Key: "waterfall.stepped"}},
	}
	c.Lines[4].Doubt, c.Lines[7].Waited = "across a gap", 12*time.Minute
	return c
}

// golden compares a text with a file, or replaces it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs: run the test with -update and look at it", path)
	}
}

func drawn(t rapid.TB, draw func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := draw(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheChartInEveryForm(t *testing.T) {
	c := example()
	golden(t, "narrow.txt", drawn(t, func(w io.Writer) error { return Text(w, c, term.Options{Width: 80}) }))
	golden(t, "wide.txt", drawn(t, func(w io.Writer) error { return Text(w, c, term.Options{Width: 160}) }))
	golden(t, "colour.txt", drawn(
		t, func(w io.Writer) error { return Text(w, c, term.Options{Width: 100, Color: true}) }))
	golden(t, "chart.svg", drawn(t, func(w io.Writer) error { return SVG(w, c) }))
	golden(t, "chart.html", drawn(t, func(w io.Writer) error { return HTML(w, c) }))
}

// TestNamesStayText: whatever a name holds, the picture is well-formed, loads nothing and runs nothing.
func TestNamesStayText(t *testing.T) {
	names := append(samples.StrangeNames(), `"><script>alert(1)</script>`, "]]>", "&amp;", "--><!--", "\x00\x08",
		`' onload='x`)
	lawtest.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.SampledFrom(names), rapid.String()).Draw(t, "name")
		c := example()
		c.Computer, c.Site, c.Lines[0].Name, c.Lines[1].Name, c.Lines[1].Doubt, c.Lines[2].Folder,
			c.Gaps[0].What = name, name, name, name, name, name, name
		svg := drawn(t, func(w io.Writer) error { return SVG(w, c) })
		elements := 0
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("the SVG with %q is not well-formed: %v", name, err)
			}
			element, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			elements++
			switch element.Name.Local {
			case "svg", "title", "style", "defs", "pattern", "rect", "path", "circle", "text":
			default:
				t.Fatalf("%q makes an element <%s>", name, element.Name.Local)
			}
			for _, a := range element.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Fatalf("%q makes an attribute %s", name, a.Name.Local)
				}
			}
		}
		if elements < 50 {
			t.Fatalf("%d elements", elements)
		}
		page := drawn(t, func(w io.Writer) error { return HTML(w, c) })
		if lower := strings.ToLower(page); strings.Contains(lower, "<script") || strings.Contains(lower, "<img") ||
			strings.Contains(lower, "http://") != strings.Contains(lower, `xmlns="http://www.w3.org/2000/svg"`) {
			t.Fatalf("%q reaches the page as markup", name)
		}
		for line := range strings.Lines(
			drawn(t, func(w io.Writer) error { return Text(w, c, term.Options{Width: 80}) })) {
			if line = strings.TrimSuffix(line, "\n"); term.Columns(line) > 80 ||
				strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) {
				t.Fatalf("%q makes a line of %d columns: %q", name, term.Columns(line), line)
			}
		}
	})
}

// TestAnyTimes: deployments that take no time, or years, or whose bars lie outside, are drawn all the same.
func TestAnyTimes(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		c := example()
		c.End = c.Began + jobmon.Instant(rapid.Int64Range(0, 1<<40).Draw(t, "long"))
		for i := range c.Lines {
			for k := range c.Lines[i].Bars {
				b := &c.Lines[i].Bars[k]
				b.From = c.Began + jobmon.Instant(rapid.Int64Range(0, int64(c.End-c.Began)).Draw(t, "from"))
				b.To = b.From + jobmon.Instant(rapid.Int64Range(0, int64(c.End-b.From)).Draw(t, "to"))
			}
		}
		width := rapid.IntRange(0, 300).Draw(t, "width")
		for line := range strings.Lines(
			drawn(t, func(w io.Writer) error { return Text(w, c, term.Options{Width: width}) })) {
			if n := term.Columns(strings.TrimSuffix(line, "\n")); n > max(width, 80) && width > 0 {
				t.Fatalf("a line of %d columns in %d", n, width)
			}
		}
		drawn(t, func(w io.Writer) error { return HTML(w, c) })
		if n := len(c.ticks(10)); n > 21 {
			t.Fatalf("%d ticks", n)
		}
	})
}
