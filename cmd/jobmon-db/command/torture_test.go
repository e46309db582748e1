package command

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
	"github.com/jobmon-db/jobmon-db/internal/endpoint"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// How long TestTorture goes on, and the seed of its random numbers.
const (
	tortureFor  = "JOBMON_TEST_TORTURE"      // a duration; without it the test ends after a few kills
	tortureSeed = "JOBMON_TEST_TORTURE_SEED" // a number; without it 1, or a new one where a duration is given
)

// One log is tortured killsPerWorld times before the next one begins; without a duration there is one log.
const (
	killsPerWorld = 60
	fewKills      = 8
)

// TestTorture kills the daemon at random instants, again and again: no event that it reported as durable is lost, none
// is recorded twice, and every file on the share is one that the log gives.
func TestTorture(t *testing.T) {
	t.Parallel()
	limit, most, random := tortured(t)
	kills, cuts, events := 0, 0, uint64(0)
	began, enough := time.Now(), false
	for !enough {
		w := newWitness(t, random)
		for i := 0; i < most && !enough; i++ {
			w.strike(i%2 == 0)
			kills++
			enough = t.Failed() || limit > 0 && time.Since(began) >= limit
		}
		enough = enough || limit == 0
		events, cuts = events+w.last, cuts+w.cuts
	}
	t.Logf("%d kills, %d cuts, %d events", kills, cuts, events)
}

// tortured is how long a torture goes on, 0 for once, how often one daemon is killed, and what draws the instants.
func tortured(t *testing.T) (limit time.Duration, most int, random *rand.Rand) {
	t.Helper()
	most = fewKills
	seed := uint64(1)
	if text := os.Getenv(tortureFor); text != "" {
		var err error
		if limit, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", tortureFor, err)
		}
		most, seed = killsPerWorld, rand.Uint64()
	}
	if text := os.Getenv(tortureSeed); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", tortureSeed, err)
		}
	}
	t.Logf("%s=%d", tortureSeed, seed)
	return limit, most, rand.New(rand.NewPCG(seed, 0))
}

// witness remembers what the log said and compares.
type witness struct {
	*testing.T
	random *rand.Rand
	dir    string
	env    []string

	last         uint64              // the newest event that was read after a kill
	sums         map[uint64][32]byte // of the batches that were read, by their last event
	cuts         int                 // how often history was cut off
	acknowledged uint64              // the newest event that a daemon reported

	// Contents of files that the log gave when they were last compared. A daemon that is killed leaves files of older
	// events; when these events are cut off, the log no longer gives such a file.
	compared map[jobmon.ComputerID][]byte
}

func newWitness(t *testing.T, random *rand.Rand) *witness {
	dir := t.TempDir()
	return &witness{T: t, random: random, dir: dir, sums: map[uint64][32]byte{}, env: []string{
		"JOBMON_DATA_DIR=" + filepath.Join(dir, "data"), "JOBMON_EVT_DIR=" + filepath.Join(dir, "evt"),
		"JOBMON_SITE=DS01",
		"JOBMON_SOURCE_KIND=simulator", "JOBMON_SOURCE_POLL_INTERVAL=250ms", "JOBMON_LOG_LEVEL=warn",
		"JOBMON_SIMULATOR_COMPUTERS=40", "JOBMON_SIMULATOR_SPEED=900",
		fmt.Sprintf("JOBMON_SIMULATOR_SEED=%d", random.Uint32()),
	}}
}

// strike starts a daemon, kills it at a random instant, and looks at what it left. The instant is a while after the
// start, or after the daemon has recorded something more: on a slow machine a daemon may need seconds for that.
func (w *witness) strike(recorded bool) {
	daemon := start(w.T, w.env, "run")
	client := &control.Client{Transport: &endpoint.Client{DataDir: filepath.Join(w.dir, "data")}, Context: w.Context()}
	ask := func(ctx context.Context) {
		if info, err := client.Info(ctx); err == nil {
			w.acknowledged = max(w.acknowledged, info.Last)
		}
	}
	if recorded {
		said := func() string {
			daemon.kill()
			return "recorded more: " + daemon.stderr.String()
		}
		eventually(w.T, said, func() bool {
			ask(w.Context())
			return w.acknowledged > w.last
		})
	}
	beside := w.beside() // may take the log before a daemon that only begins
	ctx, stop := context.WithTimeout(w.Context(), time.Duration(w.random.IntN(1000))*time.Millisecond)
	defer stop()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		ask(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	daemon.kill()
	beside()
	w.look(&daemon.stderr)
	if w.cut() {
		w.look(&daemon.stderr)
	}
}

// beside begins what an administrator may do meanwhile, which is killed with the daemon. A backup that is there
// afterwards is whole.
func (w *witness) beside() (end func()) {
	w.Helper()
	backup := filepath.Join(w.dir, fmt.Sprintf("backup-%d.db", w.random.Uint32()))
	var command []string
	switch w.random.IntN(4) {
	case 0:
		command = []string{"compact"}
	case 1:
		command = []string{"backup", backup}
	case 2:
		command = []string{"verify"}
	default:
		return func() {}
	}
	p := start(w.T, w.env, command...)
	return func() {
		w.Helper()
		p.kill()
		if _, err := os.Stat(backup); err != nil {
			return
		}
		if report, err := store.Verify(w.Context(), backup); err != nil || !report.Whole() {
			w.Errorf("a backup is not whole: %+v, %v", report, err)
		}
	}
}

// cutVariable makes the test binary cut off half of the history in the data dir that it names, and nothing else. No
// command does that to a history of some hours. An argument has it keep the old log.
const cutVariable = "JOBMON_TEST_CUT"

func cutInHalf(ctx context.Context, dir string) error {
	log, err := store.Open(dir, store.Options{LockWait: time.Minute})
	if err != nil {
		return err
	}
	defer func() { log.Close() }()
	_, since, _ := log.First()
	_, until, _ := log.Last()
	c, _, err := daemon.Compact(ctx, log, since+(until-since)/2, store.CompactOptions{KeepOld: len(os.Args) > 1})
	if err != nil {
		return err
	}
	next, err := c.Finish(ctx)
	if err == nil {
		log = next
	}
	return err
}

// cut now and then has half of the history cut off, and kills the process that does that, at whatever it has done.
func (w *witness) cut() bool {
	w.Helper()
	data := filepath.Join(w.dir, "data")
	if _, err := os.Stat(filepath.Join(data, "CURRENT")); err != nil || w.random.IntN(3) > 0 {
		return false
	}
	before, _ := os.ReadFile(filepath.Join(data, "CURRENT"))
	p := start(w.T, []string{cutVariable + "=" + data}, []string{"keep-old"}[:w.random.IntN(2)]...)
	timer := time.AfterFunc(time.Duration(w.random.IntN(600))*time.Millisecond, func() { p.cmd.Process.Kill() })
	p.cmd.Wait()
	timer.Stop()
	if p.stderr.Len() > 0 {
		w.Errorf("cutting: %s", &p.stderr)
	}
	if after, _ := os.ReadFile(filepath.Join(data, "CURRENT")); !bytes.Equal(before, after) {
		w.cuts++
	}
	return true
}

// look reads the log, and compares it with what was read and reported before, and the files with it.
func (w *witness) look(said *bytes.Buffer) {
	w.Helper()
	data := filepath.Join(w.dir, "data")
	if _, err := os.Stat(filepath.Join(data, "CURRENT")); err != nil && w.acknowledged == 0 {
		return // the daemon has not begun a log
	}
	log, err := store.Open(data, store.Options{ReadOnly: true})
	if err != nil {
		w.Fatalf("%v\nthe daemon said: %s", err, said)
	}
	defer log.Close()
	if report, err := store.Verify(w.Context(), log.Path()); err != nil || !report.Whole() {
		w.Errorf("the log is not whole: %+v, %v", report, err)
	}
	if compared, wrong, err := history.CompareCaches(log); err != nil || len(wrong) > 0 {
		w.Errorf("of %d caches these are not what the log gives: %v, %v", compared, wrong, err)
	}
	files := w.files()
	compared := map[jobmon.ComputerID][]byte{}
	for id, f := range files {
		compared[id] = f.content
	}
	state, next, sums := history.New(), uint64(1), map[uint64][32]byte{}
	for b, err := range log.Read(0) {
		if err != nil {
			w.Fatal(err)
		}
		if b.First() != next && !history.IsCut(&b) {
			w.Errorf("event %d follows event %d", b.First(), next-1)
		}
		next = b.Last() + 1
		sums[b.Last()] = w.batch(state, &b)
		for id, f := range files {
			// A picture has the number of the last event that it shows, and nothing that came later changed it.
			if b.First() <= f.seq && f.seq <= b.Last() || history.IsCut(&b) && f.seq <= b.Last() {
				w.compare(state, id, f.content)
				delete(files, id)
			}
		}
	}
	if state.Seq < max(w.last, w.acknowledged) {
		w.Errorf("the daemon reported event %d, and the log ends with %d", max(w.last, w.acknowledged), state.Seq)
	}
	for id, f := range files {
		w.Errorf("the file of computer %d shows event %d; the log's last one is %d", id, f.seq, state.Seq)
	}
	w.last, w.sums, w.compared = state.Seq, sums, compared
}

// batch applies a batch to the state, compares it with what it was when it was last read, and returns its checksum.
func (w *witness) batch(state *history.State, b *jobmon.Batch) (sum [32]byte) {
	w.Helper()
	hash := sha256.New()
	lines := json.NewEncoder(hash)
	for i := range b.Events {
		w.legal(state.Mirror, &b.Events[i])
		state.Mirror.Apply(&b.Events[i]) // once more is as good as once
		if err := lines.Encode(b.Events[i]); err != nil {
			w.Fatal(err)
		}
	}
	if err := state.Apply(b); err != nil {
		w.Fatal(err)
	}
	sum = [32]byte(hash.Sum(nil))
	if old, known := w.sums[b.Last()]; known && old != sum && !history.IsCut(b) || !known && b.First() <= w.last {
		w.Errorf("the batch of event %d is no longer what it was", b.Last())
	}
	return sum
}

// compare compares a file with the picture after the batch that it shows, unless it is the one that was compared last.
func (w *witness) compare(state *history.State, id jobmon.ComputerID, content []byte) {
	w.Helper()
	if bytes.Equal(content, w.compared[id]) {
		return
	}
	p, ok := state.Projection.Progress(id)
	if !ok {
		w.Errorf("a file of computer %d, of which there is no picture at event %d:\n%s", id, state.Seq, content)
		return
	}
	if file, err := evt.Encode(p); err != nil || !bytes.Equal(file, content) {
		w.Errorf("the file of computer %d is not what the log gives at event %d: %v\n%s\n%s", id, state.Seq, err,
			content, file)
	}
}

// legal says whether the event can follow what is known: a row is not scheduled twice, nor does one end that did not
// begin.
func (w *witness) legal(m *jobmon.Mirror, e *jobmon.Event) {
	w.Helper()
	if !e.Kind.OfRow() || e.Flags.Has(jobmon.Baseline) {
		return
	}
	old, known := m.Rows.Get(e.Schedule)
	ok := known
	switch e.Kind {
	case jobmon.KindScheduled:
		ok = !known
	case jobmon.KindStarted:
		ok = known && old.Status.Waiting()
	case jobmon.KindFinished:
		ok = known && old.Status.Running()
	}
	if !ok {
		w.Errorf("event %d: row %d is %s, and was %+v (%t)", e.Seq, e.Schedule, e.Kind, old, known)
	}
}

// shared is a file on the share.
type shared struct {
	seq     uint64 // the event that it shows
	content []byte
}

func (w *witness) files() map[jobmon.ComputerID]shared {
	w.Helper()
	paths, err := filepath.Glob(filepath.Join(w.dir, "evt", "*.evt"))
	if err != nil {
		w.Fatal(err)
	}
	found := map[jobmon.ComputerID]shared{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			w.Fatal(err)
		}
		f, err := evt.Decode(content)
		if err != nil {
			w.Errorf("%s is torn: %v\n%s", path, err, content)
			continue
		}
		found[jobmon.ComputerID(f.Computer.ID)] = shared{f.Seq, content}
	}
	return found
}
