package deployments

import (
	"sort"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
)

// watch knows when nobody watched. It goes by the events that concern every computer, one by one, and by nothing
// else: so the chronicle tells it as much as the log does.
type watch struct {
	settings *projector.Projection // of these events alone: what is a gap depends on the settings in force
	at       jobmon.Instant        // of the batch before the one at hand, 0 when that is not known
	gaps     []Gap
	lost     int      // the gap that lasts, -1 for none
	breaks   []uint64 // events across which no duration reaches, ascending
}

func newWatch() watch { return watch{settings: projector.New(), lost: -1} }

// note takes in the next event.
func (w *watch) note(e *jobmon.Event) {
	if !e.Kind.OfDaemon() {
		return
	}
	breaks := w.settings.Breaks(e)
	if breaks {
		w.breaks = append(w.breaks, e.Seq)
	}
	w.gap(e, breaks)
	w.settings.Apply(&jobmon.Batch{At: e.At, Events: []jobmon.Event{*e}})
}

// gap records what keeps us from watching.
func (w *watch) gap(e *jobmon.Event, breaks bool) {
	switch e.Kind {
	case jobmon.KindSourceLost:
		if w.lost < 0 {
			w.lost = len(w.gaps)
			w.gaps = append(w.gaps, Gap{From: e.At, Kind: SourceLost, from: e.Seq})
		}
		return
	case jobmon.KindSourceRestored, jobmon.KindDaemonStarted:
		if w.lost >= 0 {
			w.gaps[w.lost].To, w.gaps[w.lost].to = e.At, e.Seq
			w.lost = -1
		}
	}
	if !breaks {
		return
	}
	switch e.Kind {
	case jobmon.KindDaemonStarted:
		if e.Until != 0 && e.Until <= e.At {
			kind := DaemonStopped
			if e.Flags.Has(jobmon.Inexact) {
				kind = Unrecorded
			}
			w.gaps = append(w.gaps, Gap{From: e.Until, To: e.At, Kind: kind, from: e.Seq, to: e.Seq})
		}
	case jobmon.KindDamaged:
		if w.at != 0 {
			w.gaps = append(w.gaps, Gap{From: min(w.at, e.At), To: e.At, Kind: Damaged, from: e.Seq, to: e.Seq})
		}
	case jobmon.KindClock:
		w.gaps = append(w.gaps, Gap{From: e.At, To: e.At, Kind: ClockStepped, from: e.Seq, to: e.Seq})
	}
}

// broken says whether no duration from one event to the other is honest.
func (w *watch) broken(from, to uint64) bool {
	at := sort.Search(len(w.breaks), func(i int) bool { return w.breaks[i] > from })
	return at < len(w.breaks) && w.breaks[at] < to
}

// Told is how far, at most, a fold may begin behind the log's beginning: up to that event the chronicle tells all of
// when nobody watched. How long damage kept us from it is only known beside the batch before.
func Told(chronicle []jobmon.Event, seq uint64) uint64 {
	for i := range chronicle {
		if e := &chronicle[i]; e.Kind == jobmon.KindDamaged && e.Seq <= seq {
			return e.Seq - 1
		}
	}
	return seq
}
