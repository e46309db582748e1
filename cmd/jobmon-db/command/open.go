package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/instance"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
	"github.com/jobmon-db/jobmon-db/store"
)

// opened is a log that a command asks. It is closed with done.
type opened struct {
	*past.Log
	dir   string     // the folder of the log
	who   string     // writes the log
	links *link.Key  // of the log's links, once it was looked for; see content
	file  *store.Log // nil where a daemon is asked
	holes []store.Gap
}

// follow takes over from what was asked before it what the log itself does not say.
func (p *opened) follow(before *opened) {
	p.UTC, p.Member, p.dir, p.who = before.UTC, before.Member, before.dir, before.who
}

// close closes the file.
func (p *opened) close() {
	if p.file != nil {
		p.file.Close()
	}
}

// done closes the log, and reports what was left out.
func (p *opened) done(messages io.Writer) {
	p.close()
	for _, g := range p.holes {
		fmt.Fprintf(messages, "The events %d to %d are damaged and were left out: jobmon-db verify shows more.\n",
			g.From, g.To)
	}
}

// connectWithin is how long a question waits for a daemon that is there and does not speak: people wait no longer.
const connectWithin = 900 * time.Millisecond

// openPast opens the log that a question is about: the file that it names; else the running daemon is asked that works
// on the data dir, and where none does the log there is opened. What is printed is the same.
func openPast(ctx context.Context, q question) (*opened, error) {
	q, err := q.one()
	if err != nil {
		return nil, err
	}
	p, err := q.open(ctx)
	if p != nil {
		p.UTC = p.UTC || q.utc
		p.dir, p.who = q.folder(), q.who()
	}
	if q.site != "" && (past.IsOutside(err) || errors.Is(err, store.ErrNoLog)) {
		err = &aboutFile{"nothing has come from the site " + q.site + " yet: `jobmon-db fleet status` shows why", err}
	}
	return p, err
}

// folder is where the log lies that is asked.
func (q question) folder() string {
	if q.log != "" {
		return filepath.Dir(q.log)
	}
	return q.dataDir
}

func (q question) open(ctx context.Context) (*opened, error) {
	var asking error
	if q.log == "" {
		var p *opened
		if p, asking = askDaemon(ctx, q.dataDir); !errors.Is(asking, endpoint.ErrNotRunning) {
			return p, asking
		}
	}
	p, err := openLog(q)
	if errors.Is(err, store.ErrLocked) {
		// a daemon may have started in between, or be at work on the very file
		if asked, askErr := askDaemon(ctx, q.folder()); askErr == nil {
			return asked, nil
		}
		if who := instance.Holder(filepath.Join(q.folder(), daemon.DataLock)); who.PID != 0 {
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
func askDaemon(ctx context.Context, dataDir string) (*opened, error) {
	client := askClient(ctx, dataDir)
	info, err := client.Info(ctx)
	if err != nil {
		return nil, err
	}
	if info.Last == 0 {
		return nil, past.Empty(dataDir)
	}
	p, err := past.Open(client.Log(info.LogID), info.LogID, info.Site)
	if err != nil {
		return nil, err
	}
	p.Heard(info.Covered, info.AgeMS)
	return &opened{Log: p}, nil
}

// openLog opens the file.
func openLog(q question) (*opened, error) {
	p := &opened{}
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
	if _, _, ok := p.file.Last(); !ok {
		err = past.Empty(cmp.Or(q.log, q.dataDir))
	} else {
		p.Log, err = past.Open(p.file, p.file.ID(), p.file.Site())
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
