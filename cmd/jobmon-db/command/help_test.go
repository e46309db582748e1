package command

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// What --help prints fits a window of 120 columns.
func TestHelpIsNotWide(t *testing.T) {
	t.Parallel()
	const columns = 120
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		var out strings.Builder
		c.SetOut(&out)
		if err := c.Help(); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimRight(line, "\n"); len(line) > columns {
				t.Errorf("%s --help, %d columns: %s", c.CommandPath(), len(line), line)
			}
		}
		for _, sub := range c.Commands() {
			look(sub)
		}
	}
	look(wholeRoot())
}

// A paragraph of our help goes on to the end of each line: one that ends early was put together from two.
func TestHelpHasNoBrokenLines(t *testing.T) {
	t.Parallel()
	const least = 92 // columns
	for _, c := range visible((&app{}).root()) {
		if c.Name() == "help" {
			continue // which is not our text
		}
		lines := strings.Split(c.Long, "\n")
		for i, line := range lines[:len(lines)-1] {
			next, _, _ := strings.Cut(lines[i+1], " ")
			if line != "" && next != "" && !strings.HasPrefix(line, " ") && len(line)+1+len(next) <= least {
				t.Errorf("%s --help: the line ends early: %s", c.CommandPath(), line)
			}
		}
	}
}

// What has no place on the command line is answered with what it may have been meant for.
func TestDidYouMean(t *testing.T) {
	for line, said := range map[string]string{
		"staus":                  `unknown command "staus"; did you mean "status"`,
		"replay shwo":            `unknown command "shwo" of replay; did you mean "show"?`,
		"replay PC-0001":         `unknown command "PC-0001" of replay; for a computer say --computer PC-0001`,
		"replay stats PC-0001":   `; for a computer say --computer PC-0001`,
		"service instal":         `of service; did you mean "install"?`,
		"config shw":             `of config; did you mean "show"?`,
		"client pak":             `did you mean "pack"?`,
		"waterfall":              `did you mean "replay waterfall"?`,
		"shwo":                   `did you mean "replay show"?`,
		"verify help_test.go":    "one argument too many; for a file say --log help_test.go",
		"replay --computr x":     `did you mean "--computer"?`,
		"replay show PC-1 PC-2":  `"PC-2" is one argument too many`,
		"help shwo":              `unknown command "shwo"`,
		"run --evt-encodin utf8": `did you mean "--evt-encoding"?`,
	} {
		got := jobmondb(t, strings.Fields(line)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, said) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s: %+v", line, got)
		}
	}
}
