package architecture

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	requirement = regexp.MustCompile(`(?m)^(?:\t|require )(\S+\.\S+) (v\S+)`)
	listed      = regexp.MustCompile("(?m)^\\| `(\\S+)` \\| (\\S+) \\|")
)

func TestDependenciesAreListed(t *testing.T) {
	gomod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for _, f := range sources(t, os.DirFS("../..")) {
		imports = append(imports, f.imports...)
	}
	for _, what := range dependencyBreaches(imports, string(gomod), string(doc)) {
		t.Error(what)
	}
}

// dependencyBreaches compares the modules that are imported, those in go.mod, and those listed in the document.
func dependencyBreaches(imports []string, gomod, doc string) []string {
	versions, lines, used := map[string]string{}, map[string]string{}, map[string]bool{}
	for _, m := range requirement.FindAllStringSubmatch(gomod, -1) {
		versions[m[1]] = m[2]
	}
	for _, m := range listed.FindAllStringSubmatch(doc, -1) {
		lines[m[1]] = m[2]
	}
	for _, imported := range imports {
		best := ""
		for m := range versions {
			if below(imported, m) && len(m) > len(best) {
				best = m
			}
		}
		if best != "" {
			used[best] = true
		}
	}
	var breaches []string
	for _, m := range slices.Sorted(maps.Keys(used)) {
		if lines[m] == "" {
			breaches = append(breaches, fmt.Sprintf(
				"%s is imported but has no line in docs/dependencies.md: say there why it is "+
					"this library and what else was weighed", m))
		}
	}
	for _, m := range slices.Sorted(maps.Keys(lines)) {
		switch {
		case !used[m]:
			breaches = append(
				breaches,
				fmt.Sprintf("%s has a line in docs/dependencies.md but no file imports it: remove the line", m),
			)
		case lines[m] != versions[m]:
			breaches = append(breaches, fmt.Sprintf(
				"%s is %s in go.mod and %s in docs/dependencies.md: read what changed, see "+
					"whether its line still holds, and give the new version", m, versions[m], lines[m]))
		}
	}
	return breaches
}

func TestDependencyBreachesAreReported(t *testing.T) {
	const gomod = "module m\n\nrequire example.com/a v1.0.0\n\nrequire (\n\texample.com/a/b v1.2.0 // " +
		"indirect\n\texample.com/c v0.1.0\n)\n"
	const doc = "| `example.com/a` | v1.0.0 | why | what |\n| `example.com/a/b` | v1.2.0 | why | what |\n"
	imports := []string{"fmt", module + "/store", "example.com/a/x", "example.com/a/b"}
	for _, c := range []struct {
		name    string
		imports []string
		doc     string
		want    string
	}{
		{"all listed", imports, doc, ""},
		{
			"not listed", append(slices.Clone(imports), "example.com/c"), doc,
			"example.com/c is imported but has no line",
		},
		{"not imported", imports[:3], doc, "example.com/a/b has a line"},
		{
			"other version", imports, strings.Replace(doc, "v1.2.0", "v1.1.0", 1),
			"example.com/a/b is v1.2.0 in go.mod and v1.1.0",
		},
	} {
		got := dependencyBreaches(c.imports, gomod, c.doc)
		if c.want == "" && len(got) > 0 {
			t.Errorf("%s: reported although right: %q", c.name, got)
		}
		if c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: got %q, want one report with %q", c.name, got, c.want)
		}
	}
}
