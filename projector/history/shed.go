package history

import "slices"

// MostTold is how many events of the chronicle a daemon holds in memory.
const MostTold = 1 << 13

// Shed takes the older half out of a chronicle that has more than most events, so that the memory of a process that
// runs for years does not grow with every rename and restart. Whole has all of it.
func (f *Facts) Shed(most int) {
	if len(f.Chronicle) <= most {
		return
	}
	left := len(f.Chronicle) - most/2
	f.shifts = (&Facts{Chronicle: f.Chronicle[:left], shifts: f.shifts}).Shifts()
	f.shed = f.Chronicle[left-1].Seq
	f.Chronicle = slices.Clone(f.Chronicle[left:])
}

// Whole is what is known with the chronicle from its beginning, of which the log, which ends with the same event, has
// what was shed: in a cache as a rule. Errors are those of Scan.
func (f *Facts) Whole(log Log) (*Facts, error) {
	if f.shed == 0 {
		return f, nil
	}
	return LoadFacts(log)
}
