package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// on is the answer of JetStream, which must be no error.
func on(t testing.TB, c *Conn, verb string, question any) {
	t.Helper()
	var answer struct{}
	if err := c.api(t.Context(), verb, question, &answer); err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
}

// What the engine acknowledged and lost is published anew, whatever became of it.
func TestLostByTheEngine(t *testing.T) {
	t.Parallel()
	const lost = 5
	sites := map[string]func(t *testing.T, hub *Conn, site string){
		"LASTONES": func(t *testing.T, hub *Conn, site string) {
			info, err := hub.info(t.Context(), site)
			if err != nil {
				t.Fatal(err)
			}
			for i := range uint64(lost) {
				on(t, hub, "STREAM.MSG.DELETE."+StreamOf(site), map[string]any{"seq": info.State.LastSeq - i})
			}
		},
		"ALL": func(t *testing.T, hub *Conn, site string) { on(t, hub, "STREAM.PURGE."+StreamOf(site), nil) },
		"ANEW": func(t *testing.T, hub *Conn, site string) {
			on(t, hub, "STREAM.DELETE."+StreamOf(site), nil)
			if _, err := hub.Init(t.Context(), InitOptions{Site: site, Keep: time.Hour}); err != nil {
				t.Fatal(err)
			}
		},
	}
	names := []string{"LASTONES", "ALL", "ANEW"}
	e := embed(t, names...)
	for _, site := range names {
		t.Run(site, func(t *testing.T) {
			t.Parallel()
			hub := made(t, e, site)
			log := newMemoryLog(1)
			p := begin(t, site, e.sites[site], log)
			for i := range 20 { // a message each
				p.add(2, fmt.Sprint("batch ", i))
				p.reach(t)
			}
			sites[site](t, hub, site)
			await(t, "notice of the loss", func() bool { return p.State().Lost >= 2*lost && p.State().Lag == 0 })
			p.add(1, "behind it")
			p.reach(t)
			got, twice := contents(t, hub, site)
			if same(t, log, got); twice > 0 {
				t.Errorf("%d batches stand in the stream twice", twice)
			}
			if n := strings.Count(p.said.String(), "published anew"); n != 1 {
				t.Errorf("said %d times:\n%s", n, p.said)
			}
		})
	}
}

// The engine comes back with an older copy of its store: its stream ends earlier, and numbers are used again.
func TestAnOldStoreIsRestored(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	o, seeds := serverFor(t, dir, "DS01")
	s := started(t, o)
	hub := connected(t, s.settings(seeds[""]), HubInbox)
	if _, err := hub.Init(t.Context(), InitOptions{Site: "DS01", Keep: time.Hour}); err != nil {
		t.Fatal(err)
	}
	log := newMemoryLog(1)
	log.many(10, "kept")
	p := begin(t, "DS01", s.settings(seeds["DS01"]), log)
	p.reach(t)
	s.Close()
	if err := os.CopyFS(dir+".old", os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s = s.again(t)
	p.reach(t)
	for i := range 30 {
		p.add(1, fmt.Sprint("lost ", i))
	}
	p.reach(t)
	s.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+".old", dir); err != nil {
		t.Fatal(err)
	}
	s.again(t)
	await(t, "notice of the loss", func() bool { return p.State().Lost == 30 })
	p.reach(t)
	await(t, "connection of the hub", hub.Connected)
	got, _ := contents(t, hub, "DS01")
	same(t, log, got)
}

// While NATS is away nothing grows and no commit waits; afterwards everything comes in order.
func TestNATSIsAwayForLong(t *testing.T) {
	t.Parallel()
	s, seeds, hub := serving(t)
	log := newMemoryLog(1)
	log.many(3, "before")
	p := begin(t, "DS01", s.settings(seeds["DS01"]), log)
	p.reach(t)
	s.Close()
	await(t, "notice that NATS is away", func() bool {
		return !p.State().Connected && p.State().Trouble != "" && strings.Contains(p.said.String(), "NATS is away")
	})
	log.many(20_000, "while it was away")
	began := time.Now()
	const commits = 200_000
	for range commits {
		p.Committed()
	}
	if each := time.Since(began) / commits; each > 10*time.Microsecond {
		t.Errorf("a commit takes %s longer", each)
	}
	if s := p.State(); s.Lag == 0 || s.Published != 6 {
		t.Errorf("%+v", s)
	}
	s.again(t)
	p.reach(t)
	await(t, "connection of the hub", hub.Connected)
	got, twice := contents(t, hub, "DS01")
	if same(t, log, got); twice > 0 {
		t.Errorf("%d batches came twice", twice)
	}
	said := p.said.String()
	if n := strings.Count(said, "NATS is"); n != 1 || !strings.Contains(said, "connection refused") {
		t.Errorf("said %d times:\n%s", n, said)
	}
}

// Commits that nobody takes up leave nothing behind.
func TestACommitLeavesNothingBehind(t *testing.T) {
	p := NewPublisher(PublisherOptions{Site: "DS01", Log: newMemoryLog(1), Logger: zerolog.Nop()})
	if n := testing.AllocsPerRun(1000, p.Committed); n > 0 {
		t.Errorf("%v allocations a commit", n)
	}
}

// When NATS loses the stream, the daemon that published goes on, and not the copy that was refused.
func TestACopyDoesNotTakeALostStream(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	right := newMemoryLog(1)
	right.many(100, "batch")
	p := begin(t, "DS01", e.sites["DS01"], right)
	p.reach(t)
	copied := right.copied()
	p.add(1, "more")
	p.reach(t)
	copied.append(2, "of the copy")
	other := beginChecking(t, "DS01", e.sites["DS01"], copied, time.Second)
	await(t, "refusal", func() bool { return other.State().Refused != "" })
	on(t, hub, "STREAM.PURGE."+StreamOf("DS01"), nil)
	await(t, "notice of the loss", func() bool { return p.State().Lost > 0 })
	p.reach(t)
	await(t, "refusal", func() bool { return strings.Contains(other.State().Refused, "another history") })
	got, _ := contents(t, hub, "DS01")
	same(t, right, got)
}

// A stream that takes nothing more is no end: what it refuses is published once it takes it.
func TestTheStreamIsFull(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	limit := func(bytes int64) {
		o := InitOptions{Site: "DS01", Keep: time.Hour}
		config := o.wanted(1)
		config.MaxBytes, config.Discard = bytes, jetstream.DiscardNew
		on(t, hub, "STREAM.UPDATE."+StreamOf("DS01"), config)
	}
	limit(20_000)
	log := newMemoryLog(1)
	p := begin(t, "DS01", e.sites["DS01"], log)
	for i := range 30 {
		p.add(1, fmt.Sprint(i, strings.Repeat("x", 5000)))
	}
	await(t, "complaint", func() bool { return strings.Contains(p.State().Trouble, "maximum bytes exceeded") })
	var looks atomic.Int32 // each makes a beat due
	if _, err := hub.nc.Subscribe(BeatSubjectOf("DS01"), func(*nats.Msg) { looks.Add(1) }); err != nil {
		t.Fatal(err)
	}
	await(t, "more attempts", func() bool { return looks.Load() > 5 })
	said := p.said.String()
	if n := strings.Count(said, "maximum bytes"); n != 1 || strings.Contains(said, "to the fleet again") {
		t.Errorf("said %d times:\n%s", n, said)
	}
	limit(-1)
	p.reach(t)
	if n := strings.Count(p.said.String(), "published to the fleet again"); n != 1 {
		t.Errorf("said %d times that it is published:\n%s", n, p.said)
	}
	got, twice := contents(t, hub, "DS01")
	if same(t, log, got); twice > 0 {
		t.Errorf("%d batches came twice", twice)
	}
}

// A batch that no message holds comes in pieces, also after a publisher that died between two of them.
func TestABatchLargerThanAMessage(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	log := newMemoryLog(1)
	log.many(3, "small")
	large := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	log.append(3, large)
	p := begin(t, "DS01", e.sites["DS01"], log)
	p.reach(t)
	p.end()
	got, _ := contents(t, hub, "DS01")
	same(t, log, got)

	info, err := hub.info(t.Context(), "DS01")
	if err != nil {
		t.Fatal(err)
	}
	if info.State.Msgs < 12 {
		t.Errorf("3 MiB in %d messages", info.State.Msgs)
	}
	for i := range uint64(4) { // as if it had died before these
		on(t, hub, "STREAM.MSG.DELETE."+StreamOf("DS01"), map[string]any{"seq": info.State.LastSeq - i})
	}
	log.append(1, "behind it")
	p = begin(t, "DS01", e.sites["DS01"], log)
	p.reach(t)
	got, _ = contents(t, hub, "DS01")
	same(t, log, got)
	p.end()

	p = begin(t, "DS01", e.sites["DS01"], log) // the newest message is whole
	p.reach(t)
	if after, err := hub.info(t.Context(), "DS01"); err != nil || after.State.Bytes > 2*info.State.Bytes {
		t.Errorf("published again: %d bytes, %v", after.State.Bytes, err)
	}
	p.add(4, large)
	p.reach(t)
	got, _ = contents(t, hub, "DS01")
	same(t, log, got)
}

// A log whose history was cut off behind what was published begins anew in the stream; at the cut it goes on.
func TestACutLog(t *testing.T) {
	t.Parallel()
	e := embed(t, "BEHIND", "AT")
	for site, published := range map[string]int{"BEHIND": 4, "AT": 6} {
		t.Run(site, func(t *testing.T) {
			t.Parallel()
			hub := made(t, e, site)
			log := newMemoryLog(1)
			for i := range published {
				log.append(2, fmt.Sprint("old ", i))
			}
			p := begin(t, site, e.sites[site], log)
			p.reach(t)
			p.end()
			for i := published; i < 9; i++ {
				log.append(2, fmt.Sprint("old ", i))
			}
			log.links = log.links[5:] // begins with event 11
			cut := &log.links[0]      // 11 and 12, with other contents
			cut.Events = []jobmon.Event{
				{Seq: 11, Kind: jobmon.KindCut, At: cut.At}, {Seq: 12, Kind: jobmon.KindCut, At: cut.At},
			}
			cut.After, cut.Previous, cut.Sum, log.links[1].Seam = 0, 0, 77, true
			p = begin(t, site, e.sites[site], log)
			p.reach(t)
			if s := p.State().Refused; s != "" {
				t.Fatal(s)
			}
			info, err := hub.info(t.Context(), site)
			if err != nil {
				t.Fatal(err)
			}
			m, ok, err := hub.get(t.Context(), site, 2)
			if err != nil || !ok {
				t.Fatal(err)
			}
			begins := strings.Contains(string(m.data), `"kind":"cut"`)
			if begins != (site == "BEHIND") {
				t.Errorf("of %d messages the second one is %.200s", info.State.Msgs, m.data)
			}
		})
	}
}

// listening is a server that can be closed and started again at the same address.
type listening struct {
	*Server
	o ServerOptions
}

// serverFor are the options of a server for these sites, and the seeds by site, the hub's under "".
func serverFor(t testing.TB, dir string, sites ...string) (o ServerOptions, seeds map[string]string) {
	t.Helper()
	o = ServerOptions{Listen: "127.0.0.1:0", StoreDir: dir, Users: map[string]string{}, Logger: zerolog.Nop()}
	seeds = map[string]string{}
	for _, site := range append(sites, "") {
		seed, public, err := NewKey()
		if err != nil {
			t.Fatal(err)
		}
		if seeds[site] = seed; site == "" {
			o.HubKey = public
		} else {
			o.Users[site] = public
		}
	}
	return o, seeds
}

// serving starts a server with the stream of DS01, and connects to it as the hub.
func serving(t testing.TB) (s *listening, seeds map[string]string, hub *Conn) {
	t.Helper()
	o, seeds := serverFor(t, t.TempDir(), "DS01")
	s = started(t, o)
	hub = connected(t, s.settings(seeds[""]), HubInbox)
	if _, err := hub.Init(t.Context(), InitOptions{Site: "DS01", Keep: time.Hour}); err != nil {
		t.Fatal(err)
	}
	return s, seeds, hub
}

func started(t testing.TB, o ServerOptions) *listening {
	t.Helper()
	s, err := StartServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	o.Listen = s.Address()
	return &listening{s, o}
}

func (s *listening) again(t testing.TB) *listening {
	t.Helper()
	return started(t, s.o)
}

func (s *listening) settings(seed string) Settings {
	return Settings{Servers: []string{"nats://" + s.o.Listen}, seed: seed}
}
