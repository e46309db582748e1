package check_test

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/keyfile"
)

func TestRightsAreShownAndTooManyAreTold(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	s.expect(s.run(), "rights", check.OK, "program 0")

	evt, requests := filepath.Join(s.dir, "evt"), filepath.Join(s.dir, "evt", "requests")
	mode := func(path string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(requests, 0o755); err != nil {
		t.Fatal(err)
	}
	mode(s.dir, 0o750)
	mode(evt, 0o755)
	mode(requests, 0o777) // who may write here may ask for files
	s.expect(s.run(), "rights", check.OK, "data folder 0750 "+me.Username+":", "evt folder 0755 "+me.Username,
		"request folder 0777 ")

	mode(s.dir, 0o751)
	mode(evt, 0o757)
	lines := s.run()
	s.expect(lines, "rights", check.Warn, "read the history", "what the screens show",
		"chmod o= "+s.dir+", and chmod o-w "+evt)
	if found := line(t, lines, "rights").Found; strings.Contains(found, "socket") {
		t.Errorf("a socket that is not there: %s", found)
	}
	mode(s.dir, 0o750)
	mode(evt, 0o755)
	write(t, filepath.Join(s.dir, "endpoint.sock"), "")
	mode(filepath.Join(s.dir, "endpoint.sock"), 0o666)
	s.expect(s.run(), "rights", check.Warn, "socket 0666", "ask the daemon",
		"chmod o= "+filepath.Join(s.dir, "endpoint.sock"))
}

// The owner and the rights of everything that decides what the daemon does, or that holds a secret.
func TestRightsOfFilesBesideTheData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	text := "site: DS01\nsource:\n  server: db01\n  database: eXpress\n  user: reader\n  password_file: " +
		in("password") +
		"\nlog.file: " + in("messages.log") + "\nbackup: {every: 24h, dir: " + in("backups") + "}\n" +
		"http: {listen: '127.0.0.1:0', tls: {cert: " + in("cert.pem") + ", key: " + in("key.pem") + "}}\n"
	for _, name := range []string{"jobmon-db.yaml", "password", "messages.log", "cert.pem", "key.pem"} {
		write(t, in(name), text)
	}
	write(t, in("password"), planted+"\n")
	if err := os.Mkdir(in("backups"), 0o750); err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	s.options.Config = load(t, configs.LoadOptions{File: in("jobmon-db.yaml"),
		Env: []string{"JOBMON_DATA_DIR=" + s.dir}})
	safe := map[string]os.FileMode{"jobmon-db.yaml": 0o640, "password": 0o600, "messages.log": 0o640, "key.pem": 0o600,
		"backups": 0o750}
	reset := func() {
		for name, mode := range safe {
			if err := os.Chmod(in(name), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	rights := func() check.Line {
		lines := check.Run(t.Context(), s.options)
		return line(t, lines, "rights")
	}
	reset()
	if l := rights(); l.State != check.OK {
		t.Fatalf("safe: %+v", l)
	}
	for _, c := range []struct {
		name, what string
		mode       os.FileMode
	}{
		{"jobmon-db.yaml", "configuration", 0o666}, {"password", "password file", 0o644},
		{"messages.log", "log file", 0o622},
		{"backups", "backup folder", 0o777}, {"backups", "backup folder", 0o755}, {"key.pem", "TLS key", 0o644},
	} {
		if err := os.Chmod(in(c.name), c.mode); err != nil {
			t.Fatal(err)
		}
		if l := rights(); l.State != check.Warn || !strings.Contains(l.Found,
			c.what+" 0"+strconv.FormatUint(uint64(c.mode), 8)) ||
			!strings.Contains(l.Next, " "+in(c.name)) {
			t.Errorf("%s %o: %+v", c.name, c.mode, l)
		}
		reset()
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if l := rights(); l.State != check.Warn || !strings.Contains(l.Next, "chmod o-w "+dir) {
		t.Errorf("in a folder of everybody: %+v", l)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		return // only root can give files away
	}
	if err := os.Chown(in("jobmon-db.yaml"), 65534, -1); err != nil {
		t.Fatal(err)
	}
	if l := rights(); l.State != check.Warn || !strings.Contains(l.Found, "the configuration belongs to nobody") ||
		!strings.Contains(l.Next, "chown root "+in("jobmon-db.yaml")) {
		t.Errorf("of somebody else: %+v", l)
	}
}

func TestWhoMayChangeTheMonitor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.options.Monitor = t.TempDir()
	s.expect(s.run(), "rights", check.OK, "monitor's folder "+s.options.Monitor)
	write(t, filepath.Join(s.options.Monitor, "JobMon.hta"), "")
	if err := os.Chmod(filepath.Join(s.options.Monitor, "JobMon.hta"), 0o666); err != nil {
		t.Fatal(err)
	}
	s.expect(s.run(), "rights", check.Warn, "as SYSTEM", "JobMon.hta", "let only administrators write")
}

// The keys of sessions and of links are their owner's alone: the group may read the rest of the data folder.
func TestKeysAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	for name, what := range map[string]string{keyfile.Sessions: "session key", keyfile.Links: "link key"} {
		s := newSite(t)
		path := filepath.Join(s.dir, name)
		write(t, path, "")
		if err := os.Chmod(s.dir, 0o750); err != nil {
			t.Fatal(err)
		}
		for mode, state := range map[os.FileMode]check.State{0o600: check.OK, 0o640: check.Warn, 0o604: check.Warn} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			want := []string{what + " 0" + strconv.FormatUint(uint64(mode), 8)}
			if state == check.Warn {
				want = append(want, "others can read the key", "chmod go= "+path)
			}
			s.expect(s.run(), "rights", state, want...)
		}
	}
}
