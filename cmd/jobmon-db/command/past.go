package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/names"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// pastLog is a log that questions are about: a file, or that of a running daemon, which hands out its pages. Both are
// asked the same way, and the daemon works nothing out.
type pastLog interface {
	history.Reader
	history.Log
	Computer(id jobmon.ComputerID, from uint64) iter.Seq2[jobmon.Batch, error]
	Moment(at jobmon.Instant) (m store.Moment, ok bool, err error)
}

// past is a log opened for questions, and what it says at its end.
type past struct {
	pastLog
	LogID, Site string
	First       jobmon.Instant // time of the first batch
	Begun       uint64         // last event of the first batch
	Oldest      uint64         // first event of which anything can be asked
	Cut         bool           // older history was cut off
	Last        uint64         // newest event
	Offset      jobmon.Offset
	Shifts      []history.Shift // of the offset
	Names       names.Computers
	Chronicle   []jobmon.Event // see history.Facts
	facts       *history.Facts
	Covered     jobmon.Instant // until when the log is complete
	AgeMS       int64          // how long ago the source was last read, -1 for unknown
	Lost        jobmon.Instant // since when the source cannot be read, 0 while it can

	utc   bool       // times are typed and printed in UTC instead of the DS server's
	live  bool       // a daemon runs
	file  *store.Log // nil where a daemon is asked
	holes []store.Gap
}

// close closes the file.
func (p *past) close() {
	if p.file != nil {
		p.file.Close()
	}
}

// done closes the log, and reports what was left out.
func (p *past) done(messages io.Writer) {
	p.close()
	for _, g := range p.holes {
		fmt.Fprintf(messages, "The events %d to %d are damaged and were left out: jobmon-db verify tells more.\n",
			g.From, g.To)
	}
}

// connectWithin is how long a question waits for a daemon that is there and does not speak: people wait no longer.
const connectWithin = 900 * time.Millisecond

// openPast opens the log that a question is about: the file that it names; else the running daemon is asked that works
// on the data dir, and where none does the log there is opened. What is printed is the same.
func openPast(ctx context.Context, q question) (*past, error) {
	p, err := q.open(ctx)
	if p != nil {
		p.utc = q.utc || len(p.Shifts) == 0 // the server's clock was never read
	}
	return p, err
}

func (q question) open(ctx context.Context) (*past, error) {
	dir := q.dataDir
	var asking error
	if q.log == "" {
		var p *past
		if p, asking = askDaemon(ctx, dir); !errors.Is(asking, endpoint.ErrNotRunning) {
			return p, asking
		}
	} else {
		dir = filepath.Dir(q.log)
	}
	p, err := openLog(q)
	if errors.Is(err, store.ErrLocked) {
		// a daemon may have started in between, or be at work on the very file
		if asked, askErr := askDaemon(ctx, dir); askErr == nil {
			return asked, nil
		}
		if who := instance.Holder(filepath.Join(dir, daemon.DataLock)); who.PID != 0 {
			err = fmt.Errorf("%w (process %d, since %s: %s)", err, who.PID, who.Started.Local().Format(time.DateTime),
				term.Plain(who.Command))
		}
	}
	return p, unasked(err, asking)
}

// unasked is the error of a log that is locked, with why the daemon that has it could not be asked.
func unasked(err, asking error) error {
	if errors.Is(err, store.ErrLocked) && errors.Is(asking, endpoint.ErrTaken) {
		return fmt.Errorf("%w; %w", err, asking)
	}
	return err
}

// askClient is a client for questions, which people wait for.
func askClient(ctx context.Context, dataDir string) *control.Client {
	return &control.Client{Transport: &endpoint.Client{
		DataDir: dataDir, GreetingTimeout: 200 * time.Millisecond, ConnectTimeout: connectWithin,
	}, Context: ctx}
}

// askDaemon opens the log of the daemon that works on that folder.
func askDaemon(ctx context.Context, dataDir string) (*past, error) {
	client := askClient(ctx, dataDir)
	info, err := client.Info(ctx)
	if err != nil {
		return nil, err
	}
	if info.Last == 0 {
		return nil, empty(dataDir)
	}
	p := &past{pastLog: client.Log(info.LogID), LogID: info.LogID, Site: info.Site, live: true}
	if err := p.describe(); err != nil {
		return nil, err
	}
	p.heard(&info)
	return p, nil
}

// heard takes over until when the daemon has watched.
func (p *past) heard(info *control.Info) {
	p.Covered, p.AgeMS = max(p.Covered, info.Covered), info.AgeMS
}

// openLog opens the file.
func openLog(q question) (*past, error) {
	p := &past{AgeMS: -1}
	options := store.Options{ReadOnly: true, Damaged: func(e *store.Error) {
		p.holes = append(p.holes, store.Gap{From: e.Seq, To: e.Last})
	}}
	var err error
	if q.log != "" {
		p.file, err = store.OpenFileWith(q.log, options)
	} else {
		p.file, err = store.Open(q.dataDir, options)
	}
	if err != nil {
		return nil, err
	}
	p.pastLog, p.LogID, p.Site = p.file, p.file.ID(), p.file.Site()
	if _, _, ok := p.file.Last(); !ok {
		err = empty(cmp.Or(q.log, q.dataDir))
	} else {
		err = p.describe()
	}
	if err != nil {
		p.close()
		return nil, err
	}
	if q.log != "" {
		return p, nil // a copy was watched until its last event, as far as it can say
	}
	if c := daemon.ReadCoverage(q.dataDir); c.Until != 0 {
		p.Covered = max(p.Covered, c.Until)
		p.AgeMS = max(0, jobmon.InstantOf(time.Now().Add(c.Ahead())).Sub(c.Until).Milliseconds())
	}
	return p, nil
}

func empty(where string) error {
	return &outsideError{fmt.Errorf("the log in %s is empty: nothing was watched yet", where)}
}

// describe reads where the log begins, and what it says at its end.
func (p *past) describe() error {
	begins, err := history.Begins(p)
	if err != nil {
		return err
	}
	p.First, p.Begun, p.Oldest, p.Cut = begins.At, begins.Begun, begins.First, begins.Cut
	if p.facts, err = history.LoadFacts(p); err != nil {
		return err
	}
	p.know()
	return nil
}

// know takes over what the log says at its end.
func (p *past) know() {
	facts := p.facts
	p.Last, p.Covered, p.Offset = facts.Seq, facts.At, facts.Offset()
	p.Shifts, p.Lost = facts.Shifts(), facts.LostSince()
	p.Names, p.Chronicle = facts.Names, facts.Chronicle
}

// picturesOf are all pictures after the batch that holds that event.
func (p *past) picturesOf(seq uint64) ([]jobmon.Progress, error) {
	projection, err := history.Project(p, seq)
	if err != nil {
		return nil, err
	}
	return history.Pictures(projection), nil
}

// newest are all pictures after the last batch.
func (p *past) newest() ([]jobmon.Progress, error) {
	list, err := p.picturesOf(p.Last)
	return p.Names.Mark(list), err
}
