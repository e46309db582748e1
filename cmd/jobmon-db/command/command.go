// Package command holds the program's commands, one file each. They are wiring: they read the configuration, open
// what they need and print.
package command

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

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

// complain writes an error for people. It is the one way in which errors reach a terminal: they hold names and words of others.
func complain(stderr io.Writer, before string, err error) {
	fmt.Fprintf(stderr, "jobmon-db: %s%s\n", before, plain.Lines(err.Error()))
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "jobmon-db",
		Short: "Makes every PC build of a Deployment Server visible",
		Long: `jobmon-db reads the schedule tables of an Altiris/Symantec Deployment Server (or Ghost Solution Suite) database,
keeps the history of every job in a log of its own, and writes a file for each computer that its screen shows.

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
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
	})
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(a.run(), a.setup(), a.service(), a.demo(), a.status(), a.watch(), a.replay(), a.export(), a.refresh(), a.check(), a.verify(), a.checkPages(),
		a.backup(), a.restore(), a.compact(), a.importing(), a.client(), a.config(), a.version(), a.man())
	a.completions(root)
	return root
}

// unknownCommand refuses what is no command, and names those that may be meant.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if meant := c.SuggestionsFor(args[0]); len(meant) > 0 {
		hint = fmt.Sprintf("; did you mean %s?", strings.Join(meant, " or "))
	}
	return &usageError{fmt.Errorf("%s is no command%s; see %s --help", shortened(args[0]), hint, c.CommandPath())}
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
			return &usageError{fmt.Errorf("%s is one argument too many; see %s --help", shortened(args[n]), c.CommandPath())}
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
