package replay

import (
	"fmt"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// Gap is a time of which the log does not tell all.
type Gap struct {
	Kind     GapKind
	From, To jobmon.Instant // UTC; To is 0 as long as it lasts
	Lost     [2]uint64      // damaged: the sequence numbers that are missing
	seq      [2]uint64      // the events between which it lies
}

// GapKind says why.
type GapKind string

// The kinds of gaps.
const (
	DaemonStopped GapKind = "daemon stopped"
	SourceLost    GapKind = "source lost"
	Unrecorded    GapKind = "nothing recorded"
	Damaged       GapKind = "damaged"
)

// Gaps lists them in the order of the log: no daemon ran, the source could not be read, the log could not be
// written, events are missing.
func (c *Chronicle) Gaps() []Gap {
	var gaps []Gap
	lost := -1 // index of the source's gap that lasts
	for i := range c.daemon {
		switch e := &c.daemon[i]; e.Kind {
		case jobmon.KindSourceLost:
			if lost < 0 {
				lost = len(gaps)
				gaps = append(gaps, Gap{Kind: SourceLost, From: e.At, seq: [2]uint64{e.Seq, 0}})
			}
		case jobmon.KindSourceRestored, jobmon.KindDaemonStopped, jobmon.KindDaemonStarted:
			end := e.At
			if e.Kind == jobmon.KindDaemonStarted && e.Until != 0 {
				end = e.Until // from there on no daemon ran
			}
			if lost >= 0 {
				gaps[lost].To, gaps[lost].seq[1] = max(gaps[lost].From, end), e.Seq
				lost = -1
			}
			if e.Kind == jobmon.KindDaemonStarted && e.Until != 0 {
				kind := DaemonStopped
				if e.Flags.Has(jobmon.Inexact) {
					kind = Unrecorded
				}
				gaps = append(gaps, Gap{Kind: kind, From: e.Until, To: e.At, seq: [2]uint64{e.Seq, e.Seq}})
			}
		case jobmon.KindDamaged:
			gaps = append(
				gaps,
				Gap{Kind: Damaged, From: e.At, To: e.At, Lost: [2]uint64{e.From, e.To}, seq: [2]uint64{e.From, e.Seq}},
			)
		}
	}
	return gaps
}

// touches says whether the gap lies in the range, in part or all of it.
func (g *Gap) touches(r Range) bool {
	if g.seq[0] > r.To || g.seq[1] != 0 && g.seq[1] < r.From {
		return false
	}
	return (r.Until == 0 || g.From < r.Until) && (g.To == 0 || g.To >= r.Since)
}

// Words says what was, with times as tell writes them.
func (g *Gap) Words(tell func(from, to jobmon.Instant) string) string {
	if g.Kind == Damaged {
		if g.Lost[0] == g.Lost[1] {
			return fmt.Sprintf("event %d damaged", g.Lost[0])
		}
		return fmt.Sprintf("events %d to %d damaged", g.Lost[0], g.Lost[1])
	}
	return string(g.Kind) + " " + tell(g.From, g.To)
}

// GapsIn lists the gaps in the range, and counts those elsewhere.
func (c *Chronicle) GapsIn(r Range) (in []Gap, elsewhere int) {
	for _, g := range c.Gaps() {
		if g.touches(r) {
			in = append(in, g)
		} else {
			elsewhere++
		}
	}
	return in, elsewhere
}

// Shifted says whether the server's UTC offset changed within the range.
func (c *Chronicle) Shifted(r Range) bool {
	first := c.Offset(r.From)
	for _, v := range c.offsets {
		if v.seq > r.From && v.seq <= r.To && v.is != first {
			return true
		}
	}
	return false
}
