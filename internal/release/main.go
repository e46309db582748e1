// Command release builds the files that are published for a version: a zip and an MSI for Windows, a .deb, a list of
// the contents (SBOM), the notes and the checksums. It builds a clean copy of a commit, so that nothing else in the
// work tree can get in. The same commit gives the same bytes with the same Go version and packages of Debian.
//
// It needs git, wixl, msitools and faketime (for the MSI), dpkg-deb and gzip (for the .deb). It is a module of its own,
// so that the program does not depend on its libraries.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

type options struct {
	repo, commit, version, out, sign string
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("release", flag.ExitOnError)
	flags.StringVar(&o.repo, "repo", ".", "the repository")
	flags.StringVar(&o.commit, "commit", "HEAD", "the commit to build")
	flags.StringVar(&o.version, "version", "",
		`such as v0.1.0; without it the commit's tag, or else what Go derives from the commit`)
	flags.StringVar(&o.out, "out", "dist", "folder of the packages; it must not hold any of that version yet")
	flags.StringVar(&o.sign, "sign", "",
		`command that signs a Windows file in place; it gets the file's path as its last argument`)
	return o, flags.Parse(args)
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if err := needs("git", "wixl", "msiinfo", "faketime", "dpkg-deb", "gzip"); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	r, err := newRelease(ctx, o, work)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"program for Windows", r.buildWindows},
		{"program for Linux", r.buildLinux},
		{"zip", r.zip},
		{"msi", r.msi},
		{"deb", r.deb},
		{"list of the contents", r.sbom},
		{"notes", r.notes},
		{"checksums", r.checksums},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	fmt.Printf("%s in %s:\n%s\n", r.version, o.out, strings.Join(r.files, "\n"))
	return r.publish()
}

// needs reports all tools that are missing at once, before minutes of work.
func needs(tools ...string) error {
	var missing []string
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("missing: %s; on Debian: apt-get install git wixl msitools faketime dpkg gzip",
		strings.Join(missing, ", "))
}
