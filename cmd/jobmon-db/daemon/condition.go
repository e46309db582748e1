package daemon

import (
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/gallery"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// Condition is how the daemon fares, for those who watch over it.
type Condition struct {
	Version, Site string
	Started       time.Time // by our clock

	Source ingest.Metrics
	Lost   string    // why the source cannot be read; "" while it can, and before the first read
	Cycles uint64    // of polling that are on record, also those that found the source lost
	Due    time.Time // until when the polling has promised a sign of life; zero before it began

	Events uint64 // sequence number of the newest event
	// until when the log tells everything, UTC by the SQL Server's clock; 0 before the first read
	Covered  jobmon.Instant
	LogBytes int64 // of the log's file
	Ahead    bool  // the log could not be written or read: nothing new is shown

	Files     evtdir.Stats
	Refreshes Refreshes
	Targets   []control.Target    // of messages
	Fleet     []control.FleetSite // this site; none without a fleet

	gallery.Counts
}

// Refreshes counts the requests of DS scripts since the daemon began.
type Refreshes struct {
	Served uint64
	Stale  uint64        // of these, without a fresh read
	Failed uint64        // that ended with an error
	Took   time.Duration // all those served, together
}

// pulse is what the polling says of itself.
type pulse struct {
	mu     sync.Mutex
	due    time.Time
	lost   string
	cycles uint64
}

func (p *pulse) alive(within time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = time.Now().Add(within)
}

func (p *pulse) cycled(lost string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lost = lost
	p.cycles++
}

// Condition may be asked for at any time by any goroutine.
func (d *Daemon) Condition() Condition {
	c := Condition{
		Version: d.options.Version, Site: d.options.Settings.Site, Started: d.started,
		LogBytes: d.current().Size(), Files: d.files.Stats(), Targets: d.Targets(),
		Fleet: d.Fleet(),
	}
	d.pulse.mu.Lock()
	c.Due, c.Lost, c.Cycles = d.pulse.due, d.pulse.lost, d.pulse.cycles
	d.pulse.mu.Unlock()

	d.mu.Lock()
	c.Covered = d.coverage.Until
	if d.poller != nil {
		c.Source = d.poller.Metrics()
	}
	if d.refresher != nil {
		c.Refreshes = d.refresher.counts()
	}
	d.mu.Unlock()

	d.journal.mu.Lock()
	c.Events, c.Ahead = d.journal.state.Seq, d.journal.ahead
	d.journal.mu.Unlock()
	c.Counts = d.journal.counts()
	return c
}

// counts sums up all pictures after the last batch.
func (j *journal) counts() gallery.Counts {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.gallery.Counts(&j.mu, j.current)
}

// pictures are all pictures after the last batch, by computer, and the number of the last event that they show; durable
// is false while they may show what the log refused.
func (j *journal) pictures() (list []jobmon.Progress, seq uint64, durable bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.gallery.Pictures(&j.mu, j.current), j.state.Seq, !j.ahead
}

func (j *journal) current() *history.State { return j.state }
