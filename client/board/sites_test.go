package board

import (
	"bytes"
	"fmt"
	"html"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// fleetFrame is that of four sites: one is behind, two are away, and their clocks show different times.
func fleetFrame() Frame {
	f := testFrame()
	f.Site, f.Seq = "", 1_800_000_000_000
	state := func(name, server string, offset jobmon.Offset, age time.Duration, away string) SiteState {
		return SiteState{Name: name, Server: server, Offset: offset, Age: age, Away: away, Now: f.Now,
			Known: f.Now.Add(-age), From: f.From}
	}
	f.Sites = []SiteState{
		state("BER", "SRV-DS01", 3600, 3*time.Second, ""), state("NYC", "SRV-DS02", -5*3600, 40*time.Minute, "site"),
		state("ROM", "SRV-DS03", 3600, 12*time.Minute, "source"), state("SYD", "SRV-DS04", 11*3600, 4*time.Second, ""),
	}
	f.Sites[0].Behind, f.Sites[3].Now = 120, f.Now.Add(-3*time.Minute)
	return f
}

// sited are the pictures of those sites.
func sited(n int) (list []jobmon.Progress) {
	sites := fleetFrame().Sites
	for i, p := range fleet(n) {
		s := sites[i*len(sites)/n]
		p.Computer.Site, p.Site = s.Name, s.Server
		list = append(list, p)
	}
	return list
}

// fleetPages are the pages of a fleet, with names of that kind.
func fleetPages(lang string, names []string, reports Reports) map[string]writer {
	f := fleetFrame()
	f.Lang = lang
	pictures := sited(8)
	for i := range pictures {
		p := &pictures[i]
		p.Computer.Name, p.Computer.Group, p.Site = names[i%len(names)], names[(i+1)%len(names)], names[(i+2)%len(names)]
	}
	for i := range f.Sites {
		f.Sites[i].Server = names[i%len(names)]
	}
	past := f
	past.Sites = slices.Clone(f.Sites)
	past.At = "2026-11-22T14:12:30+01:00"
	for i := range past.Sites {
		past.Sites[i].Away, past.Sites[i].Now = "", past.Now
	}
	past.Sites[1].Coverage, past.Sites[2].Coverage, past.Sites[3].Away = "before", "after", "source"
	nats := f
	nats.Sites = slices.Clone(f.Sites)
	nats.Sites[0].Away, nats.Sites[1].Unread, nats.Sites[2].Known, nats.Sites[2].Away = "nats", true, 0, ""
	computer := testComputer()
	computer.Frame, computer.Key = f, jobmon.ComputerKey{Site: "NYC", ID: 5000123}
	computer.Sites, computer.Offset = f.Sites[1:2], f.Sites[1].Offset
	picture := *computer.Picture
	picture.Computer.Site, picture.Computer.Name, computer.Picture = "NYC", names[0], &picture
	reports.Frame = f
	reports.Tables = append([]Table{{Name: TableSites, Columns: []string{"site", "ended", "unwatched_s"},
		Rows: [][]Cell{{{Text: "BER", Href: "/?site=BER"}, {Text: 3}, {Text: time.Minute, Value: "60"}}}}}, reports.Tables...)
	none := f
	none.Sites = []SiteState{}
	return map[string]writer{
		"fleet":         &Board{Frame: f, Pictures: pictures, Timeline: testTimeline()},
		"fleet-past":    &Board{Frame: past, Pictures: pictures, Timeline: testTimeline()},
		"fleet-away":    &Board{Frame: nats, Pictures: pictures, Query: Query{Site: "NYC"}},
		"fleet-none":    &Board{Frame: none},
		"fleet-wall":    &Wall{Board: Board{Frame: f, Pictures: pictures}},
		"fleet-reports": &reports, "computer-fleet": computer,
	}
}

// text is a page without its tags.
func text(t *testing.T, page writer) string {
	t.Helper()
	plain := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(string(made(t, page)), " ")
	return html.UnescapeString(strings.Join(strings.Fields(plain), " "))
}

// TestTheBoardOfAFleetSaysWhereAndHowOld: each row has its site and zone, and what is old is marked as old.
func TestTheBoardOfAFleetSaysWhereAndHowOld(t *testing.T) {
	t.Parallel()
	b := &Board{Frame: fleetFrame(), Pictures: sited(40)}
	page := string(made(t, b))
	for _, want := range []string{
		`<tr id="cNYC/5000011"`, `href="/c/NYC/5000011"`, `<option value="SYD">SYD</option>`, `href="/?site=NYC"`,
		`NYC <small>UTC-05:00</small> <b class="warn">as of 07:32</b>`, `data-sites="BER: NYC:site ROM:source SYD:"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	said := text(t, b)
	for _, want := range []string{
		"4 sites. Nothing new from: NYC, ROM", "BER Watched. 120 events are on their way 10",
		"NYC The site does not answer 10",
		"ROM Its DS database cannot be read", "SYD Watched 10", "Times of this server, UTC+01:00",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the page lacks %q:\n%s", want, said)
		}
	}
	for id, old := range map[string]bool{"BER/5000001": false, "NYC/5000011": true} {
		_, rest, found := strings.Cut(page, `<tr id="c`+id+`"`)
		row, _, whole := strings.Cut(rest, "</tr>")
		if is := strings.Contains(row, "as of") && strings.Contains(row, `data-old="1"`); !found || !whole || is != old {
			t.Errorf("the row of %s: found %t, marked as old: %t", id, found, is)
		}
	}
}

// TestEachSitesRowsFollowItsClock: what lasts is counted by the clock of the computer's server, also by the script.
func TestEachSitesRowsFollowItsClock(t *testing.T) {
	t.Parallel()
	f := fleetFrame()
	p := sited(4)[3]
	row, err := Row(&p, &f)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`data-since="%d"`, p.At.Add(3*time.Minute))
	if !bytes.Contains(row, []byte(want)) || !bytes.Contains(row, []byte("UTC+11:00")) {
		t.Errorf("want %s in\n%s", want, row)
	}
}

// slower copies what a clock that is behind says: all its moments are earlier.
func slower(v reflect.Value, by time.Duration) reflect.Value {
	made := reflect.New(v.Type()).Elem()
	made.Set(v)
	switch {
	case v.Type() == reflect.TypeFor[jobmon.Instant]() && v.Int() != 0:
		made.Set(reflect.ValueOf(jobmon.Instant(v.Int()).Add(-by)))
	case v.Kind() == reflect.Pointer && !v.IsNil():
		made.Set(reflect.New(v.Type().Elem()))
		made.Elem().Set(slower(v.Elem(), by))
	case v.Kind() == reflect.Slice && !v.IsNil():
		made.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			made.Index(i).Set(slower(v.Index(i), by))
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			made.Field(i).Set(slower(v.Field(i), by))
		}
	}
	return made
}

// TestAWrongClockChangesNoOrder: computers of a site whose server's clock is behind stand where they would stand if it
// were right.
func TestAWrongClockChangesNoOrder(t *testing.T) {
	t.Parallel()
	const behind = 47 * time.Minute
	right, wrong := fleetFrame(), fleetFrame()
	right.Sites[3].Now, wrong.Sites[3].Now = right.Now, wrong.Now.Add(-behind)
	pictures, shifted := fleet(60), make([]jobmon.Progress, 60)
	for i := range pictures {
		pictures[i].Computer.Site = []string{"BER", "SYD"}[i%2]
		if shifted[i] = pictures[i]; i%2 == 1 {
			shifted[i] = slower(reflect.ValueOf(pictures[i]), behind).Interface().(jobmon.Progress)
		}
	}
	rows := regexp.MustCompile(`<tr id="c\w+/(\d+)" data-state="\w+" data-key="\w+"`)
	for _, sort := range []string{"", "news", "ready", "jobs", "now"} {
		q := Query{Sort: sort}
		want := rows.FindAllString(string(made(t, &Board{Frame: right, Pictures: pictures, Query: q})), -1)
		got := rows.FindAllString(string(made(t, &Board{Frame: wrong, Pictures: shifted, Query: q})), -1)
		if len(got) != 60 || !slices.Equal(got, want) {
			t.Errorf("by %q there are %d rows:\n%s\nwant\n%s", sort, len(got), strings.Join(got, "\n"),
				strings.Join(want, "\n"))
		}
	}
	var calm, slow []jobmon.Progress // nothing is wrong with these, and the wall says which comes next
	for i := range pictures {
		p := newPen(right.of(pictures[i].Computer.Site), false)
		if state := StateOf(&pictures[i], p.now); state == StateRunning && !p.overdue(&pictures[i]) {
			calm, slow = append(calm, pictures[i]), append(slow, shifted[i])
		}
	}
	next := func(f Frame, list []jobmon.Progress) string {
		return regexp.MustCompile(`next ready \S+`).FindString(text(t, &Wall{Board: Board{Frame: f, Pictures: list}}))
	}
	for i := range len(calm) - 1 { // of two sites
		want := next(right, calm[i:i+2])
		if got := next(wrong, slow[i:i+2]); got != want || want == "" {
			t.Errorf("the wall says %q, want %q", got, want)
		}
	}
}

// TestAFleetIsFilteredAndSortedBySite.
func TestAFleetIsFilteredAndSortedBySite(t *testing.T) {
	t.Parallel()
	rows := func(query string) (sites []string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		page := made(t, &Board{Frame: fleetFrame(), Pictures: sited(16), Query: ParseQuery(values)})
		for _, m := range regexp.MustCompile(`<tr id="c(\w+)/`).FindAllSubmatch(page, -1) {
			sites = append(sites, string(m[1]))
		}
		return sites
	}
	if got := slices.Compact(rows("site=ROM")); !slices.Equal(got, []string{"ROM"}) {
		t.Errorf("%v", got)
	}
	if got := slices.Compact(rows("sort=site&desc=1")); !slices.Equal(got, []string{"SYD", "ROM", "NYC", "BER"}) {
		t.Errorf("%v", got)
	}
	if got := rows("q=nyc%2Fbwl-1105"); !slices.Equal(got, []string{"NYC"}) {
		t.Errorf("%v", got)
	}
	if got := rows("site=nyc"); got != nil {
		t.Errorf("sites are compared exactly: %v", got)
	}
	wall := &Wall{Board: Board{Frame: fleetFrame(), Pictures: sited(16), Query: Query{Site: "BER"}}}
	if page := made(t, wall); bytes.Contains(page, []byte(`id="tROM`)) || !bytes.Contains(page, []byte(`id="tBER`)) {
		t.Error("the wall of one site shows another's tiles, or none")
	}
}

// TestAnEventsNumberStaysAtItsSite: links to other pages name the time instead.
func TestAnEventsNumberStaysAtItsSite(t *testing.T) {
	t.Parallel()
	c := fleetPages("en", []string{"PC-0001"}, Reports{})["computer-fleet"].(*Computer)
	c.At = "seq:4711"
	page := string(made(t, c))
	if !strings.Contains(page, "/c/NYC/5000123?") || !strings.Contains(page, "at=seq%3A") {
		t.Error("the page itself lost its moment")
	}
	then := `href="/?at=2026-11-22T08%3A12%3A30-05%3A00&amp;site=NYC"`
	if strings.Contains(page, `href="/?at=seq`) || !strings.Contains(page, then) {
		t.Errorf("links to the board name an event")
	}
	board := &Board{Frame: fleetFrame(), Pictures: sited(8), Query: Query{Site: "NYC"}}
	board.At = "seq:4711"
	if page := string(made(t, board)); strings.Contains(page, "seq%3A") || strings.Contains(page, "seq:") {
		t.Error("the board names an event")
	}
}

// TestASiteKnowsNoSites: what is asked about sites changes nothing there.
func TestASiteKnowsNoSites(t *testing.T) {
	t.Parallel()
	plain := made(t, &Board{Frame: testFrame(), Pictures: fleet(20)})
	asked := made(t, &Board{Frame: testFrame(), Pictures: fleet(20), Query: Query{Site: "BER", Sort: "site"}})
	if !bytes.Equal(plain, asked) {
		t.Error("another page")
	}
}

// TestABoardOfAFleetEnds: those that need somebody stand on it, and what it leaves out is counted. A site's board has
// all.
func TestABoardOfAFleetEnds(t *testing.T) {
	t.Parallel()
	many := &Board{Frame: fleetFrame(), Pictures: sited(mostRows + 300)}
	page := made(t, many)
	if n := bytes.Count(page, []byte("<tr id=")); n != mostRows ||
		!bytes.Contains(page, []byte("300 more are not listed")) || !bytes.Contains(page, []byte(`data-capped="1"`)) {
		t.Errorf("%d rows", n)
	}
	all, _ := Counts(many.Pictures, &many.Frame)
	if n := bytes.Count(page, []byte(`" data-state="failed" data-key=`)); n != all[StateFailed] {
		t.Errorf("%d of %d failures", n, all[StateFailed])
	}
	page = made(t, &Board{Frame: testFrame(), Pictures: fleet(mostRows + 300)})
	if n := bytes.Count(page, []byte("<tr id=")); n != mostRows+300 {
		t.Errorf("%d rows of a site", n)
	}
}
