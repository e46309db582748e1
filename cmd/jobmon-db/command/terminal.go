package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	xterm "golang.org/x/term"

	"github.com/jobmon-db/jobmon-db/client/term"
)

func isTerminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && xterm.IsTerminal(int(f.Fd()))
}

func readsTerminal(in io.Reader) bool {
	f, ok := in.(*os.File)
	return ok && xterm.IsTerminal(int(f.Fd()))
}

// notice prints a line on a terminal when the work takes longer than two seconds. Call stop when the work ends.
func (a *app) notice(format string, args ...any) (stop func() bool) {
	if !isTerminal(a.stderr) {
		return func() bool { return false }
	}
	return time.AfterFunc(2*time.Second, func() { fmt.Fprintf(a.stderr, format+"\n", args...) }).Stop
}

// termOptions say how to draw results: on a terminal in its width and in colour (unless NO_COLOR is set), in a pipe
// plain and as wide as necessary.
func (a *app) termOptions() term.Options {
	width, _ := a.terminalSize()
	noColor := slices.ContainsFunc(a.env, func(v string) bool {
		return strings.HasPrefix(v, "NO_COLOR=") && v != "NO_COLOR="
	})
	return term.Options{Width: width, Color: width > 0 && !noColor}
}

// redraw clears the terminal and draws as much as fits; elsewhere it only writes.
func (a *app) redraw(text []byte) error {
	if width, height := a.terminalSize(); width > 0 {
		if lines := bytes.SplitAfter(text, []byte("\n")); height > 3 && len(lines) > height {
			text = append(bytes.Join(lines[:height-2], nil), "... (the window is too low for more)\n"...)
		}
		text = append([]byte("\x1b[H\x1b[2J"), text...)
	}
	_, err := a.stdout.Write(text)
	return err
}

// terminalSize is 0, 0 where the output is no terminal.
func (a *app) terminalSize() (width, height int) {
	f, ok := a.stdout.(*os.File)
	if !ok || !xterm.IsTerminal(int(f.Fd())) {
		return 0, 0
	}
	width, height, err := xterm.GetSize(int(f.Fd()))
	if err != nil {
		return 0, 0
	}
	return width, height
}
