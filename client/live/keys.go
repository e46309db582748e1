package live

import (
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// key does what a key means where it is pressed.
func (m model) key(k tea.KeyPressMsg) (model, tea.Cmd) {
	name := k.String()
	switch name {
	case "ctrl+c":
		return m, tea.Quit
	case "ctrl+z":
		return m, tea.Suspend
	}
	switch {
	case m.help:
		m.helpKey(name)
	case m.typed:
		m.filterKey(k, name)
		return m, nil
	case m.one:
		m.screenKey(name)
	default:
		m.boardKey(name)
	}
	switch name {
	case "q":
		return m, tea.Quit
	case "?":
		m.help, m.scroll = !m.help, 0
	}
	return m, nil
}

// step is how far a key moves, in lines.
func (m model) step(name string) (by int, ok bool) {
	const far = 1 << 20
	switch name {
	case "up", "k":
		return -1, true
	case "down", "j":
		return 1, true
	case "pgup", "ctrl+b":
		return -max(1, m.room()-1), true
	case "pgdown", "ctrl+f", "space":
		return max(1, m.room()-1), true
	case "home", "g":
		return -far, true
	case "end", "G":
		return far, true
	}
	return 0, false
}

func (m *model) helpKey(name string) {
	by, ok := m.step(name)
	switch {
	case ok:
		m.scroll = max(0, m.scroll+by)
	case name == "esc", name == "enter", name == "backspace":
		m.help, m.scroll = false, 0
	}
}

func (m *model) boardKey(name string) {
	by, ok := m.step(name)
	switch {
	case ok:
		m.move(by)
	case name == "enter", name == "right":
		m.open()
	case name == "/":
		m.typed, m.kept = true, m.words
	case name == "esc":
		m.filter("")
	case name == "s":
		m.sortBy(m.order.next())
	case name == "r":
		m.order.turned = !m.order.turned
		m.arrange()
	case len(name) == 1 && name[0] >= '1' && int(name[0]-'1') < len(sortable):
		m.sortBy(order{by: sortable[name[0]-'1']})
	}
}

func (m *model) sortBy(o order) {
	if o == m.order { // the same again turns it round
		o.turned = true
	}
	m.order, m.top = o, 0
	m.arrange()
}

// filterKey types the filter; its words work at once.
func (m *model) filterKey(k tea.KeyPressMsg, name string) {
	switch {
	case name == "enter":
		m.typed = false
	case name == "esc":
		m.typed = false
		m.filter(m.kept)
	case name == "backspace":
		_, size := utf8.DecodeLastRuneInString(m.words)
		m.filter(m.words[:len(m.words)-size])
	case name == "ctrl+u":
		m.filter("")
	case k.Text != "":
		m.filter(m.words + k.Text)
	default:
		if by, ok := m.step(name); ok {
			m.move(by)
		}
	}
}

func (m *model) screenKey(name string) {
	by, ok := m.step(name)
	switch {
	case ok:
		m.scroll, m.moved = m.scroll+by, true
	case name == "esc", name == "backspace":
		m.one, m.cursor = false, m.id
	case name == ".":
		m.moved = false
	case name == "left", name == "right":
		m.cursor = m.id
		if i := m.at(); i < 0 {
			return
		}
		if name == "left" {
			m.move(-1)
		} else {
			m.move(1)
		}
		m.open()
	}
}
