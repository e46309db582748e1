package command

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	xterm "golang.org/x/term"
)

// Nothing is shown of what is over sooner; elsewhere than on a terminal a line is printed so often.
const (
	progressAfter = 2 * time.Second
	progressEvery = 10 * time.Second
)

// progress shows how far something lasting has come: a bar on a terminal, a line now and then elsewhere. end removes
// the bar; it is called once.
func (a *app) progress(what string) (tell func(done, total uint64), end func()) {
	began, last := time.Now(), time.Now()
	var bar *progressbar.ProgressBar
	terminal := isTerminal(a.stderr)
	tell = func(done, total uint64) {
		if time.Since(began) < progressAfter || total == 0 {
			return
		}
		switch {
		case terminal && bar == nil:
			bar = newBar(a.stderr, what)
			fallthrough
		case terminal:
			bar.ChangeMax64(int64(total))
			_ = bar.Set64(int64(done)) // a bar that cannot be drawn hurts nothing
		case time.Since(last) >= progressEvery:
			last = time.Now()
			fmt.Fprintf(a.stderr, "%s: %d %%\n", what, 100*done/total)
		}
	}
	return tell, func() {
		if bar != nil {
			_ = bar.Finish()
		}
	}
}

func newBar(out io.Writer, what string) *progressbar.ProgressBar {
	width := 80
	if f, ok := out.(*os.File); ok {
		if w, _, err := xterm.GetSize(int(f.Fd())); err == nil {
			width = w
		}
	}
	return progressbar.NewOptions64(1, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(max(10, min(40, width-50))), progressbar.OptionClearOnFinish(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionSetPredictTime(true))
}
