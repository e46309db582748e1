package configs

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// explain turns what the YAML library says of a malformed file into a line, from 1, and a sentence for somebody who
// does not know YAML. Nothing of the file is repeated in it, as it could be part of a password.
func explain(err error, content []byte) (line int, sentence string) {
	line, cause := 1, err.Error()
	if m := yamlError.FindStringSubmatch(cause); m != nil {
		cause = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	lines := bytes.Split(content, []byte("\n"))
	text := func() string { return string(lines[min(line, len(lines))-1]) }
	why := cause
	switch {
	case strings.HasPrefix(cause, "did not find expected"):
		line = min(line+1, len(lines)) // the library counts these from 0
		why = "something is missing before here, or the line is not indented as those around it"
	case strings.Contains(cause, "cannot start any token") && strings.Contains(text(), "\t"):
		why = "there is a tab; indent with spaces"
	case strings.Contains(cause, "cannot start any token"):
		why = "a value that begins with a special character must stand in single quotes"
	case strings.Contains(cause, "escape character"):
		why = `in double quotes a backslash has a meaning of its own; write paths in single quotes or in none`
	case strings.Contains(cause, "mapping values are not allowed"):
		why = "there is a colon too many, or the line is not indented as those around it; a value with a colon and a space in it must stand in single quotes"
	case strings.Contains(cause, "could not find expected ':'"):
		why = "after a key there must be a colon and a space"
	case strings.Contains(cause, "unexpected end of stream"):
		why = "a quote is opened and never closed"
	case strings.HasPrefix(cause, "unknown anchor"):
		line = lineOf(lines, regexp.MustCompile(`[:\s\[,-]\*`).Match)
		why = "a value that begins with * must stand in single quotes"
	case strings.Contains(cause, "UTF-8"):
		line = lineOf(lines, func(l []byte) bool { return !utf8.Valid(l) })
		why = "there are characters that are not UTF-8; save the file as UTF-8"
	case strings.Contains(cause, "control characters"):
		line = lineOf(lines, regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]`).Match)
		why = "there is a control character"
	}
	return line, "is not YAML: " + why
}

// lineOf is the first line that fits, or 1.
func lineOf(lines [][]byte, fits func([]byte) bool) int {
	for i, l := range lines {
		if fits(l) {
			return i + 1
		}
	}
	return 1
}
