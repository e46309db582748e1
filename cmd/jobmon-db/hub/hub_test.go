package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/link"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
	"github.com/jobmon-db/jobmon-db/internal/notices"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// server is a Deployment Server with the log of its daemon, which publishes it.
type server struct {
	t     testing.TB
	name  string
	dir   string
	log   *store.Log
	ds    *simulator.DS
	state *history.State
	build func() // deploys all computers once more

	*fleet.Publisher
	notices bool // the hub is to send messages
	stop    func()
}

func newServer(t testing.TB, name string, computers int) *server {
	t.Helper()
	s := &server{t: t, name: name, dir: t.TempDir(), state: history.New(), stop: func() {}}
	s.open()
	s.ds = simulator.NewDS(jobmon.InstantOf(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)), 3600, 1)
	chain := simulator.AddStandardBuild(s.ds)
	var ids []jobmon.ComputerID
	for i := range computers {
		ids = append(ids, s.ds.AddComputer(fmt.Sprintf("PC-%04d", i+1)))
	}
	s.build = func() {
		for _, id := range ids {
			s.ds.Schedule(id, chain.Chain, s.ds.WallNow())
		}
	}
	settings := jobmon.DefaultSettings()
	settings.Site = "Server of " + name
	s.commit(s.ds.Now(), jobmon.Event{Kind: jobmon.KindDaemonStarted, Text: "1", Count: projector.Version},
		jobmon.Event{Kind: jobmon.KindConfigured, Text: settings.Encode()},
		jobmon.Event{Kind: jobmon.KindClock, Seconds: 3600})
	s.build()
	return s
}

func (s *server) open() {
	s.t.Helper()
	log, err := store.Open(s.dir, store.Options{Site: "Server of " + s.name})
	if err != nil {
		s.t.Fatal(err)
	}
	s.log = log
	s.t.Cleanup(func() { s.stop(); log.Close() })
}

func (s *server) commit(at jobmon.Instant, events ...jobmon.Event) {
	s.t.Helper()
	batch := s.state.Projection.Extend(at, s.log.Next(), events)
	if len(batch.Events) == 0 {
		return
	}
	if _, err := s.log.Append(at, batch.Events); err != nil {
		s.t.Fatal(err)
	}
	s.state.Note(&batch)
	if s.Publisher != nil {
		s.Committed()
	}
}

// work lets so many reads of the source go by.
func (s *server) work(cycles int) {
	s.t.Helper()
	for range cycles {
		s.ds.Advance(5 * time.Second)
		read := s.ds.Snapshot(s.state.Projection.Watching())
		read.Normalize()
		read.Gone = s.state.Mirror.Missing(read.Rows)
		s.commit(read.Now, jobmon.Diff(s.state.Mirror, read, jobmon.DiffOptions{})...)
	}
}

// publish begins to publish the log.
func (s *server) publish(settings fleet.Settings) {
	s.stop()
	s.Publisher = fleet.NewPublisher(fleet.PublisherOptions{
		Site: s.name, DSName: "Server of " + s.name, Program: "1", Log: s.log, Settings: settings,
		Logger: zerolog.Nop(), Beat: func() fleet.Beat {
			last, at, _ := s.log.Last()
			return fleet.Beat{LogID: s.log.ID(), Last: last, Covered: at, Notices: s.notices}
		},
	})
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	p := s.Publisher
	running.Go(func() { p.Run(ctx) })
	s.stop = func() {
		cancel()
		running.Wait()
	}
}

// center is a hub at work, with a NATS server of its own.
type center struct {
	*Hub
	options Options
	seeds   map[string]string
	end     func()
}

func newCenter(t testing.TB, change func(*Options), sites ...string) *center {
	t.Helper()
	dir, err := os.MkdirTemp("", "hub") // a longer path has its sockets elsewhere
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c := &center{seeds: map[string]string{}, options: Options{
		DataDir: dir, Embedded: true, Keep: time.Hour, Version: "1", Logger: zerolog.New(zerolog.NewTestWriter(t)).
				Level(zerolog.WarnLevel),
	}}
	for _, site := range sites {
		seed, public, err := fleet.NewKey()
		if err != nil {
			t.Fatal(err)
		}
		c.seeds[site] = seed
		c.options.Sites = append(c.options.Sites, Member{site, public})
	}
	if change != nil {
		change(&c.options)
	}
	c.start(t)
	return c
}

func (c *center) start(t testing.TB) {
	t.Helper()
	h, err := Open(c.options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := h.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	c.Hub = h
	c.end = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(c.end)
}

// lose removes the folder of a site. The hub must have ended.
func (c *center) lose(site string) error {
	return os.RemoveAll(filepath.Join(c.options.DataDir, sitesFolder, site))
}

func (c *center) site(t testing.TB, name string) *Site {
	t.Helper()
	for _, s := range c.Sites() {
		if s.Name() == name {
			return s
		}
	}
	t.Fatalf("there is no site %s", name)
	return nil
}

func await(t testing.TB, what func() string, ok func() bool) {
	t.Helper()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-late.C:
			t.Fatal(what())
		case <-tick.C:
		}
	}
}

// reaches waits until the hub shows what the site's log says.
func (c *center) reaches(t testing.TB, s *server) *Site {
	t.Helper()
	site := c.site(t, s.name)
	last, _, _ := s.log.Last()
	await(t, func() string { return fmt.Sprintf("%+v, want event %d", site.Fleet(), last) }, func() bool {
		_, seq, err := site.Durable()
		return err == nil && seq == last && site.ID() == s.log.ID()
	})
	return site
}

func exported(t testing.TB, log *store.Log) []byte {
	t.Helper()
	var b bytes.Buffer
	last, _, _ := log.Last()
	if _, err := ndjson.Write(&b, ndjson.Header{LogID: log.ID(), Site: log.Site(), Last: last}, log.Read(0)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// files are the files of all computers, as the projection has them.
func files(t testing.TB, p *projector.Projection) string {
	t.Helper()
	var b strings.Builder
	for _, picture := range history.Pictures(p) {
		file, err := evt.Content(&picture, link.Key{})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(file)
	}
	return b.String()
}

// same compares the hub's copy with the site's log: the export, each picture at many moments, and the checksums.
func same(t testing.TB, s *server, site *Site) {
	t.Helper()
	copied := site.InUse()
	if !bytes.Equal(exported(t, copied), exported(t, s.log)) {
		t.Error("the export of the hub's copy is another one")
	}
	last, _, _ := s.log.Last()
	for i := range uint64(12) {
		seq := last * i / 11
		there, err := history.Project(s.log, seq)
		if err != nil {
			t.Fatal(err)
		}
		here, err := history.Project(copied, seq)
		if err != nil {
			t.Fatal(err)
		}
		if files(t, here) != files(t, there) {
			t.Errorf("at event %d the pictures differ", seq)
		}
	}
	list, _, err := site.Durable()
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if list[i].Computer.Site != site.Name() {
			t.Errorf("a picture is of the site %q", list[i].Computer.Site)
		}
		list[i].Computer.Site = ""
	}
	want, _ := json.Marshal(s.state.Names.Mark(history.Pictures(s.state.Projection)))
	if got, _ := json.Marshal(list); !bytes.Equal(got, want) {
		t.Error("the hub shows something else than the site")
	}
}

// Two sites whose computers have the same ids and names; the hub ends, loses a site's folder and starts again.
func TestAHubShowsWhatItsSitesShow(t *testing.T) {
	t.Parallel()
	c := newCenter(t, nil, "DS01", "DS02")
	one, two := newServer(t, "DS01", 5), newServer(t, "DS02", 3)
	one.work(400)
	for _, s := range []*server{one, two} {
		s.publish(c.Inside(c.seeds[s.name]))
		s.work(200)
		same(t, s, c.reaches(t, s))
	}
	sites := c.Fleet()
	if len(sites) != 2 || sites[0].Site != "DS01" || sites[0].Computers != 5 || sites[1].Has == 0 {
		t.Errorf("%+v", sites)
	}
	c.end()
	if err := c.lose("DS02"); err != nil {
		t.Fatal(err)
	}
	c.start(t)
	for _, s := range []*server{one, two} {
		s.publish(c.Inside(c.seeds[s.name]))
		s.build()
		s.work(300)
		same(t, s, c.reaches(t, s))
	}
	await(t, func() string { return fmt.Sprintf("%+v", c.Fleet()) }, func() bool {
		f := c.Fleet()[0]
		if f.DelayMS < 0 {
			one.work(1) // how long what was there before took is not known
		}
		return f.Away == "" && f.Last == f.Has && f.DelayMS >= 0 && f.AgeMS >= 0
	})

	// Commands ask the hub about the fleet, and about a site as they ask its own daemon.
	ask := func(dir string) *control.Client {
		return &control.Client{Transport: &endpoint.Client{DataDir: dir}, Context: t.Context()}
	}
	if list, err := ask(c.options.DataDir).Fleet(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	site := c.site(t, "DS01")
	info, err := ask(site.Dir()).Info(t.Context())
	if err != nil || info.LogID != one.log.ID() || info.Site != "Server of DS01" {
		t.Errorf("%+v, %v", info, err)
	}
	remote := ask(site.Dir()).Log(info.LogID)
	if facts, err := history.LoadFacts(remote); err != nil || facts.Seq != info.Last {
		t.Errorf("%v", err)
	}
	if _, err := ask(site.Dir()).Refresh(t.Context(), control.RefreshRequest{Computer: 1}); err == nil ||
		!strings.Contains(err.Error(), "at the site itself") {
		t.Error(err)
	}
}

// A restored backup at a site: the hub follows the new history and keeps what it had.
func TestAHubKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	c := newCenter(t, nil, "DS01")
	s := newServer(t, "DS01", 2)
	s.publish(c.Inside(c.seeds["DS01"]))
	s.work(100)
	site := c.reaches(t, s)
	had, _ := site.End()
	before := exported(t, site.InUse())

	s.stop()
	other := newServer(t, "DS01", 2) // its data folder was lost: a log with another id
	other.work(150)
	inside, inboxes := c.Inside(c.seeds["DS01"]), fleet.InboxOf("DS01")
	conn, err := fleet.Connect(t.Context(), inside, "a test", inboxes, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	await(t, func() string { return "no connection" }, conn.Connected)
	if _, err := conn.Init(t.Context(), fleet.InitOptions{Site: "DS01", Keep: time.Hour, Anew: true}); err != nil {
		t.Fatal(err)
	}
	other.publish(c.Inside(c.seeds["DS01"]))
	same(t, other, c.reaches(t, other))
	r, err := readRecord(site.Dir())
	if err != nil || len(r.Asides) != 1 || r.Asides[0].LogID != s.log.ID() || r.Asides[0].Last != had ||
		!strings.Contains(r.Asides[0].Why, "another log") || site.Fleet()[0].Aside != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	kept, err := store.OpenFile(filepath.Join(site.Dir(), r.Asides[0].File))
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if !bytes.Equal(exported(t, kept), before) {
		t.Error("the log that was set aside is not what it was")
	}
}

func TestWhatAHubRefusesToWorkOn(t *testing.T) {
	t.Parallel()
	own := newServer(t, "DS01", 1)
	for name, c := range map[string]struct {
		change func(*Options)
		says   string
	}{
		"a site's folder": {func(o *Options) { o.DataDir = own.dir }, "another folder as data_dir"},
		"names alike":     {func(o *Options) { o.Sites = []Member{{Name: "DS01"}, {Name: "ds01"}} }, "differ in case alone"},
	} {
		o := Options{DataDir: t.TempDir(), NATS: fleet.Settings{Servers: []string{"nats://127.0.0.1:1"}}}
		c.change(&o)
		h, err := Open(o)
		if err == nil {
			h.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := Options{DataDir: t.TempDir(), NATS: fleet.Settings{Servers: []string{"nats://127.0.0.1:1"}}}
	h, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "is held by process") {
		t.Errorf("a second hub: %v", err)
	}
}

// post is a sender that keeps what it is given.
type post struct {
	mu    sync.Mutex
	heard []uint64
	runs  bool
}

func (p *post) Heard(b *jobmon.Batch, found func() []*notices.Notice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range found() {
		p.heard = append(p.heard, n.Event.Seq)
	}
}

func (p *post) Run(ctx context.Context) {
	p.set(true)
	<-ctx.Done()
	p.set(false)
}

func (p *post) set(runs bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs = runs
}

func (p *post) Targets() []control.Target { return nil }

func (p *post) got() ([]uint64, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard, p.runs
}

// The hub sends the messages of a site that says so, from the present on, and of no other.
func TestWhoSendsMessages(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	posts := map[string]*post{}
	of := func(name string) *post {
		mu.Lock()
		defer mu.Unlock()
		return posts[name]
	}
	c := newCenter(t, func(o *Options) {
		o.Messages = func(s *Site) Sender {
			s.Info() // as every sender asks
			mu.Lock()
			defer mu.Unlock()
			posts[s.Name()] = &post{}
			return posts[s.Name()]
		}
	}, "MINE", "ITS")
	mine, its := newServer(t, "MINE", 2), newServer(t, "ITS", 2)
	mine.notices = true
	mine.work(300)
	past, _, _ := mine.log.Last()
	for _, s := range []*server{mine, its} {
		s.publish(c.Inside(c.seeds[s.name]))
		c.reaches(t, s)
	}
	await(t, func() string { return "nothing is sent" }, func() bool {
		p := of("MINE")
		if p == nil {
			return false
		}
		_, runs := p.got()
		return runs
	})
	for _, s := range []*server{mine, its} {
		s.build()
		s.work(600)
		c.reaches(t, s)
	}
	heard, _ := of("MINE").got()
	if len(heard) == 0 || heard[0] <= past {
		t.Errorf("of the site that leaves it to the hub: %v behind %d", heard, past)
	}
	if of("ITS") != nil {
		t.Error("the hub sends for a site that sends itself")
	}
	// The site's administrator changes it: the hub ends and forgets.
	folder := filepath.Join(c.site(t, "MINE").Dir(), "notify")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	mine.stop()
	mine.notices = false
	mine.publish(c.Inside(c.seeds["MINE"]))
	await(t, func() string { return "the hub goes on to send" }, func() bool {
		_, runs := of("MINE").got()
		_, err := os.Stat(folder)
		return !runs && err != nil
	})
}
