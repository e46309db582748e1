package jobmon

import "time"

// confirms is the first projection number of daemons that record a step only once it is confirmed.
const confirms = 2

// StepOf returns by how many milliseconds the clock event moves the server's clock against the time that passes, after
// steps that sum up to sum. The writer is the projection number of the daemon that wrote the event. Before steps were
// confirmed, a forward step of up to a day was mostly a machine that had slept: that time has passed. So has what is
// left of a step that was taken back.
func StepOf(e *Event, writer int32, sum int64) int64 {
	passed := func(ms int64) bool { return ms > 0 && ms <= 24*time.Hour.Milliseconds() }
	switch {
	case writer >= confirms:
		return e.Step
	case sum != 0 && (sum+e.Step == 0 || passed(sum+e.Step)):
		return -sum
	case passed(e.Step):
		return 0
	}
	return e.Step
}
