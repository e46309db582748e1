package board

import (
	"embed"
	"html/template"
	"io"
	"sync"
)

//go:embed pages/*.html assets/* words/*.txt
var files embed.FS

// pages are the templates, read when the first page is made: a start of the program that shows none does not pay.
var pages = sync.OnceValues(func() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{
		"asset": AssetPath,
		"icon":  func(name string) template.HTML { return template.HTML(icon(name)) }, //nolint:gosec // our own names
		"icons": func() template.HTML {
			content, _, _ := Asset("icons.svg")
			return template.HTML(content) //nolint:gosec // our own drawing
		},
	}).ParseFS(files, "pages/*.html")
})

func write(w io.Writer, name string, value any) error {
	t, err := pages()
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, name, value)
}
