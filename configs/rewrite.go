package configs

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// blankLine stands for an empty line while a file is taken apart, as the YAML library keeps comments alone.
const blankLine = "#\u2402"

// rewritten is the text with these settings, written anew from its parts: whatever form of YAML it has stays readable.
// What comes of it has all comments in their order, or is nil.
func rewritten(text string, settings []Setting) []byte {
	windows := strings.Contains(text, "\r\n")
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines[:len(lines)-1] {
		if strings.TrimSpace(line) == "" {
			lines[i] = blankLine
		}
	}
	var document yaml.Node
	if yaml.Unmarshal([]byte(strings.Join(lines, "\n")), &document) != nil || len(document.Content) != 1 {
		return nil
	}
	comments := commentsOf(&document)
	for _, s := range settings {
		put(document.Content[0], s)
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if encoder.Encode(&document) != nil || encoder.Close() != nil {
		return nil
	}
	var after yaml.Node
	if yaml.Unmarshal(b.Bytes(), &after) != nil || !slices.Equal(commentsOf(&after), comments) {
		return nil
	}
	lines = strings.Split(b.String(), "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == blankLine {
			lines[i] = ""
		}
	}
	text = strings.Join(lines, "\n")
	if windows {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return []byte(text)
}

// commentsOf are the lines of all comments, sorted.
func commentsOf(node *yaml.Node) (lines []string) {
	for _, comment := range []string{node.HeadComment, node.LineComment, node.FootComment} {
		for line := range strings.SplitSeq(comment, "\n") {
			if line = strings.TrimSpace(line); line != "" && line != blankLine {
				lines = append(lines, line)
			}
		}
	}
	for _, child := range node.Content {
		lines = append(lines, commentsOf(child)...)
	}
	slices.Sort(lines)
	return lines
}

// put gives a key its value in the innermost mapping that has its section.
func put(root *yaml.Node, s Setting) {
	in, name := sectionFor(root, s.Key)
	for i := 0; i+1 < len(in.Content); i += 2 {
		if in.Content[i].Value != name {
			continue
		}
		if s.Text == "" {
			takeOut(in, i)
			return
		}
		was := in.Content[i+1]
		in.Content[i+1] = valueOf(s)
		in.Content[i+1].LineComment = was.LineComment
		return
	}
	if s.Text != "" {
		in.Content = append(in.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, valueOf(s))
	}
}

// sectionFor is the mapping in which a key of that name stands, or can come to stand, and what it is called there.
func sectionFor(node *yaml.Node, name string) (in *yaml.Node, rest string) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		rest, below := strings.CutPrefix(name, node.Content[i].Value+".")
		value := node.Content[i+1]
		if !below || value.Kind != yaml.MappingNode && !isNull(value) {
			continue
		}
		if isNull(value) {
			*value = yaml.Node{Kind: yaml.MappingNode, LineComment: value.LineComment}
		}
		return sectionFor(value, rest)
	}
	return node, name
}

func valueOf(s Setting) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.SingleQuotedStyle, Value: s.Text}
	if quoted(s) == s.Text {
		node.Tag, node.Style = "", 0
	}
	return node
}

// takeOut removes a key and leaves the comments above it to its neighbour.
func takeOut(in *yaml.Node, i int) {
	key, value := in.Content[i], in.Content[i+1]
	heir, comment := in, ""
	for _, c := range []string{key.HeadComment, key.LineComment, value.HeadComment, value.LineComment, key.FootComment,
		value.FootComment} {
		comment = joined(comment, c)
	}
	switch {
	case i+2 < len(in.Content):
		heir = in.Content[i+2]
	case i > 0:
		in.Content[i-2].FootComment = joined(in.Content[i-2].FootComment, comment)
		comment = ""
	}
	heir.HeadComment = joined(comment, heir.HeadComment)
	in.Content = slices.Delete(in.Content, i, i+2)
	if len(in.Content) == 0 {
		in.Style = yaml.FlowStyle // {}
	}
}

func joined(above, below string) string {
	return strings.Trim(above+"\n"+below, "\n")
}
