package history

import (
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/projector"
)

// folders says where jobs lie. What is gone lies nowhere, as in the mirror.
type folders map[jobmon.JobID]string

func (f folders) note(e *jobmon.Event) {
	switch {
	case e.Kind != jobmon.KindJob:
	case e.Flags.Has(jobmon.Gone):
		delete(f, e.Job)
	default:
		f[e.Job] = e.Place
	}
}

// Notices yields what the events behind after, up to last, are worth, as the daemon found it when they were committed.
// It begins at the nearest checkpoint and keeps one projection in memory, however much it reads. chronicle is the
// log's (Facts.Chronicle), from its beginning. An error ends it.
func Notices(log Log, chronicle []jobmon.Event, after, last uint64) iter.Seq2[*notices.Notice, error] {
	return func(yield func(*notices.Notice, error) bool) {
		chronicle := chronicle // it may be read again
		from := Nearest(log, after)
		in := folders{}
		ended := false
		_, err := goOn(from, log, last, func(p *projector.Projection, b *jobmon.Batch) bool {
			for ; len(chronicle) > 0 && chronicle[0].Seq <= b.Last(); chronicle = chronicle[1:] {
				in.note(&chronicle[0]) // also of events before a cut, which the log no longer has
			}
			if b.Last() <= after {
				return true
			}
			for _, n := range p.Notices(b, func(id jobmon.ComputerID) *jobmon.Progress {
				picture, _ := p.Progress(id)
				return picture
			}, func(id jobmon.JobID) string { return in[id] }) {
				if n.Event.Seq > after && !ended {
					ended = !yield(n, nil)
				}
			}
			return !ended
		})
		if err != nil && !ended {
			yield(nil, err)
		}
	}
}
