package command

import (
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/history"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/when"
	"github.com/jobmon-db/jobmon-db/store"
)

// past is a log opened for questions.
type past struct {
	log     *store.Log
	first   jobmon.Instant // of the first batch
	begun   uint64         // the first batch's last sequence number
	covered jobmon.Instant // until when the log is complete
	last    uint64         // sequence number
	offset  jobmon.Offset  // the DS server's, at the end
	names   history.Names
}

// openPast opens the log in the data dir and reads once through it, for the names and the clock.
func openPast(dataDir string) (*past, error) {
	log, err := store.Open(dataDir, store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	p := &past{log: log, names: history.Names{}}
	if err := p.scan(dataDir); err != nil {
		log.Close()
		return nil, err
	}
	return p, nil
}

func (p *past) scan(dataDir string) error {
	last, at, ok := p.log.Last()
	if !ok {
		return &outsideError{fmt.Errorf("the log in %s is empty: nothing was watched yet", dataDir)}
	}
	p.last, p.covered = last, at
	for b, err := range p.log.Read(0) {
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if p.first == 0 {
			p.first, p.begun = b.At, b.Last()
		}
		for i := range b.Events {
			switch e := &b.Events[i]; e.Kind {
			case jobmon.KindClock:
				p.offset = jobmon.Offset(e.Seconds)
			case jobmon.KindComputer:
				p.names.Add(e)
			}
		}
	}
	p.covered = max(p.covered, history.ReadCoverage(dataDir).Until)
	return nil
}

func (p *past) close() { p.log.Close() }

// Read implements history.Reader.
func (p *past) Read(from uint64) iter.Seq2[jobmon.Batch, error] { return p.log.Read(from) }

func (p *past) zone() *time.Location { return p.offset.Zone() }

// period says what the log covers.
func (p *past) period() string {
	return fmt.Sprintf("the log covers %s to %s (%s, seq 1 to %d)", p.local(p.first), p.local(p.covered), p.offset, p.last)
}

func (p *past) local(at jobmon.Instant) string {
	return at.Time().In(p.zone()).Format("2006-01-02 15:04:05")
}

// parse reads a moment and makes sure that the log covers it.
func (p *past) parse(text string) (when.Point, error) {
	point, err := when.Parse(text, p.covered.Time(), p.zone())
	if err != nil {
		return point, &usageError{err}
	}
	switch {
	case point.Seq > p.last:
		return point, &outsideError{fmt.Errorf("event %d is not in the log: %s", point.Seq, p.period())}
	case point.Seq > 0:
		return point, nil
	}
	// a time typed to the second means any moment of that second
	if at := jobmon.InstantOf(point.Time); at.Add(time.Second) <= p.first || at > p.covered.Add(time.Second) {
		return point, &outsideError{fmt.Errorf("%s is outside: %s", p.local(at), p.period())}
	}
	return point, nil
}

// seqAt is the last sequence number of the batch that is the picture's at that moment: the batch that holds a
// sequence number, or the last one not after a time. When the clock passed that time more than once, warn says so.
func (p *past) seqAt(point when.Point, warn io.Writer) (uint64, error) {
	at := jobmon.InstantOf(point.Time)
	var seq uint64
	crossed, before := 0, false
	for b, err := range p.log.Read(point.Seq) {
		if err != nil {
			return 0, fmt.Errorf("read the log: %w", err)
		}
		if point.Seq > 0 {
			return b.Last(), nil
		}
		switch {
		case b.At <= at:
			seq, before = b.Last(), true
		case before:
			crossed, before = crossed+1, false
		}
	}
	if before {
		crossed++
	}
	if crossed > 1 {
		fmt.Fprintf(warn, "The server's clock passed %s %d times; this is the last one (seq %d).\n", p.local(at), crossed, seq)
	}
	return max(seq, p.begun), nil // a time within the log's first second means its first batch
}

// stateAt folds the log up to that event.
func (p *past) stateAt(seq uint64) (*history.State, error) {
	return history.Fold(p, func(b *jobmon.Batch) bool { return b.First() <= seq })
}
