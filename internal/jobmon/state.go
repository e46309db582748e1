package jobmon

// RowState is where one schedule row stands on the screen.
type RowState uint8

// Row states.
const (
	StateUnscheduled RowState = iota + 1 // no start_time: listed, never counted
	StateLater                           // due beyond session.gap: listed with its time, counts in nothing
	StateWaiting                         // due, or soon
	StateRunning
	StateSucceeded
	StateFailed
	StateCancelled // removed while it was waiting
	StateUnknown   // removed while it was running, or overtaken by a new deployment
)

var stateNames = [...]string{
	StateUnscheduled: "unscheduled", StateLater: "later", StateWaiting: "waiting", StateRunning: "running",
	StateSucceeded: "succeeded", StateFailed: "failed", StateCancelled: "cancelled", StateUnknown: "unknown",
}

// RowStates lists all states in their order.
func RowStates() []RowState {
	return []RowState{
		StateUnscheduled, StateLater, StateWaiting, StateRunning, StateSucceeded, StateFailed, StateCancelled,
		StateUnknown,
	}
}

// String is the word used in files and output.
func (s RowState) String() string {
	if int(s) < len(stateNames) && s > 0 {
		return stateNames[s]
	}
	return "none"
}

// ParseRowState is the inverse of String.
func ParseRowState(word string) (RowState, bool) {
	for i, name := range stateNames {
		if name != "" && name == word {
			return RowState(i), true
		}
	}
	return 0, false
}

// Ended says that nothing more will happen to the row by itself.
func (s RowState) Ended() bool { return s >= StateSucceeded && s <= StateUnknown }

// Finished says that the job came to an end that DS reported.
func (s RowState) Finished() bool { return s == StateSucceeded || s == StateFailed }

// Planned says that the row has not started: unscheduled, later or waiting.
func (s RowState) Planned() bool { return s >= StateUnscheduled && s <= StateWaiting }

// Next is the state of a row after an event of it. s is 0 for a row that is not known, now the DS server's wall
// clock. A removed row that had finished keeps its state: a purge erases no picture.
func (r *Rules) Next(s RowState, e *Event, now WallTime) RowState {
	switch e.Kind {
	case KindRemoved:
		switch {
		case s.Planned():
			return StateCancelled
		case s == StateRunning:
			return StateUnknown
		}
		return s
	case KindDue:
		if s.Planned() {
			return StateWaiting
		}
		return s
	case KindRescheduled:
		if !s.Planned() && s != 0 {
			return s
		}
	}
	switch {
	case e.Status.Running():
		return StateRunning
	case e.Status.Finished() && r.Succeeded(e.Status):
		return StateSucceeded
	case e.Status.Finished():
		return StateFailed
	case e.Start == NoStart:
		return StateUnscheduled
	case e.Start > now+WallTime(r.Gap.Milliseconds()):
		return StateLater
	}
	return StateWaiting
}
