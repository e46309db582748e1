package command

import (
	"fmt"
	"os"
	"regexp"
	"testing"
)

func TestRunLeavesNoCoreDump(t *testing.T) {
	p := start(t, nil, "run", "--source-kind", "simulator", "--data-dir", t.TempDir())
	limits := ""
	off := regexp.MustCompile(`(?m)^Max core file size +0 +0 `)
	eventually(t, func() string { return "no core dumps\n" + limits }, func() bool {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		limits = string(content)
		return off.MatchString(limits)
	})
	p.stop()
}
