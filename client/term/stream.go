package term

import (
	"io"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// StreamColumn is a column of a Stream.
type StreamColumn struct {
	Title string
	Width int  // columns; longer fields push what follows to the right, except on a terminal
	Right bool // set to the right
}

// Field is one field of a Stream's line.
type Field struct {
	Text string // made safe for a terminal
	Tone Tone
}

// Stream writes a table whose lines come one by one, so that its widths are said beforehand. On a terminal of known width lines are
// cut to it. Errors are the writer's.
type Stream struct {
	o       Options
	w       io.Writer
	columns []StreamColumn
	begun   bool
}

// NewStream returns a table with these columns, the last of which has any width.
func NewStream(w io.Writer, columns []StreamColumn, o Options) *Stream {
	return &Stream{o: o, w: w, columns: columns}
}

// head writes the titles.
func (s *Stream) head() error {
	fields := make([]Field, len(s.columns))
	for i, c := range s.columns {
		fields[i] = Field{Text: c.Title, Tone: Faintly}
	}
	return s.line(fields)
}

// Line writes a line; the titles come before the first one.
func (s *Stream) Line(fields []Field) error {
	if !s.begun {
		s.begun = true
		if err := s.head(); err != nil {
			return err
		}
	}
	return s.line(fields)
}

// Note writes a line of its own between the others, faintly; the titles come before it.
func (s *Stream) Note(text string) error {
	if !s.begun {
		s.begun = true
		if err := s.head(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(s.w, s.o.paint(Plain(text), faint)+"\n")
	return err
}

func (s *Stream) line(fields []Field) error {
	var line strings.Builder
	blank, used, left := 0, 0, s.o.width()
	for i, f := range fields {
		c := s.columns[i]
		text := Plain(f.Text)
		if last := i == len(fields)-1; s.o.Width > 0 {
			room := max(left-used-blank, 0)
			if !last {
				room = min(room, c.Width)
			}
			text = fit(text, room)
		}
		width := displaywidth.String(text)
		space := max(c.Width-width, 0)
		if c.Right {
			blank, space = blank+space, 0
		}
		if text != "" {
			line.WriteString(strings.Repeat(" ", blank) + s.o.paint(text, f.Tone.style()))
			used, blank = used+blank+width, 0
		}
		blank += space + 2
	}
	line.WriteByte('\n')
	_, err := io.WriteString(s.w, line.String())
	return err
}
