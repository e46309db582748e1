package check

import (
	"context"
	"fmt"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// template says whether the site's template can be used.
func (c *checker) template(context.Context) Line {
	form, err := c.Config.Form()
	switch {
	case err != nil:
		return Line{State: Fail, Found: strings.Join(strings.Fields(err.Error()), " "),
			Next: "mend the file, or leave out evt.template"}
	case form == (jobmon.Form{}):
		return Line{State: Skip, Found: "evt.template is not set"}
	}
	path := c.Config.Evt.Template
	if faults := evt.Check(form); len(faults) > 0 {
		var found []string
		for _, f := range faults {
			found = append(found, f.Error())
		}
		return Line{State: Fail, Found: path + ", " + strings.Join(found, "; "),
			Next: "mend these lines as docs/evt-template.md says; the daemon does not start before"}
	}
	return Line{State: OK, Found: fmt.Sprintf("%s writes pictures of every kind, in %s", path, form.Encoding)}
}
