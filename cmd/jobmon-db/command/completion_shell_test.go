//go:build !windows

package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bashLine has bash complete a command line as a person's Tab does. The first function stands for the part of the
// package bash-completion that every generated script needs.
const bashLine = `
_get_comp_words_by_ref() {
	words=("${COMP_WORDS[@]}") cword=$COMP_CWORD cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
}
__ltrim_colon_completions() { :; }
compopt() { :; }
source <(jobmon-db completion bash)
COMP_WORDS=("$@") COMP_CWORD=$(($#-1)) COMP_LINE="$*" COMP_TYPE=9
COMP_POINT=${#COMP_LINE}
__start_jobmon-db
printf '%s\n' "${COMPREPLY[@]}"
`

func TestCompletionInBash(t *testing.T) {
	dir, bin := watched(t), t.TempDir()
	if err := os.Symlink(os.Args[0], filepath.Join(bin, "jobmon-db")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want []string }{
		{[]string{"status", "PC-0003"}, []string{"PC-0003"}},
		{[]string{"sta"}, []string{"status"}},
		{[]string{"refresh", "5000001", "--job", "05"}, []string{`05.\ \(JM\)\ Office\ 2024`}},
		{[]string{"refresh", "5000001", "--job", `05.\ \(J`}, []string{`05.\ \(JM\)\ Office\ 2024`}},
		{[]string{"replay", "sessions", "--result", `ready\ w`}, []string{`ready\ with\ failures`}},
		{[]string{"status", "nobody"}, nil},
	} {
		cmd := exec.Command("bash", append([]string{"-c", bashLine, "bash", "jobmon-db"}, c.line...)...)
		cmd.Env = append(os.Environ(), asProgram+"=1", "JOBMON_DATA_DIR="+dir, "PATH="+bin+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if got, want := strings.TrimSpace(string(out)), strings.Join(c.want, "\n"); err != nil || got != want {
			t.Errorf("%q: %q, want %q; %v", c.line, got, want, err)
		}
	}
}
