package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// identity is a UUID that is always the same for the same words.
func identity(words ...string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(homepage+"/"+strings.Join(words, "/")))
}

// sbom lists the modules that were linked into the programs, as CycloneDX.
func (r *release) sbom(context.Context) error {
	modules := map[string]cdx.Component{}
	for _, program := range []string{r.windows, r.linux} {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return err
		}
		if info.Main.Version != r.version {
			return fmt.Errorf("the program calls itself %s and not %s", info.Main.Version, r.version)
		}
		modules["go"] = component("std", strings.TrimPrefix(info.GoVersion, "go"), "pkg:golang/std@"+info.GoVersion)
		for _, m := range info.Deps {
			modules[m.Path] = component(m.Path, m.Version, "pkg:golang/"+m.Path+"@"+m.Version)
		}
	}
	list := make([]cdx.Component, 0, len(modules))
	for _, path := range sortedKeys(modules) {
		list = append(list, modules[path])
	}
	main := component(name, r.version, "pkg:golang/github.com/jobmon-db/jobmon-db@"+r.version)
	main.Type = cdx.ComponentTypeApplication
	bom := cdx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + identity("sbom", r.version).String()
	bom.Metadata = &cdx.Metadata{Timestamp: r.date.Format(time.RFC3339), Component: &main}
	bom.Components = &list
	file, err := os.Create(r.file(fmt.Sprintf("%s-%s.cdx.json", name, r.number())))
	if err != nil {
		return err
	}
	if err := cdx.NewBOMEncoder(file, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return err
	}
	return file.Close()
}

func component(name, version, url string) cdx.Component {
	return cdx.Component{BOMRef: url, Type: cdx.ComponentTypeLibrary, Name: name, Version: version, PackageURL: url}
}
