package http_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/board"
	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// sites is the present of a fleet, of which some sites are there.
type sites struct {
	web.Web
	seq       uint64
	now       jobmon.Instant
	computers map[jobmon.ComputerKey]jobmon.Progress
	away      map[string]bool
}

func (s *sites) Now(context.Context) (m web.Moment, err error) {
	m.Seq, m.Now, m.Sites = s.seq, s.now, []board.SiteState{}
	for _, name := range siteNames() {
		if !s.away[name] {
			m.Sites = append(m.Sites, board.SiteState{Name: name, Now: s.now})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.computers), jobmon.ComputerKey.Compare) {
		if !s.away[key.Site] {
			m.Pictures = append(m.Pictures, s.computers[key])
		}
	}
	return m, nil
}

func siteNames() []string { return []string{"DS01", "DS02", "DS03"} }

// change has a computer run a stage since some seconds.
func (s *sites) change(key jobmon.ComputerKey, seconds int) {
	s.seq++
	began := s.now.Add(-time.Duration(seconds) * time.Second)
	s.computers[key] = jobmon.Progress{
		Seq: s.seq, At: s.now, Computer: jobmon.Computer{ID: key.ID, Site: key.Site, Name: fmt.Sprint("PC-", s.seq)},
		Session: &jobmon.SessionProgress{Number: 1, State: jobmon.SessionOpen, Began: began, Jobs: 2, Next: -1,
			Stages: []jobmon.Stage{{Name: "Imaging", Began: began}}},
	}
}

// take shows lines on a page, where each is one that the page did not have.
func take(t *rapid.T, page map[string]string, lines [][]byte) {
	for _, line := range lines {
		var row struct{ ID, HTML string }
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		if was, known := page[row.ID]; known && was == row.HTML || !known && row.HTML == "" {
			t.Errorf("%s is sent again", row.ID)
		}
		if page[row.ID] = row.HTML; row.HTML == "" {
			delete(page, row.ID)
		}
	}
}

// Whatever changes, and whichever sites come and go, an open board shows the computers that one shows that is opened
// now; what time alone changes follows a few rows at a time, and then all rows are the same.
func TestAnOpenBoardShowsWhatANewOneShows(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(rt *rapid.T) {
		const atOnce, computers = 3, 6
		s := &sites{now: 1_800_000_000_000, computers: map[jobmon.ComputerKey]jobmon.Progress{}, away: map[string]bool{}}
		look, page := web.Look(s, atOnce), map[string]string{}
		for _, site := range siteNames() {
			for id := range computers {
				s.change(jobmon.ComputerKey{Site: site, ID: jobmon.ComputerID(id + 1)}, id)
			}
		}
		see := func(all bool) (due bool) {
			lines, due, err := look(t.Context(), all)
			if err != nil {
				rt.Fatal(err)
			}
			take(rt, page, lines)
			return due
		}
		fresh := func() map[string]string {
			lines, _, _ := web.Look(s, 1)(t.Context(), false)
			shown := map[string]string{}
			take(rt, shown, lines)
			return shown
		}
		computer := rapid.Custom(func(rt *rapid.T) jobmon.ComputerKey {
			return jobmon.ComputerKey{Site: rapid.SampledFrom(siteNames()).Draw(rt, "site"),
				ID: jobmon.ComputerID(rapid.IntRange(1, computers).Draw(rt, "id"))}
		})
		rt.Repeat(map[string]func(*rapid.T){
			"change": func(rt *rapid.T) {
				key := computer.Draw(rt, "computer")
				s.change(key, rapid.IntRange(0, 9000).Draw(rt, "seconds"))
				see(rapid.Bool().Draw(rt, "all"))
				want := fresh()
				if id := key.String(); page[id] != want[id] {
					rt.Errorf("%s is %q, want %q", id, page[id], want[id])
				}
			},
			"remove": func(rt *rapid.T) { delete(s.computers, computer.Draw(rt, "computer")) },
			"time": func(rt *rapid.T) { // a row shows the days of moments that are not today's
				s.now = s.now.Add(rapid.SampledFrom([]time.Duration{time.Minute, 24 * time.Hour}).Draw(rt, "time"))
			},
			"come, go": func(rt *rapid.T) { n := rapid.SampledFrom(siteNames()).Draw(rt, "site"); s.away[n] = !s.away[n] },
			"draw again": func(rt *rapid.T) {
				for see(false) {
					continue // what was begun before
				}
				looks := 1
				for due := see(true); due; due = see(false) {
					looks++
				}
				if most := max(1, (len(page)+atOnce-1)/atOnce); looks > most {
					rt.Errorf("%d looks, want %d at most", looks, most)
				}
				if want := fresh(); !maps.Equal(page, want) {
					rt.Errorf("%v, want %v", page, want)
				}
			},
			"": func(rt *rapid.T) {
				see(false)
				got, want := slices.Sorted(maps.Keys(page)), slices.Sorted(maps.Keys(fresh()))
				if !slices.Equal(got, want) {
					rt.Errorf("%v, want %v", got, want)
				}
			},
		})
	})
}

// BenchmarkLook looks at 50 sites with 1,000 computers each, where nothing changed.
func BenchmarkLook(b *testing.B) {
	s := &sites{now: 1_800_000_000_000, computers: map[jobmon.ComputerKey]jobmon.Progress{}, away: map[string]bool{}}
	for i := range 50_000 {
		s.change(jobmon.ComputerKey{Site: fmt.Sprintf("S%02d", i/1000), ID: jobmon.ComputerID(i%1000 + 1)}, i)
	}
	m, _ := s.Now(b.Context())
	look := web.Look(fixed{m: m}, 1)
	_, _, _ = look(b.Context(), false)
	for b.Loop() {
		if lines, _, _ := look(b.Context(), false); len(lines) > 0 {
			b.Fatalf("%d rows are sent, and nothing changed", len(lines))
		}
	}
}

type fixed struct {
	web.Web
	m web.Moment
}

func (f fixed) Now(context.Context) (web.Moment, error) { return f.m, nil }
