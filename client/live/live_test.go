package live

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/clipperhouse/displaywidth"

	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

var update = flag.Bool("update", false, "write the golden files anew")

var began = time.Date(2026, 11, 22, 13, 12, 8, 0, time.UTC)

// fleet is what is known of the examples, as the pictures of different computers, three seconds after the last event.
func fleet() Update {
	u := Update{Site: "DS01", Offset: 3600, ReadAge: 3 * time.Second, Now: jobmon.InstantOf(began)}
	for i, example := range samples.Pictures() {
		p := *example.Progress
		p.Computer.ID += jobmon.ComputerID(i)
		if p.Computer.Name == "CXNRD02" && i > 0 {
			p.Computer.Name = fmt.Sprintf("PC-%04d", i)
		}
		u.Pictures = append(u.Pictures, p)
	}
	return u
}

// view is a model with a terminal of that size.
func view(u Update, width, height int) model {
	o := Options{Feed: func(context.Context) Update { panic("a test asks by itself") }, First: u}
	return send(newModel(context.Background(), o, began), tea.WindowSizeMsg{Width: width, Height: height})
}

func send(m model, messages ...tea.Msg) model {
	for _, message := range messages {
		next, _ := m.Update(message)
		m = next.(model)
	}
	return m
}

// press presses keys: names like "down", or letters.
func press(m model, keys ...string) model {
	named := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter,
		"esc":    tea.KeyEscape,
		"pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "home": tea.KeyHome, "end": tea.KeyEnd,
		"backspace": tea.KeyBackspace,
	}
	for _, key := range keys {
		if code, ok := named[key]; ok {
			m = send(m, tea.KeyPressMsg{Code: code})
			continue
		}
		for _, r := range key {
			m = send(m, tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
	return m
}

func text(m model) string { return m.View().Content + "\n" }

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
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
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func TestViews(t *testing.T) {
	trouble := fleet()
	trouble.Trouble,
		trouble.Still = "Out of touch with the daemon since 14:12:05 UTC+01:00: no daemon runs on this data folder.",
		true
	lost := fleet()
	lost.SourceLost, lost.ReadAge = true, 3*time.Minute
	for _, size := range [][2]int{{80, 24}, {200, 60}, {40, 10}} {
		m := view(fleet(), size[0], size[1])
		for name, m := range map[string]model{
			"board":    m,
			"end":      press(m, "end"),
			"state":    press(m, "s"),
			"filter":   press(m, "/failed pc-00*"),
			"filtered": press(m, "/overdue", "enter"),
			"nothing":  press(m, "/nothing like it"),
			"one":      press(m, "/pc-0002", "enter", "enter"),
			"many":     press(m, "/pc-0019", "enter", "enter"),
			"help":     press(m, "?"),
			"trouble":  view(trouble, size[0], size[1]),
			"lost":     view(lost, size[0], size[1]),
			"empty":    view(Update{Site: "DS01", ReadAge: -1}, size[0], size[1]),
		} {
			golden(t, fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), text(m))
		}
	}
	o := fleet()
	m := view(o, 80, 24)
	m.look.Color = true
	golden(t, "color-80x24", text(m))
}

// Whatever the terminal's size, what is drawn fits, and no name reaches it as a command.
func TestEverySizeFits(t *testing.T) {
	for _, width := range []int{20, 40, 41, 50, 66, 79, 80, 99, 100, 133, 200} {
		for _, height := range []int{5, 10, 15, 16, 17, 24, 60} {
			m := view(fleet(), width, height)
			views := []model{m, press(m, "end"), press(m, "?"), press(m, "?", "end"), press(m, "/failed")}
			for range 3 { // each of some computers, at its top and its end
				m = press(m, "down", "down", "down", "down", "down", "down")
				views = append(views, press(m, "enter"), press(m, "enter", "end"))
			}
			for i, m := range views {
				lines := strings.Split(m.View().Content, "\n")
				if len(lines) != height {
					t.Errorf("%dx%d, view %d: %d lines", width, height, i, len(lines))
				}
				for _, line := range lines {
					if n := displaywidth.String(line); n > max(width, 38) ||
						strings.ContainsFunc(line, unicode.IsControl) {
						t.Errorf("%dx%d, view %d: %d columns in %q", width, height, i, n, line)
					}
				}
			}
		}
	}
}

// Colour adds nothing but colour: on the cursor's line too, which is drawn the other way round.
func TestColorOnlyPaints(t *testing.T) {
	for _, keys := range [][]string{nil, {"down", "down"}, {"enter"}, {"?"}, {"/failed"}} {
		m := press(view(fleet(), 100, 30), keys...)
		plain := text(m)
		m.look.Color = true
		painted := colors.ReplaceAllString(text(m), "")
		for i, line := range strings.Split(painted, "\n") {
			if want := strings.Split(plain, "\n")[i]; strings.TrimRight(line, " ") != strings.TrimRight(want, " ") {
				t.Errorf("%v: %q, want %q", keys, line, want)
			}
		}
	}
}

// names are those of the computers shown, in order.
func names(m model) string {
	var list []string
	for _, p := range m.shown {
		list = append(list, jobmon.ComputerName(p.Computer.ID, p.Computer.Name))
	}
	return strings.Join(list, " ")
}

// small is a fleet of four whose orders differ.
func small() Update {
	u := Update{Now: jobmon.InstantOf(began), ReadAge: -1}
	add := func(name string, s *jobmon.SessionProgress) {
		u.Pictures = append(u.Pictures,
			jobmon.Progress{Computer: jobmon.Computer{ID: jobmon.ComputerID(len(u.Pictures) + 1), Name: name},
				At: u.Now, Session: s})
	}
	stage := jobmon.Stage{Name: "Office", State: jobmon.StateRunning, Began: u.Now.Add(-time.Hour), Jobs: 3,
		JobsDone: 1}
	slow := stage
	slow.Expected = 25 * time.Minute
	add("b-done", &jobmon.SessionProgress{State: jobmon.SessionComplete, Result: jobmon.ResultReady,
		Ended: u.Now.Add(-time.Minute), Percent: 100, Current: -1})
	add("D-fails", &jobmon.SessionProgress{State: jobmon.SessionOpen, Stages: []jobmon.Stage{stage}, Percent: 30,
		Failed: 2, Next: -1})
	add("a-slow", &jobmon.SessionProgress{State: jobmon.SessionOpen, Stages: []jobmon.Stage{slow}, Percent: 60,
		ETA: u.Now.Add(time.Minute), Late: 3, Next: -1})
	add("c-waits", &jobmon.SessionProgress{State: jobmon.SessionOpen, Percent: 10, Current: -1, Next: -1})
	return u
}

func TestOrders(t *testing.T) {
	m := view(small(), 80, 24)
	for _, c := range []struct{ keys, want string }{
		{"1", "D-fails c-waits b-done a-slow"}, // it was sorted so: turned round
		{"11", "a-slow b-done c-waits D-fails"},
		{"2", "D-fails a-slow c-waits b-done"},
		{"3", "c-waits D-fails a-slow b-done"},
		{"4", "b-done a-slow c-waits D-fails"},
		{"5", "D-fails a-slow b-done c-waits"},
		{"5r", "a-slow b-done c-waits D-fails"},
		{"55", "a-slow b-done c-waits D-fails"},
		{"6", "a-slow b-done c-waits D-fails"},
		{"s", "D-fails a-slow c-waits b-done"},
		{"ssssss", "a-slow b-done c-waits D-fails"},
	} {
		if got := names(press(m, c.keys)); got != c.want {
			t.Errorf("%s: %s, want %s", c.keys, got, c.want)
		}
	}
}

func TestFilters(t *testing.T) {
	m := view(small(), 80, 24)
	for words, want := range map[string]string{
		"":                 "a-slow b-done c-waits D-fails",
		"S":                "a-slow c-waits D-fails",
		"?-*s*":            "a-slow c-waits D-fails",
		"*s":               "c-waits D-fails",
		"running":          "a-slow D-fails",
		"overdue":          "a-slow",
		"failed":           "D-fails",
		"waiting finished": "b-done c-waits",
		"failed a-":        "",
		"a- b-":            "a-slow b-done",
		"id:3":             "a-slow",
		"[":                "",
	} {
		if got := names(press(m, "/"+words)); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
	m = press(m, "/failed", "enter", "/", "backspace", "backspace", "x", "esc")
	if got := names(m); got != "D-fails" {
		t.Errorf("after Esc the filter is no longer what it was: %q", got)
	}
	if got := names(press(m, "esc")); !strings.HasPrefix(got, "a-slow") {
		t.Errorf("Esc on the board leaves %q", got)
	}
	if got := names(send(press(m, "esc", "/"), tea.PasteMsg{Content: "c-\r\nwait"})); got != "c-waits" {
		t.Errorf("pasted: %q", got)
	}
}

// The cursor stays on its computer while the order changes around it.
func TestTheCursorStays(t *testing.T) {
	m := press(view(small(), 80, 24), "down", "down")
	for _, keys := range []string{"2", "3", "r", "/c", "?"} {
		if m = press(m, keys); m.cursor.ID != 4 {
			t.Fatalf("after %s the cursor is on %s", keys, m.cursor)
		}
	}
	m = press(m, "esc", "esc", "2", "enter", "left")
	if m.id.ID != 3 || !strings.Contains(text(m), "a-slow") {
		t.Errorf("the computer before is %s:\n%s", m.id, text(m))
	}
	m = press(m, "right", "right", "right", "right", "esc")
	if m.one || m.cursor.ID != 1 {
		t.Errorf("back on the board the cursor is on %s", m.cursor)
	}
}

// Time passes between two answers: what runs grows older, and overdue without any event; at the log's end it does not.
func TestTimePasses(t *testing.T) {
	u := small()
	u.Pictures[1].Session.Stages[0].Expected = time.Hour
	m := view(u, 150, 24)
	later := send(m, tick(began.Add(61*time.Minute)))
	if got := term.PhaseOf(&later.shown[3], later.now()); got != term.PhaseOverdue ||
		!strings.Contains(text(later), "Office, 2 h 01 min of about 1 h 00 min, job 2 of 3") {
		t.Errorf("%s:\n%s", got, text(later))
	}
	u.Still = true
	if still := send(view(u, 120, 24), tick(began.Add(time.Hour))); still.now() != u.Now ||
		!strings.Contains(text(still), "Office, 1 h 00 min") {
		t.Errorf("the end of a log grows older:\n%s", text(still))
	}
	u.Still, u.ReadAge = false, 20*time.Second
	if quiet := send(view(u, 120, 24), tick(began.Add(time.Minute))); !strings.Contains(
		text(quiet), "last read 1 min 20 s ago") {
		t.Errorf("nobody says that nothing was read:\n%s", text(quiet))
	}
}

// A new answer replaces all; a computer that has gone takes neither the cursor nor the screen with it.
func TestAnswers(t *testing.T) {
	u := small()
	m := press(view(u, 80, 24), "down", "down", "down", "enter")
	gone := u
	gone.Pictures = u.Pictures[2:]
	m = send(m, answer{gone, began.Add(time.Second)})
	if !strings.Contains(text(m), "D-fails") || !strings.Contains(text(m), "No deployment of this computer") {
		t.Errorf("%s", text(m))
	}
	if m = press(m, "esc"); m.at() != 0 || !strings.Contains(text(m), "► >! a-slow") {
		t.Errorf("the cursor is lost:\n%s", text(m))
	}
	if _, command := m.Update(answer{u, began}); command == nil {
		t.Error("after an answer nobody asks again")
	}
	m = send(m, answer{Update{}, began})
	if press(m, "down", "enter", "pgdown", "left"); !strings.Contains(text(m), "No deployment has been seen yet") {
		t.Errorf("%s", text(m))
	}
}

func TestQuits(t *testing.T) {
	m := view(small(), 80, 24)
	quits := func(m model, k tea.KeyPressMsg) bool {
		_, command := m.Update(k)
		if command == nil {
			return false
		}
		_, ok := command().(tea.QuitMsg)
		return ok
	}
	for where, m := range map[string]model{"board": m, "screen": press(m, "enter"), "help": press(m, "?")} {
		if !quits(m, tea.KeyPressMsg{Code: 'q', Text: "q"}) || !quits(m, tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}) {
			t.Errorf("%s: q or Ctrl-C does not quit", where)
		}
	}
	if typing := press(m, "/"); quits(typing, tea.KeyPressMsg{Code: 'q', Text: "q"}) ||
		!quits(typing, tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}) {
		t.Error("in a filter q is a letter, and Ctrl-C quits")
	}
}

// A thousand computers are drawn again after every key.
func BenchmarkThousand(b *testing.B) {
	u := fleet()
	for i := range 1000 {
		p := u.Pictures[1+i%17]
		p.Computer.ID, p.Computer.Name = jobmon.ComputerID(i+1), fmt.Sprintf("LAB-%04d", i)
		u.Pictures = append(u.Pictures, p)
	}
	m := view(u, 120, 40)
	m.look.Color = true
	for b.Loop() {
		m = press(m, "down")
		_ = m.View()
	}
}

// drawn is a terminal that says when something is drawn on its other screen.
type drawn struct {
	bytes.Buffer
	once sync.Once
	seen chan struct{}
}

func (d *drawn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("\x1b[?1049h")) {
		d.once.Do(func() { close(d.seen) })
	}
	return d.Buffer.Write(p)
}

// When something breaks, the terminal is given back, and it is an error.
func TestABreakGivesTheTerminalBack(t *testing.T) {
	in, keys := io.Pipe()
	defer keys.Close()
	out := &drawn{seen: make(chan struct{})}
	err := Run(t.Context(), Options{In: in, Out: out, Look: term.Options{Width: 80}, Height: 24,
		Feed: func(context.Context) Update {
			<-out.seen
			panic("for the test")
		}})
	if !errors.Is(err, tea.ErrProgramPanic) || !strings.Contains(out.String(), "\x1b[?1049l") ||
		!strings.Contains(out.String(), "\x1b[?25h") {
		t.Errorf("%v, %q", err, out.String())
	}
}
