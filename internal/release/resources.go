package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"image/png"
	"os"
	"path/filepath"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"
)

// icon is drawn in icon.svg.
//
//go:embed icon.png
var icon []byte

// resources writes what Windows shows of the program beside its main file: the icon, the version, and the manifest,
// which declares that the program needs no more rights than its caller, supports long paths, and draws sharply.
func (r *release) resources() error {
	picture, err := png.Decode(bytes.NewReader(icon))
	if err != nil {
		return fmt.Errorf("the icon: %w", err)
	}
	symbol, err := winres.NewIconFromResizedImage(picture, nil)
	if err != nil {
		return fmt.Errorf("the icon: %w", err)
	}
	var set winres.ResourceSet
	if err := set.SetIcon(winres.ID(1), symbol); err != nil {
		return fmt.Errorf("the icon: %w", err)
	}
	info, err := r.versionInfo()
	if err != nil {
		return err
	}
	set.SetVersionInfo(info)
	set.SetManifest(winres.AppManifest{
		Description: summary, Compatibility: winres.Win7AndAbove, ExecutionLevel: winres.AsInvoker,
		LongPathAware: true, DPIAwareness: winres.DPIPerMonitorV2,
	})
	// in .gitignore: the copy stays clean
	file, err := os.Create(filepath.Join(r.source, "cmd", name, "rsrc_windows_amd64.syso"))
	if err != nil {
		return err
	}
	if err := set.WriteObject(file, winres.ArchAMD64); err != nil {
		return fmt.Errorf("the resources: %w", err)
	}
	return file.Close()
}

// versionInfo is the version as the program's properties show it.
func (r *release) versionInfo() (version.Info, error) {
	parts, err := r.parts()
	if err != nil {
		return version.Info{}, err
	}
	info := version.Info{
		FileVersion:    [4]uint16{parts[0], parts[1], parts[2]},
		ProductVersion: [4]uint16{parts[0], parts[1], parts[2]},
		Timestamp:      r.date,
	}
	info.Flags.Prerelease = r.number() != fmt.Sprintf("%d.%d.%d", parts[0], parts[1], parts[2])
	for key, value := range map[string]string{
		version.ProductName: name, version.ProductVersion: r.number(), version.FileVersion: r.number(),
		version.FileDescription: summary, version.OriginalFilename: name + ".exe", version.InternalName: name,
		version.CompanyName: "The jobmon-db authors", version.LegalCopyright: "Apache-2.0",
	} {
		if err := info.Set(version.LangDefault, key, value); err != nil {
			return info, fmt.Errorf("the version resource: %s: %w", key, err)
		}
	}
	return info, nil
}
