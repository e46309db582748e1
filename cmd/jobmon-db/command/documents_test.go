package command

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

const repository = "../../.."

// shown are the commands of the documents by where they stand: lines of blocks, and what stands between backquotes.
func shown(t *testing.T) map[string][]string {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(repository, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	inline := regexp.MustCompile("`([^`\n]+)`")
	command := regexp.MustCompile(`^(\$ )?([A-Z_]+=\S+ )*(jobmon-db|make|go (test|run|build)|\.ci/run|cd bench &&) `)
	found := map[string][]string{}
	for _, page := range append(pages, filepath.Join(repository, "README.md"),
		filepath.Join(repository, "CONTRIBUTING.md")) {
		block := false
		for line := range strings.Lines(read(t, page)) {
			block = block != strings.HasPrefix(line, "```")
			candidates := []string{strings.TrimSpace(line)}
			if !block && !strings.HasPrefix(line, "    ") {
				candidates = nil
				for _, m := range inline.FindAllStringSubmatch(line, -1) {
					candidates = append(candidates, m[1])
				}
			}
			for _, c := range candidates {
				if command.MatchString(c) && c != "jobmon-db recording" { // the name of a format
					found[filepath.Base(page)] = append(found[filepath.Base(page)], strings.TrimPrefix(c, "$ "))
				}
			}
		}
	}
	return found
}

// wordsOf takes a line apart as a shell does, up to a redirection or a comment.
func wordsOf(line string) (list []string) {
	for _, m := range regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+`).FindAllString(line, -1) {
		if strings.ContainsAny(m[:1], "<>|#") {
			break
		}
		list = append(list, strings.NewReplacer(`"`, "", `'`, "").Replace(m))
	}
	return list
}

// Every command in the documents exists as it stands there: CONTRIBUTING.md says what that means, and what is not run.
func TestTheCommandsOfTheDocuments(t *testing.T) {
	t.Parallel()
	makefile, ci := read(t, filepath.Join(repository, "Makefile")), read(t, filepath.Join(repository, ".ci", "run"))
	total, named := 0, benchmarks(t)
	for page, lines := range shown(t) {
		for _, line := range lines {
			total++
			list := wordsOf(line)
			for len(list) > 0 && (regexp.MustCompile(`^[A-Z_]+=`).MatchString(list[0]) || list[0] == "cd" ||
				list[0] == "bench" || list[0] == "&&") {
				list = list[1:]
			}
			switch {
			case list[0] == "jobmon-db":
				understood(t, page, line, list[1:])
			case list[0] == "make" && !regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(list[1])+`:`).MatchString(makefile):
				t.Errorf("%s: %s: no such target", page, line)
			case list[0] == ".ci/run":
				for _, step := range list[1:] {
					if !regexp.MustCompile(`(?m)^\s[^#\n]*\b` + step + `\b[^(]*$`).MatchString(ci) {
						t.Errorf("%s: %s: no such step as %s", page, line, step)
					}
				}
			case list[0] == "go" || list[0] == "make":
				measures(t, page, line, named)
			}
		}
	}
	if total < 60 {
		t.Errorf("%d commands were found in the documents", total)
	}
}

// understood has the program's own parser read the command.
func understood(t *testing.T, page, line string, args []string) {
	t.Helper()
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	root := a.root()
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	c, rest, err := root.Find(args)
	if err == nil && c == root && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		t.Errorf("%s: %s: no such command", page, line)
		return
	}
	if err == nil {
		err = c.ParseFlags(rest)
	}
	if err != nil {
		t.Errorf("%s: %s: %v", page, line, err)
	}
}

// measures says whether a benchmark has a name that the line asks for.
func measures(t *testing.T, page, line, named string) {
	t.Helper()
	m := regexp.MustCompile(`(?:-bench |BENCH=)'?([^'\s()]+)`).FindStringSubmatch(line)
	if m == nil {
		return
	}
	for wanted := range strings.SplitSeq(m[1], "|") {
		if top, _, _ := strings.Cut(wanted, "/"); !regexp.MustCompile(top).MatchString(named) {
			t.Errorf("%s: %s: no benchmark has such a name as %s", page, line, top)
		}
	}
}

// benchmarks are the names of all benchmarks, a line each.
func benchmarks(t *testing.T) string {
	t.Helper()
	var names strings.Builder
	declared := regexp.MustCompile(`func (Benchmark\w+)\(`)
	err := filepath.WalkDir(repository, func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			for _, m := range declared.FindAllStringSubmatch(read(t, path), -1) {
				names.WriteString(m[1] + "\n")
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names.String()
}

// make bench runs both modules, whichever has a benchmark of the name, and fails when none has or one fails.
func TestMakeBenchRunsBothModules(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("make"); err != nil || runtime.GOOS == "windows" {
		t.Skip("needs make")
	}
	for says, code := range map[string]int{
		"first: BenchmarkLog 1": 0, "bench: BenchmarkLog 1": 0, "none: nothing": 2, "first: --- FAIL: BenchmarkLog": 2,
	} {
		module, text, _ := strings.Cut(says, ": ")
		dir := t.TempDir()
		script := `#!/bin/sh
here=first; [ "$(basename "$PWD")" = bench ] && here=bench
echo $here >> ` + dir + `/ran
[ $here = ` + module + ` ] && echo "` + text + `"
case "$here ` + text + `" in "first --- FAIL"*) exit 1;; esac
exit 0
`
		if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "make", "bench", "BENCH=Log")
		cmd.Dir, cmd.Env = repository, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "MAKEFLAGS=")
		out, err := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != code || module != "none" && !strings.Contains(string(out), text) {
			t.Errorf("%s: %d, %v\n%s", says, got, err, out)
		}
		if ran := read(t, filepath.Join(dir, "ran")); ran != "first\nbench\n" {
			t.Errorf("%s: ran %q", says, ran)
		}
	}
}

// README's examples are of one run, and work after any: each is run as it stands there, behind a demo.
func TestTheExamplesOfTheReadme(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	_, text, _ := strings.Cut(read(t, filepath.Join(repository, "README.md")), "## Try it")
	text, _, _ = strings.Cut(text, "\n## ")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	runs := 0
	for i, example := range strings.Split(text, "\n$ jobmon-db ")[1:] {
		line, output, _ := strings.Cut(example, "\n")
		output, _, _ = strings.Cut(output, "\n```")
		args := wordsOf(line)
		for at, word := range args {
			switch {
			case word == "./demo":
				args[at] = dir
			case i == 0 && word == "120": // the same in less time
				args[at] = "1200"
			case i == 0 && word == "25s":
				args[at] = "3s"
			}
		}
		got := jobmondb(t, args...)
		if got.code != exitOK {
			t.Fatalf("%s: %+v", line, got)
		}
		runs++
		// What the example shows before its first number is what the command says.
		first := strings.TrimRight(output[:max(0, strings.IndexAny(output, "0123456789"))], "(+-")
		if first == "" || !strings.Contains(got.stdout+got.stderr, first) {
			t.Errorf("%s: no %q in\n%s%s", line, first, got.stdout, got.stderr)
		}
	}
	if runs != 3 {
		t.Errorf("%d examples", runs)
	}
}

// Every document can be reached from the README's last section, directly or by way of another one that is listed there.
func TestEveryDocumentIsReachable(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:\s]+)`)
	_, list, _ := strings.Cut(read(t, filepath.Join(repository, "README.md")), "## Read on")
	reached := map[string]bool{}
	var follow func(from, text string)
	follow = func(from, text string) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to := filepath.Join(filepath.Dir(from), filepath.FromSlash(m[1]))
			if reached[to] {
				continue
			}
			if reached[to] = true; filepath.Ext(to) != ".md" { // a folder lists what lies in it
				continue
			}
			follow(to, read(t, filepath.Join(repository, to)))
		}
	}
	follow("README.md", list)
	for _, pattern := range []string{"docs/*.md", "docs/*/*.md", "*.md"} {
		pages, err := filepath.Glob(filepath.Join(repository, filepath.FromSlash(pattern)))
		if err != nil || len(pages) == 0 {
			t.Fatal(pattern, err)
		}
		for _, page := range pages {
			name, err := filepath.Rel(repository, page)
			if err != nil {
				t.Fatal(err)
			}
			direct := strings.Contains(list, "("+filepath.ToSlash(name)+")")
			if !reached[name] && !reached[filepath.Dir(name)] && name != "README.md" || pattern == "docs/*.md" &&
				!direct {
				t.Errorf("%s is not reached from the README's \"Read on\"", name)
			}
		}
	}
}
