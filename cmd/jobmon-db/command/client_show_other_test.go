//go:build !windows

package command

import (
	"strings"
	"testing"
)

func TestClientShowElsewhere(t *testing.T) {
	for _, args := range [][]string{{}, {"--user"}, {"--explain"}, {"--dry-run"}, {"--stop"}, {"--once"}, {"--follow"}} {
		if got := jobmondb(t, append([]string{"client", "show"}, args...)...); got.code != exitScreen || !strings.Contains(got.stderr, "Windows 10 or later") {
			t.Errorf("%v: %+v", args, got)
		}
	}
	for _, args := range [][]string{{"--id=x"}, {"--id=99999999999"}, {"--once", "--stop"}, {"more"}} {
		if got := jobmondb(t, append([]string{"client", "show"}, args...)...); got.code != exitUsage {
			t.Errorf("%v: %+v", args, got)
		}
	}
}
