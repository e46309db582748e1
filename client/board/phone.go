package board

import (
	"html/template"
	"io"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// phoneView is the phone's page as its template sees it.
type phoneView struct {
	view
	Screen *screen
	Jobs   string
	Ends   string
}

// Write writes the page. The error is the writer's.
func (p *Phone) Write(w io.Writer) error { return write(w, "phone", p.view()) }

// WriteFragment writes a part of the page.
func (p *Phone) WriteFragment(w io.Writer, name string) error {
	if name != FragmentMain {
		return ErrFragment
	}
	return write(w, "phone-main", p.view())
}

func (p *Phone) view() *phoneView {
	v := &phoneView{view: newView(&p.Frame, "phone", "")}
	pic := p.Picture
	if pic == nil {
		pic = &jobmon.Progress{At: p.Now}
	}
	v.Screen = v.pen.screenOf(pic, 40)
	v.Name = v.Screen.Name
	if s := pic.Session; s != nil {
		v.Jobs = v.pen.w.Say("phone.jobs", "n", number(s.JobsDone), "all", number(s.Jobs))
	}
	v.Ends = v.Say("phone.ends")
	if p.Until != 0 {
		v.Ends = v.pen.w.Say("phone.until", "time", v.pen.w.day(v.wall(p.Until))+" "+v.wall(p.Until).Format("15:04"))
	}
	return v
}

// CallText says whom to call.
func (v *view) CallText() template.HTML {
	if v.Support == "" {
		return safe(v.pen.w.phrase("failed.desk"))
	}
	return safe(v.pen.w.phrase("failed.call", "support", esc(v.Support)))
}
