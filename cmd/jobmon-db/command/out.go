package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// standard is the name of the standard input or output where a file can be named.
const standard = "-"

// outFlag gives a command the flag --out. Windows PowerShell 5.1 turns what ">" gets into UTF-16 and breaks it.
func outFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "out", "", "write the result to this file, in UTF-8; it is replaced when all is written")
}

// outputFlag gives a command the flag --output, whose first form is the default.
func outputFlag(c *cobra.Command, output *string, forms ...string) {
	*output = forms[0]
	c.Flags().VarP(&oneOf{output, forms}, "output", "o", words.Or(forms...))
}

// oneOf is a flag that takes one of some words, which shells complete.
type oneOf struct {
	chosen *string
	words  []string
}

func (f *oneOf) String() string {
	if f.chosen == nil {
		return ""
	}
	return *f.chosen
}

func (f *oneOf) Set(text string) error {
	if !slices.Contains(f.words, text) {
		return &usageError{fmt.Errorf("use %s", words.Or(f.words...))}
	}
	*f.chosen = text
	return nil
}

// Type implements pflag.Value.
func (*oneOf) Type() string { return "string" }

// one wants one argument, which the error names.
func one(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 || args[0] == "" {
			return &usageError{fmt.Errorf("say which %s; see %s --help", what, c.CommandPath())}
		}
		return atMost(1)(c, args)
	}
}

// printTable prints aligned rows below their titles, "" for none.
func printTable(out io.Writer, titles []string, rows [][]string) error {
	columns := make([]term.Column, len(titles))
	for i, title := range titles {
		columns[i].Title = title
	}
	cells := make([][]term.Cell, len(rows))
	for i, row := range rows {
		for _, text := range row {
			cells[i] = append(cells[i], term.Cell{Tail: text}) // which is never cut
		}
	}
	return term.List(out, columns, cells, term.Options{})
}

// answer prints the answer to a question, or writes it to the file out.
func (a *app) answer(ctx context.Context, asked func() (question, error), out string,
	print func(*app, question, io.Writer) error) error {
	q, err := asked()
	if err != nil {
		return err
	}
	return a.printTo(ctx, out, func(a *app) error {
		w := bufio.NewWriter(a.stdout)
		return errors.Join(print(a, q, w), w.Flush())
	})
}

// printTo calls print with an app whose results go to the file at path, "" or "-" for the standard output. The file
// gets its name when print has succeeded; otherwise what was there stays.
func (a *app) printTo(ctx context.Context, path string, print func(*app) error) error {
	if path == "" || path == standard {
		return print(a)
	}
	err := atomicfile.WriteDurableFrom(path, 0o666, func(w io.Writer) error {
		to := *a
		to.stdout = w
		return errors.Join(print(&to), context.Cause(ctx))
	})
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s was not written: %w", path, err)
	case atomicfile.Busy(err):
		return fmt.Errorf("%w: close the program that has it open, or name another file", err)
	}
	return err
}
