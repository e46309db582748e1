package jobmon

// Unrecorded returns the event that says that nothing was recorded before a batch, where an older program did not
// commit one: what happened to rows is inexact, and neither a start of the daemon nor a return of the source explains
// it. before is the time of the batch before. Rows that a pass finds late are inexact too, but these are over.
func Unrecorded(b *Batch, before Instant) (Event, bool) {
	var inexact *Event
	ended, started := map[ScheduleID]bool{}, map[ScheduleID]bool{}
	for i := range b.Events {
		e := &b.Events[i]
		switch {
		case e.Kind == KindDaemonStarted || e.Kind == KindSourceRestored || e.Kind == KindCut || e.Flags.Has(Baseline):
			return Event{}, false
		case e.Kind == KindFinished:
			ended[e.Schedule] = true
		case e.Kind == KindStarted:
			started[e.Schedule] = true
		}
		if inexact == nil && e.Kind.OfRow() && e.Flags.Has(Inexact) && !e.Flags.Has(Inferred) {
			inexact = e
		}
	}
	if inexact == nil || before == 0 || before >= b.At {
		return Event{}, false
	}
	for i := range b.Events {
		e := &b.Events[i]
		certain := e.Kind.OfRow() && e.Flags.Has(Inexact) &&
			(!ended[e.Schedule] || e.Kind == KindFinished && !started[e.Schedule])
		if certain {
			return Event{Seq: inexact.Seq, At: b.At, Kind: KindDaemonStarted, Flags: Inexact, Until: before}, true
		}
	}
	return Event{}, false
}
