package daemon

import "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"

// Fleet implements control.Daemon.
func (d *Daemon) Fleet() []control.FleetSite {
	if d.options.Fleet == nil {
		return []control.FleetSite{}
	}
	return d.options.Fleet()
}

// SourceLost says whether the source cannot be read.
func (d *Daemon) SourceLost() bool {
	d.pulse.mu.Lock()
	defer d.pulse.mu.Unlock()
	return d.pulse.lost != ""
}

// Computers is how many computers have a picture.
func (d *Daemon) Computers() int { return d.journal.counts().Computers }
