package evt_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

const yearMilli = 366 * 86_400_000

// names are short, strange or long.
func names() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom(samples.StrangeNames()),
		rapid.StringN(0, 300, -1),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), func(b []byte) string { return string(b) }),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(rapid.SampledFrom([]string{"x", "ä", "🚀", "\x00", `"`}).Draw(t, "letter"),
				rapid.IntRange(190, 10_000).Draw(t, "times"))
		}),
	)
}

// moments are of one day or of any year that SQL Server knows, or none.
func moments() *rapid.Generator[jobmon.Instant] {
	day := jobmon.InstantOf(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	return rapid.OneOf(
		rapid.Just(jobmon.Instant(0)),
		rapid.Map(rapid.Int64Range(0, 86_400_000), func(ms int64) jobmon.Instant { return day + jobmon.Instant(ms) }),
		rapid.Map(rapid.Int64Range(yearMilli, 253_402_300_799_999),
			func(ms int64) jobmon.Instant { return jobmon.Instant(ms) }),
	)
}

// starts are plausible, NULL, or of years that no file can name.
func starts() *rapid.Generator[jobmon.WallTime] {
	return rapid.OneOf(
		rapid.Just(jobmon.NoStart),
		rapid.Map(rapid.Int64Range(1_700_000_000_000, 1_800_000_000_000),
			func(ms int64) jobmon.WallTime { return jobmon.WallTime(ms) }),
		rapid.Map(rapid.Int64(), func(ms int64) jobmon.WallTime { return jobmon.WallTime(ms) }),
	)
}

func stages() *rapid.Generator[jobmon.Stage] {
	failures := rapid.Custom(func(t *rapid.T) jobmon.Failure {
		return jobmon.Failure{
			Job: names().Draw(t, "job"), Code: jobmon.Code(rapid.Int64().Draw(t, "code")), At: moments().Draw(t, "at"),
			Repaired: rapid.Bool().Draw(t, "repaired"),
		}
	})
	return rapid.Custom(func(t *rapid.T) jobmon.Stage {
		small := rapid.IntRange(0, 9)
		return jobmon.Stage{
			Name: names().Draw(t, "name"),
			State: rapid.SampledFrom([]jobmon.RowState{
				jobmon.StateWaiting, jobmon.StateRunning, jobmon.StateSucceeded, jobmon.StateFailed,
				jobmon.StateCancelled, jobmon.StateUnknown,
			}).Draw(t, "state"),
			Late: rapid.Bool().Draw(t, "late"), Inexact: rapid.Bool().Draw(t, "inexact"),
			Overdue: rapid.Bool().Draw(t, "overdue"),
			Began:   moments().Draw(t, "began"), Ended: moments().Draw(t, "ended"), Start: starts().Draw(t, "start"),
			Expected: time.Duration(small.Draw(t, "expected")) * time.Minute, Runs: small.Draw(t, "runs"),
			Attempt:  small.Draw(t, "attempt"),
			JobsDone: small.Draw(t, "done"), Failed: small.Draw(t, "failed"),
			Failures: rapid.SliceOfN(failures, 0, 4).Draw(t, "failures"),
		}
	})
}

// pictures have up to hundreds of stages; Stage.Jobs is the stage's index, to know it again.
func pictures() *rapid.Generator[*jobmon.Progress] {
	return rapid.Custom(func(t *rapid.T) *jobmon.Progress {
		p := &jobmon.Progress{
			Seq:    rapid.Uint64Range(0, 1<<53-1).Draw(t, "seq"),
			At:     moments().Filter(func(i jobmon.Instant) bool { return i != 0 }).Draw(t, "at"),
			Offset: jobmon.Offset(900 * rapid.IntRange(-56, 56).Draw(t, "offset")),
			Site:   names().Draw(t, "site"), SourceLost: rapid.Bool().Draw(t, "lost"),
			SourceSince: moments().Draw(t, "since"),
			Computer: jobmon.Computer{
				ID: jobmon.ComputerID(rapid.Int32().Draw(t, "id")), Name: names().Draw(t, "computer"),
				OSName: names().Draw(t, "os"),
				Group:  names().Draw(t, "group"), Ghost: rapid.Bool().Draw(t, "ghost"),
				Gone: rapid.Bool().Draw(t, "gone"),
			},
			Agent:        jobmon.AgentState(rapid.IntRange(0, 2).Draw(t, "agent")),
			AgentSince:   moments().Draw(t, "agent since"),
			AgentAtLeast: rapid.Bool().Draw(t, "since at least"),
			Asked:        names().Draw(t, "asked"), Settle: 20 * time.Second, Quiet: time.Hour,
		}
		for range rapid.SampledFrom([]int{0, 1, 3, 300}).Draw(t, "later") {
			p.Later = append(p.Later, jobmon.Pending{Name: p.Asked, State: jobmon.StateLater,
				Start: starts().Draw(t, "start")})
			if len(p.Later) > 3 {
				p.Later[len(p.Later)-1].Start = p.Later[2].Start
			}
		}
		if rapid.IntRange(0, 9).Draw(t, "session") == 0 {
			return p
		}
		n := rapid.SampledFrom([]int{0, 1, 2, 5, 20, 100, 500}).Draw(t, "n")
		s := &jobmon.SessionProgress{
			Number: rapid.IntRange(1, 1000).Draw(t, "number"),
			State:  jobmon.SessionState(rapid.IntRange(1, 4).Draw(t, "state")),
			Result: rapid.SampledFrom([]jobmon.Result{"", jobmon.ResultReady, jobmon.ResultEndedEarly}).Draw(
				t, "result"),
			Began: moments().Draw(t, "began"), Ended: moments().Draw(t, "ended"), WatchedSince: moments().Draw(
				t, "watched"),
			Current: rapid.IntRange(-1, n-1).Draw(t, "current"), Next: rapid.IntRange(-1, n-1).Draw(t, "next"),
			Jobs: n, JobsDone: n / 2, Percent: rapid.IntRange(0, 100).Draw(t, "percent"),
			ETA: moments().Draw(t, "eta"), ETAAtLeast: rapid.Bool().Draw(t, "at least"), LastMarker: rapid.Bool().Draw(
				t, "last"),
		}
		models := rapid.SliceOfN(stages(), 1, 6).Draw(t, "stages")
		for i := range n {
			stage := models[i%len(models)]
			stage.Jobs = i
			s.Stages = append(s.Stages, stage)
		}
		if rapid.Bool().Draw(t, "waits") {
			s.Why = &jobmon.Waiting{
				Kind: rapid.SampledFrom(
					[]jobmon.WaitingKind{jobmon.WaitDue, jobmon.WaitBehind, jobmon.WaitServer}).Draw(t, "why"),
				Start: starts().Draw(t, "start"), Job: names().Draw(t, "behind"), Since: moments().Draw(t, "since"),
			}
		}
		if rapid.Bool().Draw(t, "stands") {
			s.Still = &jobmon.Standing{Why: jobmon.StillIdle, Name: names().Draw(t, "what"),
				Since: moments().Draw(t, "stood")}
		}
		if s.SilentSince = moments().Draw(t, "silent"); s.State == jobmon.SessionPlanned {
			s.Number, s.Current, s.Percent, s.ETA, s.Still = 0, -1, 0, 0, nil
			s.Takes = time.Duration(rapid.IntRange(0, 1e6).Draw(t, "takes")) * time.Second
		}
		p.Session = s
		return p
	})
}

func TestRandomPictures(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	lawtest.Check(t, func(t *rapid.T) {
		p := pictures().Draw(t, "picture")
		data, err := evt.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, schema, data)
		if again, err := evt.Encode(p); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("the same picture gave other bytes (%v)", err)
		}
		f, err := evt.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if seq, ok := evt.Seq(data); !ok || seq != p.Seq {
			t.Fatalf("Seq: %d, %t", seq, ok)
		}
		agree(t, p, f)
	})
}

// same fails when a value of the file is not that of the picture.
func same[T comparable](t *rapid.T, what string, file, picture T) {
	t.Helper()
	if file != picture {
		t.Fatalf("%s: %v in the file, %v in the picture", what, file, picture)
	}
}

// agree compares a file with the picture it was made from.
func agree(t *rapid.T, p *jobmon.Progress, f *evt.File) {
	same(t, "seq", f.Seq, p.Seq)
	same(t, "at", jobmon.Instant(f.At), p.At)
	same(t, "offset", f.UTCOffsetS, int(p.Offset))
	same(t, "source lost", f.Source == evt.SourceLost, p.SourceLost)
	same(t, "computer", f.Computer.ID, int32(p.Computer.ID))
	same(t, "ghost", f.Computer.Ghost, p.Computer.Ghost)
	same(t, "gone", f.Computer.Gone, p.Computer.Gone)
	same(t, "agent", f.Agent, p.Agent.String())
	var left evt.LeftOut
	if f.LeftOut != nil {
		left = *f.LeftOut
	}
	same(t, "later", len(f.Later)+left.Later, len(p.Later))
	if p.Session == nil {
		same(t, "kind", f.Kind, evt.KindIdle)
		return
	}
	s := p.Session
	same(t, "kind", f.Kind, evt.KindDeployment)
	same(t, "number", f.Session.Number, s.Number)
	same(t, "state", f.Session.State, s.State.String())
	same(t, "result", f.Session.Result, string(s.Result))
	same(t, "began", jobmon.Instant(f.Session.Began), s.Began)
	if same(t, "percent", f.Percent == nil, s.State == jobmon.SessionPlanned); f.Percent != nil {
		same(t, "percent", *f.Percent, s.Percent)
	}
	same(t, "takes", f.TakesS, int64(s.Takes/time.Second))
	same(t, "silent since", jobmon.Instant(f.Session.SilentSince), s.SilentSince)
	same(t, "still", f.Still != nil, s.Still != nil)
	same(t, "eta", jobmon.Instant(f.ETA), s.ETA)
	same(t, "no more updates", f.NoMoreUpdates, s.LastMarker)
	same(t, "why", f.Why != nil, s.Why != nil)
	same(t, "counted stages", f.Counts.Stages, len(s.Stages))
	same(t, "stages", len(f.Stages)+left.Finished+left.Unfinished, len(s.Stages))

	index := func(i *int) int {
		if i == nil {
			return -1
		}
		return f.Stages[*i].Jobs
	}
	same(t, "current", index(f.Current), s.Current)
	same(t, "next", index(f.Next), s.Next)
	last, listed, all := -1, 0, 0
	for _, stage := range f.Stages {
		if stage.Jobs <= last {
			t.Fatalf("stage %d behind stage %d", stage.Jobs, last)
		}
		last = stage.Jobs
		from := s.Stages[stage.Jobs]
		listed += len(stage.Failures)
		same(t, "stage state", stage.State, from.State.String())
		same(t, "stage late", stage.Late, from.Late)
		same(t, "stage began", jobmon.Instant(stage.Began), from.Began)
		same(t, "stage failed", stage.Failed, from.Failed)
		for i, failure := range stage.Failures {
			same(t, "failure", failure.Code, from.Failures[len(from.Failures)-len(stage.Failures)+i].Code)
		}
	}
	for _, stage := range s.Stages {
		all += len(stage.Failures)
	}
	same(t, "failures", listed+left.Failures, all)
}
