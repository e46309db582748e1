package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
	"github.com/jobmon-db/jobmon-db/internal/patience"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// comparison says which files are not what follows from the log.
type comparison struct {
	Compared    int          `json:"compared"`
	Ended       int          `json:"ended"`   // how many of these are of deployments that have ended
	Missing     []string     `json:"missing"` // files of ended deployments that are not there: somebody removed them
	Differences []difference `json:"differences"`
	// not compared: the site's template makes no file of the picture
	Failing int `json:"failing,omitempty"`
	// not compared: the key of their links is missing
	Unlinked int    `json:"unlinked,omitempty"`
	Skipped  string `json:"skipped,omitempty"` // why nothing was compared

	key   link.Key
	noKey error // why key is none
}

type difference struct {
	Computer jobmon.ComputerID `json:"computer"`
	File     string            `json:"file"`
	Text     string            `json:"text"`
}

func (c *comparison) print(out io.Writer) {
	if c.Skipped != "" {
		fmt.Fprintf(out, "Files: %s.\n", c.Skipped)
		return
	}
	fmt.Fprintf(out, "Files: %d compared with what follows from the log (%d of deployments that have ended), %d "+
		"different.\n",
		c.Compared, c.Ended, len(c.Differences))
	if n := len(c.Missing); n > 0 {
		const few = 10
		more := ""
		if n > few {
			more = fmt.Sprintf(" and %d more", n-few)
		}
		fmt.Fprintf(out, "  %s without a file, which was removed or written into another folder: %s%s.\n",
			words.Count(n, "ended deployment", "ended deployments"), strings.Join(c.Missing[:min(n, few)], ", "), more)
	}
	if c.Failing > 0 {
		fmt.Fprintf(out, "  %d more not compared: the template in evt.template fails for them, and their old files "+
			"stay.\n", c.Failing)
	}
	if c.Unlinked > 0 {
		fmt.Fprintf(out, "  %d more not compared, as the links in them cannot be made: %s.\n", c.Unlinked,
			missing(c.noKey))
	}
	for _, d := range c.Differences {
		fmt.Fprintf(out, "  %s: %s\n", d.File, term.Plain(d.Text))
	}
}

// A running daemon writes files a moment after their events: a difference counts when it is still there later.
const (
	compareTries = 4
	comparePause = 500 * time.Millisecond
)

// compareFiles folds the log from its beginning and compares the pictures with their files.
func compareFiles(ctx context.Context, config *configs.Config, report *store.Report) (comparison, error) {
	c := comparison{Missing: []string{}, Differences: []difference{}}
	if !report.Whole() {
		c.Skipped = "not compared, as the log is damaged"
		return c, nil
	}
	if _, err := os.Stat(config.Evt.Dir); err != nil {
		c.Skipped = fmt.Sprintf("not compared, as the folder cannot be reached (%v)", err)
		return c, nil
	}
	for try := range compareTries {
		if try > 0 {
			if err := patience.Sleep(ctx, comparePause); err != nil {
				return c, err
			}
		}
		p, err := openPast(ctx, question{dataDir: config.DataDir})
		var empty *past.Outside
		if errors.As(err, &empty) {
			return c, nil // without events there are no pictures
		}
		if errors.Is(err, endpoint.ErrDenied) {
			c.Skipped = "not compared, as this account may not ask the daemon"
			return c, nil
		}
		if err != nil {
			return c, err
		}
		c.key, c.noKey = link.ReadKey(config.DataDir, p.LogID)
		state, err := history.Fold(p, nil)
		live := p.Live
		p.close()
		if err != nil {
			return c, err
		}
		c.compare(state, config.Evt.Dir)
		if len(c.Differences) == 0 || !live {
			break
		}
	}
	return c, nil
}

// compare compares the files with the pictures of the state.
func (c *comparison) compare(state *history.State, dir string) {
	*c = comparison{Missing: []string{}, Differences: []difference{}, key: c.key, noKey: c.noKey}
	for _, id := range state.Projection.Pictures() {
		p, ok := state.Projection.Progress(id)
		if !ok {
			continue
		}
		ended := p.Session != nil && (p.Session.State == jobmon.SessionComplete ||
			p.Session.State == jobmon.SessionAbandoned)
		if c.noKey != nil && evt.Links(p) {
			c.Unlinked++
			continue
		}
		want, err := evt.Content(p, c.key)
		if errors.Is(err, evt.ErrTemplate) {
			c.Failing++
			continue
		}
		path := filepath.Join(dir, strconv.Itoa(int(id))+".evt")
		if err == nil {
			var found []byte
			found, err = plainfile.Read(path)
			if ended && errors.Is(err, fs.ErrNotExist) {
				c.Missing = append(c.Missing, filepath.Base(path))
				continue
			}
			c.Compared++
			if ended {
				c.Ended++
			}
			if err == nil && bytes.Equal(found, want) {
				continue
			}
			if err == nil {
				err = unlike(found, p)
			}
		}
		c.Differences = append(c.Differences, difference{id, path, err.Error()})
	}
}

// unlike says how a file is not the one that follows from the log.
func unlike(found []byte, p *jobmon.Progress) error {
	f, err := evt.Decode(found)
	switch {
	case p.Form != nil:
		return fmt.Errorf("it is not what the template makes of event %d", p.Seq)
	case err != nil:
		return fmt.Errorf("it is not a file of this program: %w", err)
	case f.Seq < p.Seq:
		return fmt.Errorf("it is of event %d, the log's picture of event %d", f.Seq, p.Seq)
	case f.Seq > p.Seq:
		return fmt.Errorf("it is of event %d, the log knows of none behind %d for this computer: the log lost its end",
			f.Seq, p.Seq)
	}
	return fmt.Errorf("it is of event %d like the log's picture, and says something else", f.Seq)
}
