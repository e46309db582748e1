package jobmon

import "time"

// confirms is the first projection number of daemons that record a step only once it is confirmed.
const confirms = 2

// StepOf returns by how many milliseconds the clock event moves the server's clock against the time that passes, after steps that
// sum up to sum. The writer is the projection number of the daemon that wrote the event. Before steps were confirmed, a forward step
// of up to a day was mostly a machine that had slept: that time has passed. So has what a step back leaves of the one before.
func StepOf(e *Event, writer int32, sum int64) int64 {
	passed := func(ms int64) bool { return ms > 0 && ms <= 24*time.Hour.Milliseconds() }
	switch {
	case writer < confirms && passed(e.Step):
		return 0
	case writer < confirms && sum > 0 && passed(sum+e.Step):
		return -sum
	}
	return e.Step
}
