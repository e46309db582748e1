// Package desk answers what the daemon's web pages ask, in process: about the present by the daemon's own pictures,
// about the past by the questions of package past over the daemon's log.
package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/internal/words"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// The bounds of what readers can take: how many questions about the past are worked on at once, so that the poller
// keeps a core, and how long what they needed is kept for the next one.
const (
	mostAtOnce = 2
	keptFor    = time.Minute
)

// Desk implements http.Web.
type Desk struct {
	daemon Daemon
	places chan struct{} // one for each question about the past that is worked on
	past   moments
	cells  int // of its tally, at most

	idle *time.Timer

	mu    sync.Mutex
	logID string         // of which the facts are
	facts *history.Facts // what the log said at its end when it was last asked; nil for unknown. Never changed

	counting sync.Mutex
	tally    *tally // of the events; nil for none
}

// New answers for a daemon.
func New(daemon Daemon) *Desk {
	return newDesk(daemon, make(chan struct{}, mostAtOnce), mostKept, mostCells)
}

// newDesk answers with these places for questions about the past; it keeps so many moments and cells.
func newDesk(daemon Daemon, places chan struct{}, kept, cells int) *Desk {
	d := &Desk{daemon: daemon, places: places, cells: cells}
	d.past.most = kept
	d.idle = time.AfterFunc(keptFor, d.forget)
	return d
}

// forget drops what nobody has needed for a while.
func (d *Desk) forget() {
	d.past.forget()
	d.mu.Lock()
	d.facts = nil
	d.mu.Unlock()
	d.counting.Lock()
	d.tally = nil
	d.counting.Unlock()
}

// enter waits for a place among the questions about the past, as long as ctx lasts.
func (d *Desk) enter(ctx context.Context) (leave func(), err error) {
	select {
	case d.places <- struct{}{}:
		d.idle.Reset(keptFor)
		return func() { <-d.places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// open opens the log for one question.
func (d *Desk) open(ctx context.Context) (*past.Log, error) {
	info := d.daemon.Info()
	if info.Last == 0 {
		return nil, fmt.Errorf("%w: nothing was watched yet", http.ErrBusy)
	}
	log := newSource(ctx, d.daemon, info.LogID)
	d.follow(info.LogID)
	facts, err := d.known(log, info.Last)
	if err != nil {
		return nil, err
	}
	p, err := past.New(log, info.LogID, info.Site, facts)
	if err != nil {
		return nil, err
	}
	p.Heard(info.Covered, info.AgeMS)
	return p, nil
}

// follow drops what is known of another log, where a copy was begun anew.
func (d *Desk) follow(logID string) {
	d.mu.Lock()
	other := d.logID != "" && d.logID != logID
	d.logID = logID
	d.mu.Unlock()
	if other {
		d.forget()
	}
}

// known is what the log says at its end, of which only what is new is read.
func (d *Desk) known(log history.Log, last uint64) (*history.Facts, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	switch facts := d.facts; {
	case facts == nil:
		facts, err = history.LoadFacts(log)
		if err == nil {
			d.facts = facts
		}
	case facts.Seq < last:
		facts, err = facts.Next(log)
		if err == nil {
			d.facts = facts
		}
	}
	return d.facts, err
}

// Now implements http.Web.
func (d *Desk) Now(ctx context.Context) (http.Moment, error) {
	d.idle.Reset(keptFor)
	p, err := d.open(ctx)
	var m http.Moment
	if err == nil {
		m, err = d.present(p)
	} else if unreadable(ctx, err) {
		m, err = d.unread(err)
	}
	m.Pictures = past.Listed(m.Pictures)
	return m, err
}

// unreadable says that an error is the log's, not the question's or its asker's.
func unreadable(ctx context.Context, err error) bool {
	var wrong *past.Wrong
	return err != nil && ctx.Err() == nil && !errors.Is(err, http.ErrBusy) && !errors.As(err, &wrong)
}

// present is what the daemon shows.
func (d *Desk) present(p *past.Log) (http.Moment, error) {
	list, seq, err := d.daemon.Durable()
	if err != nil {
		return http.Moment{}, fmt.Errorf("%w: %w", http.ErrBusy, err)
	}
	f := frame(p, p.Present(), seq)
	f.ReadAge = readAge(p.AgeMS)
	return http.Moment{Frame: f, Pictures: list}, nil
}

// unread is the present of a daemon whose log cannot be read: its pictures, without what only the log says.
func (d *Desk) unread(why error) (http.Moment, error) {
	list, seq, err := d.daemon.Durable()
	if err != nil {
		return http.Moment{}, fmt.Errorf("%w: %w", http.ErrBusy, err)
	}
	info := d.daemon.Info()
	f := board.Frame{
		Site: info.Site, Now: info.Covered, Seq: seq, ReadAge: readAge(info.AgeMS), Said: http.SaidUnreadable(),
	}
	f.Now = f.Now.Add(max(f.ReadAge, 0))
	f.From, f.Until = f.Now, f.Now
	newest := jobmon.Instant(0)
	for i := range list {
		if p := &list[i]; p.At >= newest {
			newest, f.Offset = p.At, p.Offset
			f.SourceLost, f.LostSince = p.SourceLost, p.SourceSince
		}
	}
	return http.Moment{Frame: f, Pictures: list, Trouble: why}, nil
}

// readAge is how long ago the source was last read, -1 for unknown.
func readAge(ms int64) time.Duration { return max(time.Duration(ms)*time.Millisecond, -1) }

// At implements http.Web.
func (d *Desk) At(ctx context.Context, _, text string) (http.Moment, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return http.Moment{}, err
	}
	defer leave()
	p, err := d.open(ctx)
	if err != nil {
		return http.Moment{}, said(err, p)
	}
	f, m, err := d.at(p, text)
	if err != nil {
		return http.Moment{}, said(err, p)
	}
	return http.Moment{Frame: f, Pictures: past.Listed(m.pictures)}, nil
}

// at returns the moment that a text names, with the frame of a page about it.
func (d *Desk) at(p *past.Log, text string) (board.Frame, *moment, error) {
	var remarks []words.Phrase
	seq, now, err := p.Place(text, func(remark words.Phrase) { remarks = append(remarks, remark) })
	if err != nil {
		return board.Frame{}, nil, err
	}
	m, err := d.past.at(p, seq)
	if err != nil {
		return board.Frame{}, nil, err
	}
	f := frame(p, now, m.seq)
	if f.First, err = p.FirstAt(m.seq); err != nil {
		return board.Frame{}, nil, err
	}
	f.At, f.Said, f.ReadAge = text, remarks, -1
	return f, m, nil
}

// frame is what pages share that show what was seen after that event.
func frame(p *past.Log, now jobmon.Instant, seq uint64) board.Frame {
	_, seconds := p.Clock().In(now.Time()).Zone()
	lost := p.LostAt(seq)
	return board.Frame{
		Site: p.Site, Now: now, Offset: jobmon.Offset(seconds), Seq: seq, SourceLost: lost != 0, LostSince: lost,
		From: p.First, Until: p.Present(),
	}
}

// said is the error as http takes it.
func said(err error, p *past.Log) error {
	var wrong *past.Wrong
	var outside *past.Outside
	var unknown *names.UnknownError
	var several *names.AmbiguousError
	switch {
	case errors.As(err, &outside) && p != nil:
		_, seconds := p.Clock().In(p.Present().Time()).Zone()
		return &http.Outside{From: p.First, Until: p.Present(), Offset: jobmon.Offset(seconds)}
	case errors.As(err, &wrong):
		return &http.Wrong{Text: err.Error(), Say: wrong.Say}
	case errors.As(err, &unknown):
		u := &http.Unknown{Text: err.Error(), Say: words.Phrase{Key: "problem.unknown.text",
			Places: []any{"name", unknown.Asked}}}
		for _, name := range unknown.Closest {
			if id, err := p.Names.Find(name); err == nil {
				u.Closest = append(u.Closest, p.Names[id].Computer)
			}
		}
		return u
	case errors.As(err, &several):
		u := &http.Unknown{Text: err.Error(), Say: words.Phrase{Key: "problem.several.text",
			Places: []any{"name", several.Asked}}}
		for _, k := range several.Found {
			u.Closest = append(u.Closest, k.Computer)
		}
		return u
	}
	return err
}
