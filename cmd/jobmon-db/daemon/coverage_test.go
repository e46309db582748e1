package daemon_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
)

func TestCoverage(t *testing.T) {
	dir := t.TempDir()
	if got := daemon.ReadCoverage(dir); got != (daemon.Coverage{}) {
		t.Errorf("%+v of nothing", got)
	}
	want := daemon.Coverage{Until: 1_795_348_800_000, AheadMS: -1500}
	if err := daemon.WriteCoverage(dir, want); err != nil {
		t.Fatal(err)
	}
	if got := daemon.ReadCoverage(dir); got != want || got.Ahead() != -1500*time.Millisecond {
		t.Errorf("%+v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, daemon.CoverageFile), []byte(`{"until_ms": 17`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := daemon.ReadCoverage(dir); got != (daemon.Coverage{}) {
		t.Errorf("%+v of a file that was cut off", got)
	}
	for _, want := range []daemon.Coverage{{Until: 1, AheadMS: 1}, {Until: math.MaxInt64, AheadMS: math.MinInt64}, want,
		{}} {
		if err := daemon.WriteCoverage(dir, want); err != nil {
			t.Fatal(err)
		}
		if got := daemon.ReadCoverage(dir); got != want {
			t.Errorf("%+v was read, %+v written", got, want)
		}
	}
	if err := daemon.WriteCoverage(filepath.Join(dir, "gone"), want); err == nil {
		t.Error("written into a folder that is not there")
	}
}
