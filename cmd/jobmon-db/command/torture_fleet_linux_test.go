package command

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/configs"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/fleet"
	"github.com/jobmon-db/jobmon-db/internal/fleet/natstest"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestTortureFleet runs three NATS servers, three sites and a hub, and lets whatever can go wrong with machines,
// networks, disks and administrators go wrong. Once all is well again, each log at the hub is byte for byte that of the
// site, and so are the pictures of any moment.
func TestTortureFleet(t *testing.T) {
	if os.Getenv(tortureFor) == "" {
		t.Skipf("takes a minute or more; .ci/run torture does it, or %s=60s", tortureFor)
	}
	t.Parallel()
	limit, _, random := tortured(t)
	w := newFleetWorld(t, random)
	w.longest = time.Second
	last := 4 * time.Minute // until the hub is compared with the sites
	if limit > last {
		w.longest = 8 * time.Second // long enough for connections to be given up
	}
	for began := time.Now(); !t.Failed(); {
		left := limit - time.Since(began)
		for until := time.Now().Add(min(left*2/3, last)); time.Now().Before(until) && !t.Failed(); {
			w.strike(0)
		}
		w.heal()
		w.compare()
		if time.Since(began) > limit*3/4 {
			break
		}
	}
	var counts []string
	for _, what := range slices.Sorted(maps.Keys(w.counts)) {
		counts = append(counts, fmt.Sprintf("%d %s", w.counts[what], what))
	}
	t.Log(strings.Join(counts, ", "))
}

// fleetWorld is a fleet, each part of it on a machine of its own where root allows that.
type fleetWorld struct {
	*testing.T
	random    *rand.Rand
	examples  *natstest.Examples
	addresses string // of the NATS servers, as a list
	servers   []*member
	sites     []*member
	hub       *member
	counts    map[string]int
	deck      []func() (end func()) // blows that come next
	longest   time.Duration         // that a blow lasts, and until the next one
}

// member is one machine of the fleet with what runs on it: a NATS server, a site or the hub.
type member struct {
	w       *fleetWorld
	name    string
	place   natstest.Place
	machine *natstest.Machine // nil where all share this one
	disk    *disk             // nil where it has none of its own
	server  *natstest.Server  // nil for programs
	saved   string            // a copy of the server's store as it was, "" for none
	dir     string            // of a program's data
	config  string            // file
	process *process          // of a program that runs
	backup  string            // of a site's log as it was, "" for none
	twin    *process          // a second daemon with a copy of the data folder
	client  *control.Client
}

func newFleetWorld(t *testing.T, random *rand.Rand) *fleetWorld {
	t.Helper()
	w := &fleetWorld{T: t, random: random, counts: map[string]int{}}
	network, err := natstest.NewNetwork(t)
	if err != nil {
		t.Logf("all share this machine, and no network fails: %v", err)
	}
	add := func(name string, disk bool) *member {
		m := &member{w: w, name: name, place: &natstest.Here{}}
		if network != nil {
			m.machine = network.Add()
			m.place = m.machine
		}
		if disk {
			if m.disk, err = newDisk(t, 512); err != nil {
				t.Logf("no power is cut at %s: %v", name, err)
			}
		}
		return m
	}
	for i := range 3 {
		w.servers = append(w.servers, add(fmt.Sprintf("nats-%d", i+1), i == 0))
	}
	for i := range 3 {
		w.sites = append(w.sites, add(fmt.Sprintf("DS0%d", i+1), i == 0))
	}
	w.hub = add("hub", true)
	w.configureServers()
	for _, m := range w.servers {
		m.start()
	}
	for _, m := range w.servers {
		m.server.Ready()
	}
	w.configureHub()
	for i, m := range w.sites {
		w.configureSite(m, i)
		w.initialize(m)
		m.start()
	}
	w.hub.start()
	return w
}

// configureServers writes the example for a cluster of three, with a third site.
func (w *fleetWorld) configureServers() {
	w.Helper()
	var clients, routes []string
	for i, port := range natstest.FreePorts(w, 6) {
		m := w.servers[i/2]
		if m.machine != nil {
			port = fmt.Sprintf("%s:%d", m.machine.Address, []int{4222, 6222}[i%2])
		}
		if i%2 == 0 {
			clients = append(clients, port)
		} else {
			routes = append(routes, port)
		}
	}
	hosts := []string{"127.0.0.1"}
	for _, m := range w.servers {
		if m.machine != nil {
			hosts = append(hosts, m.machine.Address)
		}
	}
	w.examples = natstest.NewExamples(w, "../../../configs/nats", hosts...)
	w.addresses = "tls://" + strings.Join(clients, ",tls://")
	publish, subscribe := fleet.SiteSubjects("DS03", "")
	third := fleet.Permissions("the site DS03", w.examples.Key("DS03"), publish, subscribe)
	for i, m := range w.servers {
		config, store := w.examples.Write("cluster.conf", "server_name: nats-1", "server_name: "+m.name,
			"0.0.0.0:4222", clients[i], "0.0.0.0:6222", routes[i],
			"nats-1:6222", routes[0], "nats-2:6222", routes[1], "nats-3:6222", routes[2], "50GB", "400MB",
			"{ # the hub", third+"{ # the hub", `"$JS.API.STREAM.NAMES"`, `"$JS.API.STREAM.NAMES", "$JS.API.STREAM.DELETE.*"`)
		if m.disk != nil {
			if err := os.Symlink(m.disk.dir, store); err != nil {
				w.Fatal(err)
			}
		}
		m.server = natstest.New(w, m.place, config, store)
	}
}

// configureSite writes the configuration of a site.
func (w *fleetWorld) configureSite(m *member, i int) {
	w.Helper()
	w.configure(m, fmt.Sprintf("site: %[1]s\nsource: {kind: simulator, poll_interval: 250ms}\n"+
		"simulator: {computers: %[2]d, speed: 300, seed: %[3]d}\n"+
		"fleet:\n  nats: [%[4]s]\n  credentials: %[5]s\n  tls: {ca: %[6]s}\n", m.name, 20+10*i, w.random.Uint32(),
		w.addresses, w.examples.Seed(m.name), w.examples.CA()))
}

func (w *fleetWorld) configureHub() {
	w.Helper()
	w.configure(w.hub, fmt.Sprintf("hub:\n  nats: [%s]\n  credentials: %s\n  tls: {ca: %s}\n  sites: [DS01, DS02, DS03]\n",
		w.addresses, w.examples.Seed("HUB"), w.examples.CA()))
}

func (w *fleetWorld) configure(m *member, text string) {
	w.Helper()
	dir, err := os.MkdirTemp("", "fleet") // a longer path has its socket elsewhere
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = os.RemoveAll(dir) })
	m.config, m.dir = filepath.Join(dir, "jobmon-db.yaml"), filepath.Join(dir, "data")
	if m.disk != nil {
		m.dir = filepath.Join(m.disk.dir, "data")
	}
	text += fmt.Sprintf("data_dir: %s\nevt: {dir: %s}\nlog: {level: info}\n", m.dir, filepath.Join(dir, "evt"))
	if err := os.WriteFile(m.config, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
	m.client = &control.Client{Transport: &endpoint.Client{DataDir: m.dir}, Context: w.Context()}
}

// initialize makes a site's stream, as an administrator does; more are further arguments.
func (w *fleetWorld) initialize(m *member, more ...string) {
	w.Helper()
	args := append([]string{"fleet", "init", "--site", m.name, "--config", w.hub.config}, more...)
	for began := time.Now(); ; {
		p := startOn(w.T, w.hub.place, nil, args...)
		if p.cmd.Wait() == nil {
			return
		}
		if time.Since(began) > time.Minute {
			w.Fatalf("%s: %s", strings.Join(args, " "), &p.stderr)
		}
	}
}

func (w *fleetWorld) members() []*member { return slices.Concat(w.servers, w.sites, []*member{w.hub}) }

func (m *member) runs() bool {
	if m.server != nil {
		return m.server.Running()
	}
	return m.process != nil
}

func (m *member) start() {
	m.w.Helper()
	if m.server != nil {
		m.server.Start()
		return
	}
	m.process = m.run(m.dir)
}

// run starts the program of a site or the hub with that data folder.
func (m *member) run(dir string) *process {
	m.w.Helper()
	what := "run"
	if m == m.w.hub {
		what = "hub"
	}
	return startOn(m.w.T, m.place, []string{configs.FileVariable + "=" + m.config, "JOBMON_DATA_DIR=" + dir}, what)
}

func (m *member) kill() {
	if m.server != nil {
		m.server.Kill()
		return
	}
	m.process.kill()
	m.hear(m.process)
	m.process = nil
}

// hear counts what a program that has ended complained about.
func (m *member) hear(p *process) {
	for line := range strings.Lines(p.stderr.String()) {
		switch {
		case strings.Contains(line, "panic:"), strings.Contains(line, "DATA RACE"):
			m.w.Errorf("%s said: %s", m.name, p.stderr.String())
		case strings.Contains(line, "is not published to the fleet"):
			m.w.counts["publishers refused"]++
		case strings.Contains(line, "refused"):
			m.w.counts["messages refused"]++
		}
	}
}

// signal halts what runs on the machine, or lets it go on.
func (m *member) signal(s os.Signal) {
	if m.server != nil {
		m.server.Signal(s)
	} else if m.process != nil {
		_ = m.process.cmd.Process.Signal(s)
	}
}

func (w *fleetWorld) pause(most time.Duration) {
	timer := time.NewTimer(time.Duration(w.random.Int64N(int64(most))))
	defer timer.Stop()
	<-timer.C
}

// one picks a member that runs and that fits, nil where there is none.
func (w *fleetWorld) one(of []*member, fits func(*member) bool) *member {
	of = slices.DeleteFunc(slices.Clone(of), func(m *member) bool { return !m.runs() || fits != nil && !fits(m) })
	if len(of) == 0 {
		return nil
	}
	return of[w.random.IntN(len(of))]
}

// blows are what goes wrong, each as often as it is listed. A blow returns what ends it, or nil where it did not fall.
func (w *fleetWorld) blows() []func() (end func()) {
	return []func() func(){
		w.killOne, w.killOne, w.killOne, w.halt, w.cutPower, w.cutPower, w.unplug, w.unplug, w.split, w.slow, w.wipe,
		w.damage, w.oldStore, w.shorten, w.shorten, w.beginAnew, w.copyData, w.oldBackup, w.oldBackup,
	}
}

// strike lets something go wrong for a while, and perhaps something else meanwhile.
func (w *fleetWorld) strike(depth int) {
	w.Helper()
	if len(w.deck) == 0 {
		w.deck = w.blows()
		w.random.Shuffle(len(w.deck), func(i, j int) { w.deck[i], w.deck[j] = w.deck[j], w.deck[i] })
	}
	blow := w.deck[0]
	w.deck = w.deck[1:]
	end := blow()
	if end == nil {
		return
	}
	w.pause(w.longest)
	if depth < 2 && w.random.IntN(3) == 0 {
		w.strike(depth + 1)
	}
	end()
	w.pause(w.longest)
}

func (w *fleetWorld) killOne() func() {
	m := w.one(w.members(), nil)
	if m == nil {
		return nil
	}
	m.kill()
	if m.server != nil && m.saved == "" {
		m.saved = filepath.Join(w.TempDir(), "saved")
		m.server.Save(m.saved)
	}
	w.counts["kills"]++
	return m.start
}

func (w *fleetWorld) halt() func() {
	m := w.one(w.members(), nil)
	if m == nil {
		return nil
	}
	m.signal(syscall.SIGSTOP)
	w.counts["halts"]++
	return func() { m.signal(syscall.SIGCONT) }
}

func (w *fleetWorld) cutPower() func() {
	m := w.one(w.members(), func(m *member) bool { return m.disk != nil })
	if m == nil {
		return nil
	}
	m.disk.cut()
	m.kill()
	w.counts["power cuts"]++
	return func() {
		m.disk.again()
		m.start()
	}
}

// cable picks a machine with a network.
func (w *fleetWorld) cable() *member {
	return w.one(w.members(), func(m *member) bool { return m.machine != nil })
}

func (w *fleetWorld) unplug() func() {
	m := w.cable()
	if m == nil {
		return nil
	}
	m.machine.Unplug()
	w.counts["partitions"]++
	return m.machine.Plug
}

// split keeps two machines from each other, which both see all others.
func (w *fleetWorld) split() func() {
	a, b := w.cable(), w.cable()
	if a == nil || a == b {
		return nil
	}
	a.machine.Apart()
	b.machine.Apart()
	w.counts["partitions"]++
	return func() {
		a.machine.Plug()
		b.machine.Plug()
	}
}

func (w *fleetWorld) slow() func() {
	m := w.cable()
	if m == nil {
		return nil
	}
	m.machine.Slow()
	w.counts["slow links"]++
	return m.machine.Plug
}

func (w *fleetWorld) wipe() func() {
	m := w.one(w.servers, nil)
	if m == nil {
		return nil
	}
	m.kill()
	m.server.Wipe()
	w.counts["wiped servers"]++
	return m.start
}

// damage makes a server unable to read what it has of a stream.
func (w *fleetWorld) damage() func() {
	m := w.one(w.servers, nil)
	if m == nil {
		return nil
	}
	m.kill()
	if m.server.Damage() > 0 {
		w.counts["damaged stores"]++
	}
	return m.start
}

func (w *fleetWorld) oldStore() func() {
	m := w.one(w.servers, func(m *member) bool { return m.saved != "" })
	if m == nil {
		return nil
	}
	m.kill()
	m.server.Restore(m.saved)
	m.saved = ""
	w.counts["old stores"]++
	return m.start
}

// administrator changes the stream of a site, as far as the servers are there; the hub is away meanwhile, or it is not.
func (w *fleetWorld) administrator(what string, change func(a *natstest.Administrator, stream string) error) func() {
	away := w.hub.runs() && w.random.IntN(2) == 0
	if away {
		w.hub.kill()
	}
	a, err := w.examples.Administrator(w, w.sites[1].place, w.addresses)
	if err == nil {
		err = change(a, fleet.StreamOf(w.sites[w.random.IntN(3)].name))
	}
	if err == nil {
		w.counts[what]++
	}
	return func() {
		if away {
			w.hub.start()
		}
	}
}

func (w *fleetWorld) shorten() func() {
	keep := w.random.Uint64N(4)
	return w.administrator("shortened streams", func(a *natstest.Administrator, stream string) error {
		return a.Shorten(w.Context(), stream, keep)
	})
}

// beginAnew deletes a stream: its numbers begin at 1 again, below what the hub has seen.
func (w *fleetWorld) beginAnew() func() {
	return w.administrator("streams begun anew", func(a *natstest.Administrator, stream string) error {
		return a.Delete(w.Context(), stream)
	})
}

// copyData starts a second daemon with a copy of a site's data folder.
func (w *fleetWorld) copyData() func() {
	m := w.one(w.sites, func(m *member) bool { return m.twin == nil })
	if m == nil {
		return nil
	}
	m.kill()
	dir := filepath.Join(w.TempDir(), "twin")
	if _, err := os.Stat(m.dir); err != nil {
		return m.start // it had not begun
	}
	if out, err := exec.Command("cp", "-a", m.dir, dir).CombinedOutput(); err != nil {
		w.Fatalf("copy the data folder: %v: %s", err, out)
	}
	m.start()
	m.twin = m.run(dir)
	w.counts["copied data folders"]++
	return func() {
		w.pause(2 * w.longest)
		m.twin.kill()
		m.hear(m.twin)
		m.twin = nil
	}
}

// oldBackup makes a backup of a site, or brings it back.
func (w *fleetWorld) oldBackup() func() {
	m := w.one(w.sites, nil)
	if m == nil {
		return nil
	}
	if m.backup == "" {
		if info, err := m.client.Info(w.Context()); err != nil || info.Last == 0 {
			return nil // a backup without events is refused
		}
		m.backup = filepath.Join(w.TempDir(), "backup.db")
		if got := jobmondb(w.T, "backup", m.backup, "--data-dir="+m.dir); got.code != exitOK {
			m.backup = ""
		}
		return nil
	}
	m.kill()
	if got := jobmondb(w.T, "restore", m.backup, "--data-dir="+m.dir); got.code != exitOK {
		w.Errorf("restore: %s", got.stderr)
	}
	m.backup = ""
	w.counts["old backups"]++
	return m.start
}

// heal lets all go on without harm, until the hub has what the sites have, and ends it.
func (w *fleetWorld) heal() {
	w.Helper()
	for _, m := range w.members() {
		if m.machine != nil {
			m.machine.Plug()
		}
		if m.server != nil && !m.runs() {
			m.start()
		}
	}
	w.mendServers()
	programs := append(slices.Clone(w.sites), w.hub)
	for _, m := range programs {
		if m.runs() {
			m.kill() // it looks again at once, not within a minute
		}
	}
	for _, m := range w.sites {
		w.initialize(m)
	}
	for _, m := range programs {
		m.start()
	}
	for _, m := range w.sites {
		w.settle(m)
	}
	w.hub.stop()
}

// mendServers waits until all servers are ready. It wipes those that cannot read their own store, as an administrator
// does.
func (w *fleetWorld) mendServers() {
	w.Helper()
	well, until := 0, time.Now().Add(time.Minute)
	for ; well < len(w.servers) && time.Now().Before(until); w.pause(200 * time.Millisecond) {
		well = 0
		for _, m := range w.servers {
			err := m.server.Health(w.Context())
			if errors.Is(err, natstest.ErrUnreadable) {
				m.kill()
				m.server.Wipe()
				m.start()
				w.counts["unreadable stores wiped"]++
			}
			if err == nil {
				well++
			}
		}
	}
	for _, m := range w.servers {
		m.server.Ready()
	}
}

// settle waits until the hub has all of a site, and ends the site. The hub gets its last words, or those after the next
// start.
func (w *fleetWorld) settle(m *member) {
	w.Helper()
	for began := time.Now(); ; {
		w.until(m, began, func() bool { return w.follows(m, 0) })
		m.stop()
		last := lastOf(w.T, m.dir)
		for wait := time.Now(); time.Since(wait) < 5*time.Second; w.pause(100 * time.Millisecond) {
			if w.follows(m, last) {
				return
			}
		}
		w.counts["sites whose last words were late"]++
		m.start()
	}
}

// until waits, but not for ever.
func (w *fleetWorld) until(m *member, began time.Time, done func() bool) {
	w.Helper()
	for !done() {
		if time.Since(began) < 2*time.Minute {
			w.pause(200 * time.Millisecond)
			continue
		}
		own, err := m.client.Fleet(w.Context())
		all, err2 := w.hub.client.Fleet(w.Context())
		w.hub.process.kill()
		m.process.kill()
		w.Fatalf("the hub does not get all of %s:\nsite %+v, %v\nhub %+v, %v\nthe site says %s\nthe hub says %s",
			m.name, own, err, all, err2, end(m.process), end(w.hub.process))
	}
}

// end is the end of what a process said.
func end(p *process) string {
	text := p.stderr.String()
	return text[max(0, len(text)-3000):]
}

// stop ends a program as a service manager does.
func (m *member) stop() {
	m.w.Helper()
	m.process.stop()
	m.hear(m.process)
	m.process = nil
}

// follows says whether the hub has the events of a site up to that one, 0 for all that the site has now. Where the
// site's log is not the one that was published, a person must say which one is right.
func (w *fleetWorld) follows(m *member, last uint64) bool {
	w.Helper()
	if last == 0 {
		info, err := m.client.Info(w.Context())
		if err != nil {
			return false
		}
		last = info.Last
		own, err := m.client.Fleet(w.Context())
		if err == nil && len(own) == 1 && strings.Contains(own[0].Trouble, "--anew") {
			w.initialize(m, "--anew", "--yes")
			m.kill() // it looks again at once, not within a minute
			m.start()
			w.counts["streams emptied by hand"]++
			return false
		}
	}
	all, err := w.hub.client.Fleet(w.Context())
	if err != nil {
		return false
	}
	i := slices.IndexFunc(all, func(s control.FleetSite) bool { return s.Site == m.name })
	return i >= 0 && all[i].Has >= last
}

// compare compares each log at the hub with the site's, and the pictures of some moments.
func (w *fleetWorld) compare() {
	w.Helper()
	for _, m := range w.sites {
		copied := filepath.Join(w.hub.dir, "sites", m.name)
		here, there := w.export(m.dir), w.export(copied)
		if !bytes.Equal(here, there) {
			w.Errorf("%s: the export of the hub's log differs: %d bytes, and the site's has %d", m.name, len(there), len(here))
			continue
		}
		log, err := store.Open(m.dir, store.Options{ReadOnly: true})
		if err != nil {
			w.Fatal(err)
		}
		last, _, _ := log.Last()
		first, _, _ := log.First()
		w.counts["events"] += int(last)
		_ = log.Close()
		for range 5 {
			seq, id := first, jobmon.ComputerID(5_000_001+w.random.IntN(20))
			if last > first {
				seq += w.random.Uint64N(last - first + 1)
			}
			args := []string{"replay", "show", fmt.Sprintf("id:%d", id), "--at", fmt.Sprintf("seq:%d", seq), "-o", "evt"}
			own := jobmondb(w.T, append(args, "--data-dir="+m.dir)...)
			if hub := jobmondb(w.T, append(args, "--data-dir="+copied)...); hub != own {
				w.Errorf("%s: %v: the hub says %+v, and the site %+v", m.name, args, hub, own)
			}
			w.counts["pictures compared"]++
		}
	}
}

func (w *fleetWorld) export(dir string) []byte {
	w.Helper()
	got := jobmondb(w.T, "export", "--data-dir="+dir)
	if got.code != exitOK {
		w.Errorf("export: %s", got.stderr)
	}
	return []byte(got.stdout)
}
