// Package command holds the program's commands, one file each. They are wiring: they read the configuration, open
// what they need and print.
package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/jobmon-db/jobmon-db/internal/nearest"
	"github.com/jobmon-db/jobmon-db/internal/plain"
)

// app is what the commands get from the outside; nothing below Main reads the environment or the arguments.
type app struct {
	env    []string // as os.Environ gives it
	stdin  io.Reader
	stdout io.Writer // results
	stderr io.Writer // messages

	hangups *hangups // nil where no signals reach the program
}

// Main runs the program and returns its exit code, see docs/exit-codes.md. It ends early and cleanly when ctx ends.
func Main(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{env: env, stdin: stdin, stdout: stdout, stderr: stderr}
	return a.main(ctx, args)
}

func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil || isClosedPipe(err) { // the reader of our output has seen enough
		return exitOK
	}
	complain(a.stderr, "", err)
	return exitCode(err)
}

// complain writes an error for people. It is the one way in which errors reach a terminal: they hold names and words of
// others.
func complain(stderr io.Writer, before string, err error) {
	fmt.Fprintf(stderr, "jobmon-db: %s%s\n", before, plain.Lines(err.Error()))
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "jobmon-db",
		Short: "Makes every PC build of a Deployment Server visible",
		Long: `jobmon-db reads the schedule tables of an Altiris/Symantec Deployment Server (or Ghost Solution Suite)
database, keeps the history of every job in a log of its own, and writes a file for each computer that its
screen shows.

It never writes to that database.`,
		Example: `  jobmon-db demo                                  see it work, on a made-up Deployment Server
  jobmon-db setup                                 point it at a Deployment Server, install and start it
  jobmon-db run --config jobmon-db.yaml           watch a Deployment Server
  jobmon-db replay show PC-0001 --at 14:05        what was on that screen`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(unknownFlag)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages ",
		fmt.Sprintf(".FlagUsagesWrapped %d ", helpWidth)))
	root.AddCommand(a.run(), a.hub(), a.setup(), a.service(), a.demo(), a.status(), a.watch(), a.replay(), a.export(),
		a.refresh(), a.notify(), a.fleet(), a.check(), a.verify(),
		a.backup(), a.restore(), a.compact(), a.importing(), a.client(), a.config(), a.version(), a.man())
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Short, c.Example = "Say what a command does, as its --help", "  jobmon-db help replay show"
			c.Run, c.RunE = nil, helpAbout
		}
	}
	a.completions(root)
	foldAll(root)
	return root
}

// helpAbout is the help command.
func helpAbout(c *cobra.Command, args []string) error {
	about, rest, err := c.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return unknownCommand(cmp.Or(about, c.Root()), rest)
	}
	about.InitDefaultHelpFlag()
	return about.Help()
}

// foldAll breaks long lines in what all commands say of themselves.
func foldAll(c *cobra.Command) {
	c.Long = folded(c.Long)
	for _, sub := range c.Commands() {
		foldAll(sub)
	}
}

// folded breaks the lines of each paragraph anew that has one beyond helpWidth. Lines that are indented stay as they
// are.
func folded(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, paragraph := range paragraphs {
		lines := strings.Split(paragraph, "\n")
		long := slices.ContainsFunc(lines, func(l string) bool { return len(l) > helpWidth })
		if !long || slices.ContainsFunc(lines, func(l string) bool {
			return strings.HasPrefix(l, " ") ||
				strings.HasPrefix(l, "\t")
		}) {
			continue
		}
		var b strings.Builder
		column := 0
		for _, word := range strings.Fields(paragraph) {
			switch {
			case column == 0:
			case column+1+len(word) > helpWidth:
				b.WriteByte('\n')
				column = 0
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += len(word)
		}
		paragraphs[i] = b.String()
	}
	return strings.Join(paragraphs, "\n\n")
}

// helpWidth is how many columns the lists of flags have.
const helpWidth = 110

// unknownCommand refuses what is no command, and names those that may be meant.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	of := ""
	if c.HasParent() {
		of = " of " + strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
	}
	return &usageError{fmt.Errorf("unknown command %s%s%s; see %s --help", shortened(args[0]), of, meantBy(c, args[0]),
		c.CommandPath())}
}

// meantBy proposes what an argument that has no place may have been meant for: a command, the name of a computer, or a
// file that holds a log.
func meantBy(c *cobra.Command, arg string) string {
	if hint := nearest.Hint(arg, commandsBelow(c)); hint != "" {
		return hint
	}
	if c.Flags().Lookup("log") != nil && isFile(arg) {
		return "; for a file say --log " + quotedArg(arg)
	}
	if c.HasParent() && c.Flags().Lookup("computer") != nil {
		return "; for a computer say --computer " + quotedArg(arg)
	}
	paths := map[string]string{} // of the commands below commands, by their own names
	for _, path := range commandsBelow(c.Root()) {
		if _, name, ok := strings.Cut(path, " "); ok {
			paths[name] = path
		}
	}
	meant := nearest.Meant(arg, slices.Collect(maps.Keys(paths)))
	for i, name := range meant {
		meant[i] = paths[name]
	}
	return nearest.Ask(meant...)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// commandsBelow are the commands that can be typed behind this one, those of commands below it with their whole path.
func commandsBelow(c *cobra.Command) (names []string) {
	for _, sub := range c.Commands() {
		if sub.Hidden {
			continue
		}
		names = append(names, append([]string{sub.Name()}, sub.Aliases...)...)
		for _, deeper := range sub.Commands() {
			names = append(names, sub.Name()+" "+deeper.Name())
		}
	}
	return names
}

// unknownFlag adds to the error about a flag those that may be meant.
func unknownFlag(c *cobra.Command, err error) error {
	hint := ""
	if _, name, ok := strings.Cut(err.Error(), "unknown flag: --"); ok {
		var flags []string
		c.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
		meant := nearest.Meant(name, flags)
		for i := range meant {
			meant[i] = "--" + meant[i]
		}
		hint = nearest.Ask(meant...)
	}
	return &usageError{fmt.Errorf("%w%s; see %s --help", err, hint, c.CommandPath())}
}

// quotedArg is an argument as it is typed in a shell.
func quotedArg(arg string) string {
	switch {
	case !strings.ContainsAny(arg, " \t'\"$&|;<>()*?`"):
		return arg
	case runtime.GOOS == "windows":
		return `"` + arg + `"`
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// shortened is an argument as an error may repeat it: a connection string that landed in the wrong place is not.
func shortened(arg string) string {
	if strings.Contains(arg, "://") || strings.Contains(strings.ToLower(arg), "password") {
		return "what was given (it may be a secret)"
	}
	return fmt.Sprintf("%q", arg)
}

// noArgs refuses arguments in the words of the other errors.
func noArgs(c *cobra.Command, args []string) error { return atMost(0)(c, args) }

// atMost refuses more than n arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > n {
			if n == 0 && c.HasSubCommands() {
				return unknownCommand(c, args)
			}
			return &usageError{fmt.Errorf("%s is one argument too many%s; see %s --help", shortened(args[n]),
				meantBy(c, args[n]), c.CommandPath())}
		}
		return nil
	}
}

// programVersion is the version that the Go toolchain stamped into the program, "(devel)" for a build from a checkout.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
