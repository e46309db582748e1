package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// notes are the part of the changelog that is about the version: its own section, or what is not released yet.
func (r *release) notes(context.Context) error {
	text, err := os.ReadFile(filepath.Join(r.source, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	section, err := sectionOf(string(text), r.number())
	if err != nil {
		return err
	}
	return os.WriteFile(r.file("RELEASE-NOTES.md"), []byte(section), 0o644)
}

func sectionOf(changelog, version string) (string, error) {
	sections := strings.Split("\n"+changelog, "\n## ")
	for _, title := range []string{version, "Unreleased"} {
		for _, section := range sections[1:] {
			heading, body, _ := strings.Cut(section, "\n")
			if first, _, _ := strings.Cut(strings.Trim(heading, "[] "), " "); strings.Trim(first, "[]") == title {
				return "# " + name + " " + version + "\n" + strings.TrimRight(body, "\n") + "\n", nil
			}
		}
	}
	return "", fmt.Errorf("CHANGELOG.md has no section %s", version)
}
