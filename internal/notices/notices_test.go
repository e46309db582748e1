package notices

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/names"
)

func TestHours(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		written, in, out string // 2026-11-30 is a Monday
	}{
		"":                           {"", "Mon 03:00", ""},
		"mon-fri 07:00-18:00":        {"mon-fri 07:00-18:00", "Mon 07:00, Fri 17:59", "Mon 06:59, Fri 18:00"},
		" Monday-FRIDAY  7:00-18:00": {"mon-fri 07:00-18:00", "Tue 12:00", "Sun 12:00"},
		"mon,wed 08:00-12:00,13:00-17:00": {
			"mon,wed 08:00-12:00,13:00-17:00", "Wed 11:59, Mon 13:00", "Wed 12:30, Tue 09:00",
		},
		"fri 22:00-06:00":      {"fri 22:00-06:00", "Fri 22:00, Sat 05:59", "Fri 21:59, Sat 06:00, Fri 03:00"},
		"22:00-06:00":          {"22:00-06:00", "Mon 23:00, Mon 01:00", "Mon 12:00"},
		"sat-sun":              {"sat,sun 00:00-24:00", "Sat 00:00, Sun 23:59", "Mon 00:00, Fri 23:59"},
		"fri-mon 10:00-11:00":  {"mon,fri-sun 10:00-11:00", "Mon 10:00, Sat 10:30", "Tue 10:00"},
		"mon 18:00-24:00; tue": {"mon 18:00-24:00; tue 00:00-24:00", "Mon 23:59, Tue 00:00", "Wed 00:00"},
	} {
		h, err := ParseHours(text)
		if err != nil || h.String() != want.written {
			t.Errorf("%q is written %q, %v", text, h, err)
			continue
		}
		if again, err := ParseHours(h.String()); err != nil || !reflect.DeepEqual(again, h) {
			t.Errorf("%q is read as %q, %v", h, again, err)
		}
		for moment, holds := range moments(want.in, want.out) {
			if got := h.Holds(moment); got != holds {
				t.Errorf("%q at %s: %v", text, moment.Time().Format("Mon 15:04"), got)
			}
		}
	}
	for _, text := range []string{
		"mon-fr", "7-18", "mon 07:00", "07:00-07:00", "24:00-06:00", "mon 25:00-26:00", ";", "mon;", "07:00-08:00 mon",
		"mon-",
	} {
		if h, err := ParseHours(text); err == nil {
			t.Errorf("%q is read as %q", text, h)
		}
	}
}

// moments are the times of a week, and whether they are in.
func moments(in, out string) map[jobmon.WallTime]bool {
	list := map[jobmon.WallTime]bool{}
	for text, holds := range map[string]bool{in: true, out: false} {
		for i := 0; i+9 <= len(text); i += 11 {
			for day := range 7 {
				at := time.Date(2026, 11, 30+day, 0, 0, 0, 0, time.UTC)
				if clock, err := time.Parse("15:04", text[i+4:i+9]); err == nil && at.Format("Mon") == text[i:i+3] {
					list[jobmon.WallTimeOf(at.Add(clock.Sub(clock.Truncate(24*time.Hour))))] = holds
				}
			}
		}
	}
	return list
}

func picture(id jobmon.ComputerID, name, group string) *jobmon.Progress {
	return &jobmon.Progress{Computer: jobmon.Computer{ID: id, Name: name, Group: group}}
}

func TestRules(t *testing.T) {
	t.Parallel()
	one := func(text string) []Computers {
		c, err := NewComputers(text)
		if err != nil {
			t.Fatal(err)
		}
		return []Computers{c}
	}
	in := func(text string) []names.Pattern { return []names.Pattern{names.NewFolderPattern(text)} }
	all := Topics()
	pc := picture(5000123, "PC-0123", `All Computers\Lab`)
	failed := Notice{Topic: Failed, Picture: pc, Folders: []string{`Build\Windows 11\Office`}}
	ready := Notice{Topic: Ready, Picture: pc, Folders: []string{`Build\Drivers`, `Build\Windows 11`}}
	lost := Notice{Topic: SourceLost}
	night := failed
	night.Event.At, night.Offset = jobmon.InstantOf(time.Date(2026, 11, 30, 17, 30, 0, 0, time.UTC)), 3600
	repaired := night // it failed at 17:50 by the server's clock
	repaired.Topic, repaired.Healed, repaired.Since = Repaired, true, night.Event.At.Add(-40*time.Minute)
	for i, c := range []struct {
		rule  Rule
		n     Notice
		wants bool
	}{
		{Rule{}, failed, false},
		{Rule{On: []Topic{Failed}}, failed, true},
		{Rule{On: []Topic{Failed}}, Notice{Topic: Repaired, Healed: true, Picture: pc}, true},
		{Rule{On: []Topic{Repaired}}, failed, false},
		{Rule{On: []Topic{SourceLost}}, Notice{Topic: SourceRestored, Healed: true}, true},
		{Rule{On: []Topic{SourceRestored}}, lost, false},
		{Rule{On: []Topic{StandingStill}}, Notice{Topic: StandingStill, Healed: true, Picture: pc}, true},
		{Rule{On: all, Computers: one("pc-01*")}, failed, true},
		{Rule{On: all, Computers: one("id:5000123")}, failed, true},
		{Rule{On: all, Computers: one("5000123")}, failed, true},
		{Rule{On: all, Computers: one("name:PC-0124")}, failed, false},
		{Rule{On: all, Computers: one("*")}, lost, false},
		{Rule{On: all, Groups: in("*")}, lost, false},
		{Rule{On: all, Groups: in("lab")}, failed, true},
		{Rule{On: all, Groups: in("All Computers/Lab")}, failed, true},
		{Rule{On: all, Groups: in("Hall")}, failed, false},
		{Rule{On: all, Folders: in("Windows 11")}, failed, true},
		{Rule{On: all, Folders: in("windows 11"), Groups: in("Hall")}, failed, false},
		{Rule{On: all, Folders: in("Drivers")}, ready, true},
		{Rule{On: all, Folders: in("Drivers")}, failed, false},
		{Rule{On: all, Hours: hours(t, "mon-fri 07:00-18:00")}, night, false}, // 18:30 by the server's clock
		{Rule{On: all, Hours: hours(t, "mon 18:00-19:00")}, night, true},
		{Rule{On: []Topic{Failed}, Hours: hours(t, "07:00-18:00")}, repaired, true},
		{Rule{On: []Topic{Repaired}, Hours: hours(t, "07:00-18:00")}, repaired, false},
		{Rule{On: []Topic{Failed}, Hours: hours(t, "07:00-17:00")}, repaired, false},
	} {
		if got := c.rule.Wants(&c.n); got != c.wants {
			t.Errorf("%d: %v", i, got)
		}
	}
	for _, text := range []string{"", " ", "id:", "id:x", "id:-1"} {
		if _, err := NewComputers(text); err == nil {
			t.Errorf("%q is a computer", text)
		}
	}
}

func hours(t *testing.T, text string) Hours {
	t.Helper()
	h, err := ParseHours(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

const logID = "0123456789abcdef0123456789abcdef"

// noon is when most tests begin.
var noon = jobmon.InstantOf(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))

func failure(seq uint64, after time.Duration) *Notice {
	return &Notice{
		Topic: Failed, Event: jobmon.Event{Seq: seq, At: noon.Add(after), Computer: jobmon.ComputerID(seq)},
		Picture: picture(jobmon.ComputerID(seq), fmt.Sprint("PC-", seq), ""), Since: noon.Add(after),
		Problem: fmt.Sprint(seq, "/1/7"),
	}
}

// source is a notice about the source: lost, or back.
func source(seq uint64, after time.Duration, lost jobmon.Instant) *Notice {
	n := &Notice{Topic: SourceLost, Event: jobmon.Event{Seq: seq, At: noon.Add(after), Kind: jobmon.KindSourceLost}}
	if lost != 0 {
		n.Topic, n.Healed, n.Event.Kind = SourceRestored, true, jobmon.KindSourceRestored
	} else {
		lost = n.Event.At
	}
	n.Since, n.Problem = lost, fmt.Sprint("source/", int64(lost))
	return n
}

func ids(list []*Message) (ids []string) {
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids
}

// TestAStorm: 500 failures in a minute are 20 messages and a digest that stands for all others.
func TestAStorm(t *testing.T) {
	t.Parallel()
	w := NewWindow(logID, "ops", nil)
	var sent []*Message
	for i := range uint64(500) {
		sent = append(sent, w.Add(failure(i+1, time.Duration(i)*120*time.Millisecond))...)
	}
	if len(sent) != 20 || w.Tick(noon.Add(5*time.Minute)) != nil || w.Next() != noon.Add(windowFor+grace) {
		t.Fatalf("%d messages, next at %v", len(sent), w.Next())
	}
	last := w.Tick(w.Next())
	if len(last) != 1 || last[0].ID != "msg_0123456789abcdef_1_digest_ops" || !last[0].Digest || w.Next() != 0 {
		t.Fatalf("%+v", last)
	}
	d := last[0]
	if d.Counts[Failed] != 480 || len(d.Notices)+d.More != 480 || len(d.Notices) > mostNamed+1 ||
		d.Notices[0].Event.Seq != 21 || d.Notices[len(d.Notices)-1].Event.Seq != 500 {
		t.Errorf("%d notices and %d more, %v", len(d.Notices), d.More, d.Counts)
	}
	// the next one begins anew, and one that is left over alone is no digest
	for i := range uint64(21) {
		sent = append(sent, w.Add(failure(600+i, 10*time.Minute))...)
	}
	if late := w.Add(failure(700, 20*time.Minute)); len(sent) != 40 || !slices.Equal(ids(late),
		[]string{"msg_0123456789abcdef_620_failed", "msg_0123456789abcdef_700_failed"}) {
		t.Errorf("%d sent, then %v", len(sent), ids(late))
	}
}

// TestADigestSaysWhatHolds: of each problem it has the newest notice alone, in order, and says how many there were.
func TestADigestSaysWhatHolds(t *testing.T) {
	t.Parallel()
	w, seq := NewWindow(logID, "ops", nil), uint64(0)
	add := func(topic Topic, computer jobmon.ComputerID, problem string) {
		seq++
		n := failure(seq, time.Duration(seq)*time.Millisecond)
		n.Topic, n.Problem, n.Healed = topic, problem, topic == Repaired
		n.Picture = picture(computer, "", "")
		if topic.OfDaemon() {
			n.Picture = nil
		}
		w.Add(n)
	}
	for i := range 20 {
		add(Failed, 1, fmt.Sprint("1/1/", i))
	}
	add(Failed, 2, "2/1/7")
	add(SourceLost, 0, "source/1")
	add(Damaged, 0, "damaged/9")
	add(Failed, 2, "2/1/7")
	for i := range 10 {
		add(Repaired, 1, fmt.Sprint("1/1/", i))
	}
	add(Repaired, 2, "2/1/7")
	d := w.Tick(noon.Add(time.Hour))[0]
	got := ""
	for i, n := range d.Notices {
		got += fmt.Sprintf("%s %s x%d\n", n.Topic, n.Problem, d.Each[i])
	}
	want := "source-lost source/1 x1\ndamaged damaged/9 x1\n"
	for i := range 10 {
		want += fmt.Sprintf("repaired 1/1/%d x1\n", i)
	}
	if want += "repaired 2/1/7 x3\n"; got != want || d.More != 2 || d.Counts[Failed] != 2 || d.Counts[Repaired] != 11 {
		t.Errorf("%d more, %v\n%s", d.More, d.Counts, got)
	}
	if d.Began != noon.Add(21*time.Millisecond) {
		t.Errorf("it begins at %v", d.Began)
	}
}

// TestASourceThatFlaps is one message when it is lost, and one when it stays readable.
func TestASourceThatFlaps(t *testing.T) {
	t.Parallel()
	w := NewWindow(logID, "ops", nil)
	sent := w.Add(source(1, 0, 0))
	for i := range uint64(20) {
		at := time.Duration(i) * 9 * time.Minute
		sent = append(sent, w.Add(source(2+2*i, at+4*time.Minute, noon.Add(at)))...)
		sent = append(sent, w.Add(source(3+2*i, at+9*time.Minute, 0))...)
	}
	back := w.Add(source(50, 200*time.Minute, noon.Add(180*time.Minute)))
	if len(sent) != 1 || back != nil || w.Tick(noon.Add(209*time.Minute)) != nil {
		t.Fatalf("%v, %v", ids(sent), ids(back))
	}
	healed := w.Tick(w.Next())
	if len(healed) != 1 || healed[0].ID != "msg_0123456789abcdef_50_source-restored" ||
		healed[0].Notices[0].Since != noon || healed[0].Notices[0].Problem != sent[0].Notices[0].Problem {
		t.Fatalf("%+v", healed)
	}
	// ten minutes later it is another problem; and what came behind the ten minutes says so as well as the clock
	sent = w.Add(source(60, 300*time.Minute, 0))
	sent = append(sent, w.Add(source(61, 301*time.Minute, noon.Add(300*time.Minute)))...)
	sent = append(sent, w.Add(failure(62, 320*time.Minute))...)
	if want := []string{"msg_0123456789abcdef_60_source-lost", "msg_0123456789abcdef_61_source-restored",
		"msg_0123456789abcdef_62_failed"}; !slices.Equal(ids(sent), want) {
		t.Errorf("%v", ids(sent))
	}
	// a loss whose end the rules keep from the target does not swallow the next one
	w = NewWindow(logID, "ops", nil)
	if sent := append(w.Add(source(1, 0, 0)), w.Add(source(5, 24*time.Hour, 0))...); len(sent) != 2 {
		t.Errorf("%v", ids(sent))
	}
}

// TestIDs: no two notices of a log have the same, be they of one event.
func TestIDs(t *testing.T) {
	t.Parallel()
	event := jobmon.Event{Seq: 7, At: 1234}
	seen := map[string]bool{}
	for _, n := range []*Notice{
		{Topic: EndedEarly, Event: event, Picture: picture(1, "", "")},
		{Topic: EndedEarly, Event: event, Picture: picture(2, "", "")},
		{Topic: Damaged, Event: event}, {Topic: DiskFull, Event: jobmon.Event{At: 1}},
		{Topic: DiskFull, Event: jobmon.Event{At: 2}}, {Topic: DiskFull, Healed: true, Event: jobmon.Event{At: 2}},
	} {
		if id := n.ID(logID); seen[id] {
			t.Errorf("%s twice", id)
		} else {
			seen[id] = true
		}
	}
}

// TestAWindowGoesOnFromAnyPlace is the law of the outbox: from every place that a target may have acknowledged, with
// the state kept then, the same messages follow with the same ids in the same order; those that went twice have the id
// that they had before, and nothing is left out.
func TestAWindowGoesOnFromAnyPlace(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		list := drawn(t)
		tick := rapid.Bool().Draw(t, "ticks")
		type acknowledged struct {
			after int // notices
			sent  int // messages
			from  uint64
			state json.RawMessage
		}
		var sent []*Message
		var places []acknowledged
		w := NewWindow(logID, "ops", nil)
		place := func(i int, seq uint64) {
			from, state := w.Place(seq)
			places = append(places, acknowledged{i, len(sent), from, state})
		}
		place(0, 0)
		for i, n := range list {
			if next := w.Next(); tick && next != 0 && next <= n.Event.At {
				sent = append(sent, w.Tick(next)...)
				place(i, n.Event.Seq-1)
			}
			sent = append(sent, w.Add(n)...)
			if i+1 < len(list) && list[i+1].Event.Seq == n.Event.Seq {
				place(i+1, n.Event.Seq-1) // more of that event follows
			} else {
				place(i+1, n.Event.Seq)
			}
		}
		sent = append(sent, w.Tick(noon.Add(9999*time.Hour))...)
		unique := map[string]bool{}
		for _, id := range ids(sent) {
			if unique[id] {
				t.Fatalf("%s twice in %v", id, ids(sent))
			}
			unique[id] = true
		}
		for _, p := range places {
			again := NewWindow(logID, "ops", p.state)
			var rest []*Message
			for _, n := range list {
				if n.Event.Seq > p.from {
					rest = append(rest, again.Add(n)...)
				}
			}
			rest = append(rest, again.Tick(noon.Add(9999*time.Hour))...)
			first := len(sent) - len(rest)
			if first > p.sent || first < 0 || len(rest) > 0 && !reflect.DeepEqual(rest, sent[first:]) {
				t.Fatalf("behind %d notices and %d messages, from event %d with %s:\n%v\nwant the last of\n%v",
					p.after, p.sent, p.from, p.state, ids(rest), ids(sent))
			}
		}
	})
}

// drawn are notices as a log may have them: storms, calm, a source that comes and goes, several of one event.
func drawn(t *rapid.T) (list []*Notice) {
	at, seq, lost := time.Duration(0), uint64(0), jobmon.Instant(0)
	for range rapid.IntRange(1, 80).Draw(t, "notices") {
		seq += uint64(rapid.IntRange(1, 3).Draw(t, "events"))
		at += time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 5, 60, 200, 301, 700}).Draw(t, "seconds")) * time.Second
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0:
			n := source(seq, at, lost)
			if lost == 0 {
				lost = n.Event.At
			} else {
				lost = 0
			}
			list = append(list, n)
		case 1:
			ready := failure(seq, at)
			ready.Topic = Ready
			list = append(list, failure(seq, at), ready)
		default:
			list = append(list, failure(seq, at))
		}
	}
	return list
}
