// Package evtform writes a computer's file in the form that a site chose: as package evt does, or by the site's own
// template in the site's own encoding. docs/evt-template.md is for those who write templates.
//
// A file is a function of the picture and the form alone: there is no clock, and a template is stopped after an amount of
// work, not of time. So the same picture gives the same bytes for ever.
package evtform

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// MaxBytes is the length of the longest file, in whatever form, and of the longest template.
const MaxBytes = evt.MaxBytes

// ErrTemplate says that the site's template makes no file of a picture; the text around it says why.
var ErrTemplate = errors.New("the template in evt.template fails")

// Writer writes files. It keeps templates that were read once. The zero value is ready; safe for concurrent use.
type Writer struct {
	mu    sync.Mutex
	ready map[jobmon.Form]*template
}

// mostReady is how many templates are kept: far more than a site ever had.
const mostReady = 16

// File gives a picture's file in the form that holds for it (jobmon.Progress.Form). Errors are those of evt.Encode, and
// ErrTemplate.
func (w *Writer) File(p *jobmon.Progress) ([]byte, error) {
	if p == nil || p.Form == nil {
		return evt.Encode(p)
	}
	f, err := evt.Draw(p)
	if err != nil {
		return nil, err
	}
	return w.write(*p.Form, f)
}

// Stopped gives the file that says that nobody answered, see evt.Stopped. The zero form writes evt's. Errors are
// ErrTemplate.
func (w *Writer) Stopped(form jobmon.Form, id jobmon.ComputerID, job string) ([]byte, error) {
	if form == (jobmon.Form{}) {
		return evt.Stopped(id, job)
	}
	return w.write(form, evt.DrawStopped(id, job))
}

func (w *Writer) write(form jobmon.Form, f *evt.File) ([]byte, error) {
	t, err := w.template(form)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	content, err := t.write(viewOf(f))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	return content, nil
}

func (w *Writer) template(form jobmon.Form) (*template, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.ready[form]; t != nil {
		return t, nil
	}
	t, err := parseForm(form)
	if err != nil {
		return nil, err
	}
	if w.ready == nil || len(w.ready) >= mostReady {
		w.ready = map[jobmon.Form]*template{}
	}
	w.ready[form] = t
	return t, nil
}

// MediaType is what a file of that form is, for HTTP; nil is the zero form.
func MediaType(form *jobmon.Form) string {
	if form == nil || *form == (jobmon.Form{}) {
		return "application/json"
	}
	charset := strings.TrimSuffix(form.Encoding, "-bom")
	switch {
	case strings.HasPrefix(charset, "cp"):
		charset = "ibm" + charset[2:]
	case charset == "ascii":
		charset = "us-ascii"
	case charset == "utf-16le":
		charset = "utf-16" // it begins with a byte order mark
	}
	return "text/plain; charset=" + charset
}
