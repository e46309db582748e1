package replay

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// Said is what happened in words, and what about: the job, stage or reason, with the code that a run ended with.
func (r *Record) Said() (what, about string) {
	about = r.subject()
	if code := r.code(); code != "" {
		about += " (code " + code + ")"
	}
	return r.what(), about
}

// Event is the event that the record is made of.
func (r *Record) Event() *jobmon.Event { return r.event }

// Offset is the server's UTC offset at the event.
func (r *Record) Offset() jobmon.Offset { return r.offset }

// Failed says whether the event ends a run without success.
func (r *Record) Failed() bool {
	return r.event.Kind == jobmon.KindFinished && r.state == jobmon.StateFailed
}
