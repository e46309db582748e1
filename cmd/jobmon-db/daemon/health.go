package daemon

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// overdue is how long after the promised moment the polling counts as hanging: a machine that is busy or was asleep is
// given time.
const overdue = 30 * time.Second

// Hangs says why the daemon should be started anew, "" for no reason. A source that is away or a full disk is none: it
// recovers from those by itself.
func (c *Condition) Hangs(now time.Time) string {
	if late := now.Sub(c.Due); !c.Due.IsZero() && late > overdue {
		return fmt.Sprintf("the polling hangs: its last sign of life is %s overdue", jobmon.Span(late))
	}
	return ""
}

// Unready says why what the daemon tells and writes may be old; nothing when it is up to date.
func (c *Condition) Unready(now time.Time) []string {
	var why []string
	if hangs := c.Hangs(now); hangs != "" {
		why = append(why, hangs)
	}
	switch {
	case c.Lost != "" && c.Source.Good.IsZero():
		why = append(why, "the source has not been read since the start: "+c.Lost)
	case c.Lost != "":
		why = append(why, fmt.Sprintf("the source is lost, its last good read is %s old: %s",
			jobmon.Span(now.Sub(c.Source.Good)), c.Lost))
	case c.Source.Good.IsZero():
		why = append(why, "the source has not been read yet")
	}
	if c.Ahead {
		why = append(why, "the log cannot be written or read: see the messages")
	}
	if c.Files.Away != nil {
		why = append(why, fmt.Sprintf("the evt folder is away since %s: %v",
			c.Files.AwaySince.UTC().Format(time.RFC3339), c.Files.Away))
	}
	return why
}
