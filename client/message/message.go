// Package message writes what a notice says: for people in the site's language, for programs as a CloudEvent, and in
// the form that each service takes.
//
// Everything here is a pure function of a message and a Writer. Names come from the DS database: what is invisible in
// them is shown, long ones are cut, and no body gives a service anything that it would read as markup or a mention.
// Each body stays within the limits of its service, whatever the names and however many notices a digest has.
package message

import (
	"cmp"
	"embed"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/client/internal/wording"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// Writer writes the messages of one site.
type Writer struct {
	Language  string // one of Languages; another one is English
	Site      string // name of the DS server
	Member    string // the site's name in the fleet, where the hub writes; its PublicURL then leads to the hub's board
	PublicURL string // the board's address, "" for none; a picture's own comes first
	Domain    string // of the mail address that messages come from, for the ids of mails
}

// Languages lists those that there are.
func Languages() []string { return wording.Languages() }

//go:embed words/*.txt
var files embed.FS

var tongues = sync.OnceValue(func() map[string]wording.Words { return wording.Load(files, "words") })

func wordsOf(lang string) wording.Words {
	if w, ok := tongues()[lang]; ok {
		return w
	}
	return tongues()[Languages()[0]]
}

// Text is the message for people: a line, and more of them. The last one is the link to the board.
func (w *Writer) Text(m *notices.Message) (title, body string) {
	s := w.say(m)
	return s.title, s.body()
}

// said is what a message says, before it takes the form of a service. Its texts are plain.
type said struct {
	title string
	short func(limit int) string // the title with each name cut to so many characters; nil for one without names
	facts []fact
	lines []line // of a digest: one for each problem
	left  int    // how many notices the lines leave out
	link  string // to the board, "" for none
	tone  tone
	words wording.Words
}

// line is what a digest says about one problem, and how many notices it stands for.
type line struct {
	text  string
	count int
}

// fact is a line of a message: what it is about, and what it says.
type fact struct{ label, value string }

// tone says how urgent a message is.
type tone uint8

const (
	good tone = iota // what was wrong is over, or a computer is ready
	warn             // it ended otherwise, or stands still
	bad              // something failed
)

func (s *said) body() string {
	var b strings.Builder
	for _, f := range s.facts {
		b.WriteString(s.words.Say("fact", "label", f.label, "value", f.value) + "\n")
	}
	if list := s.list(len(s.lines)); list != "" {
		b.WriteString("\n" + list + "\n")
	}
	if s.link != "" {
		b.WriteString("\n" + s.link + "\n")
	}
	return b.String()
}

// list is the first n lines of a digest, and how many notices they leave out.
func (s *said) list(n int) string {
	var parts []string
	left := s.left
	for i, line := range s.lines {
		if i >= n {
			left += line.count
			continue
		}
		parts = append(parts, line.text)
	}
	if left > 0 {
		parts = append(parts, s.words.Say(s.words.CountKey("digest.more", left), "n", strconv.Itoa(left)))
	}
	return strings.Join(parts, "\n")
}

// pen writes the message of one notice.
type pen struct {
	wording.Speaker
	w    *Writer
	lang string
	n    *notices.Notice
	said *said
}

// about begins a message with the words and the clock of a notice.
func (w *Writer) about(n *notices.Notice) *pen {
	words := wordsOf(w.Language)
	return &pen{
		Speaker: wording.Speaker{Words: words, Offset: n.Offset, Today: n.Event.At.Wall(n.Offset).Time()},
		w:       w, lang: w.language(), n: n, said: &said{words: words},
	}
}

func (w *Writer) say(m *notices.Message) *said {
	if m.Digest {
		return w.digest(m)
	}
	p := w.about(m.Notices[0])
	p.said.link = w.address(p.n, p.n.Computer())
	p.notice()
	return p.said
}

// fact adds a line, unless it says nothing.
func (p *pen) fact(key, value string) {
	if value != "" {
		p.said.facts = append(p.said.facts, fact{p.Text(key), value})
	}
}

// title sets the title. Pairs are more places and their values.
func (p *pen) title(tone tone, key string, pairs ...string) {
	say := func(limit int) string {
		return p.Say("title."+key, append(pairs[:len(pairs):len(pairs)],
			"computer", fit(p.computer(), limit, asIs), "site", fit(p.site(), limit, asIs),
			"stage", fit(p.Name(cmp.Or(p.n.Stage, p.n.Job)), limit, asIs), "code", p.n.Code.Short())...)
	}
	p.said.title, p.said.short, p.said.tone = say(1<<20), say, tone
}

// titled is the title within a limit, see fit. Names are cut first: what happened stands behind them.
func (s *said) titled(limit int, escape func(rune) string) string {
	title := s.title
	for n := 80; s.short != nil && n >= 10 && size(title, escape) > limit; n /= 2 {
		title = s.short(n)
	}
	return fit(title, limit, escape)
}

func (p *pen) site() string {
	if p.w.Member != "" {
		return wording.Shown(p.w.Member)
	}
	if p.n.Picture != nil && p.n.Picture.Site != "" {
		return wording.Shown(p.n.Picture.Site)
	}
	return p.Name(p.w.Site)
}

// computerOf is the computer that a notice is about; its id is 0 for none.
func computerOf(n *notices.Notice) jobmon.Computer {
	if n.Picture != nil {
		return n.Picture.Computer
	}
	return jobmon.Computer{}
}

func (p *pen) computer() string {
	c := computerOf(p.n)
	return wording.Shown(jobmon.ComputerName(c.ID, c.Name))
}

func (p *pen) session() *jobmon.SessionProgress {
	if p.n.Picture == nil {
		return nil
	}
	return p.n.Picture.Session
}

// exact is a moment with its date and the server's UTC offset.
func (p *pen) exact(i jobmon.Instant) string {
	zone := " UTC"
	if p.Offset != 0 {
		zone += p.Offset.String()
	}
	return i.Wall(p.Offset).Time().Format(time.DateTime) + zone
}

// address leads to the board at the moment of a notice, to the computer where one is named; "" without a board.
func (w *Writer) address(n *notices.Notice, computer jobmon.ComputerID) string {
	public, member := w.PublicURL, w.Member
	if n.Picture != nil && n.Picture.PublicURL != "" && (member == "" || public == "") {
		public, member = n.Picture.PublicURL, ""
	}
	if public == "" {
		return ""
	}
	public = strings.TrimSuffix(public, "/") + "/"
	sign := "?"
	switch {
	case computer != 0:
		public += "c/" + jobmon.ComputerKey{Site: member, ID: computer}.String()
	case member != "":
		public, sign = public+"?site="+member, "&"
	}
	if n.Event.Seq > 0 {
		public += sign + "at=seq:" + strconv.FormatUint(n.Event.Seq, 10)
	}
	return public
}

// language is the one that a message is written in.
func (w *Writer) language() string {
	if _, ok := tongues()[w.Language]; ok {
		return w.Language
	}
	return Languages()[0]
}
