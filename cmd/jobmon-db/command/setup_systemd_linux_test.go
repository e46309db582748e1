package command

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/configs"
)

// A root without anything gets the account, the unit and its drop-in; when systemd refuses, nothing of it is left.
func TestSetupUnderSystemd(t *testing.T) {
	root := t.TempDir()
	var ran []string
	refuse, account := "", false
	h := &systemdHost{
		root: root,
		command: func(_ context.Context, name string, args ...string) error {
			line := strings.Join(append([]string{name}, args...), " ")
			ran = append(ran, line)
			if refuse != "" && strings.Contains(line, refuse) {
				return errors.New("refused on purpose")
			}
			account = account || name == "systemd-sysusers"
			return nil
		},
		program: func() (string, error) { return "/opt/job mon/jobmon-db", nil },
		lookup: func(string) (*user.User, error) {
			if !account {
				return nil, user.UnknownUserError(unitName)
			}
			return &user.User{Uid: strconv.Itoa(os.Getuid()), Gid: strconv.Itoa(os.Getgid())}, nil
		},
	}
	files := func() (list []string) {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			list = append(list, strings.TrimPrefix(path, root))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	config := &configs.Config{DataDir: "/var/lib/jobmon-db", Evt: configs.Evt{Dir: "/mnt/100%/evt"}}
	const file = "/etc/jobmon-db/jobmon-db.yaml"

	refuse = "systemd-sysusers"
	if err := h.prepare(t.Context()); err == nil || len(files()) != 1 {
		t.Errorf("%v %q", err, files())
	}
	refuse = ""
	if err := h.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := files()
	for _, refuse = range []string{"daemon-reload", "enable"} {
		if err := h.install(t.Context(), config, file); err == nil || len(files()) != len(before) {
			t.Errorf("%s: %v %q", refuse, err, files())
		}
	}
	refuse = ""
	for range 2 { // also again
		if err := h.install(t.Context(), config, file); err != nil {
			t.Fatal(err)
		}
		text := read(t, filepath.Join(root, "etc/systemd/system/jobmon-db.service.d/setup.conf"))
		for _, line := range []string{`ExecStart="/opt/job mon/jobmon-db" run --config "` + file + `"`,
			`ReadWritePaths="-/mnt/100%%/evt"`} {
			if !strings.Contains(text, line+"\n") {
				t.Errorf("no %s in\n%s", line, text)
			}
		}
	}
	if read(t, filepath.Join(root, "etc/systemd/system/jobmon-db.service")) == "" ||
		ran[len(ran)-1] != "systemctl enable jobmon-db.service" {
		t.Errorf("%q", ran)
	}
	for dir, mode := range map[string]fs.FileMode{config.DataDir: 0o750, config.Evt.Dir: 0o755,
		filepath.Dir(config.DataDir): 0o755} {
		if info, err := os.Stat(filepath.Join(root, dir)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v, want %v", dir, info.Mode(), err, mode)
		}
	}
	refuse = "restart"
	if err := h.start(t.Context()); err == nil || ran[len(ran)-1] != "systemctl stop jobmon-db" {
		t.Errorf("%v %q", err, ran)
	}
	h.program = func() (string, error) { return "/home/me/jobmon-db", nil }
	if err := h.install(t.Context(), config, file); err == nil || !strings.Contains(err.Error(), "/usr/bin") {
		t.Errorf("a program that the unit cannot see: %v", err)
	}
}
