package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mattn/go-colorable"
	"github.com/spf13/cobra"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/fileview"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// How often a file that is followed is looked at, and how often its ages are drawn anew.
const (
	viewEvery   = time.Second
	viewRedraws = 10 * time.Second
)

// fileError says that a file cannot be shown.
type fileError struct{ error }

func (e *fileError) Unwrap() error { return e.error }

func (a *app) clientView() *cobra.Command {
	var follow, list bool
	c := &cobra.Command{
		Use:   "view FILE|DIR",
		Short: "Show a delivered file in the terminal, as the computer's screen would",
		Long: `Show the picture that an .evt file holds: on a computer that is being built the delivered JobMon.txt, on
the DS server a file of the evt folder. No daemon and no log is needed.

Of a folder it is JobMon.txt, otherwise the .evt file that was changed last; --list lists all of them. With
--follow the picture is drawn again when the file is replaced, until Ctrl-C. When the file goes bad meanwhile
the last good picture stays, and its age is counted from when it was first seen here: the clock of a computer
that is being built is not believed.`,
		Example: `  jobmon-db client view C:\Windows\Temp --follow
  jobmon-db client view \\DS01\eXpress\temp\jobmon\5000123.evt
  jobmon-db client view --list \\DS01\eXpress\temp\jobmon`,
		Args: one("file or folder"),
	}
	look := a.termOptions()
	c.Flags().BoolVarP(&follow, "follow", "f", false, "draw it again whenever the file is replaced")
	c.Flags().BoolVar(&list, "list", false, "list a folder's files instead")
	c.Flags().BoolVar(&look.UTC, "utc", false, "times in UTC instead of the DS server's")
	c.RunE = func(c *cobra.Command, args []string) error {
		if list && follow {
			return &usageError{errors.New("--list and --follow do not go together: a list is printed once")}
		}
		if list {
			return listFiles(a.stdout, args[0], look)
		}
		path, err := pick(args[0], follow)
		if err != nil {
			return err
		}
		if path != args[0] {
			fmt.Fprintln(a.stderr, term.Plain(path))
		}
		if follow {
			return a.followFile(c.Context(), path, look)
		}
		return viewFile(a.stdout, path, look)
	}
	return c
}

// pick is the file itself, or that of a folder. Who follows gets the delivered file's path also when it is not there
// yet.
func pick(path string, follow bool) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, nil // reading it says what is wrong
	}
	delivered := filepath.Join(path, simulator.ClientFile)
	if _, err := os.Stat(delivered); err == nil {
		return delivered, nil
	}
	paths, err := evtFiles(path)
	if err != nil {
		return "", err
	}
	newest, at := "", time.Time{}
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() &&
			(newest == "" || info.ModTime().After(at)) {
			newest, at = p, info.ModTime()
		}
	}
	switch {
	case newest != "":
		return newest, nil
	case follow:
		return delivered, nil
	}
	return "", &fileError{fmt.Errorf("%s holds neither %s nor an .evt file", path, simulator.ClientFile)}
}

// evtFiles lists the .evt files of a folder.
func evtFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &fileError{fmt.Errorf("look into the folder: %w", err)}
	}
	var paths []string
	for _, e := range entries {
		if strings.EqualFold(filepath.Ext(e.Name()), ".evt") {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// viewFile shows the file once.
func viewFile(out io.Writer, path string, look term.Options) error {
	var v fileview.View
	content, err := fileview.Read(path)
	if _, err := v.Take(content, err, 0); err != nil {
		return &fileError{fmt.Errorf("%s: %w", term.Plain(path), err)}
	}
	return v.Draw(out, 0, false, look)
}

// followFile shows the file again and again until ctx ends.
func (a *app) followFile(ctx context.Context, path string, look term.Options) error {
	var v fileview.View
	began, drawn := time.Now(), time.Time{} // the difference of two of these does not heed the clock
	terminal := look.Width > 0
	if terminal {
		defer colorable.EnableColorsStdout(nil)() // older consoles of Windows have to be told
	}
	ticker := time.NewTicker(viewEvery)
	defer ticker.Stop()
	for {
		content, err := fileview.Read(path)
		news, _ := v.Take(content, err, time.Since(began))
		if news || drawn.IsZero() || terminal && time.Since(drawn) >= viewRedraws {
			if err := a.drawFile(&v, time.Since(began), look.UTC, !drawn.IsZero()); err != nil {
				return err
			}
			drawn = time.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// drawFile draws the file anew, on a terminal in the place of what was drawn before.
func (a *app) drawFile(v *fileview.View, timer time.Duration, utc, again bool) error {
	look := a.termOptions() // the window may have another size by now
	look.UTC = utc
	var frame bytes.Buffer
	if again && look.Width == 0 {
		frame.WriteByte('\n')
	}
	if err := v.Draw(&frame, timer, true, look); err != nil {
		return err
	}
	return a.redraw(frame.Bytes())
}

// listFiles prints a line for each .evt file of a folder, also for those that cannot be shown.
func listFiles(out io.Writer, dir string, look term.Options) error {
	paths, err := evtFiles(dir)
	if err != nil {
		return err
	}
	if delivered := filepath.Join(dir, simulator.ClientFile); len(paths) == 0 {
		if _, err := os.Stat(delivered); err != nil {
			return &fileError{fmt.Errorf("%s holds neither %s nor an .evt file", dir, simulator.ClientFile)}
		}
		paths = []string{delivered}
	}
	var rows [][]term.Cell
	for _, path := range paths {
		row := []term.Cell{{Text: filepath.Base(path), Tone: term.Strong}, {}, {}, {}}
		f, err := decodeFile(path)
		if err != nil {
			row[3] = term.Cell{Text: err.Error(), Tone: term.Badly}
		} else {
			row[1].Text, row[2].Text, row[3].Text = f.Computer.Name, asOf(f, look.UTC), stands(f)
		}
		rows = append(rows, row)
	}
	return term.List(out, []term.Column{{Title: "FILE"}, {Title: "COMPUTER", Least: 8}, {Title: "AS OF"},
		{Title: "HOW IT STANDS", Least: 10}}, rows, look)
}

func decodeFile(path string) (*evt.File, error) {
	content, err := fileview.Read(path)
	if err != nil {
		return nil, errors.New(sentence(err))
	}
	return evt.Decode(content)
}

func asOf(f *evt.File, utc bool) string {
	switch {
	case f.At == 0:
		return ""
	case utc:
		return time.UnixMilli(int64(f.At)).UTC().Format(time.DateTime + " UTC")
	}
	return time.UnixMilli(int64(f.AtLocal)).UTC().Format(time.DateTime) + " " + jobmon.Offset(f.UTCOffsetS).String()
}

// stands is how the deployment stands, in a few words.
func stands(f *evt.File) string {
	switch {
	case f.Kind == evt.KindStopped:
		return "the monitor's server is stopped"
	case f.Session == nil:
		return "no deployment"
	case f.Session.Result != "":
		return f.Picture().Session.Outcome().String()
	}
	text := fmt.Sprintf("%s, %d of %d stages", f.Picture().Session.Phase(), f.Counts.StagesDone, f.Counts.Stages)
	if f.Current != nil {
		text += ", now " + f.Stages[*f.Current].Name
	}
	if f.Current == nil && f.Why != nil {
		text += ", waits: " + f.Why.Kind
	}
	if f.Counts.Failed > 0 {
		text += fmt.Sprintf(", %d failed", f.Counts.Failed)
	}
	return text
}
