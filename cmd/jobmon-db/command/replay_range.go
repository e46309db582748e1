package command

import (
	"fmt"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/replay"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// all is everything that can be asked for: what stands for history that was cut off is not told, but for its end.
func (r *replayer) all() replay.Range {
	return replay.Range{From: max(r.past.Oldest, 1), To: r.past.Last}
}

// askedRange says which events are to be looked through.
func (r *replayer) askedRange() (replay.Range, error) {
	p, o := r.past, &r.o
	asked := r.all()
	since, until, err := p.Bounds(o.since, o.until, o.follow)
	if err != nil {
		return asked, err
	}
	if o.since != "" {
		asked.From = since.Seq
		if since.Seq == 0 {
			r.warnTwice("--since", since, since.First)
			asked.Since = jobmon.InstantOf(since.First)
			m, err := r.passed("--since", asked.Since)
			if err != nil {
				return asked, err
			}
			asked.From = m.First + 1
		}
	}
	if o.until != "" {
		asked.To = min(asked.To, until.Seq-1)
		if until.Seq == 0 {
			r.warnTwice("--until", until, until.Time)
			asked.Until = jobmon.InstantOf(until.Time)
			m, err := r.passed("--until", asked.Until)
			if err != nil {
				return asked, err
			}
			asked.To = m.Seq
		}
	}
	if o.fromSeq > p.Last {
		return asked, &past.Outside{Err: fmt.Errorf("event %d is not in the log: %s", o.fromSeq, p.Period())}
	}
	asked.From = max(asked.From, o.fromSeq, r.all().From)
	if o.toSeq != 0 {
		asked.To = min(asked.To, o.toSeq)
	}
	if r.cursor != nil {
		if r.cursor.Seq > p.Last {
			return asked, &past.Outside{Err: fmt.Errorf("%s stands at event %d, which the log does not have: %s; "+
				"remove the file to begin anew", r.cursor.path, r.cursor.Seq, p.Period())}
		}
		asked.From = max(asked.From, r.cursor.Seq+1)
	}
	if o.layout.Shape == "ndjson" && asked == r.all() {
		asked.From = 1 // a log can be made of the text only with what stands for history that was cut off
	}
	return asked, nil
}

// warn is said behind the first line.
func (r *replayer) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// warnTwice says which one is meant of two moments at which the server's clock showed the same.
func (r *replayer) warnTwice(flag string, point replay.Point, taken time.Time) {
	if point.First.Before(point.Time) {
		r.warn("%s: the server's clock showed that twice, %s and %s; taken is %s, so that both are printed.\n", flag,
			point.First.Format(time.RFC3339), point.Time.Format(time.RFC3339), taken.Format(time.RFC3339))
	}
}

// passed is where the clock passed the moment: all events up to First are before it, all behind Seq are not.
func (r *replayer) passed(flag string, at jobmon.Instant) (store.Moment, error) {
	m, _, err := r.past.Moment(at - 1)
	if err != nil {
		return m, fmt.Errorf("look for %s in the log: %w", r.past.Local(at), err)
	}
	if m.Times > 1 {
		r.warn("%s: the server's clock was set back and passed %s %d times; all events in the range are printed.\n",
			flag, r.past.Local(at), m.Times)
	}
	return m, nil
}

// mostGaps is how many gaps the first line names.
const mostGaps = 5

// head says, before any event is printed, what the log covers, what is missing in it, and whose the times are.
func (r *replayer) head(asked replay.Range) {
	p := r.past
	whose := "UTC"
	switch {
	case p.UTC:
	case r.o.layout.Zones:
		whose = "the DS server's, whose offset from UTC changed"
	default:
		whose = fmt.Sprintf("the DS server's (%s)", r.telling.Chronicle.Offset(asked.From))
	}
	told, elsewhere := r.gaps(asked)
	gaps := "no gaps"
	if len(told) > 0 {
		gaps = "gaps: " + strings.Join(told, ", ")
	}
	if asked != r.all() {
		gaps += " in what is asked for"
		if elsewhere > 0 {
			gaps += fmt.Sprintf(", %d elsewhere", elsewhere)
		}
	}
	fmt.Fprintf(r.messages, "Times are %s; %s; %s.\n", whose, p.Period(), gaps)
	r.shown(p.Log, asked)
}

// shown says what "14:00" was taken for.
func (r *replayer) shown(p *past.Log, asked replay.Range) {
	switch {
	case asked.Since != 0 && asked.Until != 0:
		fmt.Fprintf(r.messages, "Shown is %s.\n", p.FromTo(asked.Since, asked.Until))
	case asked.Since != 0:
		fmt.Fprintf(r.messages, "Shown is what happened since %s.\n", p.Local(asked.Since))
	case asked.Until != 0:
		fmt.Fprintf(r.messages, "Shown is what happened before %s.\n", p.Local(asked.Until))
	}
}

// gaps are those in the range in words, and how many there are elsewhere.
func (r *replayer) gaps(asked replay.Range) (told []string, elsewhere int) {
	in, elsewhere := r.telling.Chronicle.GapsIn(asked)
	for i := range in[:min(len(in), mostGaps)] {
		told = append(told, in[i].Words(r.past.FromTo))
	}
	if more := len(in) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("%d more", more))
	}
	return told, elsewhere
}
