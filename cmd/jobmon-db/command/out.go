package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
)

// outFlag gives a command the flag --out. Windows PowerShell 5.1 turns what ">" gets into UTF-16 and breaks it.
func outFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "out", "", "write the result to this file, in UTF-8; it is replaced when all is written")
}

// answer prints the answer to a question, or writes it to the file out.
func (a *app) answer(ctx context.Context, asked func() (question, error), out string, print func(*app, question, io.Writer) error) error {
	q, err := asked()
	if err != nil {
		return err
	}
	return a.printTo(ctx, out, func(a *app) error {
		w := bufio.NewWriter(a.stdout)
		return errors.Join(print(a, q, w), w.Flush())
	})
}

// printTo calls print with an app whose results go to the file at path, "" for the standard output. The file gets its
// name when print has succeeded; otherwise what was there stays.
func (a *app) printTo(ctx context.Context, path string, print func(*app) error) error {
	if path == "" {
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
