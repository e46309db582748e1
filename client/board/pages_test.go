package board

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/internal/wording"
	"github.com/jobmon-db/jobmon-db/client/waterfall"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/plain"
	texts "github.com/jobmon-db/jobmon-db/internal/words"
)

func made(t testing.TB, page writer) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// everyPage is every page of the samples, with those names wherever a name can stand.
func everyPage(lang string, names []string) map[string]writer {
	f := testFrame()
	f.Lang = lang
	name := func(i int) string { return names[i%len(names)] }
	f.Site, f.Said, f.Support = name(0), []texts.Phrase{{English: name(1)}}, name(2)
	past := f
	past.At, past.Until = "2026-11-22T14:12:30+01:00", f.Now.Add(time.Hour)
	var pictures []jobmon.Progress
	telling := []string{"running", "failed-late", "agent-away", "standing-still", "due-later", "ghost", "ended-early", "planned"}
	for i, s := range samples.Pictures() {
		p := *s.Progress
		if p.Computer.ID = jobmon.ComputerID(5000001 + i); len(names) == 1 && !slices.Contains(telling, s.Name) {
			continue
		}
		p.Computer.Name, p.Computer.Group, p.Site = name(i), name(i+1), name(i+2)
		pictures = append(pictures, p)
	}
	line := testTimeline()
	line.Failures[0].Computer, line.Failures[0].Job = name(3), name(4)
	line.Stages = []Mark{{At: line.From, Job: name(5)}}
	computer := testComputer()
	computer.Frame, computer.Timeline = f, line
	for _, s := range samples.Pictures() {
		if s.Name == "strange-names" {
			computer.Picture = s.Progress
		}
	}
	for i := range computer.Events {
		computer.Events[i].Subject, computer.Events[i].Place = name(i), name(i+3)
		for k := range computer.Events[i].Was {
			computer.Events[i].Was[k].Text = name(k)
		}
	}
	for i := range computer.Deployments {
		computer.Deployments[i].Result.Word = name(i)
	}
	computer.Chart.Computer, computer.Chart.Lines[0].Name = name(1), name(6)
	reports := testReports()
	reports.Frame, reports.Since, reports.Until = f, name(0), name(1)
	for i := range reports.Tables {
		for k := range reports.Tables[i].Rows {
			reports.Tables[i].Rows[k][0].Text = name(k)
		}
	}
	for i := range reports.Figures {
		reports.Figures[i].Detail = name(i)
	}
	query := Query{Text: name(0), Group: name(1), Server: name(2)}
	pages := map[string]writer{
		"board":    &Board{Frame: f, Pictures: pictures, Timeline: line},
		"past":     &Board{Frame: past, Pictures: pictures, Timeline: line},
		"filtered": &Board{Frame: f, Pictures: pictures, Query: query},
		"sorted":   &Board{Frame: f, Pictures: pictures, Query: Query{Sort: "computer", Desc: true}},
		"empty":    &Board{Frame: f},
		"computer": computer,
		"none":     &Computer{Frame: f, Key: jobmon.ComputerKey{ID: 7}},
		"wall":     &Wall{Board: Board{Frame: f, Pictures: pictures}},
		"quiet":    &Wall{Board: Board{Frame: f, Pictures: pictures[:2]}},
		"reports":  reports,
		"phone":    &Phone{Frame: f, Picture: computer.Picture},
		"problem":  &Problem{Frame: f, Kind: ProblemUnknown, Text: name(1), Links: []Link{{name(2), "javascript:alert(1)"}}},
		"login":    &Login{Frame: f, Wrong: true, Next: name(0)},
	}
	maps.Copy(pages, fleetPages(lang, names, *reports))
	return pages
}

// owasp are names that would do something if they were not shown as text.
func owasp() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `javascript:alert(1)`,
		`</title><svg onload=alert(1)>`, `</textarea><script>`, `<!--<script>`, `{{.}} {time} {name}`, `${alert(1)}`,
		`]]><x>`, `&lt;b&gt;`, `<style>*{display:none}</style>`, `<base href=//evil>`, `%3Cscript%3E`,
		"\" style=\"position:fixed", "<a href=javascript:alert(1)>x</a>", "\u2028</script>", "<math><mi//xlink:href=\"data:x\">",
	}
}

// TestNamesAreText reads every page as a browser does: names from the database make no element and no attribute.
func TestNamesAreText(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{owasp(), samples.StrangeNames()} {
		for i := range names {
			for name, page := range everyPage("en", []string{names[i]}) {
				if got := shape(t, made(t, page)); strings.Contains(got, "!") {
					t.Errorf("%s with the name %q: %s", name, names[i], got)
				}
			}
		}
	}
}

// shape lists what a page must not hold, each with "!": handlers, styles, scripts of others, addresses that run.
func shape(t *testing.T, page []byte) string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	allowed := strings.Fields("html head meta title link script body svg defs symbol path circle rect pattern polyline text " +
		"a div b span nav header main h1 h2 p form input label select option button kbd table caption thead tbody tr th td " +
		"details summary small section time use g em ul li dl dt dd output footer article i")
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(allowed, n.Data) {
			found = append(found, "! an element "+n.Data)
		}
		for _, a := range n.Attr {
			value := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style":
				found = append(found, "! "+n.Data+" has "+a.Key)
			case (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(value, "/") &&
				!strings.HasPrefix(value, "#") && !strings.HasPrefix(value, "tel:") && value != "?" && !strings.HasPrefix(value, "?"):
				found = append(found, "! "+n.Data+" leads to "+a.Val)
			}
		}
		if n.Data == "script" && n.FirstChild != nil {
			found = append(found, "! a script of its own")
		}
	}
	return strings.Join(found, "\n")
}

// TestNamesAreShown: what is in a name stands on the page as its text, with what is invisible made visible.
func TestNamesAreShown(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Concat(owasp(), samples.StrangeNames()) {
		if strings.TrimSpace(name) == "" {
			continue
		}
		p := samples.Pictures()[1].Progress
		p.Computer.Name = name
		page := made(t, &Board{Frame: testFrame(), Pictures: []jobmon.Progress{*p}})
		root, err := html.Parse(bytes.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for n := range root.Descendants() {
			if n.Type == html.TextNode {
				texts = append(texts, n.Data)
			}
		}
		if want := plain.Text(name); !slices.Contains(texts, want) {
			t.Errorf("no text of the page is %q", want)
		}
	}
}

// TestAnyNameIsText does the same with names nobody thought of.
func TestAnyNameIsText(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(r *rapid.T) {
		name := rapid.StringOf(rapid.RuneFrom([]rune("<>\"'&/=`{}\\ abonx:;\x00\u2028\u202e"))).Draw(r, "name")
		p := testComputer().Picture
		p.Computer.Name, p.Computer.Group, p.Session.Stages[2].Failures[0].Job = name, name, name
		f := testFrame()
		row, err := Row(p, &f)
		if err != nil {
			r.Fatal(err)
		}
		tile, err := Tile(p, &f)
		if err != nil {
			r.Fatal(err)
		}
		if got := shape(t, slices.Concat([]byte("<table>"), row, []byte("</table>"), tile)); strings.Contains(got, "!") {
			r.Error(got)
		}
	})
}

// TestIdentifiersAreUnique: an id that stands twice breaks labels, and the script.
func TestIdentifiersAreUnique(t *testing.T) {
	t.Parallel()
	for name, page := range everyPage("en", []string{"PC-0001", "PC-0002"}) {
		root, err := html.Parse(bytes.NewReader(made(t, page)))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for n := range root.Descendants() {
			for _, a := range n.Attr {
				if a.Key == "id" {
					if seen[a.Val] {
						t.Errorf("%s: two elements have the id %s", name, a.Val)
					}
					seen[a.Val] = true
				}
			}
		}
	}
}

// TestWordsAreComplete: each language has every word, with the same places; every word that is used is there, and every
// word that is there is used.
func TestWordsAreComplete(t *testing.T) {
	t.Parallel()
	places := regexp.MustCompile(`\{\w+\}`)
	own := map[string]wording.Words{}
	for _, lang := range Languages() {
		w := wording.Words{}
		if lang == Languages()[0] {
			w = waterfall.English()
		}
		w.Read(files, "words/"+lang+".txt")
		own[lang] = w
	}
	sorted := func(text string) string {
		list := places.FindAllString(text, -1)
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	for _, lang := range Languages()[1:] {
		for key, text := range own["en"] {
			if other, ok := own[lang][key]; !ok {
				t.Errorf("%s has no text for %s", lang, key)
			} else if sorted(other) != sorted(text) {
				t.Errorf("%s: the places of %s are %s, want %s", lang, key, sorted(other), sorted(text))
			}
		}
		for key := range own[lang] {
			if own["en"][key] == "" {
				t.Errorf("%s has a text for %s, en has none", lang, key)
			}
		}
	}
	for _, key := range keysUsed(t) {
		if !wordsOf("en").Has(key) {
			t.Errorf("there is no text for %s", key)
		}
	}
	for _, lang := range Languages() {
		w := wordsOf(lang)
		for key, n := range map[string]int{"weekdays": 7, "weekdays.short": 7, "months": 12, "months.short": 12} {
			if got := len(strings.Fields(w.Text(key))); got != n {
				t.Errorf("%s: %s has %d words", lang, key, got)
			}
		}
	}
}

// keysUsed are the words that templates and code ask for by their whole keys.
func keysUsed(t *testing.T) []string {
	t.Helper()
	var keys []string
	for _, page := range []string{"frame", "board", "computer", "wall", "reports", "alone"} {
		text, err := files.ReadFile("pages/" + page + ".html")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\.Say "([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			keys = append(keys, m[1])
		}
	}
	script, err := files.ReadFile("assets/board.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`words\.(\w+)`).FindAllStringSubmatch(string(script), -1) {
		keys = append(keys, "script."+m[1])
	}
	for _, state := range states() {
		keys = append(keys, "state."+state, "count."+state)
	}
	for _, group := range []string{"need", "running", "waiting", "ready", "other"} {
		keys = append(keys, "group."+group, "group."+group+".past")
	}
	if len(keys) < 50 {
		t.Fatalf("only %d keys were found", len(keys))
	}
	return keys
}

// TestNoWordIsMissingOnAPage: a key that has no text would stand on the page itself.
func TestNoWordIsMissingOnAPage(t *testing.T) {
	t.Parallel()
	key := regexp.MustCompile(`\b(why|still|state|count|group|column|result|row|end|wall|failed|for|date|source|script|reports)\.[a-z]+\b`)
	for _, lang := range Languages() {
		for name, page := range everyPage(lang, []string{"PC-0001", "PC-0002"}) {
			root, err := html.Parse(bytes.NewReader(made(t, page)))
			if err != nil {
				t.Fatal(err)
			}
			for n := range root.Descendants() {
				if n.Type == html.TextNode && key.MatchString(n.Data) {
					t.Errorf("%s, %s: %q", name, lang, n.Data)
				}
			}
		}
	}
}

// TestRowsAreStable: time alone changes no byte of a row or tile, until it changes what the row says.
func TestRowsAreStable(t *testing.T) {
	t.Parallel()
	for _, s := range samples.Pictures() {
		f := testFrame()
		f.Now = s.Progress.At.Add(time.Second)
		state, over := StateOf(s.Progress, f.Now), newPen(&f, true).overdue(s.Progress)
		row, err := Row(s.Progress, &f)
		if err != nil {
			t.Fatal(err)
		}
		tile, err := Tile(s.Progress, &f)
		if err != nil {
			t.Fatal(err)
		}
		later := f
		later.Now = f.Now.Add(3 * time.Second)
		later.Seq++
		if StateOf(s.Progress, later.Now) != state || newPen(&later, true).overdue(s.Progress) != over {
			continue
		}
		if again, _ := Row(s.Progress, &later); !bytes.Equal(row, again) {
			t.Errorf("%s: the row is\n%s\nand three seconds later\n%s", s.Name, row, again)
		}
		if again, _ := Tile(s.Progress, &later); !bytes.Equal(tile, again) {
			t.Errorf("%s: the tile is\n%s\nand three seconds later\n%s", s.Name, tile, again)
		}
	}
}

// TestOrder: those that need somebody come first, failures before all; overdue before what runs as usual.
func TestOrder(t *testing.T) {
	t.Parallel()
	b := &Board{Frame: testFrame(), Pictures: fleet(60)}
	lines := b.lines(&b.Frame)
	Query{}.order(lines, newPen(&b.Frame, false))
	var seen []string
	for i := range lines {
		if state := lines[i].state; len(seen) == 0 || seen[len(seen)-1] != state {
			seen = append(seen, state)
		}
	}
	if !slices.Equal(seen, states()) {
		t.Errorf("the order is %v, want %v", seen, states())
	}
	over, p := true, newPen(&b.Frame, false)
	for i := range lines {
		if lines[i].state == StateRunning {
			if now := p.overdue(lines[i].picture); now && !over {
				t.Error("an overdue computer stands behind one that is not")
			} else {
				over = now
			}
		}
	}
}

// TestCountsAreOfAll: each computer is counted once, whatever is filtered.
func TestCountsAreOfAll(t *testing.T) {
	t.Parallel()
	b := &Board{Frame: testFrame(), Pictures: fleet(60), Query: Query{State: StateReady, Text: "bwl-110"}}
	v := b.view("board", "/")
	sum := 0
	for _, c := range v.Counts {
		if c.State == "all" {
			if c.N != 60 || sum != 60 {
				t.Errorf("all are %d, the states together %d", c.N, sum)
			}
			break
		}
		all, _ := Counts(b.Pictures, &b.Frame)
		if want := all[c.State]; c.N != want {
			t.Errorf("%s: %d, want %d", c.State, c.N, want)
		}
		sum += c.N
	}
	rows := 0
	for _, s := range v.Sections {
		rows += s.N
	}
	if want := len(v.filter(b.lines(v.Frame))); rows != want || rows == 0 {
		t.Errorf("%d rows, want %d", rows, want)
	}
}

// TestQueryStandsInTheAddress: what a reader chose comes back from the address.
func TestQueryStandsInTheAddress(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(r *rapid.T) {
		q := Query{
			Text: rapid.String().Draw(r, "text"), Group: rapid.String().Draw(r, "group"),
			Server: rapid.String().Draw(r, "server"), State: rapid.SampledFrom(append(states(), "")).Draw(r, "state"),
			Site: SitesIn(url.Values{"site": rapid.SliceOf(rapid.String()).Draw(r, "sites")}),
			Sort: rapid.SampledFrom([]string{"", "computer", "jobs", "ready"}).Draw(r, "sort"),
			Desc: rapid.Bool().Draw(r, "desc"),
		}
		v, err := url.ParseQuery(q.Values().Encode())
		if err != nil {
			r.Fatal(err)
		}
		if got := ParseQuery(v); got != q {
			r.Errorf("%+v, want %+v", got, q)
		}
	})
	if got := ParseQuery(url.Values{"state": {"x"}, "sort": {"<b>"}}); got != (Query{}) {
		t.Errorf("what is not known asks for %+v", got)
	}
}

// TestBoardIsSmall: the board of 1,000 computers goes through a slow line.
func TestBoardIsSmall(t *testing.T) {
	t.Parallel()
	page := made(t, &Board{Frame: testFrame(), Pictures: fleet(1000), Timeline: testTimeline()})
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(page)
	_ = z.Close()
	t.Logf("%d KiB, %d KiB compressed", len(page)>>10, b.Len()>>10)
	if b.Len() > 150<<10 {
		t.Errorf("the board of 1,000 computers has %d bytes compressed", b.Len())
	}
}

// TestAssetsAreServedByTheirContent: an address changes with the content.
func TestAssetsAreServedByTheirContent(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"board.css", "board.js", "icon.svg"} {
		content, kind, ok := Asset(name)
		if !ok || len(content) == 0 || kind == "" || !strings.HasSuffix(AssetPath(name), "/"+name) {
			t.Errorf("%s: %v, %q, %q", name, ok, kind, AssetPath(name))
		}
	}
	if _, _, ok := Asset("../words/en.txt"); ok {
		t.Error("a file that is no asset is served")
	}
	css, _, _ := Asset("board.css")
	if !bytes.Contains(css, []byte(waterfall.Style())) {
		t.Error("the stylesheet lacks the chart's")
	}
}

func BenchmarkBoard(b *testing.B) {
	page := &Board{Frame: testFrame(), Pictures: fleet(1000), Timeline: testTimeline()}
	for b.Loop() {
		if err := page.Write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRow(b *testing.B) {
	pictures, f := fleet(100), testFrame()
	i := 0
	for b.Loop() {
		if _, err := Row(&pictures[i%len(pictures)], &f); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
