package command

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// offered is what a shell is offered for a command line that ends with the last of args, without the directive.
func offered(t *testing.T, dir string, args ...string) (words []string, directive string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Main(t.Context(), append([]string{cobra.ShellCompRequestCmd}, args...),
		[]string{"JOBMON_DATA_DIR=" + dir, "JOBMON_DB_ACTIVE_HELP=0"}, strings.NewReader(""), &stdout, &stderr)
	if code != exitOK || strings.Contains(stderr.String(), "jobmon-db:") {
		t.Errorf("%v: code %d, %s", args, code, stderr.String())
	}
	lines := strings.Split(strings.TrimSuffix(stdout.String(), "\n"), "\n")
	return lines[:len(lines)-1], lines[len(lines)-1]
}

func TestCompletion(t *testing.T) {
	dir := watched(t)
	for _, c := range []struct {
		args []string
		want []string // among what is offered
		not  string   // a part of what is not
	}{
		{[]string{"status", ""}, []string{"PC-0001\t", "id:5000002\tPC-0002"}, "PC-0002\t"},
		{[]string{"watch", "pc-0003"}, []string{"PC-0003"}, "PC-0001"},
		{[]string{"replay", "show", "id:"}, []string{"id:5000002\tPC-0002"}, "PC-0001"},
		{[]string{"status", "PC-0001", ""}, nil, "PC"},
		{[]string{"replay", "--computer", ""}, []string{"PC-0001\t"}, "PC-0002\t"},
		{[]string{"replay", "--computer=PC-0003"}, []string{"PC-0003"}, "PC-0001"},
		{[]string{"refresh", "PC-0001", "--job", "05"}, []string{"05. (JM) Office 2024\tBuild\\Windows 11"}, "01."},
		{[]string{"status", "-o", ""}, []string{"table", "json"}, "csv"},
		{[]string{"replay", "sessions", "--result", ""}, []string{"ready with failures", "open"}, "\t"},
		{[]string{"replay", "--since", ""}, nil, "-"},
		{[]string{"replay", "--kind", ""}, []string{"scheduled", "damaged"}, "failed"},
		{[]string{"replay", "--state", ""}, []string{"failed"}, "scheduled"},
		{[]string{"replay", "--fields", ""}, []string{"time"}, "-"},
		{[]string{"replay", "--speed", ""}, []string{"10x"}, "-"},
		{[]string{"replay", "--folder", "build"}, []string{"Build\\Windows 11"}, "PC"},
		{[]string{"demo", "--speed", ""}, nil, "10x"},
		{[]string{"status", "--log", dir + "/none.db", ""}, nil, "PC"},
		{[]string{"status", "--data-dir=" + t.TempDir(), ""}, nil, "PC"},
		{[]string{"status", "--config=" + dir + "/none.yaml", ""}, nil, "PC"},
	} {
		words, directive := offered(t, dir, c.args...)
		for _, want := range c.want {
			if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, want) }) {
				t.Errorf("%q: %q is not among %q", c.args, want, words)
			}
		}
		if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, c.not) }) || len(c.want) == 0 &&
			len(words) > 0 {
			t.Errorf("%q: offered %q", c.args, words)
		}
		if directive != ":4" && directive != ":36" { // no files
			t.Errorf("%q: %s", c.args, directive)
		}
	}
	for want, args := range map[string][]string{
		":0":  {"backup", ""},
		":16": {"status", "--data-dir", ""},
	} {
		if words, got := offered(t, dir, args...); got != want || len(words) > 0 {
			t.Errorf("%q: %q, %s", args, words, got)
		}
	}
}

// Every form of output is completed.
func TestFlagsWithChoicesOfferThem(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if _, ok := f.Value.(*oneOf); f.Name == "output" && !ok {
				t.Errorf("%s --output: nothing is completed", c.CommandPath())
			}
		})
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit((&app{}).root())
	if kinds := kindWords(); !slices.Contains(kinds, "scheduled") || !slices.Contains(kinds, "damaged") ||
		len(kinds) < 20 {
		t.Errorf("kinds %q", kinds)
	}
	if states := stateWords(); len(states) != 8 || !slices.Contains(states, "failed") {
		t.Errorf("states %q", states)
	}
}
