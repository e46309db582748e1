package command

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

func load(t *testing.T, path string) *recording.Recording {
	t.Helper()
	r, err := recording.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// recordedWire is a site's database behind the wire, and what check needs to read it.
func recordedWire(t *testing.T) (*tdstest.Server, []string) {
	t.Helper()
	server := tdstest.New(t)
	server.Change(func(tables *tdstest.Tables) {
		tables.Insert("event_folder", 1, "Clients", nil)
		tables.Insert("event", 10, 1, "01. (JM) Office", nil)
		tables.Insert("event", 11, nil, "Install Office", nil)
		tables.Insert("computer_group", 20, "Room 1")
		tables.Insert("computer", 5000001, 20, "BONN-0001", "bonn-0001")
		tables.Insert("computer", 5000002, nil, "BONN-0002", nil)
		tables.Insert("event_schedule", 1, 10, 5000001, 0, nil)
		tables.Insert("event_schedule", 2, 11, 5000001, -1, nil)
		tables.Insert("event_schedule", 3, 11, 5000002, 1603, nil)
		tables.Insert("sessions", 5000001, 1)
		tables.Insert("sessions", 5000002, 1)
	})
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	return server, []string{"JOBMON_SOURCE_DSN=" + server.DSN().String(), "JOBMON_DATA_DIR=" + dir}
}

func TestRecordADatabase(t *testing.T) {
	server, env := recordedWire(t)
	path := filepath.Join(t.TempDir(), "site.ndjson")
	got := checked(t, env, "--record="+path, "-o", "json")
	line := stateOf(t, got, "recording")
	for _, words := range []string{path + ", ", " bytes: jobs 2, computers 2, rows 3, agents 1; names are as they are",
		"Look through the file"} {
		if got.code != exitOK || line.State != check.OK || !strings.Contains(line.Found, words) {
			t.Errorf("no %q in %+v", words, got)
		}
	}
	quick := 0
	for _, batch := range server.Batches() {
		if strings.Contains(batch, "jobmon-db names") {
			quick++
		}
	}
	if quick != 1 {
		t.Errorf("everything was read %d times", quick)
	}
	r := load(t, path)
	want := []jobmon.Row{
		{ID: 1, Job: 10, Computer: 5000001, Start: jobmon.NoStart, Status: jobmon.StatusOf(0)},
		{ID: 2, Job: 11, Computer: 5000001, Start: jobmon.NoStart, Status: jobmon.StatusRunning},
		{ID: 3, Job: 11, Computer: 5000002, Start: jobmon.NoStart, Status: jobmon.StatusOf(1603)},
	}
	if !reflect.DeepEqual(r.Tables.Rows, want) || r.Tables.Jobs[0] != (jobmon.Job{ID: 10, Name: "01. (JM) Office",
		Folder: "Clients"}) ||
		!reflect.DeepEqual(r.Tables.Agents, []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentOnline}}) ||
		r.Server == "" || r.Unknown != nil || r.Pseudonyms {
		t.Errorf("%+v", r)
	}

	// neither where it was read nor with what
	secret := func(path string, words ...string) {
		t.Helper()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range append(words, tdstest.Password, tdstest.User, tdstest.Database, server.Address(),
			"127.0.0.1", "sqlserver://") {
			if strings.Contains(strings.ToLower(string(content)), strings.ToLower(word)) {
				t.Errorf("%q is in\n%s", word, content)
			}
		}
	}
	secret(path)
	if got := checked(t, env, "--record="+path); got.code != exitUsage || !strings.Contains(got.stderr, "--force") ||
		got.stdout != "" {
		t.Errorf("%+v", got)
	}
	if got := checked(t, env, "--record="+path, "--force", "--pseudonyms"); got.code != exitOK ||
		!strings.Contains(strings.Join(strings.Fields(got.stdout), " "), "names are pseudonyms, whose key stays in ") {
		t.Errorf("%+v", got)
	}
	secret(path, "bonn", "clients", "install", "office", "room")
	disguised := load(t, path)
	if !disguised.Pseudonyms || !reflect.DeepEqual(disguised.Tables.Rows, want) ||
		!strings.HasPrefix(disguised.Tables.Jobs[0].Name, "01. (JM) ") {
		t.Errorf("%+v", disguised)
	}

	// pseudonyms are the same the next time, and also when the recording is what is recorded
	plain, again := path+".plain", path+".again"
	checked(t, env, "--record="+plain)
	from := []string{"JOBMON_SOURCE_KIND=recording", "JOBMON_SOURCE_RECORDING=" + plain, env[1]}
	if got := checked(t, from, "--record="+again, "--pseudonyms", "-o", "json"); got.code != exitOK ||
		!strings.Contains(stateOf(t, got, "database").Found, "a recording of ") {
		t.Errorf("%+v", got)
	}
	if second := load(t, again); !reflect.DeepEqual(second.Tables.Jobs, disguised.Tables.Jobs) ||
		!reflect.DeepEqual(second.Tables.Computers, disguised.Tables.Computers) ||
		!reflect.DeepEqual(second.Tables.Agents, disguised.Tables.Agents) || second.Server != disguised.Server {
		t.Errorf("%+v\n%+v", second.Tables, disguised.Tables)
	}
	// what are pseudonyms once are called so for ever
	from[1] = "JOBMON_SOURCE_RECORDING=" + again
	copied := path + ".copied"
	if got := checked(t, from, "--record="+copied, "-o", "json"); !strings.Contains(stateOf(t, got, "recording").Found,
		"pseudonyms, as they were") || !load(t, copied).Pseudonyms {
		t.Errorf("%+v", got)
	}
	// the key does not make the data dir somebody else's
	if got := jobmondb(t, "demo", "--for=1s", "--computers=1",
		strings.Replace(env[1], "JOBMON_DATA_DIR", "--data-dir", 1)); got.code != exitOK {
		t.Errorf("%+v", got)
	}
}

func TestRecordingThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "site.ndjson")
	simulated := []string{"JOBMON_SOURCE_KIND=simulator", "JOBMON_DATA_DIR=" + filepath.Join(dir, "nowhere")}
	for _, c := range []struct {
		env  []string
		args []string
		code int
		said string
	}{
		{simulated, []string{"--pseudonyms"}, exitUsage, "--record"},
		{simulated, []string{"--force"}, exitUsage, "--record"},
		{simulated, []string{"--record=" + path, "--pseudonym-key=x"}, exitUsage, "without --pseudonyms"},
		{simulated, []string{"--record=" + dir, "--force"}, exitUsage, "no plain file"},
		{simulated, []string{"--record=" + path, "--pseudonyms",
			"--pseudonym-key=" + filepath.Join(path, "none", "key")}, exitCheck, "recording"},
		{simulated, []string{"--record=" + filepath.Join(dir, "none", "x")}, exitCheck, "recording"},
		{[]string{"JOBMON_SOURCE_DSN=sqlserver://a:Planted-Secret-1@127.0.0.1:1?database=eXpress"},
			[]string{"--record=" + path, "--data-dir=" + dir + "/d"}, exitSource, "recording"},
		{nil, []string{"--source-kind=recording", "--source-recording=" + path, "--data-dir=" + dir + "/d"}, exitSource,
			"database"},
	} {
		if got := checked(t, c.env, c.args...); got.code != c.code || !strings.Contains(got.stderr, c.said) {
			t.Errorf("%q: %+v", c.args, got)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A recording is played by the daemon, and its history is kept apart from all others.
func TestRunPlaysARecording(t *testing.T) {
	dir := t.TempDir()
	path, data := filepath.Join(dir, "site.ndjson"), filepath.Join(dir, "data")
	if got := checked(t, []string{"JOBMON_SOURCE_KIND=simulator", "JOBMON_SIMULATOR_COMPUTERS=3",
		"JOBMON_DATA_DIR=" + data}, "--record="+path); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	env := []string{"JOBMON_SITE=DS01", "JOBMON_DATA_DIR=" + data, "JOBMON_SOURCE_KIND=recording",
		"JOBMON_SOURCE_RECORDING=" + path}
	daemon := start(t, env, "run")
	var got outcome
	eventually(t, func() string { return "PC-0003 is on the board: " + got.stdout + daemon.stderr.String() },
		func() bool {
			got = jobmondb(t, "status", "--data-dir="+data)
			return strings.Contains(got.stdout, "PC-0003")
		})
	daemon.stop()
	if !strings.Contains(daemon.stderr.String(), "playing a recording back") {
		t.Errorf("%s", daemon.stderr.String())
	}
	moment := load(t, path).Tables.Now
	if got := jobmondb(t, "status", "--data-dir="+data); !strings.Contains(got.stdout,
		moment.Time().Format("2006-01-02 ")) {
		t.Errorf("%+v", got)
	}

	other := path + ".other"
	if got := checked(t, []string{"JOBMON_SOURCE_KIND=simulator", "JOBMON_DATA_DIR=" + filepath.Join(dir, "none")},
		"--record="+other); got.code != exitOK {
		t.Fatalf("%+v", got)
	}
	real := watched(t)
	for name, args := range map[string][]string{
		"another recording is played there": {"run", "--data-dir=" + data,
			"--source-kind=recording", "--source-recording=" + other},
		"holds the history of a recording: name another": {"run", "--data-dir=" + data,
			"--source-dsn=sqlserver://reader:x@127.0.0.1:1"},
		"set source.kind and source.recording": {"run", "--data-dir=" + data,
			"--source-kind=simulator"},
		"holds the history of a recording: set": {"demo", "--for=1s", "--data-dir=" + data},
		"may be that of a real Deployment Server: name another": {"run", "--data-dir=" + real,
			"--source-kind=recording", "--source-recording=" + path},
	} {
		if got := jobmondb(t, args...); got.code != exitUsage || !strings.Contains(got.stderr, name) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if err := os.Truncate(path, 1000); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut")
	if got := jobmondb(t, "run", "--data-dir="+cut, "--source-kind=recording",
		"--source-recording="+path); got.code != exitUsage || !strings.Contains(got.stderr, path+", line ") {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(cut); err == nil {
		t.Error("a data dir was made")
	}
}

// A recording answers as the source it was made from.
func TestARecordingAnswersLikeItsSource(t *testing.T) {
	const began = jobmon.Instant(1_795_000_000_000)
	ds := simulator.NewDS(began, 3600, 1)
	simulator.Play(ds, 30)
	ds.AdvanceTo(began.Add(26 * time.Hour))
	original := ds.Source()
	in := check.StandIn{Source: original, Agents: true}
	all, err := in.ReadAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	content, err := (&recording.Recording{Tables: all}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	r, err := recording.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	played := recording.NewSource(r)
	watched := map[jobmon.ComputerID]bool{}
	for _, row := range all.Rows {
		if !row.Status.Finished() {
			watched[row.Computer] = true
		}
	}
	if len(all.Rows) < 500 || len(watched) == 0 || len(all.Agents) != len(watched) {
		t.Fatalf("%d rows, %d agents, %d with work to do", len(all.Rows), len(all.Agents), len(watched))
	}
	some := rapid.Int32Range(0, 1200)
	same := func(t *rapid.T, what string, got, want any, err error) {
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v\nwant %+v", what, got, err, want)
		}
	}
	lawtest.Check(t, func(t *rapid.T) {
		q := ingest.Query{Above: jobmon.ScheduleID(some.Draw(t, "above"))}
		for _, a := range rapid.SliceOfN(rapid.SampledFrom(all.Agents), 0, 5).Draw(t, "watch") {
			q.Watch = append(q.Watch, a.Computer)
		}
		want, _ := original.Read(t.Context(), q)
		got, err := played.Read(t.Context(), q)
		if got != nil {
			got.Now = want.Now // it goes on
			got.Agents, want.Agents = append([]jobmon.Agent{}, got.Agents...), append([]jobmon.Agent{}, want.Agents...)
		}
		same(t, "read", got, want, err)

		ids := ingest.IDs{Jobs: []jobmon.JobID{jobmon.JobID(some.Draw(t, "job"))},
			Computers: []jobmon.ComputerID{jobmon.ComputerID(5_000_000 + some.Draw(t, "computer"))}}
		for _, id := range rapid.SliceOfN(some, 0, 5).Draw(t, "rows") {
			ids.Rows = append(ids.Rows, jobmon.ScheduleID(id))
		}
		want, _ = original.Lookup(t.Context(), ids)
		got, err = played.Lookup(t.Context(), ids)
		same(t, "lookup", got, want, err)

		from := jobmon.ScheduleID(some.Draw(t, "from"))
		same(t, "pages", pages(t, played, from), pages(t, original, from), nil)
	})
	want, _ := original.Names(t.Context())
	if got, err := played.Names(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("names: %+v, %v", got, err)
	}
}

func pages(t *rapid.T, s ingest.Source, from jobmon.ScheduleID) (all []jobmon.Row) {
	for {
		rows, through, err := s.Page(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, rows...); through == math.MaxInt32 {
			return all
		}
		from = through + 1
	}
}
