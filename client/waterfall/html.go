package waterfall

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"

	"github.com/jobmon-db/jobmon-db/client/term"
)

//go:embed page.html
var page string

// pageRow is a line of the page's table.
type pageRow struct {
	Job                                             bool
	Name, Folder, State, Began, Ended, Took, Remark string
}

// HTML writes the chart as a page for a report: one file that needs nothing else, prints well, and is light or dark as
// its reader wants. The error is the writer's.
func HTML(w io.Writer, c *Chart) error {
	t, err := template.New("page").Parse(page)
	if err != nil {
		return fmt.Errorf("parse the page: %w", err)
	}
	p := picture{Chart: c}
	p.draw(false)
	var rows []pageRow
	for i := range c.Lines {
		l := &c.Lines[i]
		row := pageRow{Job: l.Job, Name: term.Plain(c.name(l)), Folder: term.Plain(l.Folder), State: l.State.String(),
			Began: c.at(l.Began), Ended: c.at(l.Ended), Took: c.took(l), Remark: c.beyondState(l)}
		rows = append(rows, row)
	}
	return t.Execute(w, struct {
		Title, Foot string
		Style       template.CSS
		Picture     template.HTML // of which every text is escaped
		Rows        []pageRow
	}{
		Title:   term.Plain(c.title()),
		Foot:    fmt.Sprintf("Times are %s. A duration with ~ is not certain; the remarks say why.", c.zone()),
		Style:   template.CSS(style),
		Picture: template.HTML(p.b.String()),
		Rows:    rows,
	})
}
