package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// odd are blanks and invisible characters that web pages and word processors put where a space is seen, or nothing.
const odd = `[\x{a0}\x{ad}\x{1680}\x{2000}-\x{200f}\x{202a}-\x{202f}\x{205f}-\x{206f}\x{3000}\x{feff}]`

var (
	oddCharacter = regexp.MustCompile(odd)
	// beginning is a line up to the first letter of its value: the structure, which YAML reads by its spaces.
	beginning = regexp.MustCompile(`^(?:[^:#'"]*:|\s*-)(?:\s|` + odd + `)*`)
	// lineEnds are those that YAML counts.
	lineEnds = regexp.MustCompile("\r\n|[\r\n\u0085\u2028\u2029]")
)

const (
	inSingleQuotes = "write the value in single quotes"
	oneLine        = "goes on in another line; write it on one line, in single quotes"
	beforeComment  = "ends before #, which begins a comment; " + inSingleQuotes +
		", or a space behind the # of a comment"
)

// named is what is wrong with an odd character, with its number, as it cannot be seen.
func named(text string) string {
	char := []rune(oddCharacter.FindString(text))[0]
	kind := "an invisible character"
	if strings.TrimSpace(string(char)) == "" {
		kind = "a no-break or other special space"
	}
	return fmt.Sprintf("holds %s (U+%04X)", kind, char)
}

// oddStructure is why YAML would misread the structure of a line, or "".
func oddStructure(line string) string {
	if begin := beginning.FindString(line); oddCharacter.MatchString(begin) {
		return named(begin) + " where YAML wants plain spaces; type the blanks again"
	}
	return ""
}

// misread says why YAML reads something else than what stands in the file, and the form that works; "" when it does
// not. source is the line from the value on.
func misread(k *Key, node *yaml.Node, source string) string {
	source = strings.TrimLeft(source, " \t")
	plain := node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	switch {
	case strings.HasPrefix(source, "!") && !strings.HasPrefix(source, "!!str "):
		return "begins with !, which makes it a tag of YAML and no value; " + inSingleQuotes
	case node.Anchor != "":
		return "begins with &, which makes it an anchor of YAML and no value; " + inSingleQuotes
	case node.Kind == yaml.AliasNode:
		return "begins with *, which makes it an alias of YAML and no value; " + inSingleQuotes
	case isNull(node) && noComment(source):
		return "is empty: # begins a comment; " + inSingleQuotes + ", or a space behind the # of a comment"
	case isNull(node) && node.Value != "" && k.Secret:
		return "is a word that means no value in YAML; " + inSingleQuotes
	case isNull(node):
		return ""
	case node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0, plain && !strings.Contains(source, node.Value):
		return oneLine
	case !plain:
		return misreadQuoted(k, source)
	case plain && oddCharacter.MatchString(node.Value):
		return named(node.Value) + "; type it again, or " + inSingleQuotes + " if that belongs to it"
	case plain && inTypographicQuotes(node.Value) && k.Type != "path":
		return "stands in typographic quotes, which YAML takes for a part of it; type straight quotes, " +
			"or put all of it in single quotes if they belong to it"
	case plain && freeForm(k) && noComment(node.LineComment):
		return beforeComment
	}
	return ""
}

// noComment says that what YAML takes for a comment is probably a part of the value.
func noComment(text string) bool {
	return len(text) > 1 && text[0] == '#' && text[1] != ' ' && text[1] != '\t'
}

// freeForm says that a key's values may hold any character.
func freeForm(k *Key) bool { return slices.Contains([]string{"text", "path", "regexp"}, k.Type) }

var (
	inQuotation = regexp.MustCompile(`^(?:!!str )?(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)')(.*)`)
	escapes     = regexp.MustCompile(`\\.`)
)

// misreadQuoted is misread for a value in quotes, behind which source may go on. Of the escapes in double quotes
// programs write \\, \" and \u; people who write any other mean a backslash.
func misreadQuoted(k *Key, source string) string {
	m := inQuotation.FindStringSubmatch(source)
	if m == nil {
		return oneLine
	}
	inside, rest := m[1], m[3]
	if behind := strings.TrimSpace(rest); behind != "" && strings.ContainsRune(",}]", rune(behind[0])) {
		rest = "" // the next key of a map on one line
	}
	switch {
	case strings.HasPrefix(rest, "#"), k.Secret && noComment(strings.TrimSpace(rest)):
		return beforeComment
	case k.Secret && strings.Contains(rest, string(strings.TrimPrefix(source, "!!str ")[0])):
		return "seems to end before a quote that belongs to it; " +
			"in single quotes write '' for each ' of the value, and no quote in a comment behind it"
	}
	harmless := []string{`\\`, `\"`, `\/`, `\u`}
	if k.Type == "path" || k.Type == "regexp" {
		harmless = harmless[:2]
	}
	for _, escape := range escapes.FindAllString(inside, -1) {
		switch {
		case slices.Contains(harmless, escape):
			continue
		case k.Secret || maybeSecret("", inside):
			return "has a backslash in double quotes, where it changes the character behind it; " + inSingleQuotes
		}
		return fmt.Sprintf("has %s in double quotes, which is no backslash there but another character; "+
			"write it in single quotes: %s", escape, singleQuoted(inside))
	}
	return ""
}

func singleQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
