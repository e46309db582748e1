package command

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const referencePage = "../../../docs/commands.md"

// TestTheReferenceIsWhatTheCommandsSay compares docs/commands.md with the code; -update ("make docs") writes it anew.
func TestTheReferenceIsWhatTheCommandsSay(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Commands

What ` + "`--help`" + ` says of every command, on one page. It is made from the program by ` + "`make docs`" + `, and a test compares the two.
Exit codes are in [exit-codes.md](exit-codes.md), the settings that many flags stand for in ` + "`jobmon-db config init`" + `.

`)
	list := visible(wholeRoot())
	for _, c := range list {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
	}
	for _, c := range list {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", c.CommandPath(), prose(c))
		fmt.Fprintf(&b, "```text\n%s\n```\n", c.UseLine())
		if c.Example != "" {
			fmt.Fprintf(&b, "\nExamples:\n\n```text\n%s\n```\n", unindented(c.Example))
		}
		if flags := c.NonInheritedFlags(); flags.HasAvailableFlags() {
			fmt.Fprintf(&b, "\nFlags:\n\n```text\n%s\n```\n",
				strings.TrimRight(unindented(flags.FlagUsagesWrapped(helpWidth)), "\n"))
		}
	}
	if *update {
		if err := os.WriteFile(referencePage, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(string(page), "\r\n", "\n"); got != b.String() {
		t.Error("docs/commands.md is not what the commands say: run make docs")
	}
}

// wholeRoot is the program with the commands that cobra adds.
func wholeRoot() *cobra.Command {
	root := (&app{}).root()
	root.InitDefaultCompletionCmd()
	return root
}

// visible are a command and those below it that help lists.
func visible(c *cobra.Command) []*cobra.Command {
	if c.Hidden {
		return nil
	}
	list := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		list = append(list, visible(sub)...)
	}
	return list
}

// prose is a command's text as Markdown shows it; a text with lists or commands in it is shown as it is.
func prose(c *cobra.Command) string {
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	if strings.Contains(text, "\n  ") || strings.Contains(text, "\n\t") {
		return "```text\n" + strings.TrimRight(text, "\n") + "\n```"
	}
	return strings.NewReplacer("<", "&lt;", "*", `\*`).Replace(text)
}

// unindented takes the two blanks away that every line begins with.
func unindented(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

func TestManualPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	if got := jobmondb(t, "man", dir); got != (outcome{}) {
		t.Fatalf("%+v", got)
	}
	var files []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		files = append(files, e.Name())
	}
	for _, want := range []string{"jobmon-db.1", "jobmon-db-watch.1", "jobmon-db-replay-show.1"} {
		if !slices.Contains(files, want) {
			t.Errorf("%s is not among %v", want, files)
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "jobmon-db-watch.1"))
	if err != nil || !strings.Contains(string(page), ".SH EXAMPLE") ||
		!strings.Contains(string(page), "jobmon-db watch PC-0003") {
		t.Errorf("%v\n%s", err, page)
	}
	if got := jobmondb(t, "man"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
}
