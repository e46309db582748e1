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

// msi packs the program for Windows with its installer. Its upgrade code never changes: by it Windows knows an older
// version, which it replaces.
func (r *release) msi(ctx context.Context) error {
	parts, err := r.parts()
	if err != nil {
		return err
	}
	if parts[0] > 255 || parts[1] > 255 {
		return fmt.Errorf("an installer's version has at most 255.255.65535, this is %s", r.number())
	}
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
	t, err := template.New("installer.wxs").Option("missingkey=error").Parse(installer)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, map[string]any{
		"Name": name, "Summary": summary, "Homepage": homepage,
		"Version": fmt.Sprintf("%d.%d.%d", parts[0], parts[1], parts[2]),
		"Product": identity("product", r.version).String(), "Upgrade": identity("upgrade").String(),
		"Program": identity("file", name+".exe").String(), "Inside": inside,
	}); err != nil {
		return err
	}
	if err := put(dir, "installer.wxs", text.Bytes(), 0o644); err != nil {
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

// inWix is a path as a part of an identifier, which may hold letters, digits, periods and underscores, and 72 in all.
func inWix(path string) string { return strings.NewReplacer("-", "_", "/", ".").Replace(path) }

var revision = regexp.MustCompile(`\{[0-9A-F-]{36}\}`)

// samePackage replaces the random number by which Windows tells one package file from another.
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
