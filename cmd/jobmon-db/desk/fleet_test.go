package desk

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store/storetest"
)

// fleet are three sites in different zones, which call their computers alike. The clock of the second one jumps.
func fleet(t *testing.T) (f *Fleet, sites []*site) {
	for i, offset := range []jobmon.Offset{3600, -5 * 3600, 34200} {
		sites = append(sites, watchAt(t, fmt.Sprintf("DS0%d", i+1), offset, uint64(i+7), 3+i, 300))
	}
	for _, s := range sites {
		s.pass(t, time.Hour, 30*time.Second)
	}
	sites[1].step(t, -45*time.Minute)
	sites[2].sited = true
	for _, s := range sites {
		s.pass(t, time.Hour, 30*time.Second)
	}
	return fleetOf(sites...), sites
}

func fleetOf(sites ...*site) *Fleet {
	f := NewFleet(func() (list []Site) {
		for _, s := range sites {
			list = append(list, Site{Name: s.name, Daemon: s.asked, State: func() board.SiteState {
				return board.SiteState{Server: s.name, Offset: s.offset, Age: 2 * time.Second}
			}})
		}
		return list
	})
	f.clock = func() time.Time { return sites[0].ds.Now().Add(2 * time.Second).Time() }
	f.zone = time.FixedZone("", 2*3600)
	return f
}

// of are a fleet's pictures of a site, as the site shows them.
func of(list []jobmon.Progress, site string) (mine []jobmon.Progress) {
	for _, p := range list {
		if p.Computer.Site == site {
			p.Computer.Site = ""
			mine = append(mine, p)
		}
	}
	return mine
}

// TestAFleetShowsEachSitesMoment: at one instant, each site shows what it shows itself, by its own server's clock.
func TestAFleetShowsEachSitesMoment(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	random := rand.New(rand.NewPCG(3, 1))
	twice := 0
	for range 20 {
		at := begin().Add(time.Duration(random.Int64N(int64(65 * time.Minute)))).String()
		got, err := f.At(t.Context(), "", at)
		if err != nil {
			t.Fatal(at, err)
		}
		for i, s := range sites {
			want, _, remark := shown(t, s, at)
			if !bytes.Equal(file(t, of(got.Pictures, s.name)), file(t, want)) {
				t.Errorf("%s at %s is shown something else", s.name, at)
			}
			if state := got.Sites[i]; state.Name != s.name || state.Offset != s.offset || english(state.Said) != remark {
				t.Errorf("%s at %s: %+v, want the remark %q", s.name, at, state, remark)
			}
			if remark != "" {
				twice++
			}
		}
	}
	if twice == 0 {
		t.Error("no moment was one that a clock passed twice")
	}
}

// TestWallTimesAreThisMachines: a time without a zone is read off the hub's clock, for all sites.
func TestWallTimesAreThisMachines(t *testing.T) {
	t.Parallel()
	f, _ := fleet(t)
	got, err := f.At(t.Context(), "", "2026-11-02 09:00")
	want := jobmon.InstantOf(time.Date(2026, 11, 2, 7, 0, 0, 0, time.UTC))
	if err != nil || got.Now != want || got.Offset != 7200 || got.Sites[0].Now != want {
		t.Errorf("%+v, %v; want %s", got.Frame, err, want)
	}
	from, to, err := f.Range(t.Context(), "", "08:30", "09:00")
	if err != nil || to != want || from != want.Add(-30*time.Minute) {
		t.Errorf("%s to %s, %v", from, to, err)
	}
}

// TestANumberNeedsASite: each log has its own, and with the site that log's is meant, the others' at its time.
func TestANumberNeedsASite(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	var wrong *http.Wrong
	_, err := f.At(t.Context(), "", "seq:50")
	if !errors.As(err, &wrong) || !strings.Contains(wrong.Text, "DS01, DS02, DS03") {
		t.Errorf("%v", err)
	}
	if _, err := f.Events(t.Context(), 0, 10, jobmon.ComputerKey{}); !errors.As(err, &wrong) {
		t.Errorf("%v", err)
	}
	var none *http.NoSite
	if _, err := f.At(t.Context(), "DS09", "seq:50"); !errors.As(err, &none) {
		t.Errorf("%v", err)
	}
	seq := fmt.Sprint("seq:", sites[1].state.Seq/2)
	got, err := f.At(t.Context(), "DS02", seq)
	if err != nil {
		t.Fatal(err)
	}
	want, now, _ := shown(t, sites[1], seq)
	other, _, _ := shown(t, sites[2], now.String())
	if got.Now != now || !bytes.Equal(file(t, of(got.Pictures, "DS02")), file(t, want)) ||
		!bytes.Equal(file(t, of(got.Pictures, "DS03")), file(t, other)) {
		t.Errorf("%s is shown something else", seq)
	}
	lines, err := f.Events(t.Context(), 0, 10, jobmon.ComputerKey{Site: "DS03"})
	if err != nil || !bytes.Contains(lines, []byte(sites[2].ID())) {
		t.Errorf("%s, %v", lines, err)
	}
}

// TestASiteThatDoesNotCoverTheMoment is named; only where none covers it that is an error.
func TestASiteThatDoesNotCoverTheMoment(t *testing.T) {
	t.Parallel()
	early, late := watchAt(t, "DS01", 3600, 7, 3, 300), watchAt(t, "DS02", 0, 8, 3, 300)
	early.pass(t, 30*time.Minute, 30*time.Second)
	away := early.ds.Now()
	late.log(t, 40*time.Minute)
	late.pass(t, time.Hour, 30*time.Second)
	early.age = late.ds.Now().Sub(away)
	f := fleetOf(early, late)
	f.clock = func() time.Time { return late.ds.Now().Add(2 * time.Second).Time() }
	for _, c := range []struct {
		at         jobmon.Instant
		first, sec string
	}{{begin().Add(10 * time.Minute), "", "before"}, {away.Add(30 * time.Minute), "after", ""}} {
		got, err := f.At(t.Context(), "", c.at.String())
		if err != nil || got.Sites[0].Coverage != c.first || got.Sites[1].Coverage != c.sec {
			t.Fatalf("%s: %+v, %v", c.at, got.Sites, err)
		}
		if n := len(of(got.Pictures, "DS02")); (n == 0) != (c.sec == "before") {
			t.Errorf("%s: %d pictures of DS02", c.at, n)
		}
		if last, _, _ := shown(t, early, "now"); c.first == "after" &&
			!bytes.Equal(file(t, of(got.Pictures, "DS01")), file(t, last)) {
			t.Error("what was known last is not shown")
		}
	}
	line, err := f.Timeline(t.Context(), begin(), late.ds.Now(), 50, jobmon.ComputerKey{Site: "DS01"})
	blind := board.Span{From: away, To: late.ds.Now()}
	if n := len(line.Unwatched); err != nil || n == 0 || line.Unwatched[n-1] != blind {
		t.Errorf("nothing was heard of the site in %v: %v, %v", blind, line.Unwatched, err)
	}
	var outside *http.Outside
	_, err = f.At(t.Context(), "", "2026-10-01")
	if !errors.As(err, &outside) || outside.From != begin() || outside.Offset != 7200 {
		t.Errorf("%v %+v", err, outside)
	}
}

// log begins the log again, so much later.
func (s *site) log(t *testing.T, later time.Duration) {
	s.ds.Advance(later)
	s.asked.Log, s.state = storetest.Open(t), history.New()
	s.keeper.Log = s.asked.Log
	s.commit(t, jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "1"},
		jobmon.Event{Kind: jobmon.KindConfigured, Text: jobmon.DefaultSettings().Encode()},
		jobmon.Event{Kind: jobmon.KindClock, Seconds: int32(s.offset)})
}

// TestThePresentOfAFleet: the pictures of all sites by key; what changes gets a higher number than pages know.
func TestThePresentOfAFleet(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	was, err := f.Now(t.Context())
	if err != nil || len(was.Sites) != 3 || len(was.Pictures) < 3+4+5 {
		t.Fatalf("%d pictures, %v", len(was.Pictures), err)
	}
	if !slices.IsSortedFunc(was.Pictures, func(a, b jobmon.Progress) int {
		return a.Computer.Key().Compare(b.Computer.Key())
	}) {
		t.Error("the pictures are out of order")
	}
	if _, last, _ := sites[1].Last(); was.Sites[1].Now != last.Add(2*time.Second) || was.Now.Sub(last) < 45*time.Minute {
		t.Errorf("by the clock that was set back it is %s, not %s", was.Sites[1].Now, last.Add(2*time.Second))
	}
	again, _ := f.Now(t.Context())
	if again.Seq != was.Seq || &again.Pictures[0] != &was.Pictures[0] {
		t.Error("nothing changed, and everything is made anew")
	}
	before := sites[1].state.Seq
	sites[1].pass(t, 10*time.Minute, 30*time.Second)
	now, _ := f.Now(t.Context())
	changed := 0
	for i := range now.Pictures {
		p := &now.Pictures[i]
		if is := now.Number(p) > was.Seq; is != (p.Computer.Site == "DS02" && p.Seq > before) {
			t.Errorf("%s has the number %d, pages know %d", p.Computer.Key(), now.Number(p), was.Seq)
		} else if is {
			changed++
		}
	}
	if changed == 0 || now.Seq <= was.Seq {
		t.Errorf("%d changed, %d after %d", changed, now.Seq, was.Seq)
	}
	sites[2].ahead = true // its log cannot be asked
	last, err := f.Now(t.Context())
	if err != nil || !last.Sites[2].Unread || len(of(last.Pictures, "DS03")) != len(of(now.Pictures, "DS03")) {
		t.Errorf("%+v, %v", last.Sites[2], err)
	}
}

// TestASiteWhoseCopyCannotBeRead is marked in the present and in the past, and one that sent nothing yet is not.
func TestASiteWhoseCopyCannotBeRead(t *testing.T) {
	t.Parallel()
	s, none := watchAt(t, "DS01", 3600, 7, 3, 300), watchAt(t, "DS02", 0, 8, 3, 300)
	s.pass(t, 20*time.Minute, 30*time.Second)
	none.asked.Log, none.asked.state = storetest.Open(t), history.New()
	f := fleetOf(s, none)
	sites := f.sites
	f.sites = func() []Site {
		list := sites()
		list[0].State = func() board.SiteState { return board.SiteState{Unread: true} }
		return list
	}
	now, err := f.Now(t.Context())
	if err != nil || !now.Sites[0].Unread || now.Sites[1].Unread {
		t.Errorf("%+v, %v", now.Sites, err)
	}
	then, err := f.At(t.Context(), "", "-10m")
	if err != nil || !then.Sites[0].Unread || then.Sites[1].Unread || then.Sites[1].Known != 0 {
		t.Errorf("%+v, %v", then.Sites, err)
	}
}

// TestALogThatIsBegunAnew: nothing of the one before is shown.
func TestALogThatIsBegunAnew(t *testing.T) {
	t.Parallel()
	s := watchAt(t, "DS01", 3600, 7, 3, 300)
	s.pass(t, time.Hour, 30*time.Second)
	f := fleetOf(s)
	if _, err := f.At(t.Context(), "", "-10m"); err != nil {
		t.Fatal(err)
	}
	was, _ := f.Now(t.Context())
	s.log(t, time.Hour)
	s.pass(t, 20*time.Minute, 30*time.Second)
	now, err := f.Now(t.Context())
	if err != nil || now.Seq <= was.Seq || now.From <= was.From || now.Number(&now.Pictures[0]) <= was.Seq {
		t.Errorf("%d after %d, from %s, %v", now.Seq, was.Seq, now.From, err)
	}
	at := s.ds.Now().Add(-5 * time.Minute).String()
	got, err := f.At(t.Context(), "", at)
	want, _, _ := shown(t, s, at)
	if err != nil || !bytes.Equal(file(t, of(got.Pictures, "DS01")), file(t, want)) {
		t.Errorf("another log's moment is shown: %v", err)
	}
}

// TestATimelineOfAFleetIsTheSum of its sites'.
func TestATimelineOfAFleetIsTheSum(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	from, to := begin(), begin().Add(2*time.Hour)
	got, err := f.Timeline(t.Context(), from, to, 50, jobmon.ComputerKey{})
	if err != nil {
		t.Fatal(err)
	}
	want, failures := make([]board.Bucket, len(got.Buckets)), 0
	for _, s := range sites {
		for i, b := range counted(t, s, &got, 0) {
			want[i].Started, want[i].Failed, want[i].Events = want[i].Started+b.Started, want[i].Failed+b.Failed,
				want[i].Events+b.Events
			failures += b.Failed
		}
	}
	if !slices.Equal(got.Buckets, want) || len(got.Failures) != failures || failures == 0 {
		t.Errorf("%v, %d failures; want %v, %d", got.Buckets, len(got.Failures), want, failures)
	}
	if got.Failures[0].Computer[:3] != "DS0" {
		t.Errorf("%+v", got.Failures[0])
	}
	one, err := f.Timeline(t.Context(), from, to, 50, jobmon.ComputerKey{Site: "DS03", ID: 5000002})
	if err != nil || !slices.Equal(one.Buckets, counted(t, sites[2], &one, 5000002)) || len(one.Stages) == 0 {
		t.Errorf("%v, want %v, %d stages, %v", one.Buckets, counted(t, sites[2], &one, 5000002), len(one.Stages), err)
	}
}

// TestNobodyWatchedAnySite only where nobody watched each of them.
func TestNobodyWatchedAnySite(t *testing.T) {
	t.Parallel()
	a := []board.Span{{From: 0, To: 10}, {From: 20, To: 30}, {From: 40, To: 41}}
	b := []board.Span{{From: 5, To: 22}, {From: 25, To: 50}}
	want := []board.Span{{From: 5, To: 10}, {From: 20, To: 22}, {From: 25, To: 30}, {From: 40, To: 41}}
	if got := both(a, b); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := both(a, nil); got != nil {
		t.Errorf("%v", got)
	}
}

// TestThePresentIsThatOfMostServers: the hub's clock is wrong where most of the sites' servers agree on another time.
func TestThePresentIsThatOfMostServers(t *testing.T) {
	t.Parallel()
	f, sites := fleet(t)
	_, last, _ := sites[0].Last()
	present := f.now()
	if want := last.Add(2 * time.Second); present.Sub(want).Abs() > apart {
		t.Errorf("one clock of three decides: it is %s, want %s", present, want)
	}
	right := f.clock
	f.clock = func() time.Time { return right().Add(-time.Hour) }
	if got := f.now(); got.Sub(present).Abs() > 2*apart {
		t.Errorf("the hub's clock is an hour behind: it is %s, want %s", got, present)
	}
	if got, err := f.At(t.Context(), "", "-1m"); err != nil || len(got.Pictures) == 0 || got.Sites[0].Coverage != "" {
		t.Errorf("%+v, %v", got.Sites, err)
	}
}
