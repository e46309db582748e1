package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// What CheckPages prints at its end.
const (
	checkGood   = "good"
	checkLocked = "locked"
)

// checkEnough bounds how many problems are printed.
const checkEnough = 20

// leaked is what bbolt reports of a page that is neither used nor free. It is lost space, and no reason not to write.
const leaked = "unreachable unfreed"

// CheckPages lets bbolt check the log's file at path, and prints to out what it says. Damaged pages can kill the
// process that does this, hang it, or fill its memory: it is for a process of its own, see CheckApart. That process
// ends when asker does, so that no check outlives who asked for it and keeps the log from the next daemon.
func CheckPages(path string, asker io.Reader, out io.Writer) error {
	endWith(asker)
	debug.SetMaxStack(64 << 20)
	db, err := openFile(path, true, defaultLockWait, true)
	if errors.Is(err, ErrLocked) {
		fmt.Fprintln(out, checkLocked)
		return err
	}
	if err != nil {
		fmt.Fprintln(out, err)
		return err
	}
	wrong := 0
	err = guarded(path, func() error {
		return db.View(func(tx *bolt.Tx) error {
			for problem := range tx.Check() {
				if !strings.HasSuffix(problem.Error(), leaked) {
					fmt.Fprintln(out, problem)
					wrong++
				}
				if wrong == checkEnough {
					break // it may never end; what still runs ends with the process
				}
			}
			return nil
		})
	})
	if err == nil && wrong > 0 {
		err = misfit(path, "its pages do not fit together")
	}
	if err == nil {
		fmt.Fprintln(out, checkGood)
	}
	return err
}

// endWith ends the process when nothing more is to be read; bbolt's check cannot be interrupted.
func endWith(asker io.Reader) {
	go func() {
		_, _ = io.Copy(io.Discard, asker)
		os.Exit(1)
	}()
}

// CheckApart runs a program that calls CheckPages with the log's file, whose path is its last argument, with its
// standard input, which ends when this process does, however that happens, and with its standard output. It is killed
// when it has not ended after a time that depends on the size of the file; then, as the disk may only be slow, what
// our own look at the pages says counts. Errors: ErrCorrupt, ErrTruncated, ErrLocked, the context's, and why the
// program cannot be run.
func CheckApart(ctx context.Context, path string, program ...string) error {
	info, err := os.Stat(path)
	if err != nil {
		return ioError("looking at the log", err)
	}
	return checkApart(ctx, path, checkTime+time.Duration(info.Size()>>20)*checkTimePerMiB, program)
}

// How long bbolt's check may take: a disk that has to move its head for every page reads a MiB of pages in a second.
const (
	checkTime       = 15 * time.Second
	checkTimePerMiB = time.Second
)

func checkApart(ctx context.Context, path string, limit time.Duration, program []string) error {
	deadline, stop := context.WithTimeout(ctx, limit)
	defer stop()
	cmd := exec.CommandContext(deadline, program[0], append(program[1:len(program):len(program)], path)...)
	cmd.WaitDelay = time.Second
	said := &firstBytes{room: 64 << 10}
	cmd.Stdout, cmd.Stderr = said, io.Discard
	input, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("checking the log's pages with %s: %w", program[0], err)
	}
	defer input.Close()
	err = cmd.Run()
	last := said.lastLine()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case deadline.Err() != nil:
		return look(path, true, true)
	case err == nil && last == checkGood:
		return nil
	case last == checkLocked:
		return errLocked(path, err)
	case err != nil && !errors.As(err, &exit):
		return fmt.Errorf("checking the log's pages with %s: %w", program[0], err)
	}
	first, _, _ := strings.Cut(said.text.String(), "\n")
	if first == "" {
		first = fmt.Sprintf("its pages end the process that checks them (%v)", err)
	}
	return misfit(path, first)
}

// Examine looks at the log in the data dir before it is opened for writing: with own eyes at every page of the tree,
// and then, if a program for it is given, with bbolt's in a process of its own (CheckApart). Nobody must be writing.
// A data dir without a log is good. Errors are those of Open and of CheckApart.
func Examine(ctx context.Context, dir string, program ...string) error {
	path, err := Current(dir)
	if errors.Is(err, ErrNoLog) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := look(path, true, true); err != nil || len(program) == 0 {
		return err
	}
	return CheckApart(ctx, path, program...)
}

// firstBytes keeps the beginning of what is written, and counts nothing against the writer.
type firstBytes struct {
	text bytes.Buffer
	room int
}

func (f *firstBytes) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	f.text.Write(p[:n])
	return len(p), nil
}

func (f *firstBytes) lastLine() string {
	lines := strings.Split(strings.TrimSpace(f.text.String()), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
