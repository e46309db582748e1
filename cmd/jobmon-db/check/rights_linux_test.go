package check_test

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
)

func TestRightsAreShownAndTooManyAreTold(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	s.expect(s.run(), "rights", check.Skip)

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
	s.expect(s.run(), "rights", check.OK, "data folder 0750 "+me.Username+":", "evt folder 0755 "+me.Username, "request folder 0777 ")

	mode(s.dir, 0o751)
	mode(evt, 0o757)
	lines := s.run()
	s.expect(lines, "rights", check.Warn, "read the history", "what the screens show", "chmod o= "+s.dir+", and chmod o-w "+evt)
	if found := line(t, lines, "rights").Found; strings.Contains(found, "socket") {
		t.Errorf("a socket that is not there: %s", found)
	}
	mode(s.dir, 0o750)
	mode(evt, 0o755)
	write(t, filepath.Join(s.dir, "endpoint.sock"), "")
	mode(filepath.Join(s.dir, "endpoint.sock"), 0o666)
	s.expect(s.run(), "rights", check.Warn, "socket 0666", "ask the daemon", "chmod o= "+filepath.Join(s.dir, "endpoint.sock"))
}
