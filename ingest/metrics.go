package ingest

import "time"

// Metrics are the figures of reading the source since the poller was made.
type Metrics struct {
	Reads   uint64 // good ones
	Failed  uint64 // reads that gave nothing
	Retried uint64 // batches that were sent again because the server asked for it

	Latest time.Duration // what the last good read took, pages of a pass included
	Total  time.Duration // what all good reads took
	Good   time.Time     // when the last good read ended, by our clock; zero when there was none

	Cost
}

// Metrics may be called at any time by any goroutine.
func (p *Poller) Metrics() Metrics {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.metrics
}

func (p *Poller) retried(err error) {
	p.options.Logger.Debug().Err(err).Msg("the source asks to be read again")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metrics.Retried++
}

// measure counts a read that began then and has ended now.
func (p *Poller) measure(began time.Time, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &p.metrics
	m.Cost = p.reader.source.Cost()
	if err != nil {
		m.Failed++
		return
	}
	m.Reads++
	m.Good = time.Now()
	m.Latest = m.Good.Sub(began)
	m.Total += m.Latest
}
