package live

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// margin is left of every line of the board; the cursor stands in it.
const (
	margin = "  "
	cursor = "► "
)

var colors = regexp.MustCompile("\x1b\\[[0-9;]*m")

// View implements tea.Model.
func (m model) View() tea.View {
	v := tea.NewView(strings.Join(m.lines(), "\n"))
	v.AltScreen = true
	return v
}

// lines are those of the whole terminal.
func (m model) lines() []string {
	if m.width < 20 || m.height < 5 {
		return []string{term.Fit("The window is too small.", max(m.width, 1))}
	}
	lines := m.head()
	var body []string
	switch {
	case m.help:
		body = page(m.helpLines(), m.scroll, m.room())
	case m.one:
		list, _ := m.screen()
		body = page(list, m.scroll, m.room())
	default:
		body = m.board()
	}
	for len(body) < m.height-len(lines)-1 {
		body = append(body, "")
	}
	return append(append(lines, body...), m.foot())
}

// page is what of the lines is on the screen.
func page(lines []string, from, room int) []string {
	from = clamp(from, len(lines))
	return lines[from:min(len(lines), from+room):min(len(lines), from+room)]
}

// room is for how many lines there is room between head and foot: of the board, those below the titles.
func (m model) room() int {
	room := m.height - len(m.head()) - 1
	if !m.help && !m.one {
		room--
	}
	return max(1, room)
}

// head says where and when this is, what is wrong with it, and how many computers are in which state.
func (m model) head() []string {
	o, now := m.options(), m.now()
	title := "jobmon-db watch"
	if m.got.Site != "" {
		title = term.Plain(m.got.Site)
	}
	switch {
	case m.one && m.id.Site != "":
		title = term.Plain(m.name) + " at " + m.id.Site
	case m.one:
		title = term.Plain(m.name) + " on " + title
	}
	lines := []string{o.Paint(term.Sides(title, term.Time(m.got.Offset, now, o), m.width), term.Strong)}
	if m.got.Trouble != "" {
		lines = append(lines, o.Alarm("!! "+m.got.Trouble)...)
	}
	age := m.got.ReadAge
	if age >= 0 {
		age += m.passed()
	}
	if m.got.SourceLost {
		text := "!! The DS database cannot be read"
		if age >= 0 {
			text += fmt.Sprintf("; it was last read %s ago", jobmon.Span(age))
		}
		lines = append(lines, o.Alarm(text+".")...)
	} else if m.got.Trouble == "" && age > time.Minute {
		lines = append(lines, o.Alarm(fmt.Sprintf("!! The DS database was last read %s ago.", jobmon.Span(age)))...)
	}
	if !m.one && !m.help {
		lines = append(lines, term.Fit(m.counts(), m.width))
	}
	if m.height >= 16 {
		lines = append(lines, "")
	}
	return lines
}

// counts says how many computers there are of each sort.
func (m model) counts() string {
	total := 0
	count := map[term.Phase]int{}
	bad := 0
	for i := range m.got.Pictures {
		p := &m.got.Pictures[i]
		if p.Unknown {
			continue
		}
		total++
		count[term.PhaseOf(p, m.time(p))]++
		if p.Session != nil && p.Session.Failed > 0 {
			bad++
		}
	}
	text := words.Count(total, "computer")
	if m.words != "" {
		text = fmt.Sprintf("%d of %s", len(m.shown), text)
	}
	var parts []string
	for _, phase := range []term.Phase{term.PhaseOverdue, term.PhaseRunning, term.PhaseWaiting, term.PhasePlanned,
		term.PhaseFinished} {
		if n := count[phase]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, phase))
		}
	}
	if bad > 0 {
		parts = append(parts, fmt.Sprintf("%d with failures", bad))
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}

// board is the titles and the lines that are on the screen.
func (m model) board() []string {
	o := m.options()
	if len(m.shown) == 0 {
		text := "No deployment has been seen yet."
		if m.words != "" {
			text = fmt.Sprintf("Nothing matches “%s”.", term.Plain(m.words))
		}
		return []string{"", term.Fit(margin+text, m.width)}
	}
	at := m.at()
	o.Width -= len(margin)
	titles, lines := term.LiveBoard(m.shown, m.order.by, m.order.descending(), o)
	body := []string{margin + titles}
	for i, line := range page(lines, m.top, m.room()) {
		switch {
		case m.top+i != at:
			line = margin + line
		case o.Color:
			line = o.Paint(term.Sides(cursor+colors.ReplaceAllString(line, ""), "", m.width), term.Reversed)
		default:
			line = cursor + line
		}
		body = append(body, line)
	}
	return body
}

// screen is the computer's screen, and the line to keep in sight.
func (m model) screen() (lines []string, current int) {
	if p := m.picture(); p != nil {
		return term.Lines(p, m.options())
	}
	name := m.options().Paint(term.Fit(term.Plain(m.name), m.width), term.Strong)
	return []string{name, term.Fit("No deployment of this computer has been seen yet.", m.width)}, -1
}

// foot lists the keys, or shows the filter that is typed.
func (m model) foot() string {
	o := m.options()
	if m.typed {
		return o.Paint(term.FitEnd("Filter: "+term.Plain(m.words)+"_", m.width), term.Strong)
	}
	keys := []string{"Enter open", "/ filter", "s sort", "? help", "q quit"}
	right := ""
	switch {
	case m.help:
		keys = []string{"Esc back", "q quit"}
	case m.one:
		keys = []string{"Esc board", "↑↓ scroll", "←→ others", "? help", "q quit"}
		if list, _ := m.screen(); len(list) > m.room() {
			right = fmt.Sprintf("%d-%d of %d", m.scroll+1, m.scroll+m.room(), len(list))
		}
	default:
		if m.words != "" {
			keys[1] = "/ " + term.Plain(m.words) + " (Esc: all)"
		}
		if len(m.shown) > m.room() {
			right = fmt.Sprintf("%d-%d of %d", m.top+1, min(len(m.shown), m.top+m.room()), len(m.shown))
		}
	}
	left := strings.Join(keys, "  ")
	for len(keys) > 3 && utf8.RuneCountInString(left)+2+len(right) > m.width {
		keys = slices.Delete(keys, len(keys)-3, len(keys)-2) // help and quit stay
		left = strings.Join(keys, "  ")
	}
	return o.Paint(term.Sides(left, right, m.width), term.Faintly)
}

func (m model) helpLines() []string {
	const text = `Keys on the board
  ↑ ↓ PgUp PgDn Home End   move
  Enter    open the computer
  /        filter as you type: part of a name, a
           pattern (PC-00*), and failed, overdue,
           running, waiting, planned, finished
           Enter keeps the filter, Esc leaves it
  s        sort by the next column
  1 to 6   sort by computer, state, done, ready,
           failures, late; once more: turn round
  r        turn the order round
Keys on a computer's screen
  ↑ ↓ PgUp PgDn Home End   scroll
  .        back to the stage that runs
  ← →      the computer before, the next one
  Esc      back to the board
Everywhere: ? this help, q or Ctrl-C quit
Marks
  >> runs   >! overdue   .. waits   ok done
  !! has failures   -- ended otherwise`
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, term.Fit(line, m.width))
	}
	return lines
}
