// Package fileview shows an .evt file as text, once or again and again while it is replaced. It keeps the rules for
// readers of docs/evt-format.md: the last good picture stays when the file goes bad, ages are counted from when a
// picture was first seen, and the clock of the computer at hand is never asked.
package fileview

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// Errors of Read, beside those of evt.Decode, which Take finds.
var (
	ErrMissing = errors.New("there is no such file")
	ErrNoFile  = errors.New("it is no file, but a folder, a link or a device")
)

// Read reads a file in a folder that every user may write to, see plainfile.
func Read(path string) ([]byte, error) {
	content, err := plainfile.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrMissing
	case errors.Is(err, plainfile.ErrIrregular):
		return nil, ErrNoFile
	case errors.Is(err, plainfile.ErrTooLarge):
		return nil, evt.ErrTooLarge
	}
	return content, err
}

// View is what is known of one file. It is not safe for concurrent use.
type View struct {
	last    *evt.File     // the last good one, nil before the first
	seen    time.Duration // when it was first seen, by the caller's timer
	trouble error         // why the newest look gave nothing
}

// Take takes what a look at the file gave, at that reading of a timer that never goes back. It says whether there is
// anything new to show; the error is why the file cannot be used now, one of Read's or evt.Decode's.
func (v *View) Take(content []byte, err error, timer time.Duration) (news bool, trouble error) {
	var f *evt.File
	if err == nil {
		f, err = evt.Decode(content)
	}
	was := v.trouble
	if v.trouble = err; err != nil {
		return was == nil || was.Error() != err.Error(), err
	}
	if v.last != nil && v.last.Seq == f.Seq && v.last.Kind == f.Kind && v.last.Computer.ID == f.Computer.ID &&
		v.last.Asked == f.Asked {
		return was != nil, nil // the same number is no news
	}
	v.last, v.seen = f, timer
	return true, nil
}

// Draw writes the last good picture and what is to be said of it now; before there is one, why. follows says that the
// file is looked at again and again, so that ages are counted.
func (v *View) Draw(w io.Writer, timer time.Duration, follows bool, o term.Options) error {
	if v.last == nil {
		text := "Nothing has been read yet."
		if v.trouble != nil {
			text = "No picture yet: " + v.trouble.Error() + "."
		}
		_, err := fmt.Fprintln(w, text)
		return err
	}
	passed := max(0, timer-v.seen)
	var b strings.Builder
	if v.last.Kind == evt.KindStopped {
		v.stopped(&b)
	} else {
		p := v.last.Picture()
		if follows && passed >= time.Second {
			o.Now = p.At.Add(passed)
		}
		if err := term.Screen(&b, p, o); err != nil {
			return err
		}
	}
	notes := v.notes(passed, follows)
	if v.trouble != nil {
		notes = append(notes, "!! The file cannot be used now ("+v.trouble.Error()+"): this is the last good picture.")
	}
	if len(notes) > 0 {
		b.WriteString("\n" + strings.Join(notes, "\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (v *View) stopped(b *strings.Builder) {
	fmt.Fprintf(b, "Computer %d\n!! The monitor's server is stopped: nothing is known of how this deployment stands.\n",
		v.last.Computer.ID)
	if v.last.Asked != "" {
		fmt.Fprintf(b, "DS says that this runs: %s\n", term.Plain(v.last.Asked))
	}
}

// notes are what the picture alone does not say.
func (v *View) notes(passed time.Duration, follows bool) (notes []string) {
	f := v.last
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if l := f.LeftOut; l != nil {
		var parts []string
		for _, part := range []struct {
			n    int
			what string
		}{{l.Finished, "stages that ended"}, {l.Unfinished, "stages that did not"}, {l.Failures, "failures"},
			{l.Later, "later jobs"}} {
			if part.n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
			}
		}
		text := "The picture was too long for a file, which leaves out " + strings.Join(parts, ", ") + "."
		if f.Counts != nil {
			text += fmt.Sprintf(" In all %d of %d stages are done.", f.Counts.StagesDone, f.Counts.Stages)
		}
		add("%s", text)
	}
	if f.Stale {
		add("When it was written the DS database did not answer: it may be older than it says.")
	}
	if s := f.Session; s != nil && s.State == jobmon.SessionComplete.String() {
		if left := seconds(f.SettleS) - passed; left > 0 {
			add("Jobs may still be added: the result counts when no other file comes within %s.",
				jobmon.Span(seconds(f.SettleS)))
		}
	}
	if text := v.overdue(passed); text != "" {
		add("!! %s", text)
	}
	if follows {
		what := "It"
		if f.AtLocal != 0 {
			what = "The picture is of " + jobmon.WallTime(f.AtLocal).Time().Format(time.DateTime) +
				" by the DS server's clock, and"
		}
		add("%s was first seen here %s ago.", what, jobmon.Span(passed))
	}
	return notes
}

// overdue says that news should have come, by rule 6.
func (v *View) overdue(passed time.Duration) string {
	f := v.last
	if f.Session == nil || f.Session.State != jobmon.SessionOpen.String() || f.NoMoreUpdates {
		return ""
	}
	if f.Current != nil {
		if stage := f.Stages[*f.Current]; stage.ExpectedS > 0 && stage.ElapsedS != nil {
			if jobmon.IsOverdue(seconds(*stage.ElapsedS)+passed, seconds(stage.ExpectedS)) {
				return fmt.Sprintf("News is overdue: %s usually takes %s.", term.Plain(stage.Name),
					jobmon.Span(seconds(stage.ExpectedS)))
			}
			return ""
		}
	}
	if passed > seconds(f.QuietS) {
		return fmt.Sprintf("No news for %s.", jobmon.Span(passed))
	}
	return ""
}

func seconds(n int64) time.Duration { return time.Duration(min(max(n, 0), 1e9)) * time.Second }
