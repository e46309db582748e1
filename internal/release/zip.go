package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// shipped are the files of the repository that go with the program into every package, and where they come to lie.
var shipped = map[string]string{
	"LICENSE":                        "LICENSE.txt",
	"README.md":                      "README.md",
	"CHANGELOG.md":                   "CHANGELOG.md",
	"configs/jobmon-db.example.yaml": "jobmon-db.example.yaml",
	"configs/readonly-login.sql":     "readonly-login.sql",
}

// zip packs the program for Windows for those who want no installer.
func (r *release) zip(context.Context) error {
	entries := map[string]string{name + ".exe": r.windows}
	for from, to := range shipped {
		entries[to] = filepath.Join(r.source, from)
	}
	file, err := os.Create(r.file(fmt.Sprintf("%s-%s-windows-amd64.zip", name, r.number())))
	if err != nil {
		return err
	}
	defer file.Close()
	w := zip.NewWriter(file)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestCompression) })
	for _, entry := range sortedKeys(entries) {
		header := &zip.FileHeader{Name: name + "/" + entry, Method: zip.Deflate, Modified: r.date}
		header.SetMode(0o644)
		into, err := w.CreateHeader(header)
		if err != nil {
			return err
		}
		if err := copyInto(into, entries[entry]); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return file.Close()
}

func copyInto(into io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(into, file)
	return err
}
