package ingest

import (
	"errors"
	"math"
	"math/rand/v2"
	"time"
)

// passes decides when everything is read. The first read over a connection reads everything at once. Afterwards a pass
// comes at intervals and gives way to requests for a file: it takes a share of each cycle that no request caused.
type passes struct {
	every time.Duration // from end to start
	share time.Duration // of one cycle

	whole bool      // everything was read and recorded since the connection began
	next  time.Time // when the next pass is due
}

// due is for how long the cycle that begins now reads for a pass, at least a page of it; 0 is not at all.
func (p *passes) due(underway, caused bool) time.Duration {
	switch {
	case !p.whole:
		return math.MaxInt64
	case caused:
		return 0
	case underway || !time.Now().Before(p.next):
		return p.share
	}
	return 0
}

// recorded says that what a cycle read is in the log; ended says that the pass ended with it.
func (p *passes) recorded(ended bool) {
	if !ended {
		return
	}
	p.whole = true
	p.next = time.Now().Add(time.Duration(float64(p.every) * (1 + jitter*(2*rand.Float64()-1))))
}

// again begins the pass anew: what some of its pages said is not in the log.
func (p *passes) again() { p.next = time.Now() }

// failed has a pass begin anew after a read that failed.
func (p *passes) failed(err error) {
	p.again()
	if !errors.Is(err, ErrTransient) { // which leaves the connection as it was
		p.whole = false
	}
}
