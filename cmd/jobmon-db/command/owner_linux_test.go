package command

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// What root's commands make in the folder of a service belongs to its account: data, log, lock, ledger, socket, files
// of computers and messages.
func TestRootLeavesFilesToTheOwnerOfTheFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("no account nobody: " + err.Error())
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	dir := t.TempDir()
	folder := func(name string) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.Mkdir(path, 0o750), os.Chown(path, uid, uid)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	theirs := func(after string, roots ...string) (files int) {
		t.Helper()
		for _, root := range roots {
			err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
				if err != nil {
					return err
				}
				info, err := entry.Info()
				if err != nil {
					return err
				}
				if stat := info.Sys().(*syscall.Stat_t); int(stat.Uid) != uid || int(stat.Gid) != uid {
					t.Errorf("after %s, %s belongs to %d:%d", after, path, stat.Uid, stat.Gid)
				}
				files++
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		return files
	}
	data, evt, logs, elsewhere := folder("data"), folder("evt"), folder("logs"), t.TempDir()
	// The site's own form makes a ledger.
	form := filepath.Join(elsewhere, "form.txt")
	if err := os.WriteFile(form, []byte("{{.Seq}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := start(t, []string{"JOBMON_SOURCE_KIND=simulator", "JOBMON_SIMULATOR_SPEED=600",
		"JOBMON_SOURCE_POLL_INTERVAL=250ms",
		"JOBMON_DATA_DIR=" + data, "JOBMON_EVT_DIR=" + evt,
		"JOBMON_LOG_FILE=" + filepath.Join(logs, "a", "jobmon-db.log"),
		"JOBMON_EVT_TEMPLATE=" + form}, "run")
	eventually(t, func() string { return "files\n" + daemon.stderr.String() }, func() bool {
		files, _ := filepath.Glob(filepath.Join(evt, "*.evt"))
		_, err := os.Stat(filepath.Join(data, "jobmon-db.written"))
		return len(files) > 0 && err == nil
	})
	if n := theirs("run", data, evt, logs); n < 12 {
		t.Errorf("only %d files", n)
	}
	daemon.stop()
	theirs("the end of run", data, evt, logs)

	backup, export := filepath.Join(elsewhere, "a.db"), filepath.Join(elsewhere, "a.ndjson")
	for _, args := range [][]string{{"backup", backup}, {"export", export}} {
		if got := jobmondb(t, append(args, "--data-dir="+data)...); got.code != exitOK {
			t.Fatalf("%v: %+v", args, got)
		}
	}
	for _, args := range [][]string{{"compact"}, {"restore", backup}, {"import", export}} {
		if got := jobmondb(t, append(args, "--data-dir="+data)...); got.code != exitOK {
			t.Errorf("%v: %+v", args, got)
		}
		theirs(args[0], data)
	}
	fresh := folder("fresh")
	for _, args := range [][]string{{"restore", backup}, {"import", export}, {"refresh", "5000001", "--best-effort"}} {
		in := filepath.Join(fresh, args[0])
		if got := jobmondb(t, append(args, "--data-dir="+in)...); got.code != exitOK {
			t.Errorf("%v: %+v", args, got)
		}
		theirs(args[0], fresh)
	}
}
