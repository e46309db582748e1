package main

import (
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestWhatDocumentsPointToIsPacked: where there is no way to the Internet, a link leads somewhere all the same.
func TestWhatDocumentsPointToIsPacked(t *testing.T) {
	files, err := shipped(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	// Of the sources, or under another name in a package.
	elsewhere := []string{"LICENSE", "CONTRIBUTING.md", "client/hta/JobMon.ini", "client/hta/languages"}
	links := 0
	for name, from := range files {
		if path.Ext(name) != ".md" {
			continue
		}
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			links++
			to := path.Join(path.Dir(name), m[1])
			isFolder := slices.ContainsFunc(slices.Collect(maps.Keys(files)),
				func(f string) bool { return strings.HasPrefix(f, to+"/") })
			if files[to] == "" && !isFolder && !slices.Contains(elsewhere, to) {
				t.Errorf("%s points to %s, which is in no package", name, to)
			}
		}
	}
	if links < 50 {
		t.Errorf("only %d links in %d files", links, len(files))
	}
}

func TestFoldersOfAPackage(t *testing.T) {
	top := folders([]string{"README.md", "docs/screens/a-b.png", "docs/z.md"})
	if len(top.Files) != 1 || len(top.Folders) != 1 || top.Folders[0].Name != "docs" ||
		len(top.Folders[0].Folders) != 1 {
		t.Fatalf("%+v", top)
	}
	docs := top.Folders[0]
	screens := docs.Folders[0]
	if docs.Files[0].Name != "z.md" || screens.Name != "screens" || screens.Files[0].Name != "a-b.png" ||
		screens.Files[0].Source != "docs/screens/a-b.png" {
		t.Errorf("%+v %+v", docs, screens)
	}
	for _, id := range []string{screens.ID, screens.Files[0].ID} {
		if !regexp.MustCompile(`^[a-z][A-Za-z0-9._]{0,70}$`).MatchString(id) {
			t.Errorf("%q is no identifier", id)
		}
	}
}
