package replay

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// Facts are what a page says about an event, in the language of its reader.
type Facts struct {
	*jobmon.Event
	Offset  jobmon.Offset   // the server's UTC offset at the event
	State   jobmon.RowState // of the row afterwards
	Unsure  bool            // the row waits, and Start may be now: which clock it follows is not known
	Ran     bool            // what ended ran
	Subject string          // the job or stage that the event is about
	Was     []Was           // what the computer was before
}

// Was is what a computer or job was before an event.
type Was struct {
	Field string // "renamed_from", "moved_from" or "os_name_was"
	Text  string
}

// Facts returns what a page says about the event.
func (r *Record) Facts() Facts {
	f := Facts{Event: r.event, Offset: r.offset, State: r.state, Unsure: r.maybe, Ran: r.wasRun, Subject: r.subject()}
	r.was(func(field, text string) { f.Was = append(f.Was, Was{field, text}) })
	return f
}

// Bad reports whether the event ends a run without success.
func (f *Facts) Bad() bool { return f.Kind == jobmon.KindFinished && f.State == jobmon.StateFailed }
