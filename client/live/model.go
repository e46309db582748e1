package live

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const askEvery = time.Second

// model is all that the view depends on. A message makes another one of it; no clock is read and nothing is asked
// anywhere else than in commands.
type model struct {
	ctx           context.Context
	feed          Feed
	look          term.Options
	width, height int

	got     Update
	gotAt   time.Time // when that came
	present time.Time

	order order
	words string // the filter as it is typed
	typed bool   // it is being typed
	kept  string // what it was before

	shown  []jobmon.Progress // what passes the filter, in order
	cursor jobmon.ComputerKey
	top    int // the first line of shown that is on the screen

	one    bool // one computer's screen
	id     jobmon.ComputerKey
	name   string
	help   bool
	scroll int  // first line of the screen, or of the help
	moved  bool // scrolled by hand: the running stage is not followed
}

// answer is what the feed said, and when.
type answer struct {
	Update
	at time.Time
}

type (
	tick time.Time
	ask  struct{}
)

func newModel(ctx context.Context, o Options, now time.Time) model {
	m := model{
		ctx: ctx, feed: o.Feed, look: o.Look, width: o.Look.Width, height: o.Height, got: o.First, gotAt: now,
		present: now,
		order:   order{by: term.ColumnComputer}, one: o.Name != "", id: o.Computer, name: o.Name,
	}
	m.arrange()
	if len(m.shown) > 0 {
		m.cursor = m.shown[0].Computer.Key()
	}
	if m.one {
		m.cursor = m.id
	}
	m.settle()
	return m
}

// Init implements tea.Model.
func (m model) Init() tea.Cmd { return tea.Batch(m.ask(), everySecond()) }

func (m model) ask() tea.Cmd {
	return func() tea.Msg { return answer{m.feed(m.ctx), time.Now()} }
}

func everySecond() tea.Cmd {
	return tea.Every(time.Second, func(t time.Time) tea.Msg { return tick(t) })
}

// Update implements tea.Model.
func (m model) Update(message tea.Msg) (tea.Model, tea.Cmd) {
	var command tea.Cmd
	switch message := message.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = message.Width, message.Height
	case answer:
		m.got, m.gotAt, m.present = message.Update, message.at, message.at
		m.arrange()
		command = tea.Tick(askEvery, func(time.Time) tea.Msg { return ask{} })
	case ask:
		command = m.ask()
	case tick:
		m.present = time.Time(message)
		m.arrange() // what is overdue may have changed
		command = everySecond()
	case tea.PasteMsg:
		if m.typed {
			m.filter(m.words + message.Content)
		}
	case tea.KeyPressMsg:
		m, command = m.key(message)
	}
	m.settle()
	return m, command
}

// now is the present by the DS server's clock.
func (m model) now() jobmon.Instant {
	return m.got.Now.Add(m.passed())
}

// time is the present by the clock of a picture's server.
func (m model) time(p *jobmon.Progress) jobmon.Instant {
	return m.now().Add(m.got.Ahead[p.Computer.Site])
}

// passed is the time since the feed's answer.
func (m model) passed() time.Duration {
	if m.got.Still {
		return 0
	}
	return max(0, m.present.Sub(m.gotAt))
}

// options are those of drawing at present.
func (m model) options() term.Options {
	o := m.look
	o.Width, o.Now, o.Ahead = m.width, m.now(), m.got.Ahead
	return o
}

// arrange finds out which computers are shown, and in which order.
func (m *model) arrange() {
	pass := parseFilter(m.words)
	m.shown = m.shown[:0:0]
	for i := range m.got.Pictures {
		if p := &m.got.Pictures[i]; !p.Unknown && pass.passes(p, m.time(p)) {
			m.shown = append(m.shown, *p)
		}
	}
	m.order.sort(m.shown, m.time)
}

// filter shows what these words let pass.
func (m *model) filter(words string) {
	m.words = words
	m.arrange()
	m.top = 0
	if m.at() < 0 && len(m.shown) > 0 {
		m.cursor = m.shown[0].Computer.Key()
	}
}

// at is the cursor's line among those shown, -1 when its computer is not among them.
func (m model) at() int {
	return slices.IndexFunc(m.shown, func(p jobmon.Progress) bool { return p.Computer.Key() == m.cursor })
}

// move puts the cursor so many lines further.
func (m *model) move(by int) {
	if len(m.shown) == 0 {
		return
	}
	m.cursor = m.shown[min(max(max(m.at(), 0)+by, 0), len(m.shown)-1)].Computer.Key()
}

// picture is that of the computer whose screen is shown, nil when it has none.
func (m model) picture() *jobmon.Progress {
	for i := range m.got.Pictures {
		if m.got.Pictures[i].Computer.Key() == m.id {
			return &m.got.Pictures[i]
		}
	}
	return nil
}

// open shows the screen of the cursor's computer.
func (m *model) open() {
	if i := m.at(); i >= 0 {
		c := m.shown[i].Computer
		m.one, m.id, m.name, m.moved = true, c.Key(), jobmon.ComputerName(c.ID, c.Name), false
	}
}

// settle brings what is shown into what can be: the cursor on the screen, and no lines beyond the end.
func (m *model) settle() {
	if len(m.shown) > 0 && m.at() < 0 && !m.one {
		m.cursor = m.shown[min(m.top, len(m.shown)-1)].Computer.Key()
	}
	room := m.room()
	switch {
	case m.help:
		m.scroll = clamp(m.scroll, len(m.helpLines())-room)
	case m.one:
		lines, current := m.screen()
		if !m.moved {
			m.scroll = 0
			if current >= room-1 {
				m.scroll = current - room/2
			}
		}
		m.scroll = clamp(m.scroll, len(lines)-room)
	default:
		i := max(m.at(), 0)
		m.top = clamp(min(max(m.top, i-room+1), i), len(m.shown)-room)
	}
}

// clamp is n between 0 and most.
func clamp(n, most int) int { return max(0, min(n, most)) }
