// Package past answers questions about a log: where a moment lies in it, what was seen then, and which deployments
// there were. It does so for commands, over a file or the log of a running daemon, and for the daemon's web pages.
// What folds and judges is in projector; this package says which part of the log is asked, and in whose clock.
package past

import (
	"fmt"
	"iter"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// Source is a log that questions are about: a file, or the log of a running daemon, which hands out its pages.
type Source interface {
	history.Reader
	history.Log
	Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error]
	Moment(at jobmon.Instant) (m store.Moment, ok bool, err error)
}

// Log is a log opened for questions, and what it says at its end.
type Log struct {
	Source
	LogID, Site string
	Member      string         // the site's name in a fleet, which stands on its computers; "" outside
	First       jobmon.Instant // the earliest time of a batch: the first one's, unless the clock was set back
	Begun       uint64         // last event of the first batch
	Oldest      uint64         // first event of which anything can be asked
	Cut         bool           // older history was cut off
	Last        uint64         // newest event
	Offset      jobmon.Offset
	Shifts      []history.Shift // of the offset
	Names       names.Computers
	Chronicle   []jobmon.Event // see history.Facts
	Covered     jobmon.Instant // until when the log is complete
	AgeMS       int64          // how long ago the source was last read, -1 for unknown
	Lost        jobmon.Instant // since when the source cannot be read, 0 while it can
	UTC         bool           // times are typed and printed in UTC instead of the DS server's
	Live        bool           // a daemon runs

	facts *history.Facts
	parts int // see Together
}

// Wrong is the error of a question that has to be asked in other words.
type Wrong struct {
	Err error
	Say words.Phrase // the same for a page; the zero one where no page asks it
}

// notATime is the error for a text that names no moment.
func notATime(err error, text string) error {
	return &Wrong{Err: err, Say: words.Phrase{Key: "problem.wrong.text", Places: []any{"text", text}}}
}

// emptyPeriod is the error for a period in which nothing can lie.
func emptyPeriod(format string, values ...any) error {
	return &Wrong{Err: fmt.Errorf(format, values...), Say: words.Phrase{Key: "problem.period.text"}}
}

func (e *Wrong) Error() string { return e.Err.Error() }
func (e *Wrong) Unwrap() error { return e.Err }

// Outside is the error of a question about a time that the log does not cover.
type Outside struct{ Err error }

func (e *Outside) Error() string { return e.Err.Error() }
func (e *Outside) Unwrap() error { return e.Err }

// Empty is the error of a log that holds nothing.
func Empty(where string) error {
	return &Outside{Err: fmt.Errorf("the log in %s is empty: nothing was watched yet", where)}
}

// Open reads where the log begins, and what it says at its end. The log must not be empty.
func Open(source Source, logID, site string) (*Log, error) {
	facts, err := history.LoadFacts(source)
	if err != nil {
		return nil, err
	}
	return New(source, logID, site, facts)
}

// New is Open where it is known already what the log says at its end.
func New(source Source, logID, site string, facts *history.Facts) (*Log, error) {
	begins, err := history.Begins(source)
	if err != nil {
		return nil, err
	}
	p := &Log{
		Source: source, LogID: logID, Site: site, AgeMS: -1,
		First: begins.At, Begun: begins.Begun, Oldest: begins.First, Cut: begins.Cut, facts: facts,
	}
	p.know()
	p.UTC = len(p.Shifts) == 0 // the server's clock was never read
	return p, nil
}

// Heard takes over until when a running daemon has watched, and how long ago it last read its source.
func (p *Log) Heard(covered jobmon.Instant, ageMS int64) {
	p.Live, p.Covered, p.AgeMS = true, max(p.Covered, covered), ageMS
}

// Note takes over a batch that the log has got since it was opened.
func (p *Log) Note(b *jobmon.Batch) {
	p.facts.Note(b)
	p.know()
}

// know takes over what the log says at its end.
func (p *Log) know() {
	facts := p.facts
	p.Last, p.Covered, p.Offset = facts.Seq, facts.At, facts.Offset()
	p.Shifts, p.Lost = facts.Shifts(), facts.LostSince()
	p.Names, p.Chronicle = facts.Names, facts.Chronicle
	for i := range p.Chronicle {
		if e := &p.Chronicle[i]; e.Kind == jobmon.KindClock && e.Step < 0 && e.Seq > p.Begun {
			p.First = min(p.First, e.At)
		}
	}
}

// Until is the log as it was after that event, when it was so late: all that is known of later events is what computers
// are called.
func (p *Log) Until(seq uint64, now jobmon.Instant) *Log {
	then := *p
	then.Last, then.Covered, then.Lost, then.AgeMS, then.Live = seq, now, p.LostAt(seq), -1, false
	return &then
}

// Newest are all pictures after the last batch.
func (p *Log) Newest() ([]jobmon.Progress, error) {
	projection, err := history.Project(p, p.Last)
	if err != nil {
		return nil, err
	}
	return p.Mark(history.Pictures(projection)), nil
}

// Mark adds to pictures of the present what only the whole log knows: which computers go on under another id. It names
// the site in a fleet.
func (p *Log) Mark(pictures []jobmon.Progress) []jobmon.Progress {
	return p.OfSite(p.Names.Mark(pictures))
}

// OfSite puts the site's name in a fleet on the computers of pictures, which are copies.
func (p *Log) OfSite(pictures []jobmon.Progress) []jobmon.Progress {
	if p.Member != "" {
		for i := range pictures {
			pictures[i].Computer.Site = p.Member
		}
	}
	return pictures
}
