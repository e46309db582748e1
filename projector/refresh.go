package projector

import (
	"slices"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// refreshEvent folds a script's request for the computer's file. The job that it names is taken to run now, though
// its row may not say so yet; the request holds until a later row starts or its own row ends.
func (p *Projection) refreshEvent(e *jobmon.Event) {
	c := p.computer(e.Computer)
	p.judge(c)
	c.asked, c.stale = true, e.Flags.Has(jobmon.Inexact)
	if r := p.asked(c, e.Name); r != nil && !c.baseline { // or else settleBaseline says what runs
		r.askedAt, r.askedSeq = p.axis, e.Seq
		if r.state == jobmon.StateWaiting {
			p.start(c, p.host(c, r), r)
			r.startedIn = p.batch
		}
		if r.session != nil {
			r.session.request = r
		}
	}
	if c.errand.open() && c.errand.fresh() && c.session == nil {
		c.errand.shown = true
	}
	p.touch(c)
}

// asked finds the row that a request means: the first unfinished row of that name at or after the last marker that
// started. A late request never moves backwards; nil when no row fits.
func (p *Projection) asked(c *computer, name string) *row {
	if name == "" {
		return nil
	}
	var list []*row
	if c.isOpen() {
		list = c.session.ordered()
		for i, r := range slices.Backward(list) {
			if r.class == jobmon.Marker && r.startedSeq != 0 {
				list = list[i:]
				break
			}
		}
	} else {
		list = slices.Clone(c.waiting(p.view(c)))
		for _, r := range c.rows {
			if r.state == jobmon.StateRunning {
				list = append(list, r)
			}
		}
	}
	for _, r := range list {
		if r = r.effective(); r.pending(p.view(c)) && jobmon.SameName(r.name, name) {
			return r
		}
	}
	return nil
}
