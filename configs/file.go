package configs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/jobmon-db/jobmon-db/internal/textfile"
)

// largestFile is far beyond any configuration; what is larger is something else.
const largestFile = 1 << 20

// readFile reads a configuration file, unless its content is known.
func readFile(path string, content []byte, keys []Key) ([]given, []Problem) {
	if content != nil {
		return parseFile(path, content, keys)
	}
	content, err := readBounded(path)
	if err != nil {
		p := Problem{Origin: Origin{Layer: FromFile, Name: path}, Reason: "cannot be read: " + reasonOf(err), err: err}
		if errors.Is(err, fs.ErrNotExist) {
			p.Reason = "there is no such file; `jobmon-db config init` writes one"
		}
		return nil, []Problem{p}
	}
	return parseFile(path, content, keys)
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, largestFile+1))
	if err == nil && len(content) > largestFile {
		err = fmt.Errorf("it is larger than %d bytes", largestFile)
	}
	return content, err
}

// reasonOf is the error without the path, which the message has already.
func reasonOf(err error) string {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return err.Error()
}

// parseFile reads the content of a configuration file. Keys may be nested as in the example file or written out with
// their dots.
func parseFile(path string, content []byte, keys []Key) ([]given, []Problem) {
	w := newWalker(path, keys)
	content, err := textfile.Decode(content)
	if wrong := (*textfile.Error)(nil); errors.As(err, &wrong) {
		return nil, []Problem{{Origin: w.at(wrong.Line), Reason: wrong.Reason}}
	}
	w.lines = lineEnds.Split(string(content), -1)
	for i, line := range w.lines {
		if wrong := oddStructure(line); wrong != "" {
			w.problems = append(w.problems, Problem{Origin: w.at(i + 1), Reason: wrong})
		}
	}
	if w.problems != nil { // YAML would only misunderstand them
		return nil, w.problems
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, next yaml.Node
	err = decoder.Decode(&document)
	if err == nil {
		err = decoder.Decode(&next)
		if err == nil {
			w.wrong(&next, "", "", "a second document begins; all settings belong in one")
		}
	}
	if err != nil && err != io.EOF {
		line, reason := explain(err, w.lines)
		return nil, []Problem{{Origin: w.at(line), Reason: reason}}
	}
	for _, root := range document.Content {
		switch {
		case root.Kind == yaml.MappingNode:
			w.mapping("", root)
		case !isNull(root):
			w.wrong(root, "", "", "this is no list of settings such as data_dir: C:\\data")
		}
	}
	return w.values, w.problems
}

// walker goes through a file's settings.
type walker struct {
	path     string
	lines    []string
	byName   map[string]*Key
	sections map[string]bool
	known    []name
	first    map[string]int // the line in which a key was given first

	values   []given
	problems []Problem
}

func newWalker(path string, keys []Key) *walker {
	w := &walker{path: path, byName: map[string]*Key{}, sections: map[string]bool{}, first: map[string]int{}}
	for i := range keys {
		k := &keys[i]
		w.byName[k.Name] = k
		w.known = append(w.known, name{k.Name, k})
		for s := sectionOf(k.Name); s != "" && !w.sections[s]; s = sectionOf(s) {
			w.sections[s] = true
			w.known = append(w.known, name{s, nil})
		}
	}
	return w
}

func (w *walker) at(line int) Origin { return Origin{Layer: FromFile, Name: w.path, Line: line} }

func (w *walker) wrong(node *yaml.Node, key, value, reason string) {
	w.problems = append(w.problems, Problem{Origin: w.at(node.Line), Key: key, Value: value, Reason: reason})
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }

func (w *walker) mapping(section string, node *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			w.wrong(key, "", "", "a key must be a plain word")
			continue
		}
		full := strings.TrimPrefix(section+"."+key.Value, ".")
		switch k := w.key(full); {
		case k != nil:
			w.setting(k, key, value)
		case full == rulesKey:
			w.rules(value)
		case section == targetsKey && CheckTargetName(key.Value) != nil:
			w.wrong(key, full, "", CheckTargetName(key.Value).Error())
		case !w.section(full):
			text := ""
			if value.Kind == yaml.ScalarNode && !isNull(value) {
				text = value.Value
			}
			w.problems = append(w.problems, unknown(w.at(key.Line), full, text, w.known))
		case value.Kind == yaml.MappingNode:
			w.mapping(full, value)
		case !isNull(value): // all below it is commented out, as in the example file
			w.wrong(key, full, "", "this is a section: its settings go below it, indented, each on a line of its own")
		}
	}
}

func (w *walker) setting(k *Key, key, value *yaml.Node) {
	if first, twice := w.first[k.Name]; twice {
		w.wrong(key, k.Name, "", fmt.Sprintf("is given twice; line %d gave it first", first))
		return
	}
	w.first[k.Name] = key.Line
	g := given{key: k, text: value.Value, origin: w.at(value.Line), fault: misread(k, value, w.source(value))}
	switch {
	case g.fault != "":
	case isNull(value): // a key without value is one that was not given
		return
	case value.Kind == yaml.ScalarNode:
	case value.Kind == yaml.SequenceNode && k.list:
		var parts []string
		for _, item := range value.Content {
			if item.Kind != yaml.ScalarNode {
				w.wrong(item, k.Name, "", "must not be a list of lists; allowed is "+k.Allowed)
				return
			}
			g.fault = cmp.Or(g.fault, misread(k, item, w.source(item)))
			parts = append(parts, item.Value)
		}
		g.text = strings.Join(parts, ", ")
	default:
		w.wrong(value, k.Name, "",
			"must be one value, in single quotes if it begins with a special character; allowed is "+k.Allowed)
		return
	}
	w.values = append(w.values, g)
}

// source is the node's line from the node on.
func (w *walker) source(node *yaml.Node) string {
	line := []rune(w.lines[min(node.Line, len(w.lines))-1])
	return string(line[min(node.Column-1, len(line)):])
}
