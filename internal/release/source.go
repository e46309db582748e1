package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// release is a version that is being built.
type release struct {
	options
	source  string    // a clean copy of the commit
	made    string    // where its files are made before all of them are published
	date    time.Time // of the commit, UTC
	version string    // such as v0.1.0
	windows string    // the program for Windows
	linux   string    // and the one for Linux
	files   []string  // names of what was made
}

const (
	name     = "jobmon-db"
	homepage = "https://github.com/jobmon-db/jobmon-db"
	summary  = "Watches the builds of a Deployment Server"
)

func newRelease(ctx context.Context, o options, work string) (*release, error) {
	r := &release{options: o, source: filepath.Join(work, "source"), made: filepath.Join(work, "made")}
	if err := os.Mkdir(r.made, 0o755); err != nil {
		return nil, err
	}
	commit, err := output(ctx, o.repo, nil, "git", "rev-parse", "--verify", o.commit+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("find the commit %q: %w", o.commit, err)
	}
	repo, err := filepath.Abs(o.repo)
	if err != nil {
		return nil, err
	}
	if _, err := output(ctx, work, nil, "git", "clone", "--quiet", "--no-checkout", repo, r.source); err != nil {
		return nil, err
	}
	if _, err := output(ctx, r.source, nil, "git", "checkout", "--quiet", "--detach", commit); err != nil {
		return nil, err
	}
	seconds, err := output(ctx, r.source, nil, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return nil, err
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the date of the commit is %q: %w", seconds, err)
	}
	r.date = time.Unix(at, 0).UTC()
	return r, r.setVersion(ctx)
}

// setVersion tags the copy, from where Go puts the version into the programs.
func (r *release) setVersion(ctx context.Context) error {
	r.version = r.options.version
	if r.version == "" {
		tags, err := output(ctx, r.source, nil, "git", "tag", "--points-at", "HEAD")
		if err != nil {
			return err
		}
		for _, tag := range strings.Fields(tags) {
			if semver.IsValid(tag) && semver.Compare(tag, r.version) > 0 {
				r.version = tag
			}
		}
	}
	if r.version == "" { // the form that Go gives a commit without a tag
		hash, err := output(ctx, r.source, nil, "git", "rev-parse", "--short=12", "HEAD")
		if err != nil {
			return err
		}
		r.version = module.PseudoVersion("v0", "", r.date, hash)
	}
	if !semver.IsValid(r.version) || semver.Canonical(r.version) != r.version {
		return fmt.Errorf("%q is no version such as v1.2.3 or v1.2.3-rc.1", r.version)
	}
	_, err := output(ctx, r.source, nil, "git", "tag", "--force", r.version)
	return err
}

// number is the version without the v.
func (r *release) number() string { return strings.TrimPrefix(r.version, "v") }

// parts are the three numbers of the version.
func (r *release) parts() (parts [3]uint16, err error) {
	plain, _, _ := strings.Cut(r.number(), "-")
	for i, text := range strings.SplitN(plain, ".", 3) {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return parts, fmt.Errorf("the version %s: %w", r.version, err)
		}
		parts[i] = uint16(n)
	}
	return parts, nil
}

// build builds the program for a system.
func (r *release) build(ctx context.Context, system string) (string, error) {
	path := filepath.Join(filepath.Dir(r.made), name+"-"+system)
	env := []string{"GOOS=" + system, "GOARCH=amd64", "GOAMD64=v1", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly",
		"GOWORK=off"}
	_, err := output(ctx, r.source, env, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", path,
		"./cmd/"+name)
	return path, err
}

func (r *release) buildLinux(ctx context.Context) (err error) {
	r.linux, err = r.build(ctx, "linux")
	return err
}

func (r *release) buildWindows(ctx context.Context) (err error) {
	if err := r.resources(); err != nil {
		return err
	}
	if r.windows, err = r.build(ctx, "windows"); err != nil {
		return err
	}
	return r.signed(ctx, r.windows)
}

// signed has a file signed, if there is a command for it.
func (r *release) signed(ctx context.Context, path string) error {
	if r.sign == "" {
		return nil
	}
	words := strings.Fields(r.sign)
	_, err := output(ctx, "", nil, words[0], append(words[1:], path)...)
	return err
}

// file names a file to be made.
func (r *release) file(name string) string {
	r.files = append(r.files, name)
	return filepath.Join(r.made, name)
}

// checksums are for `sha256sum -c`.
func (r *release) checksums(context.Context) error {
	slices.Sort(r.files)
	var list bytes.Buffer
	for _, file := range r.files {
		content, err := os.ReadFile(filepath.Join(r.made, file))
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(content), file)
	}
	return os.WriteFile(r.file("SHA256SUMS"), list.Bytes(), 0o644)
}

// publish puts what was made where it was asked for; a version is never replaced.
func (r *release) publish() error {
	dir := filepath.Join(r.out, r.version)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: remove it first", dir)
	}
	return os.CopyFS(dir, os.DirFS(r.made))
}

// output runs a command and returns what it prints, without the line end; what it says when it fails is in the error.
func output(ctx context.Context, dir string, env []string, command string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, command, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	var out, messages bytes.Buffer
	c.Stdout, c.Stderr = &out, &messages
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, strings.TrimSpace(messages.String()))
	}
	return strings.TrimSpace(out.String()), nil
}
