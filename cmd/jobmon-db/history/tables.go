package history

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// Tables is the mirror as it is while events are told one after the other, with the server's UTC offset. Names of what is
// gone are kept, so that its events can still be told by name.
type Tables struct {
	*jobmon.Mirror
	Offset jobmon.Offset
}

// NewTables returns the tables of an empty log.
func NewTables() *Tables { return &Tables{Mirror: jobmon.NewMirror()} }

// Apply folds one event.
func (t *Tables) Apply(e *jobmon.Event) {
	switch {
	case e.Kind == jobmon.KindClock:
		t.Offset = jobmon.Offset(e.Seconds)
	case !e.Flags.Has(jobmon.Gone):
		t.Mirror.Apply(e)
	}
}
