package configs

import (
	"regexp"
	"strconv"
	"strings"
)

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// explain turns what the YAML library says of a malformed file into a line, from 1, and a sentence for people who do
// not know YAML. It repeats nothing of the file, as that could be part of a password.
func explain(err error, lines []string) (line int, sentence string) {
	line, cause := 1, err.Error()
	if m := yamlError.FindStringSubmatch(cause); m != nil {
		cause = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = min(n, len(lines))
		}
	}
	why := cause
	switch {
	case strings.Contains(cause, "cannot start any token") && strings.Contains(lines[line-1], "\t"):
		why = "there is a tab; indent with spaces"
	case strings.Contains(cause, "escape character"), strings.Contains(cause, "hexdecimal number"):
		line = lineOf(lines, line, regexp.MustCompile(`"[^"]*\\`))
		why = `in double quotes a backslash changes the character behind it; write the value in single quotes`
	case strings.Contains(cause, "control characters"):
		line = lineOf(lines, 1, regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]`))
		why = "there is a control character"
	default:
		if at, reason := explainLine(lines); at > 0 {
			return at, "is not YAML: " + reason
		}
		if strings.HasPrefix(cause, "did not find expected") {
			line = min(line+1, len(lines)) // the library counts these from 0
			why = "something is missing before here, or the line is not indented as those around it"
		}
		for part, reason := range map[string]string{
			"mapping values are not allowed": "there is a colon too many, or the line is not indented as " +
				"those around " +
				"it; a value with a colon and a space in it must stand in single quotes",
			"could not find expected ':'": "after a key there must be a colon and a space",
			"unexpected end of stream":    "a quote is opened and never closed",
		} {
			if strings.Contains(cause, part) {
				why = reason
			}
		}
	}
	return line, "is not YAML: " + why
}

// unquoted are values that YAML takes for something else because of how they begin, and what to do. What else breaks
// a file seldom looks like these.
var unquoted = []struct {
	value *regexp.Regexp
	why   string
}{
	{regexp.MustCompile("^[\\w.]+:[ \\t]+([!&*%@`|>,\\]}]|[-?:]([ \\t]|$))"),
		"a value that begins with a special character must stand in single quotes"},
	{regexp.MustCompile(`^[\w.]+:[ \t]+'([^']|'')*'[^'\s]`),
		"a quote ends within the value; in single quotes write '' for each ' of the value"},
	{regexp.MustCompile(`^[\w.]+:[ \t]+"([^"\\]|\\.)*"[^\s]`),
		"a quote ends within the value; write the value in single quotes"},
}

// explainLine finds the first line with a value that must be quoted; 0 for none.
func explainLine(lines []string) (line int, why string) {
	for i, l := range lines {
		for _, u := range unquoted {
			if u.value.MatchString(strings.TrimLeft(l, " ")) {
				return i + 1, u.why
			}
		}
	}
	return 0, ""
}

// lineOf is the first line that matches, or the default.
func lineOf(lines []string, def int, matches *regexp.Regexp) int {
	for i, l := range lines {
		if matches.MatchString(l) {
			return i + 1
		}
	}
	return def
}
