package command

import (
	"fmt"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// siteForm reads how files are written, and lists all that is wrong with the site's template.
func siteForm(config *configs.Config) (jobmon.Form, error) {
	form, err := config.Form()
	if err != nil || form == (jobmon.Form{}) {
		return form, err
	}
	faults := evt.Check(form)
	if len(faults) == 0 {
		return form, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "evt.template cannot be used; what templates can do is in docs/evt-template.md, and jobmon-db "+
		"check looks at it again:")
	for _, f := range faults {
		fmt.Fprintf(&b, "\n  %s, %v", config.Evt.Template, f)
	}
	return form, &usageError{fmt.Errorf("%s", b.String())}
}
