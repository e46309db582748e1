package check_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/check"
	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// recorder keeps what it is given.
type recorder struct {
	read  *check.Reading
	err   error
	calls int
}

func (r *recorder) record(read *check.Reading) (string, error) {
	r.read = read
	r.calls++
	return "wrote it", r.err
}

func TestWhatWasReadIsRecordedOnce(t *testing.T) {
	s, r := newSite(t), &recorder{}
	s.options.Record = r.record
	d := healthy()
	d.table("sessions").Place = ""
	d.table("event_folder").Columns[0].Type = "" // needed there
	d.table("computer").Columns[2].Refused, d.table("computer").Columns[2].Key = true, "source.columns.computer.group_id"
	lines := s.watching(d).run()
	s.expect(lines, "recording", check.OK, "wrote it")
	if r.calls != 1 || d.reads != 1 || r.read.Tables != &d.snap || r.read.Server != "Microsoft SQL Server 2019" {
		t.Errorf("%d calls, %d reads: %+v", r.calls, d.reads, r.read)
	}
	if want := []string{"computer.group_id", "event_folder", "sessions"}; !slices.Equal(r.read.Unknown, want) {
		t.Errorf("unknown: %q", r.read.Unknown)
	}

	r.err = errors.New("the disk is full")
	lines = s.watching(healthy()).run()
	s.expect(lines, "recording", check.Fail, "nothing was recorded: the disk is full", "docs/recording.md")
	var failed *check.Error
	if err := check.Failed(lines); !errors.As(err, &failed) || failed.Source {
		t.Errorf("%v", err)
	}
}

func TestNothingIsRecordedOfHalfARead(t *testing.T) {
	s, r := newSite(t), &recorder{}
	s.options.Record = r.record
	wrong, unread, away := healthy(), healthy(), healthy()
	wrong.table("event").Place = ""
	unread.reading = errors.New("torn")
	away.inspecting = errors.New("away")
	for _, d := range []*database{wrong, unread, away} {
		s.expect(s.watching(d).run(), "recording", check.Fail, "nothing was recorded", "lines above")
	}
	s.options.Source, s.options.Unusable = nil, errors.New("no DSN")
	s.expect(s.run(), "recording", check.Fail, "nothing was recorded")
	if r.calls != 0 {
		t.Errorf("%d calls", r.calls)
	}
}

func TestARecordingInPlaceOfADatabase(t *testing.T) {
	s, r := newSite(t, "JOBMON_SOURCE_KIND=recording", "JOBMON_SOURCE_RECORDING=site.ndjson"), &recorder{}
	d := healthy()
	d.snap.Agents = []jobmon.Agent{{Computer: 5000001, State: jobmon.AgentOnline},
		{Computer: 5000002, State: jobmon.AgentOnline}}
	d.schedule(5000003, -time.Hour, 7)
	standIn := func(agents bool) *check.StandIn {
		played := &recording.Recording{Server: "SQL Server", Tables: &d.snap}
		return &check.StandIn{Source: recording.NewSource(played), Is: "a recording of noon", Agents: agents,
			Of: check.Reading{Server: "SQL Server", Unknown: []string{"sessions"}, Pseudonyms: true}}
	}
	s.options.StandIn = standIn(false)
	lines := s.run()
	s.expect(lines, "configuration", check.OK)
	s.expect(lines, "database", check.OK, "a recording of noon")
	s.expect(lines, "login", check.Skip, "recording")
	s.expect(lines, "tables", check.Skip)
	s.expect(lines, "clock", check.Skip)
	s.expect(lines, "rows", check.OK, "4 unfinished", "3 finished", "7 jobs, 2 computers")
	s.expect(lines, "markers", check.OK, "3 markers")
	if slices.ContainsFunc(lines, func(l check.Line) bool { return l.Check == "recording" }) {
		t.Error("it speaks of a recording that nobody wants")
	}

	s.options.StandIn, s.options.Record = standIn(true), r.record
	s.expect(s.run(), "recording", check.OK)
	// the agents of computers with work to do: 5000002 has none, and of 5000003 nothing is known
	if got := r.read; got.Server != "SQL Server" || !got.Pseudonyms ||
		!slices.Equal(got.Unknown, []string{"sessions"}) || len(got.Tables.Rows) != 7 ||
		!slices.Equal(got.Tables.Agents, d.snap.Agents[:1]) {
		t.Errorf("%+v", got)
	}

	s.options.StandIn, s.options.Record, s.options.Unusable = nil, nil, errors.New("line 7: cut")
	lines = s.run()
	s.expect(lines, "database", check.Fail, "line 7: cut", "source.recording")
	var failed *check.Error
	if err := check.Failed(lines); !errors.As(err, &failed) || !failed.Source {
		t.Errorf("%v", err)
	}
}
