package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What dpkg runs. The service is not started by installing: it has no database to read yet.
const (
	postinst = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
	systemd-sysusers jobmon-db.conf
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		if [ -n "$2" ]; then systemctl try-restart jobmon-db.service jobmon-db-hub.service; fi
	fi
	if [ -z "$2" ]; then
		echo "jobmon-db: next is: jobmon-db setup"
		echo "or edit /etc/jobmon-db/jobmon-db.yaml, then: systemctl enable --now jobmon-db"
	fi
fi
`
	prerm = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl disable --now jobmon-db.service jobmon-db-hub.service || true
fi
`
	postrm = `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$1" = purge ]; then
	rm -rf /var/lib/jobmon-db /var/lib/jobmon-hub /var/log/jobmon-db /etc/jobmon-db
	rm -f /etc/systemd/system/jobmon-db.service.d/setup.conf
	rmdir /etc/systemd/system/jobmon-db.service.d 2>/dev/null || true
fi
`
	conffiles = "/etc/jobmon-db/jobmon-db.yaml\n"
)

// control is what dpkg knows of the package: name, version, size in KiB, homepage, summary.
const control = `Package: %s
Version: %s
Architecture: amd64
Maintainer: The jobmon-db authors <jobmon-db@users.noreply.github.com>
Section: admin
Priority: optional
Depends: systemd
Recommends: ca-certificates
Installed-Size: %d
Homepage: %s
Description: %s
 Reads the schedule tables of an Altiris or Symantec Deployment Server (also Ghost
 Solution Suite 3.x), keeps the history of every PC build, and writes the files that
 show a technician at the PC what runs, what is done and what is to come.
`

// deb packs the program with its systemd unit for Debian. The configuration is kept when the package is removed, and
// the history too, unless it is purged.
func (r *release) deb(ctx context.Context) error {
	root := filepath.Join(filepath.Dir(r.made), "deb")
	files, err := r.debFiles(ctx)
	if err != nil {
		return err
	}
	size, err := lay(root, files)
	if err != nil {
		return err
	}
	number := strings.ReplaceAll(r.number(), "-", "~")
	about := fmt.Sprintf(control, name, number, size, homepage, summary)
	for _, part := range []struct {
		name, text string
		mode       os.FileMode
	}{
		{"control", about, 0o644}, {"conffiles", conffiles, 0o644},
		{"postinst", postinst, 0o755}, {"prerm", prerm, 0o755}, {"postrm", postrm, 0o755},
	} {
		if err := put(root, "DEBIAN/"+part.name, []byte(part.text), part.mode); err != nil {
			return err
		}
	}
	if err := r.sameTimes(root); err != nil {
		return err
	}
	path := r.file(fmt.Sprintf("%s_%s_amd64.deb", name, number))
	_, err = output(ctx, "", r.epoch(), "dpkg-deb", "--build", "--root-owner-group", "-Zxz", root, path)
	return err
}

// debFiles are the files of the package, by where they come to lie.
func (r *release) debFiles(ctx context.Context) (map[string]string, error) {
	const doc, units = "usr/share/doc/" + name + "/", "usr/lib/systemd/system/"
	files := map[string]string{
		"usr/bin/" + name:                      r.linux,
		units + name + ".service":              r.from("configs/systemd/" + name + ".service"),
		units + name + "-hub.service":          r.from("configs/systemd/" + name + "-hub.service"),
		"usr/lib/sysusers.d/" + name + ".conf": r.from("configs/systemd/jobmon-db.sysusers"),
		doc + "copyright":                      r.from("LICENSE"),
	}
	documents, err := shipped(r.source)
	for to, from := range documents {
		if to != "LICENSE.txt" && to != "jobmon-db.example.yaml" { // which Debian has elsewhere
			files[doc+to] = from
		}
	}
	return files, errors.Join(err, r.said(ctx, filepath.Join(filepath.Dir(r.made), "said"), files))
}

// epoch has programs use the time of the commit.
func (r *release) epoch() []string {
	return []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.date.Unix())}
}

// lay copies files into a folder, by where each comes to lie there, and returns their size in KiB.
func lay(root string, files map[string]string) (size int, err error) {
	for _, to := range sortedKeys(files) {
		content, err := os.ReadFile(files[to])
		if err != nil {
			return 0, err
		}
		size += (len(content) + 1023) / 1024
		mode := os.FileMode(0o644)
		if strings.HasPrefix(to, "usr/bin/") {
			mode = 0o755
		}
		if err := put(root, to, content, mode); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// said adds what the program itself says: the example of a configuration for this system, which has no paths of
// Windows, the manual pages, and what completes its commands in shells.
func (r *release) said(ctx context.Context, dir string, files map[string]string) error {
	for to, args := range map[string][]string{
		"etc/jobmon-db/jobmon-db.yaml":                          {"config", "init"},
		"usr/share/bash-completion/completions/" + name:         {"completion", "bash"},
		"usr/share/zsh/vendor-completions/_" + name:             {"completion", "zsh"},
		"usr/share/fish/vendor_completions.d/" + name + ".fish": {"completion", "fish"},
	} {
		text, err := output(ctx, "", r.epoch(), r.linux, args...)
		if err != nil {
			return err
		}
		if err := put(dir, to, []byte(text+"\n"), 0o644); err != nil {
			return err
		}
		files[to] = filepath.Join(dir, filepath.FromSlash(to))
	}
	const manual = "usr/share/man/man1/"
	if _, err := output(ctx, "", r.epoch(), r.linux, "man", filepath.Join(dir, "man")); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "man", "*.1"))
	if err != nil {
		return err
	}
	if len(pages) == 0 {
		return fmt.Errorf("%s man wrote no manual pages into %s", r.linux, filepath.Join(dir, "man"))
	}
	for _, page := range pages {
		if _, err := output(ctx, "", nil, "gzip", "--no-name", "--best", page); err != nil {
			return err
		}
		files[manual+filepath.Base(page)+".gz"] = page + ".gz"
	}
	return nil
}

// from is where a file of the repository lies in the copy.
func (r *release) from(path string) string { return filepath.Join(r.source, path) }

func put(root, path string, content []byte, mode os.FileMode) error {
	full := filepath.Join(root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(full, content, mode); err != nil {
		return err
	}
	return os.Chmod(full, mode) // whatever the umask
}

// sameTimes gives everything below a folder the time of the commit.
func (r *release) sameTimes(root string) error {
	return filepath.Walk(root, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, time.Time{}, r.date)
	})
}
