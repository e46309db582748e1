// Package architecture holds no code, only tests of the rules that keep the packages apart; docs/architecture.md
// gives the picture. The rules read the source files themselves, those of other operating systems included.
package architecture

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/jobmon-db/jobmon-db"

// topLevel is all that stands at the top of the repository, besides what .gitignore names.
var topLevel = []string{
	"cmd", "store", "ingest", "projector", "client", "configs", "internal", "docs", "bench",
	"go.mod", "go.sum", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "Makefile",
	".ci", ".github", ".git", ".gitignore", ".gitattributes", ".editorconfig",
}

// siblings are the packages between the commands and the domain.
var siblings = []string{"store", "ingest", "projector", "client", "configs"}

// file is one parsed Go file; its path is relative to the top and has slashes.
type file struct {
	path    string
	lines   int
	syntax  *ast.File
	imports []string
}

func parse(path string, text []byte) (*file, error) {
	syntax, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, lines: bytes.Count(text, []byte("\n")), syntax: syntax}
	for _, spec := range syntax.Imports {
		f.imports = append(f.imports, strings.Trim(spec.Path.Value, "`\""))
	}
	return f, nil
}

func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func exists(root fs.FS, name string) bool {
	_, err := fs.Stat(root, name)
	return err == nil
}

// in says whether the file lies in the folder or below it.
func (f *file) in(folder string) bool { return below(f.path, folder) }

func below(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// local gives the folder of an imported package of this module.
func local(imported string) (folder string, ok bool) { return strings.CutPrefix(imported, module+"/") }

func top(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// nameOf is the name under which the file uses an imported package, "" when it does not import it.
func (f *file) nameOf(imported string) string {
	for i, spec := range f.syntax.Imports {
		if f.imports[i] != imported {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		if name := path.Base(imported); name != "v2" {
			return name
		}
		return path.Base(path.Dir(imported))
	}
	return ""
}

// uses lists what a piece of syntax takes from an imported package ("Sleep" for time.Sleep) with its positions.
func (f *file) uses(imported string, within ast.Node) map[token.Pos]string {
	found, name := map[token.Pos]string{}, f.nameOf(imported)
	if name == "" {
		return found
	}
	ast.Inspect(within, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == name {
				found[s.Pos()] = s.Sel.Name
			}
		}
		return true
	})
	return found
}

func TestSourceFilesKeepTheRules(t *testing.T) {
	root := os.DirFS("../..")
	gomod, err := fs.ReadFile(root, "go.mod")
	if err != nil || !strings.HasPrefix(string(gomod), "module "+module+"\n") {
		t.Fatalf("../.. is not the top of module %s: %v", module, err)
	}
	seen := map[string]bool{}
	for _, f := range sources(t, root) {
		seen[top(f.path)] = true
		for _, r := range rules {
			for _, what := range r.breaches(f) {
				t.Errorf("%s: %s\n\trule %q: %s", f.path, what, r.name, r.reason)
			}
		}
	}
	for _, folder := range append([]string{"cmd", "internal"}, siblings...) {
		if !seen[folder] {
			t.Errorf(
				"no Go file was found below %s: the rules looked at the wrong place, or a package is missing",
				folder,
			)
		}
	}
}

// TestWhatOpensItselfStillDoes: a file that no longer opens anything is not excused any more.
func TestWhatOpensItselfStillDoes(t *testing.T) {
	used := map[string]bool{}
	for _, f := range sources(t, os.DirFS("../..")) {
		for _, what := range f.uses("os", f.syntax) {
			if !f.isTest() {
				used[f.path+" "+what], used[path.Dir(f.path)+" "+what] = true, true
			}
		}
	}
	for where, list := range opensItself {
		for _, what := range list {
			if !used[where+" "+what] {
				t.Errorf("%s no longer calls os.%s", where, what)
			}
		}
	}
}

// sources parses every Go file of the module, of every operating system; only folders that the go command leaves
// out (testdata, names beginning with "." or "_") are left out here too.
func sources(t *testing.T, root fs.FS) []*file {
	t.Helper()
	var files []*file
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_'):
			return fs.SkipDir
		case d.IsDir() && name != "." && exists(root, path.Join(name, "go.mod")): // a module of its own
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		f, err := parse(name, text)
		if err != nil {
			return err
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTopLevelIsAsListed(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	ignored, err := os.ReadFile("../../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range topLevelBreaches(names, strings.Fields(string(ignored))) {
		t.Error(what)
	}
}

// topLevelBreaches compares the names at the top with the list; what git ignores may be there.
func topLevelBreaches(names, ignored []string) []string {
	var breaches []string
	for _, want := range topLevel {
		// An exported tree has no .git.
		if want != ".git" && !slices.Contains(names, want) {
			breaches = append(breaches, want+" is missing at the top level")
		}
	}
	for _, name := range names {
		matches := func(pattern string) bool {
			ok, err := path.Match(strings.Trim(pattern, "/"), name)
			return ok && err == nil
		}
		if !slices.Contains(topLevel, name) && !slices.ContainsFunc(ignored, matches) {
			breaches = append(breaches, fmt.Sprintf(
				"%s does not belong at the top level: people find their way by the few names there; "+
					"code goes below one of %s, texts go below docs", name, strings.Join(append([]string{
					"cmd", "internal",
				}, siblings...), ", ")))
		}
	}
	return breaches
}

func TestTopLevelBreachesAreReported(t *testing.T) {
	ignored := []string{"/bin/", "*.test"}
	for _, c := range []struct {
		name  string
		names []string
		want  string
	}{
		{"as listed", topLevel, ""},
		{"build output", append(slices.Clone(topLevel), "bin", "store.test"), ""},
		{"without .git", slices.DeleteFunc(slices.Clone(topLevel), func(n string) bool { return n == ".git" }), ""},
		{"one too many", append(slices.Clone(topLevel), "pkg"), "pkg does not belong"},
		{"unusual dot file", append(slices.Clone(topLevel), ".travis.yml"), ".travis.yml does not belong"},
		{"one missing", slices.DeleteFunc(slices.Clone(topLevel), func(n string) bool {
			return n == "LICENSE"
		}), "LICENSE is missing"},
	} {
		got := topLevelBreaches(c.names, ignored)
		if c.want == "" && len(got) > 0 {
			t.Errorf("%s: reported although right: %q", c.name, got)
		}
		if c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
			t.Errorf("%s: got %q, want one report with %q", c.name, got, c.want)
		}
	}
}
