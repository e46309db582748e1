//go:build !windows

package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/undo"
)

// unitName is the name of the unit and of the account that it runs under.
const unitName = "jobmon-db"

// hostHere returns systemd if it runs and this process may control it.
func (s *setup) hostHere() host {
	if _, err := os.Stat("/run/systemd/system"); err != nil || os.Geteuid() != 0 {
		return nil
	}
	return &systemdHost{root: "/", command: runCommand, program: os.Executable, lookup: user.Lookup}
}

// sameOwner gives the file to the owner of the other one.
func sameOwner(f *os.File, other fs.FileInfo) error {
	if owner, ok := other.Sys().(*syscall.Stat_t); ok {
		return f.Chown(int(owner.Uid), int(owner.Gid))
	}
	return nil
}

// systemdHost is systemd.
type systemdHost struct {
	root    string // of the file system
	command func(ctx context.Context, name string, args ...string) error
	program func() (string, error)
	lookup  func(name string) (*user.User, error)
}

// runCommand runs a program; an error holds its output.
func runCommand(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (h *systemdHost) name() string    { return "the unit " + unitName + " of systemd" }
func (h *systemdHost) account() string { return unitName }

// prepare makes the account unless it exists.
func (h *systemdHost) prepare(ctx context.Context) (err error) {
	if _, err := h.lookup(unitName); err == nil {
		return nil
	}
	var done undo.Log
	defer func() { err = done.After(err) }()
	text, err := configs.Account()
	if err != nil {
		return err
	}
	path := filepath.Join(h.root, "usr/lib/sysusers.d", unitName+".conf")
	if err := replace(&done, path, text); err != nil {
		return err
	}
	return h.command(ctx, "systemd-sysusers", path)
}

// install writes the unit, unless a package brought it, and a drop-in with this installation's paths beside it.
func (h *systemdHost) install(ctx context.Context, config *configs.Config, file string) (err error) {
	var done undo.Log
	defer func() { err = done.After(err) }()
	program, err := h.program()
	if err != nil {
		return err
	}
	for _, dir := range []string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"} {
		if strings.HasPrefix(program, dir) || strings.HasPrefix(file, dir) {
			return fmt.Errorf("the unit sees nothing below %s: put the program into /usr/bin and the configuration "+
				"into /etc/jobmon-db", dir)
		}
	}
	if err := h.writeUnit(&done); err != nil {
		return err
	}
	if err := h.give(&done, config.DataDir, 0o750); err != nil {
		return err
	}
	if err := h.give(&done, config.Evt.Dir, 0o755); err != nil {
		return err
	}
	extra := filepath.Join(h.root, unitFolder, unitFile+".d", "setup.conf")
	if err := replace(&done, extra, dropIn(program, file, config)); err != nil {
		return err
	}
	done.Did(func() error { return h.command(context.WithoutCancel(ctx), "systemctl", "daemon-reload") })
	if err := h.command(ctx, "systemctl", "daemon-reload"); err != nil {
		return err
	}
	return h.command(ctx, "systemctl", "enable", unitFile)
}

const (
	unitFile   = unitName + ".service"
	unitFolder = "etc/systemd/system" // for units that no package brought
)

// writeUnit writes the unit unless one exists.
func (h *systemdHost) writeUnit(done *undo.Log) error {
	for _, dir := range []string{unitFolder, "usr/lib/systemd/system", "lib/systemd/system"} {
		if _, err := os.Stat(filepath.Join(h.root, dir, unitFile)); err == nil {
			return nil
		}
	}
	text, err := configs.Unit()
	if err != nil {
		return err
	}
	return replace(done, filepath.Join(h.root, unitFolder, unitFile), text)
}

// give makes a missing folder for the account of the unit; everybody may pass through the folders above it. An existing
// folder keeps its rights.
func (h *systemdHost) give(done *undo.Log, dir string, mode fs.FileMode) error {
	dir = filepath.Join(h.root, dir)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	owner, err := h.lookup(unitName)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(owner.Gid)
	if err != nil {
		return err
	}
	if err := makeFolder(done, dir, 0o755); err != nil {
		return err
	}
	return errors.Join(os.Chmod(dir, mode), os.Chown(dir, uid, gid))
}

// dropIn is the part of the unit that depends on the configuration.
func dropIn(program, file string, config *configs.Config) []byte {
	quoted := func(path string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(path) + `"`
	}
	text := fmt.Sprintf("# Written by jobmon-db setup, which writes it again.\n[Service]\nExecStart=\nExecStart=%s "+
		"run --config %s\n", quoted(program), quoted(file))
	for _, dir := range []string{config.DataDir, config.Evt.Dir} {
		text += "ReadWritePaths=" + strings.ReplaceAll(quoted("-"+dir), "$$", "$") + "\n"
	}
	return []byte(text)
}

// replace writes a file, and records how to restore the old one.
func replace(done *undo.Log, path string, content []byte) error {
	old, err := os.ReadFile(path)
	switch {
	case err == nil:
		done.Did(func() error { return atomicfile.WriteDurable(path, old, 0o644) })
	case errors.Is(err, fs.ErrNotExist):
		if err := makeFolder(done, filepath.Dir(path), 0o755); err != nil {
			return err
		}
		done.Did(func() error { return os.Remove(path) })
	default:
		return err
	}
	return atomicfile.WriteDurable(path, content, 0o644)
}

// start restarts the unit, so that it uses the present configuration.
func (h *systemdHost) start(ctx context.Context) error {
	if err := h.command(ctx, "systemctl", "restart", unitName); err != nil {
		return errors.Join(fmt.Errorf("%w; journalctl -u %s says more", err, unitName),
			h.command(context.WithoutCancel(ctx), "systemctl", "stop", unitName))
	}
	return nil
}
