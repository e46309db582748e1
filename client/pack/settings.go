package pack

import (
	"regexp"
	"strings"
)

// fill gives a settings file the values of this installation. The file has lines "name = value", those with a default
// commented out with ";"; the first line of a name takes its value, and one that is missing comes at the end. An
// empty value changes nothing.
func fill(text string, values [][2]string) string {
	for _, v := range values {
		name, value := v[0], v[1]
		if value == "" {
			continue
		}
		line := name + " = " + value
		old := regexp.MustCompile(`(?m)^;?[ \t]*` + regexp.QuoteMeta(name) + `[ \t]*=.*$`)
		at := old.FindStringIndex(text)
		if at == nil {
			text = strings.TrimRight(text, "\n") + "\n" + line + "\n"
			continue
		}
		text = text[:at[0]] + line + text[at[1]:]
	}
	return strings.TrimLeft(text, "\n")
}
