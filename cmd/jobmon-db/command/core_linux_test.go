package command

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestRunLeavesNoCoreDump(t *testing.T) {
	dir := t.TempDir()
	p := start(t, nil, "run", "--source-kind", "simulator", "--data-dir", dir)
	limits := ""
	off := regexp.MustCompile(`(?m)^Max core file size +0 +0 `)
	eventually(t, func() string { return "no core dumps\n" + limits }, func() bool {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		limits = string(content)
		_, err = os.Stat(filepath.Join(dir, "CURRENT")) // before, it may not listen to signals yet
		return off.MatchString(limits) && err == nil
	})
	p.stop()
}
