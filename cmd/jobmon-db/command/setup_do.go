package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/secretfile"
	"github.com/jobmon-db/jobmon-db/internal/trust"
	"github.com/jobmon-db/jobmon-db/internal/undo"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// step is one thing that setup does. It leaves nothing behind when it fails.
type step struct {
	name string
	do   func(context.Context) error
	next string // what to do after a failure
}

// do runs the steps. All can be repeated.
func (s *setup) do(ctx context.Context) error {
	steps := []step{{"write the configuration", s.write, "see who may write there, and run setup again"}}
	if s.host != nil {
		steps = slices.Concat([]step{{"make the account of the service", s.host.prepare, "run setup as administrator " +
			"or root, or with --no-service"}}, steps, []step{
			{"install the service", func(ctx context.Context) error { return s.host.install(ctx, s.config, s.path) },
				"do what the sentence says and run setup again: it begins with what is written already"},
			{"start the service", s.host.start, "see the messages of the service, mend it, and run setup again"},
			{"show the first read", s.showFirst, "jobmon-db check says why, and the service goes on trying"},
		})
	}
	fmt.Fprintln(s.stdout)
	for i, step := range steps {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("step %d of %d, %s: %w; this step is undone, and those before it are done; next: %s",
				i+1, len(steps), step.name, err, step.next)
		}
	}
	if s.host == nil {
		fmt.Fprintf(s.stdout, "\nNo service was installed%s. Now run it by hand, or under your own service manager:\n"+
			"\n  jobmon-db run --config %s\n", s.whyNoHost(), s.path)
	}
	return nil
}

func (s *setup) whyNoHost() string {
	switch {
	case s.noService:
		return ", as --no-service says"
	case runtime.GOOS == "linux" && os.Geteuid() != 0:
		return ": that needs root"
	}
	return ": systemd does not run here"
}

// write writes the password and then the configuration that names its file.
func (s *setup) write(context.Context) (err error) {
	var done undo.Log
	defer func() { err = done.After(err) }()
	if err := s.writeSecret(&done); err != nil {
		return err
	}
	if s.before != nil && s.unchanged() {
		fmt.Fprintf(s.stdout, "%s stays as it is.\n", s.path)
		return nil
	}
	if now, err := os.ReadFile(s.path); err == nil && string(now) != string(s.before) || err != nil && s.before != nil {
		return fmt.Errorf("%s was changed by somebody else in the meantime", s.path)
	}
	if err := makeFolder(&done, filepath.Dir(s.path), 0o755); err != nil {
		return err
	}
	if err := atomicfile.WriteDurableWith(s.path, s.content, likeBefore(s.path)); err != nil {
		return fmt.Errorf("write %s: %w", s.path, err)
	}
	fmt.Fprintf(s.stdout, "%s is written.\n", s.path)
	return nil
}

func (s *setup) writeSecret(done *undo.Log) error {
	path := s.config.Source.PasswordFile
	if s.password == "" || path == "" {
		return nil
	}
	mode := fs.FileMode(0o750)
	if filepath.Dir(path) == filepath.Dir(s.path) {
		mode = 0o755 // the service must reach the configuration beside it
	}
	if err := makeFolder(done, filepath.Dir(path), mode); err != nil {
		return err
	}
	account := ""
	if s.host != nil {
		account = s.host.account()
	}
	old, missing := secretfile.Read(path)
	if err := secretfile.Write(path, s.password, account); err != nil {
		return fmt.Errorf("write the password: %w", err)
	}
	switch {
	case missing == nil:
		done.Did(func() error { return secretfile.Write(path, old, account) })
	case errors.Is(missing, fs.ErrNotExist):
		done.Did(func() error { return os.Remove(path) })
	}
	fmt.Fprintf(s.stdout, "%s holds the password, %s.\n", path, secretfile.Protection(account))
	return nil
}

// likeBefore makes a file with the mode and owner of the existing one. A new file is readable by everybody, as it holds
// no secret.
func likeBefore(path string) func(name string) (*os.File, error) {
	return func(name string) (*os.File, error) {
		mode, before := fs.FileMode(0o644), fs.FileInfo(nil)
		if info, err := os.Stat(path); err == nil {
			mode, before = info.Mode().Perm(), info
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil || before == nil {
			return f, err
		}
		if err := sameOwner(f, before); err != nil {
			f.Close()
			return nil, errors.Join(err, os.Remove(name))
		}
		return f, nil
	}
}

// makeFolder makes a folder, and missing ones above it.
func makeFolder(done *undo.Log, path string, mode fs.FileMode) error {
	make := trust.MakeFolder
	if mode&0o005 != 0 && runtime.GOOS != "windows" { // others may look into it
		make = func(path string) error { return os.MkdirAll(path, mode) }
	}
	return done.MakeFolder(path, make)
}

const (
	askFirstEvery = 200 * time.Millisecond // between two requests to the service
	readWithin    = time.Minute            // for its first read
	fileWithin    = 5 * time.Second        // for its first file
)

// firstRead waits for the service's first read.
func (s *setup) firstRead(ctx context.Context) (info control.Info, err error) {
	client := &control.Client{Transport: &endpoint.Client{DataDir: s.config.DataDir}, Context: ctx}
	err = patience.Until(ctx, askFirstEvery, func() (ok bool, err error) {
		info, err = client.Info(ctx)
		return info.AgeMS >= 0 && err == nil, err
	})
	if err != nil {
		return info, fmt.Errorf("the service has not read the source yet: %w", err)
	}
	return info, nil
}

// showFirst waits for the service's first read and prints what it found.
func (s *setup) showFirst(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	info, err := s.firstRead(ctx)
	if err != nil {
		return err
	}
	p, err := askDaemon(ctx, s.config.DataDir)
	if err != nil {
		return err
	}
	pictures, err := p.Newest()
	if err != nil {
		return err
	}
	var open []string
	for _, p := range pictures {
		if p.Session != nil && p.Session.Ended == 0 {
			open = append(open, cmp.Or(p.Computer.Name, fmt.Sprintf("id:%d", p.Computer.ID)))
		}
	}
	fmt.Fprintf(s.stdout, "First read: %d computers, %d deployments under way, %d events on record.\n", len(p.Names),
		len(open), info.Last)
	if len(open) == 0 {
		_, err := fmt.Fprintf(s.stdout, "The first deployment will bring the first .evt file into %s.\n",
			s.config.Evt.Dir)
		return err
	}
	file, err := s.firstFile(ctx, pictures)
	if err != nil {
		_, err = fmt.Fprintf(s.stdout, "Under way: %s. Warning: %v yet; jobmon-db check, as the account of the "+
			"service, says why.\n", words.Some(open, 5), err)
		return err
	}
	_, err = fmt.Fprintf(s.stdout, "Under way: %s. First file: %s\nEverything else: jobmon-db status, jobmon-db "+
		"watch.\n", words.Some(open, 5), file)
	return err
}

// firstFile waits for the file of one of the deployments.
func (s *setup) firstFile(ctx context.Context, pictures []jobmon.Progress) (file string, err error) {
	ctx, stop := context.WithTimeout(ctx, fileWithin)
	defer stop()
	err = patience.Until(ctx, askFirstEvery, func() (bool, error) {
		for _, p := range pictures {
			file = filepath.Join(s.config.Evt.Dir, fmt.Sprintf("%d.evt", p.Computer.ID))
			if _, err := os.Stat(file); err == nil && p.Session != nil {
				return true, nil
			}
		}
		return false, fmt.Errorf("no file is in %s", s.config.Evt.Dir)
	})
	return file, err
}

// host is this system's service manager. Each method leaves nothing behind when it fails, and can be repeated.
type host interface {
	name() string    // "the service jobmon-db"
	account() string // reads the password, besides administrators; "" for no other account
	prepare(ctx context.Context) error
	install(ctx context.Context, config *configs.Config, file string) error
	start(ctx context.Context) error
}
