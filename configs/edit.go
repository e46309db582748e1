package configs

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/jobmon-db/jobmon-db/internal/textfile"
)

// Setting is a key and its new value in a file, as Value.Text; "" removes the key, so that its default applies.
type Setting struct{ Key, Text string }

// Edit returns the content of a configuration file with these settings. The rest stays as it was, with its order and
// comments. A key that is commented out as in Example is set at its place, any other at the end. Empty content becomes
// Example first; UTF-16 becomes UTF-8 if something changes. Errors name path. An error is an *Error when the content
// has problems already; else the file cannot be edited safely, and the error lists the lines to write by hand.
func Edit(path string, content []byte, settings []Setting) ([]byte, error) {
	if len(bytes.TrimSpace(content)) == 0 {
		content = Example()
	}
	before, problems := parseFile(path, content, Keys())
	if problems != nil {
		return nil, &Error{Problems: problems}
	}
	text, err := textfile.Decode(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	wanted := textsOf(before)
	e := editor{lines: strings.Split(string(text), "\n")}
	changed := false
	for _, s := range settings {
		if was, given := wanted[s.Key]; was == s.Text && given == (s.Text != "") {
			continue
		}
		changed = true
		if wanted[s.Key] = s.Text; s.Text == "" {
			delete(wanted, s.Key)
		}
		e.set(s)
	}
	if !changed {
		return content, nil
	}
	edited := []byte(strings.Join(e.lines, "\n"))
	// YAML can be written in many ways, so an edit counts only when it reads as intended.
	for _, edited := range [][]byte{edited, rewritten(string(text), settings)} {
		after, problems := parseFile(path, edited, Keys())
		if problems == nil && maps.Equal(textsOf(after), wanted) {
			return edited, nil
		}
	}
	return nil, byHand(path, settings)
}

// byHand is the error for a file that cannot be edited safely: it lists the lines to write.
func byHand(path string, settings []Setting) error {
	var b strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&b, "\n  %s", lineFor(s))
	}
	return fmt.Errorf("%s is written in a way that cannot be changed safely, and is left as it is: "+
		"add these lines by hand, and remove others for the same keys:%s", path, b.String())
}

func textsOf(values []given) map[string]string {
	texts := map[string]string{}
	for _, g := range values {
		texts[g.key.Name] = g.text
	}
	return texts
}

// lineFor is a setting with the key's full name, which is valid anywhere in a file.
func lineFor(s Setting) string {
	if s.Text == "" {
		return "# " + s.Key + ": (remove it)"
	}
	return s.Key + ": " + quoted(s)
}

var plainText = regexp.MustCompile(`^(true|false|[0-9]+[a-z]*)$`)

func quoted(s Setting) string {
	for _, k := range Keys() {
		if k.Name == s.Key && k.Type != "text" && k.Type != "path" && k.Type != "regexp" &&
			plainText.MatchString(s.Text) {
			return s.Text
		}
	}
	return singleQuoted(s.Text)
}

// editor changes the lines of a file.
type editor struct{ lines []string }

// set gives a key its value. Edit checks the result.
func (e *editor) set(s Setting) {
	var document yaml.Node
	if yaml.Unmarshal([]byte(strings.Join(e.lines, "\n")), &document) == nil && len(document.Content) == 1 {
		if key, value := find(document.Content[0], "", s.Key); key != nil {
			e.replace(key, value, s)
			return
		}
	}
	if s.Text != "" && !e.uncomment(s) {
		e.add(s)
	}
}

// find returns the key with that full name, and its value; nil when there is none.
func find(node *yaml.Node, section, name string) (key, value *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		full := strings.TrimPrefix(section+"."+node.Content[i].Value, ".")
		if full == name {
			return node.Content[i], node.Content[i+1]
		}
		if strings.HasPrefix(name, full+".") {
			if key, value := find(node.Content[i+1], full, name); key != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

func (e *editor) replace(key, value *yaml.Node, s Setting) {
	at := key.Line - 1
	line := strings.TrimSuffix(e.lines[at], "\r")
	end := e.lines[at][len(line):]
	head, rest := line[:min(key.Column-1, len(line))], line[min(key.Column-1, len(line)):]
	if s.Text == "" {
		e.lines[at] = head + "#" + rest + end
		return
	}
	comment := ""
	if value.LineComment != "" {
		comment = " " + value.LineComment
	}
	e.lines[at] = head + key.Value + ": " + quoted(s) + comment + end
}

var (
	heading   = regexp.MustCompile(`^( *)([a-z_]+):\s*$`)
	commented = regexp.MustCompile(`^( *)#([a-z_]+):( .*)?\r?$`)
)

// uncomment replaces the commented-out line of the key, below the headings of its sections.
func (e *editor) uncomment(s Setting) bool {
	var sections []string
	for i, line := range e.lines {
		if m := heading.FindStringSubmatch(line); m != nil {
			sections = append(sections[:min(len(m[1])/2, len(sections))], m[2])
			continue
		}
		m := commented.FindStringSubmatch(line)
		if m == nil || len(m[1])/2 > len(sections) {
			continue
		}
		if strings.Join(append(slices.Clone(sections[:len(m[1])/2]), m[2]), ".") == s.Key {
			end := line[len(strings.TrimSuffix(line, "\r")):]
			e.lines[i] = m[1] + m[2] + ": " + quoted(s) + end
			return true
		}
	}
	return false
}

func (e *editor) add(s Setting) {
	end := ""
	if len(e.lines) > 1 && strings.HasSuffix(e.lines[0], "\r") {
		end = "\r"
	}
	last := len(e.lines) - 1
	if e.lines[last] != "" { // the last line has no end
		e.lines[last] += end
		e.lines = append(e.lines, "")
		last++
	}
	e.lines = append(e.lines[:last], lineFor(s)+end, "")
}
