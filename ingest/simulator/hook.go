package simulator

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/jobmon-db/jobmon-db/internal/inherit"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/plainfile"
)

// Hook is what the tasks of the build job and of the markers do outside the database: first a script on the server
// asks for the computer's file, some seconds later a Copy File task delivers it. The row goes on when the call
// returns. Calls for one computer follow each other; those for several may come at once.
type Hook interface {
	// Ask is the server-side script: the row's status_code is still NULL or has just become -1. job is the name of
	// the build job or marker (%JOBNAME%). It must end by itself; a script that asks never fails its job.
	Ask(ctx context.Context, computer jobmon.Computer, job string)
	// Deliver is the Copy File task: the row runs. With an error the row ends with a failure code.
	Deliver(ctx context.Context, computer jobmon.Computer) error
}

// SetHook has jobs call hook from now on; nil for none. AdvanceTo calls it without a deadline.
func (ds *DS) SetHook(hook Hook) { ds.connect(hook, nil) }

// connect has jobs call hook: through spawn beside the clock when it is not nil, which must call answered in the end,
// else while the clock stands still.
func (ds *DS) connect(hook Hook, spawn func(call)) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.hook, ds.spawn = hook, spawn
}

// The steps of a job that call the hook.
const (
	stepAsk     = "ask"
	stepDeliver = "deliver"
)

// call is one call of the hook.
type call struct {
	step    string
	row     jobmon.ScheduleID
	run     int
	planned jobmon.Instant // when the row goes on, unless the answer comes later
	then    entryKind      // with what

	computer jobmon.Computer
	job      string
}

func (c *call) do(ctx context.Context, hook Hook) error {
	if c.step == stepAsk {
		hook.Ask(ctx, c.computer, c.job)
		return nil
	}
	return hook.Deliver(ctx, c.computer)
}

// replyKey names one call among all that a world makes.
type replyKey struct {
	Row  jobmon.ScheduleID `json:"row"`
	Run  int               `json:"run"`
	Step string            `json:"step"`
}

// reply is what an answer changed: the row went on later than planned, or its copy task failed.
type reply struct {
	replyKey
	At     jobmon.Instant `json:"at"`
	Failed bool           `json:"failed,omitempty"`
}

// perform makes a call. Without a hook it goes as it went in an earlier life of this world, or as planned.
func (ds *DS) perform(c call) {
	r := ds.rows[c.row]
	c.computer.ID = r.Computer
	if known := ds.computers[r.Computer]; known != nil {
		c.computer = known.Computer
	}
	if j := ds.jobs[r.Job]; j != nil {
		c.job = j.Name
	}
	switch hook := ds.hook; {
	case hook == nil:
		known := ds.replies[replyKey{c.row, c.run, c.step}]
		ds.goOn(c, max(c.planned, known.At), known.Failed)
	case ds.spawn != nil:
		ds.spawn(c)
	default:
		var err error
		ds.unlocked(func() { err = c.do(context.Background(), hook) })
		ds.goOn(c, c.planned, err != nil)
	}
}

// answered lets the row of a call go on that was made beside the clock. That is never at a moment of which something
// is recorded already: in the order of one moment the answer would have come earlier, and a later life of this world
// would record it so.
func (ds *DS) answered(c call, err error) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	at := max(c.planned, ds.now+1)
	if ds.noted != nil && (at != c.planned || err != nil) {
		ds.noted(reply{replyKey: replyKey{c.row, c.run, c.step}, At: at, Failed: err != nil})
	}
	ds.goOn(c, at, err != nil)
}

func (ds *DS) goOn(c call, at jobmon.Instant, failed bool) {
	if r := ds.live(c.row, c.run); r != nil {
		r.failed = r.failed || failed
		ds.enter(entry{at: at, kind: c.then, row: c.row, run: c.run})
	}
}

// Deliverer is the Hook of a DS whose markers have the tasks that docs/ds-jobs.md describes.
type Deliverer struct {
	// EvtDir holds the files <computer id>.evt.
	EvtDir string
	// ClientsDir stands for the clients' disks: a folder for each computer's name.
	ClientsDir string
	// Refresh asks the daemon for a computer's file, naming the job. nil: the markers only copy.
	Refresh func(ctx context.Context, computer jobmon.ComputerID, job string)
}

// ClientFile is the name of the file that a client is given.
const ClientFile = "JobMon.txt"

// Ask implements Hook.
func (d Deliverer) Ask(ctx context.Context, computer jobmon.Computer, job string) {
	if d.Refresh != nil {
		d.Refresh(ctx, computer.ID, job)
	}
}

// Deliver implements Hook: it copies <EvtDir>/<id>.evt to <ClientsDir>/<name>/JobMon.txt, in place, as a Copy File
// task does. It fails when there is no such file, or when the computer's name cannot be that of a folder.
func (d Deliverer) Deliver(_ context.Context, computer jobmon.Computer) error {
	content, err := plainfile.Read(filepath.Join(d.EvtDir, strconv.Itoa(int(computer.ID))+".evt"))
	if err == nil {
		err = d.write(computer.Name, content)
	}
	if err != nil {
		return fmt.Errorf("copy task of %s: %w", computer.Name, err)
	}
	return nil
}

func (d Deliverer) write(name string, content []byte) error {
	if name == "." || filepath.Base(name) != name || !filepath.IsLocal(name) {
		return fmt.Errorf("%q cannot be the name of a folder: rename the computer", name)
	}
	folder := filepath.Join(d.ClientsDir, name)
	if err := inherit.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(folder, ClientFile)
	return cmp.Or(os.WriteFile(path, content, 0o644), inherit.Path(path))
}
