package architecture

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w*)\(`)
	namedTest    = regexp.MustCompile("`((?:Test|Fuzz)\\w*)`(?: \\(([a-z/-]+)\\))?")
	namedRule    = regexp.MustCompile(`\*([a-z ]+)\*`)
)

// testsByName are the folders in which a test function of that name is, by name.
func testsByName(t *testing.T) map[string][]string {
	t.Helper()
	root, found := os.DirFS("../.."), map[string][]string{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, name)
		for _, m := range testFunction.FindAllSubmatch(text, -1) {
			found[string(m[1])] = append(found[string(m[1])], path.Dir(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestPromisesNameTheirTests: docs/security.md promises nothing that no test or rule shows, and names none that does
// not exist.
func TestPromisesNameTheirTests(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	tests, promises, promising := testsByName(t), 0, false
	for row := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), " | ")
		switch {
		case !strings.HasPrefix(row, "|"):
			promising = false
			continue
		case strings.HasPrefix(row, "| promise |"):
			promising = true
			continue
		case !promising || strings.HasPrefix(row, "|---"):
			continue
		}
		promises++
		named := namedTest.FindAllStringSubmatch(cells[len(cells)-1], -1)
		ruled := namedRule.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(named)+len(ruled) == 0 {
			t.Errorf("no test shows that%s", strings.TrimRight(cells[0], " "))
		}
		for _, m := range named {
			if len(tests[m[1]]) == 0 || m[2] != "" && !slices.Contains(tests[m[1]], shortened(tests[m[1]], m[2])) {
				t.Errorf("%s in %q is not there: it is in %q", m[1], m[2], tests[m[1]])
			}
		}
		for _, m := range ruled {
			if !slices.ContainsFunc(rules, func(r rule) bool { return r.name == m[1] }) {
				t.Errorf("there is no rule %q", m[1])
			}
		}
	}
	if promises < 40 {
		t.Errorf("only %d promises were found", promises)
	}
}

// shortened is the folder that a page names by its end.
func shortened(folders []string, named string) string {
	for _, folder := range folders {
		if folder == named || strings.HasSuffix(folder, "/"+named) {
			return folder
		}
	}
	return ""
}
