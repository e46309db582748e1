package daemon_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// The stories of these tests run the whole daemon over a made-up Deployment Server: its log and its files are real,
// only time is not. Hours pass at once, and a story says what is on the share and what the clients were given.

const (
	poll   = 5 * time.Second
	settle = 7 * time.Second // so long after a change the daemon has surely seen it
	winter = jobmon.Offset(3600)
)

// site is a Deployment Server at work, its share, its computers, and a daemon that watches it.
type site struct {
	t        *testing.T
	ds       *simulator.DS
	settings jobmon.Settings
	jobs     map[string]jobmon.JobID
	clients  map[jobmon.ComputerID]*client

	// copied is called after each copy task, with what the client was given.
	copied func(to *client, text string)
	// refresh is what the markers' scripts ask, nil as long as they only copy.
	refresh func(ctx context.Context, id jobmon.ComputerID, job string)

	dataDir, evtDir, clientsDir string

	requests bool // the daemon serves the request folder

	said  strings.Builder // what the daemon wrote into its messages
	ahead time.Duration   // the server's clock is ahead of ours by that, as somebody has set one of them
	leapt bool            // and was at some time: what the log says of times cannot be held to ours

	glitch   int            // for so many reads more the server's clock is ahead by glitchBy besides
	glitchBy time.Duration  //
	sql      *jobmon.Offset // GETDATE()'s offset from UTC, nil for winter
	asleep   time.Duration  // this machine counted so much sleep
	local    bool           // the database runs on this machine
	// this machine was paused for so long, and no clock of its own but the wall clock knows
	slept    time.Duration
	interval time.Duration              // of polling
	byHand   map[jobmon.ScheduleID]bool // rows that the story moves itself

	startAhead time.Duration // start_time's clock is ahead of winter's by that, for rows put by hand
	restarts   bool          // the daemon is started again and again
	restarted  time.Time     // when it was last
	turns      int
	foreign    bool // the log is of another server

	heard     map[uint64]uint64 // the batches that the daemon handed on: the last event of each, by the first
	heardIn   string            // the first data folder
	otherLog  bool              // then it was another one
	noticed   []*notices.Notice // and what the batches were worth
	diskFulls []*notices.Notice // that the log could not be written, or could be again

	daemon *daemon.Daemon // nil while none runs
	cancel context.CancelFunc
	ran    chan error
	lost   bool // the daemon cannot read the database
	polled lastRead

	seen    []seen    // every file that the story looked at, to be found again in the log
	answers []*answer // all that scripts were answered
	asked   int       // requests through the request folder besides
}

// client is a computer as the story knows it.
type client struct {
	*site
	id     jobmon.ComputerID
	asked  string   // the job whose script asked last
	answer *answer  // what that script was answered, nil as long as scripts only copy
	fresh  []string // what it was given since the story last looked
	newest uint64   // of what it was ever given
}

// play runs a story that begins at that time on the server's wall clock. At its end the daemon is stopped and what it
// leaves is held to the laws.
func play(t *testing.T, begin string, story func(s *site)) {
	t.Parallel()
	playAlone(t, begin, story)
}

// playAlone is play for a story that nothing else may run beside.
func playAlone(t *testing.T, begin string, story func(s *site)) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		time.Sleep(time.Until(clock(begin).Instant(winter).Time()))
		s := &site{
			t: t, interval: poll, ds: simulator.NewDS(clock(begin).Instant(winter), winter, 1),
			settings: jobmon.DefaultSettings(),
			jobs:     map[string]jobmon.JobID{}, clients: map[jobmon.ComputerID]*client{},
			dataDir: filepath.Join(dir, "data"), evtDir: filepath.Join(dir, "evt"),
			clientsDir: filepath.Join(dir, "clients"),
		}
		s.settings.Site = "DS01"
		s.ds.SetHook(hook{s})
		t.Cleanup(func() {
			if s.daemon != nil {
				s.stop()
			}
		})
		story(s)
		s.end()
	})
}

// clock reads "14:05", "14:05:30" or "2 14:05" (the second day) off the server's wall clock.
func clock(text string) jobmon.WallTime {
	layout := "2 15:04:05"
	if !strings.Contains(text, " ") {
		text = "1 " + text
	}
	if strings.Count(text, ":") == 1 {
		text += ":00"
	}
	at, err := time.Parse(layout, text)
	if err != nil {
		panic(err)
	}
	return jobmon.WallTimeOf(time.Date(2000, 1, at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC))
}

// at lets the time pass until then: the engine goes on second by second, beside the daemon.
func (s *site) at(when string) *site {
	s.t.Helper()
	s.interrupt()
	end := clock(when).Instant(winter).Time()
	if s.present().After(end) {
		s.t.Fatalf("%s is past", when)
	}
	if waits := end.Sub(s.present()); s.byHand != nil && waits > 90*time.Second {
		s.pace(min(waits/5, 2*time.Minute))
		s.pass(end.Add(-40 * time.Second))
		s.pace(s.interval)
	}
	s.pass(end)
	synctest.Wait()
	return s
}

// pass lets the time pass until end.
func (s *site) pass(end time.Time) {
	for {
		now := s.present()
		s.ds.AdvanceTo(jobmon.InstantOf(now))
		if !now.Before(end) {
			break
		}
		step := time.Minute
		for id := range s.clients {
			if s.ds.Busy(id) {
				step = time.Second
				break
			}
		}
		time.Sleep(min(end.Sub(s.present()), step))
	}
}

// after lets some time pass.
func (s *site) after(d time.Duration) *site {
	s.t.Helper()
	return s.at(jobmon.InstantOf(s.present().Add(d)).Wall(winter).Time().Format("2 15:04:05"))
}

// present is the time of the world around this machine.
func (s *site) present() time.Time { return time.Now().Add(s.slept) }

// watch starts the daemon.
func (s *site) watch() *site {
	s.t.Helper()
	var err error
	s.daemon, err = daemon.Open(daemon.Options{
		DataDir: s.dataDir, EvtDir: s.evtDir, Settings: s.settings, Interval: s.interval, Timeout: 15 * time.Second,
		Version:  "test",
		Requests: s.requests, Clocks: s.clocks(), Local: s.local,
		Logger: zerolog.New(zerolog.SyncWriter(&s.said)).Level(zerolog.InfoLevel),
		Heard:  s.hear,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	s.cancel, s.ran = cancel, make(chan error, 1)
	go func(d *daemon.Daemon) { s.ran <- d.Run(ctx, server{s.ds.Source(), s}) }(s.daemon)
	synctest.Wait()
	return s
}

// stop ends the daemon as its service manager does.
func (s *site) stop() *site {
	s.t.Helper()
	s.cancel()
	if err := <-s.ran; err != nil {
		s.t.Error(err)
	}
	if err := s.daemon.Close(); err != nil {
		s.t.Error(err)
	}
	s.daemon = nil
	return s
}

// kill ends the daemon as kill -9 does: what remains is what lies on the disk at this moment, no word of farewell.
func (s *site) kill() *site {
	s.t.Helper()
	left := s.t.TempDir()
	dataDir, evtDir := filepath.Join(left, "data"), filepath.Join(left, "evt")
	for from, to := range map[string]string{s.dataDir: dataDir, s.evtDir: evtDir} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			s.t.Fatal(err)
		}
	}
	s.stop()
	s.dataDir, s.evtDir = dataDir, evtDir
	return s
}

// server is the database behind the daemon's back: its tables are those of the engine's last step, its clock goes on.
type server struct {
	*simulator.Reader
	site *site
}

func (s server) Read(ctx context.Context, q ingest.Query) (*jobmon.Snapshot, error) {
	snapshot, err := s.Reader.Read(ctx, q)
	if err == nil {
		s.site.polled.mu.Lock()
		snapshot.Now = jobmon.InstantOf(s.site.present().Add(s.site.ahead))
		if s.site.glitch > 0 {
			snapshot.Now = snapshot.Now.Add(s.site.glitchBy)
			s.site.glitch--
		}
		if s.site.sql != nil {
			snapshot.Offset = *s.site.sql
		}
		s.site.polled.mu.Unlock()
		s.site.polled.note(s.site.ds.Snapshot(q.Watch)) // what happened before is seen, sooner or later
	}
	return snapshot, err
}

// lastRead is what the daemon saw last.
type lastRead struct {
	mu     sync.Mutex
	times  int
	rows   map[jobmon.ComputerID][]jobmon.Row
	agents map[jobmon.ComputerID]jobmon.AgentState
	away   map[jobmon.ComputerID]time.Time // since when an agent that was connected is not
}

// settling is how long an agent that was connected is away before the daemon says so: one and a half intervals.
const settling = poll * 3 / 2

func (l *lastRead) note(s *jobmon.Snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.times++; l.agents == nil {
		l.agents, l.away = map[jobmon.ComputerID]jobmon.AgentState{}, map[jobmon.ComputerID]time.Time{}
	}
	l.rows = map[jobmon.ComputerID][]jobmon.Row{}
	for _, r := range s.Rows {
		l.rows[r.Computer] = append(l.rows[r.Computer], r)
	}
	maps.DeleteFunc(l.away, func(id jobmon.ComputerID, _ time.Time) bool { // nobody looks at it any more
		return !slices.ContainsFunc(s.Agents, func(a jobmon.Agent) bool { return a.Computer == id })
	})
	for _, a := range s.Agents {
		if a.State != jobmon.AgentOffline || l.agents[a.Computer] != jobmon.AgentOnline {
			delete(l.away, a.Computer)
		} else if since, ok := l.away[a.Computer]; !ok || time.Since(since) < settling {
			if !ok {
				l.away[a.Computer] = time.Now()
			}
			continue
		}
		l.agents[a.Computer] = a.State
	}
}

// cutOff makes the database unreachable for the daemon, letIn reachable again.
func (s *site) cutOff() {
	s.ds.Fail(errors.New("no route to host"))
	s.lost = true
}

func (s *site) letIn() {
	s.ds.Fail(nil)
	s.lost = false
}

// leap lets the server's clock show another time than ours.
func (s *site) leap(ahead time.Duration) {
	s.polled.mu.Lock()
	defer s.polled.mu.Unlock()
	s.ahead, s.leapt = ahead, true
}

// pc is a new computer of that name.
func (s *site) pc(name string) *client { return s.known(s.ds.AddComputer(name)) }

func (s *site) known(id jobmon.ComputerID) *client {
	if s.clients[id] == nil {
		s.clients[id] = &client{site: s, id: id}
	}
	return s.clients[id]
}

// job is the job of that name. What it does follows from the name, see behaviour, unless somebody made it before.
func (s *site) job(name string) jobmon.JobID {
	if s.jobs[name] == 0 {
		s.jobs[name] = s.ds.AddJob(name, "Build", behaviour(name))
	}
	return s.jobs[name]
}

func (s *site) jobsOf(names []string) []jobmon.JobID {
	var jobs []jobmon.JobID
	for _, name := range names {
		jobs = append(jobs, s.job(name))
	}
	return jobs
}

// makeJob makes a job that does something else than its name would say.
func (s *site) makeJob(name string, as simulator.Behaviour) {
	s.jobs[name] = s.ds.AddJob(name, "Build", as)
}

// drop schedules jobs on the computer for now.
func (c *client) drop(names ...string) []jobmon.ScheduleID {
	return c.schedule(c.ds.WallNow(), names...)
}

// dropFor schedules jobs on the computer for later.
func (c *client) dropFor(when string, names ...string) []jobmon.ScheduleID {
	return c.schedule(clock(when), names...)
}

func (c *client) schedule(start jobmon.WallTime, names ...string) []jobmon.ScheduleID {
	c.ds.AdvanceTo(jobmon.InstantOf(c.present()))
	return c.ds.Schedule(c.id, c.jobsOf(names), start)
}

// The jobs of the stories.
const (
	monitor   = "0. Build Job Monitor"
	mDrivers  = "01. (JM) Drivers"
	drivers   = "Install drivers" // reboots
	mDomain   = "02. (JM) Domain"
	domain    = "Join domain" // reboots
	mOffice   = "03. (JM) Office"
	office    = "Install Office"
	visio     = "Install Visio"
	mReady    = "(JM) Ready"
	inventory = "Nightly inventory"
)

// folder is the build folder, in the order in which it is dropped.
func folder() []string {
	return []string{monitor, mDrivers, drivers, monitor, mDomain, domain, monitor, mOffice, office, visio, mReady}
}

// behaviour is what a job of that name does. A marker's row runs for ten seconds, longer than any two reads are apart.
func behaviour(name string) simulator.Behaviour {
	b := simulator.Behaviour{Min: 50 * time.Second, Max: 50 * time.Second}
	switch {
	case name == monitor, strings.Contains(name, "(JM)"):
		b = simulator.Behaviour{Script: 3 * time.Second, Min: 10 * time.Second, Max: 10 * time.Second, Monitor: true}
	case name == drivers, name == domain:
		b.Reboots = true
	case name == office:
		b.Min, b.Max = 100*time.Second, 100*time.Second
	}
	return b
}
