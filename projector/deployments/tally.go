package deployments

import "github.com/jobmon-db/jobmon-db/internal/jobmon"

// Tally counts a deployment's runs of real jobs.
type Tally struct {
	Late     int // jobs that were added after it had begun; those that went on in the next one are not counted
	Failures int // runs that failed, also those that were tried again
	Retries  int // runs that were tries again
}

// Tally counts.
func (d *Deployment) Tally() Tally {
	var n Tally
	for i := range d.Runs {
		r := &d.Runs[i]
		if r.Class != jobmon.RealJob {
			continue
		}
		if r.Late && r.Attempt == 1 && !d.wentOn(i) {
			n.Late++
		}
		if r.State == jobmon.StateFailed {
			n.Failures++
		}
		if r.Attempt > 1 && r.StartedSeq != 0 {
			n.Retries++
		}
	}
	return n
}

// wentOn says whether that run waited when the next session began, and went on in it.
func (d *Deployment) wentOn(i int) bool { return d.Overtaken && d.Runs[i].State == jobmon.StateWaiting }
