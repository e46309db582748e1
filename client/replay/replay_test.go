package replay

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

const noon = jobmon.Instant(1_795_348_800_000) // 2026-11-22T12:00:00Z

// test is a testing.TB or a rapid.T.
type test = storetest.T

// morning is a log of some simulated deployments, and the chronicle and the names that belong to it.
func morning(t test, computers int, long time.Duration) (*store.Log, []jobmon.Event, names.Computers) {
	t.Helper()
	log, state := storetest.Open(t), history.New()
	ds := simulator.NewDS(noon, 3600, 1)
	simulator.Play(ds, computers)
	commit := func(at jobmon.Instant, events []jobmon.Event) {
		if len(events) == 0 {
			return
		}
		b, err := log.Append(at, events)
		if err != nil {
			t.Fatal(err)
		}
		state.Note(&b)
	}
	commit(
		noon,
		[]jobmon.Event{
			{Kind: jobmon.KindDaemonStarted, Text: "1"},
			{Kind: jobmon.KindConfigured, Text: jobmon.DefaultSettings().Encode()},
			{Kind: jobmon.KindClock, Seconds: 3600},
		},
	)
	for ds.Now() < noon.Add(long) {
		ds.Advance(10 * time.Second)
		s := ds.Snapshot(nil)
		s.Normalize()
		s.Gone = state.Mirror.Missing(s.Rows)
		commit(s.Now, jobmon.Diff(state.Mirror, s, jobmon.DiffOptions{}))
	}
	return log, state.Chronicle, state.Names
}

func telling(t test, log Log, chronicle []jobmon.Event, names names.Computers, a Ask) *Telling {
	t.Helper()
	c := NewChronicle(chronicle)
	f, err := NewFilter(a, names, c)
	if err != nil {
		t.Fatal(err)
	}
	return &Telling{Log: log, Chronicle: c, Filter: f}
}

// recordOf is the event with the names of its time.
func (c *Chronicle) recordOf(e *jobmon.Event) *Record {
	r := &Record{}
	c.tell(r, e)
	return r
}

// told are the records as text, without the time since the event before.
func told(t test, records iter.Seq2[*Record, error]) []string {
	t.Helper()
	var list []string
	for r, err := range records {
		if err != nil {
			t.Fatal(err)
		}
		line := ndjson.NewEncoder(ndjson.Header{})
		r.write(line)
		list = append(list, string(line.Line)+r.what())
	}
	return list
}

// TestEveryWayTellsTheSame: an event gives the same record wherever reading begins, in both directions, and for any number
// of computers. The last n records are the end of the whole list.
func TestEveryWayTellsTheSame(t *testing.T) {
	log, chronicle, names := morning(t, 6, 3*time.Hour)
	last, _, _ := log.Last()
	asks := []Ask{
		{}, {Computers: []string{"PC-0001"}}, {Computers: []string{"PC-0001", "PC-0003"}}, {Computers: []string{"PC-*"}},
		{
			States: []string{"failed"},
		}, {Kinds: []string{"finished", "requeued"}, Folders: []string{"Build"}}, {Jobs: []string{"*office*"}, Grep: []string{"succeeded"}},
	}
	for _, a := range asks {
		whole := Range{From: 1, To: last}
		var seqs []uint64
		for r, err := range telling(t, log, chronicle, names, a).Forward(whole) {
			if err != nil {
				t.Fatal(err)
			}
			seqs = append(seqs, r.event.Seq)
		}
		all := told(t, telling(t, log, chronicle, names, a).Forward(whole))
		if len(all) == 0 {
			t.Fatalf("%+v finds nothing", a)
		}
		lawtest.Check(t, func(t *rapid.T) {
			from, to := rapid.Uint64Range(1, last).Draw(t, "from"), rapid.Uint64Range(1, last).Draw(t, "to")
			r := Range{From: min(from, to), To: max(from, to)}
			begin, _ := slices.BinarySearch(seqs, r.From)
			end, _ := slices.BinarySearch(seqs, r.To+1)
			want := all[begin:end]
			fresh := func() *Telling {
				fresh := telling(t, log, chronicle, names, a)
				fresh.piece, fresh.runUp = 200, 100
				return fresh
			}
			if got := told(t, fresh().Forward(r)); !slices.Equal(got, want) {
				t.Fatalf("%+v: %d events of %+v, want %d", a, len(got), r, len(want))
			}
			back := told(t, fresh().Backward(r))
			if slices.Reverse(back); !slices.Equal(back, want) {
				t.Fatalf("%+v: backwards %d events of %+v, want %d", a, len(back), r, len(want))
			}
			n := rapid.IntRange(1, 50).Draw(t, "n")
			narrow, err := fresh().Last(r, n)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(t, fresh().Forward(narrow)); !slices.Equal(got, want[max(0, len(want)-n):]) {
				t.Fatalf("%+v: the last %d of %+v are %d", a, n, r, len(got))
			}
		})
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	log, chronicle, known := morning(t, 3, time.Hour)
	last, _, _ := log.Last()
	ask := Ask{States: []string{"Failed"}, Folders: []string{"windows 11"}}
	for r, err := range telling(t, log, chronicle, known, ask).Forward(Range{From: 1, To: last}) {
		if err != nil || r.state != jobmon.StateFailed || r.event.Kind != jobmon.KindFinished ||
			!strings.HasPrefix(r.folder(), `Build\`) || !r.took {
			t.Errorf("%+v, %v", r, err)
		}
	}
	for _, wrong := range []struct {
		ask  Ask
		want any
		says string
	}{
		{Ask{Computers: []string{"PC-9"}}, new(*names.UnknownError), "closest"},
		{Ask{Computers: []string{"X*"}}, new(*names.UnknownError), `no computer in the log fits "X*"`},
		{Ask{Jobs: []string{"Instal Office 2024"}}, new(*UnknownError), "Install Office 2024"},
		{Ask{Jobs: []string{"X*"}}, new(*UnknownError), `no job in the log fits "X*"`},
		{Ask{Jobs: []string{"id:9999"}}, new(*UnknownError), "job"},
		{Ask{Folders: []string{"Biuld"}}, new(*UnknownError), "folder"},
		{Ask{Kinds: []string{"end"}}, new(*Mistake), "finished"},
		{Ask{States: []string{"bad"}}, new(*Mistake), "failed"},
		{Ask{Grep: []string{"(?x"}}, new(*Mistake), "--grep"},
	} {
		_, err := NewFilter(wrong.ask, known, NewChronicle(chronicle))
		if err == nil || !errors.As(err, wrong.want) || !strings.Contains(err.Error(), wrong.says) {
			t.Errorf("%+v: %v", wrong.ask, err)
		}
	}
}

// What the projection records says what it means: since when and why something stands still, and which clock
// start_time follows.
func TestWhatIsConcludedIsTold(t *testing.T) {
	t.Parallel()
	c := NewChronicle([]jobmon.Event{{Seq: 1, At: noon, Kind: jobmon.KindClock, Seconds: 3600}})
	for want, e := range map[string]jobmon.Event{
		"stands still since 12:40, takes too long | Office": {Kind: jobmon.KindOverdue, Text: jobmon.StillStage, Name: "Office", Computer: 7},
		"stands still since 12:40, agent offline | Office":  {Kind: jobmon.KindOverdue, Text: jobmon.StillAgent, Name: "Office", Computer: 7},
		"stands still since 12:40, not begun | Office":      {Kind: jobmon.KindOverdue, Text: jobmon.StillIdle, Name: "Office", Computer: 7},
		"moves again | ": {Kind: jobmon.KindMovingAgain, Computer: 7},
		"start_time follows a clock at UTC+02:00 | ":           {Kind: jobmon.KindStartClock, Seconds: 7200},
		"which clock start_time follows is no longer known | ": {Kind: jobmon.KindStartClock, Text: jobmon.UnknownClock},
	} {
		e.Seq, e.At = 2, noon.Add(time.Hour)
		if e.Kind == jobmon.KindOverdue {
			e.Until = noon.Add(-20 * time.Minute)
		}
		r := c.recordOf(&e)
		if got := r.what() + " | " + r.subject(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if e.Kind == jobmon.KindOverdue && r.reason() != e.Text ||
			e.Kind == jobmon.KindStartClock && r.startClock() == "" {
			t.Errorf("%+v", r)
		}
	}
}

// A row waits or comes later by the clock of start_time, as found out or as configured.
func TestWhatIsLaterFollowsTheClockOfStartTime(t *testing.T) {
	t.Parallel()
	zone := jobmon.DefaultSettings()
	zone.StartZone = "Europe/Berlin" // in winter an hour ahead of UTC
	events := []jobmon.Event{
		{Kind: jobmon.KindClock},
		{Kind: jobmon.KindScheduled, Start: noon.Wall(7200)}, // now in some zone
		{Kind: jobmon.KindStartClock, Seconds: 7200},
		{Kind: jobmon.KindScheduled, Start: noon.Wall(7200)},
		{Kind: jobmon.KindScheduled, Start: noon.Wall(4 * 3600)},
		{Kind: jobmon.KindStartClock, Text: jobmon.UnknownClock},
		{Kind: jobmon.KindRequeued, Start: noon.Wall(7200)},
		{Kind: jobmon.KindStartClock},
		{Kind: jobmon.KindClock, Seconds: 3600}, // start_time was on the server's clock and goes with it
		{Kind: jobmon.KindScheduled, Start: noon.Wall(3600)},
		{Kind: jobmon.KindConfigured, Text: zone.Encode()},
		{Kind: jobmon.KindStartClock, Seconds: -7200}, // a zone that is configured ends all guessing
		{Kind: jobmon.KindScheduled, Start: noon.Wall(3600)},
		{Kind: jobmon.KindScheduled, Start: noon.Wall(7200)},
		{Kind: jobmon.KindConfigured, Text: jobmon.DefaultSettings().Encode()},
		{Kind: jobmon.KindStartClock, Text: jobmon.UnknownClock},
		{Kind: jobmon.KindRescheduled, Start: noon.Wall(7200)}, // it recurs
	}
	for i := range events {
		events[i].Seq, events[i].At = uint64(i+1), noon
	}
	c := NewChronicle(events)
	for i, want := range map[int]jobmon.RowState{
		1: jobmon.StateWaiting, 3: jobmon.StateWaiting, 4: jobmon.StateLater, 6: jobmon.StateLater,
		9: jobmon.StateWaiting, 12: jobmon.StateWaiting, 13: jobmon.StateLater, 16: jobmon.StateLater,
	} {
		if got := c.State(&events[i]); got != want {
			t.Errorf("event %d: %v, want %v", i+1, got, want)
		}
	}
	if got := c.recordOf(&events[1]).what(); got != "new -> waiting, for 2026-11-22 14:00" {
		t.Errorf("of a row that may be due: %q", got)
	}
}

// TestARenameTellsTheOldName: when a job or computer gets another name, place or system, its line shows the old one
// too, and what is new or the same again is no change.
func TestARenameTellsTheOldName(t *testing.T) {
	t.Parallel()
	events := []jobmon.Event{
		{Kind: jobmon.KindComputer, Computer: 7, Name: "PC-0007", Place: "Room 1", Text: "WIN-7"},
		{Kind: jobmon.KindJob, Job: 3, Name: "Office 2019", Place: "Software"},
		{Kind: jobmon.KindComputer, Computer: 7, Name: "PC-0070", Place: "Room 1", Text: "WIN-7"},
		{Kind: jobmon.KindComputer, Computer: 7, Name: "PC-0070", Place: "Room 2", Text: "WIN-70"},
		{Kind: jobmon.KindJob, Job: 3, Name: "Office 2024", Place: "Software"},
		{Kind: jobmon.KindComputer, Computer: 7, Name: "PC-0070", Place: "Room 2", Text: "WIN-70"},
		{Kind: jobmon.KindComputer, Computer: 7, Name: "PC-0070", Place: "Room 2", Text: "WIN-70", Flags: jobmon.Gone},
	}
	for i := range events {
		events[i].Seq, events[i].At = uint64(i+1), noon.Add(time.Duration(i)*time.Minute)
	}
	c := NewChronicle(events)
	for i, want := range []string{
		"computer, in Room 1", "job, in Software", `computer, in Room 1, renamed, was "PC-0007"`,
		`computer, in Room 2, moved, was in "Room 1", its system was named "WIN-7"`, `job, in Software, renamed, was "Office 2019"`,
		"computer, in Room 2", "computer gone, in Room 2",
	} {
		if r := c.recordOf(&events[i]); r.what() != want {
			t.Errorf("event %d: %s, want %s", i+1, r.what(), want)
		}
	}
	line := ndjson.NewEncoder(ndjson.Header{})
	c.recordOf(&events[2]).write(line)
	if !strings.Contains(string(line.Line), `"renamed_from":"PC-0007"`) {
		t.Errorf("%s", line.Line)
	}
}

func TestGaps(t *testing.T) {
	minute := func(n int) jobmon.Instant { return noon.Add(time.Duration(n) * time.Minute) }
	events := []jobmon.Event{
		{Kind: jobmon.KindDaemonStarted, At: minute(0)},
		{Kind: jobmon.KindSourceLost, At: minute(10)},
		{Kind: jobmon.KindSourceRestored, At: minute(12)},
		{Kind: jobmon.KindSourceLost, At: minute(20)}, // and then it is killed
		{Kind: jobmon.KindDaemonStarted, At: minute(40), Until: minute(25)},
		{Kind: jobmon.KindDamaged, At: minute(41), From: 3, To: 4},
		{Kind: jobmon.KindSourceLost, At: minute(50)},
		{Kind: jobmon.KindSourceRestored, At: minute(52)},
		{
			Kind:  jobmon.KindDaemonStarted,
			At:    minute(80),
			Until: minute(60),
			Flags: jobmon.Inexact,
		}, // the log could be written again
	}
	for i := range events {
		events[i].Seq = uint64(10 * (i + 1))
	}
	c := NewChronicle(events)
	words := func(r Range) string {
		in, elsewhere := c.GapsIn(r)
		var list []string
		for i := range in {
			list = append(list, in[i].Words(func(from, to jobmon.Instant) string {
				if to == 0 {
					to = minute(99)
				}
				return fmt.Sprintf("%.0f-%.0f", from.Sub(noon).Minutes(), to.Sub(noon).Minutes())
			}))
		}
		return fmt.Sprint(strings.Join(list, ", "), "; ", elsewhere)
	}
	for r, want := range map[Range]string{
		{From: 1, To: 99}:  "source lost 10-12, source lost 20-25, daemon stopped 25-40, events 3 to 4 damaged, source lost 50-52, nothing recorded 60-80; 0",
		{From: 21, To: 31}: "source lost 10-12, events 3 to 4 damaged; 4",
		{From: 1, To: 99, Since: minute(13), Until: minute(20)}: "; 6",
		{From: 1, To: 99, Since: minute(30), Until: minute(50)}: "daemon stopped 25-40, events 3 to 4 damaged; 4",
	} {
		if got := words(r); got != want {
			t.Errorf("%+v: %s, want %s", r, got, want)
		}
	}
}

// FuzzFilter: whatever is typed, a filter is made or refused in words, and a pattern finds the name that it is.
func FuzzFilter(f *testing.F) {
	for _, text := range []string{"PC-0001", "*", "id:5", "name:?", `Build\Windows 11`, "(", "ÄÖ\x00*", "[a-"} {
		f.Add(text)
	}
	_, chronicle, known := morning(f, 2, 10*time.Minute)
	f.Fuzz(func(t *testing.T, text string) {
		c := NewChronicle(chronicle)
		list := []string{text}
		for _, a := range []Ask{
			{Computers: list}, {Jobs: list}, {Folders: list}, {Kinds: list}, {States: list}, {Grep: list},
		} {
			filter, err := NewFilter(a, known, c)
			if (filter == nil) == (err == nil) || err != nil && err.Error() == "" {
				t.Fatalf("%+v: %v, %v", a, filter, err)
			}
			if err == nil {
				filter.Wants(&chronicle[len(chronicle)-1], c)
			}
		}
		if name := strings.ToValidUTF8(text, "\ufffd"); !names.NewPattern(text).Fits(name) {
			t.Fatalf("%q does not find itself", text)
		}
	})
}

// FuzzCSV: every line can be read back, and no cell begins as a formula does.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{"=1+1", "@SUM(A1)", "+49 30", "-", "a\"b,c\r\nd", " =x", "\t=x", "Büro", "\x00=1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		c, err := NewCSV(&out)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Line(text, -5, nil, 1.5, math.MaxInt64), c.Flush()); err != nil {
			t.Fatal(err)
		}
		lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
		if err != nil || len(lines) != 1 || len(lines[0]) != 5 || lines[0][1] != "-5" || lines[0][2] != "" ||
			lines[0][3] != "1.5" {
			t.Fatalf("%q: %q, %v", text, lines, err)
		}
		if cell := strings.TrimLeft(lines[0][0], " \t"); cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
			t.Fatalf("%q is a formula", lines[0][0])
		}
	})
}

// A field that an event does not have is nothing, in every shape.
func TestFieldsThatAnEventDoesNotHave(t *testing.T) {
	t.Parallel()
	names := "start_time,schedule_id,status_code,job_id,job,computer_id,computer,state,took_s,checksum,os_name,since"
	list, err := chosen([]string{names})
	if err != nil {
		t.Fatal(err)
	}
	c := NewChronicle(nil)
	r := c.recordOf(&jobmon.Event{Seq: 1, At: noon, Kind: jobmon.KindConfigured, Text: "{}"})
	for _, f := range list {
		if v := f.value(r, false); v.is != isNothing {
			t.Errorf("%s is %q", f.name, v.String())
		}
	}
}

// What changes for all computers is known at the event that changes it, also while events are followed.
func TestAChangeHoldsFromItsEventOn(t *testing.T) {
	t.Parallel()
	c := NewChronicle([]jobmon.Event{{Seq: 1, At: noon, Kind: jobmon.KindClock, Seconds: 3600}})
	if got := c.Offset(9); got != 3600 {
		t.Errorf("offset %v", got)
	}
	c.Add(&jobmon.Event{Seq: 5, At: noon, Kind: jobmon.KindClock, Seconds: 7200, Step: -1000})
	for seq, want := range map[uint64]jobmon.Offset{1: 3600, 4: 3600, 5: 7200, 9: 7200} {
		if got := c.Offset(seq); got != want {
			t.Errorf("offset %v at %d, want %v", got, seq, want)
		}
	}
	if got := c.axis(&jobmon.Event{Seq: 9, At: noon}); got != noon.Add(time.Second) {
		t.Errorf("on the axis it is %v", got)
	}
}
