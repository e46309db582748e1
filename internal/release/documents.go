package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Files of the repository that go with the program into every package. Where the packages are installed there is often
// no way to the Internet, so all that the documents point to goes along, in the same folders.
var (
	documents = []string{
		"README.md", "CHANGELOG.md", "docs", "configs/grafana", "configs/nats", "configs/prometheus",
		"configs/readonly-login.sql", "configs/systemd", "configs/templates",
	}
	// renamed also lie where people look for them first.
	renamed = map[string]string{
		"LICENSE":                        "LICENSE.txt",
		"configs/jobmon-db.example.yaml": "jobmon-db.example.yaml",
		"configs/readonly-login.sql":     "readonly-login.sql",
	}
)

// shipped are the documents of a repository: where each comes to lie in a package, with slashes, and the file.
func shipped(repo string) (map[string]string, error) {
	files := map[string]string{}
	for from, to := range renamed {
		files[to] = filepath.Join(repo, filepath.FromSlash(from))
	}
	root := os.DirFS(repo)
	for _, document := range documents {
		err := fs.WalkDir(root, document, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				files[name] = filepath.Join(repo, filepath.FromSlash(name))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// folder is one of a package, as an installer wants them: each within its parent.
type folder struct {
	ID, Name string
	Files    []entry
	Folders  []*folder
}

type entry struct{ ID, GUID, Name, Source string }

// folders sorts the files of a package, given by their paths with slashes, into its folders.
func folders(paths []string) *folder {
	top := &folder{}
	known := map[string]*folder{".": top}
	var at func(dir string) *folder
	at = func(dir string) *folder {
		if f := known[dir]; f != nil {
			return f
		}
		f := &folder{ID: "d" + inWix(dir), Name: path.Base(dir)}
		known[dir] = f
		parent := at(path.Dir(dir))
		parent.Folders = append(parent.Folders, f)
		return f
	}
	for _, to := range slices.Sorted(slices.Values(paths)) {
		f := at(path.Dir(to))
		f.Files = append(f.Files, entry{"f" + inWix(to), identity("file", to).String(), path.Base(to), to})
	}
	return top
}
