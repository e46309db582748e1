package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
)

// zip packs the program for Windows for those who want no installer.
func (r *release) zip(context.Context) error {
	entries, err := shipped(r.source)
	if err != nil {
		return err
	}
	entries[name+".exe"] = r.windows
	file, err := os.Create(r.file(fmt.Sprintf("%s-%s-windows-amd64.zip", name, r.number())))
	if err != nil {
		return err
	}
	defer file.Close()
	w := zip.NewWriter(file)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser,
		error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
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
