package evt

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
)

// ErrTemplate reports that the site's template makes no file of a picture; the text around it says why.
var ErrTemplate = errors.New("the template in evt.template fails")

// Content returns a picture's file in the form that holds for it (jobmon.Progress.Form): as Encode does, or by the
// site's own template in its own encoding, see docs/evt-template.md. The key makes the link to the board, where the
// picture has the board's address. Errors are those of Encode, and ErrTemplate.
func Content(p *jobmon.Progress, key link.Key) ([]byte, error) {
	f, line, err := fit(p, key)
	if err != nil || p.Form == nil || *p.Form == (jobmon.Form{}) {
		return line, err
	}
	return fill(*p.Form, f)
}

// Stopped returns the file that a refresh request leaves when nobody answers it, in a form of the site's own or, for
// the zero form, as JSON. It has the computer's id and the job that the DS script named, and nothing of the present. It
// is constant and has the sequence number 0. Errors are ErrTemplate.
func Stopped(form jobmon.Form, id jobmon.ComputerID, job string) ([]byte, error) {
	if form != (jobmon.Form{}) {
		return fill(form, stopped(id, job))
	}
	return marshal(struct {
		Format   string   `json:"format"`
		V        int      `json:"v"`
		Seq      uint64   `json:"seq"`
		Kind     Kind     `json:"kind"`
		Computer Computer `json:"computer"`
		Asked    string   `json:"asked,omitempty"`
	}{format, Version, 0, KindStopped, Computer{ID: int32(id)}, shorten(job, MaxName)})
}

// stopped is what Stopped writes.
func stopped(id jobmon.ComputerID, job string) *File {
	return &File{
		Format: format, V: Version, Kind: KindStopped, Computer: Computer{ID: int32(id)}, Asked: shorten(job, MaxName),
	}
}

func fill(form jobmon.Form, f *File) ([]byte, error) {
	t, err := parseTemplate(form)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	content, err := t.write(viewOf(f))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	return content, nil
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
