package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

//go:embed installer.wxs
var installer string

// msi packs the program for Windows with its installer.
func (r *release) msi(ctx context.Context) error {
	dir := filepath.Join(filepath.Dir(r.made), "msi")
	files, err := shipped(r.source)
	if err != nil {
		return err
	}
	inside := folders(slices.Collect(maps.Keys(files)))
	files[name+".exe"] = r.windows
	if _, err := lay(dir, files); err != nil {
		return err
	}
	text, err := r.installer(inside)
	if err != nil {
		return err
	}
	if err := put(dir, "installer.wxs", text, 0o644); err != nil {
		return err
	}
	if err := r.sameTimes(dir); err != nil {
		return err
	}
	path := r.file(fmt.Sprintf("%s-%s-windows-amd64.msi", name, r.number()))
	date := r.date.Format("2006-01-02 15:04:05")
	if _, err := output(ctx, dir, []string{"TZ=UTC"}, "faketime", "-f", date, "wixl", "--arch", "x64", "--output", path,
		"installer.wxs"); err != nil {
		return err
	}
	if err := r.samePackage(ctx, path); err != nil {
		return err
	}
	return r.signed(ctx, path)
}

// installer fills in the description of the installer. Its upgrade code never changes: by that code Windows finds and
// replaces an older version.
func (r *release) installer(inside *folder) ([]byte, error) {
	parts, err := r.parts()
	if err != nil {
		return nil, err
	}
	if parts[0] > 255 || parts[1] > 255 {
		return nil, fmt.Errorf("the version of an installer is at most 255.255.65535, this is %s", r.number())
	}
	t, err := template.New("installer.wxs").Option("missingkey=error").Parse(installer)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = t.Execute(&text, map[string]any{
		"Name": name, "Summary": summary, "Homepage": homepage,
		"Version": fmt.Sprintf("%d.%d.%d", parts[0], parts[1], parts[2]),
		"Product": identity("product", r.version).String(), "Upgrade": identity("upgrade").String(),
		"Program": identity("file", name+".exe").String(), "Inside": inside,
	})
	return text.Bytes(), err
}

// inWix turns a path into a part of an identifier, which may hold 72 letters, digits, periods and underscores.
func inWix(path string) string { return strings.NewReplacer("-", "_", "/", ".").Replace(path) }

var revision = regexp.MustCompile(`\{[0-9A-F-]{36}\}`)

// samePackage replaces the random number by which Windows distinguishes package files, so that builds are reproducible.
func (r *release) samePackage(ctx context.Context, path string) error {
	about, err := output(ctx, "", nil, "msiinfo", "suminfo", path)
	if err != nil {
		return err
	}
	random := revision.FindString(about)
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if random == "" || bytes.Count(content, []byte(random)) != 1 {
		return fmt.Errorf("the package's number %q is not there once", random)
	}
	same := "{" + strings.ToUpper(identity("package", r.version).String()) + "}"
	return os.WriteFile(path, bytes.Replace(content, []byte(random), []byte(same), 1), 0o644)
}
