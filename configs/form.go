package configs

import (
	"strings"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/textfile"
)

// Form is how files are written: the zero value unless evt.template names a template, whose text is read now. Load does
// not read it, so that commands that write no file need not. The error is an *Error with the place of the key; it
// satisfies errors.Is for the errors of the file system.
func (c *Config) Form() (jobmon.Form, error) {
	if c.Evt.Template == "" {
		return jobmon.Form{}, nil
	}
	content, err := readBounded(c.Evt.Template)
	if err != nil {
		return jobmon.Form{}, c.unusable("evt.template", c.Evt.Template, "cannot be read: "+reasonOf(err), err)
	}
	decoded, err := textfile.Decode(content)
	if err != nil {
		return jobmon.Form{}, c.unusable("evt.template", c.Evt.Template, "is no text: "+err.Error(), err)
	}
	text := strings.ReplaceAll(string(decoded), "\r\n", "\n")
	if strings.TrimSpace(text) == "" {
		return jobmon.Form{}, c.unusable("evt.template", c.Evt.Template, "is empty", nil)
	}
	return jobmon.Form{Template: text, Encoding: c.Evt.Encoding, Newline: c.Evt.Newline}, nil
}

func (c *Config) unusable(key, value, reason string, err error) error {
	return &Error{Problems: []Problem{{Origin: c.value(key).Origin, Key: key, Value: value, Reason: reason, err: err}}}
}

// completeForm says which keys go with a template that is not there.
func (c *Config) completeForm(origins map[string]Origin, bad map[string]bool) (problems []Problem) {
	for key, other := range map[string]bool{
		"evt.encoding": c.Evt.Encoding != jobmon.Encodings()[0], "evt.newline": c.Evt.Newline != jobmon.NewlineCRLF,
	} {
		if other && c.Evt.Template == "" && !bad["evt.template"] && !bad[key] {
			problems = append(problems, Problem{
				Origin: origins[key], Key: key,
				Reason: "goes with evt.template and has no effect without it; give both, or neither",
			})
		}
	}
	return problems
}
