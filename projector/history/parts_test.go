package history

import (
	"bytes"
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/projector"
)

// unnumbered are the files of all pictures, without the numbers of events.
func unnumbered(t rapid.TB, p *projector.Projection) string {
	var out bytes.Buffer
	for _, picture := range Pictures(p) {
		file, err := evt.Encode(&picture)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(regexp.MustCompile(`"seq":\d+`).ReplaceAll(file, nil))
	}
	return out.String()
}

// extend commits events to a state as the daemon does, and lets a state that is resumed from what would be cut off,
// and one that folds the log, follow.
func extend(t rapid.TB, s *State, b jobmon.Batch, folded **State) {
	b = s.Projection.Extend(b.At, s.Seq+1, b.Events)
	s.Note(&b)
	apply(t, *folded, &b)
	if got, want := told(t, *folded), told(t, s); got != want {
		t.Fatalf("after event %d the log says\n%s\nand the daemon\n%s", s.Seq, got, want)
	}
	if cut, err := StandIn(s, 1); err == nil {
		*folded = New()
		apply(t, *folded, &cut)
	}
}

// TestAFirstReadInPartsLeadsToTheSamePictures: however a first read is divided, and wherever its daemon is started
// anew or its log is cut, the pictures are those of one batch, at its end and behind it.
func TestAFirstReadInPartsLeadsToTheSamePictures(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		s := newSite(t, rapid.Uint64().Draw(t, "seed"))
		s.happens(t)
		for i := range rapid.IntRange(0, 20).Draw(t, "rows of the past") {
			s.ds.PutRow(jobmon.Row{ID: jobmon.ScheduleID(100_000 + i), Computer: 5_000_001 + jobmon.ComputerID(i%4),
				Job:   s.build[rapid.IntRange(0, len(s.build)-1).Draw(t, "job")],
				Start: s.ds.WallNow() - jobmon.WallTime(rapid.IntRange(-120, 3600).Draw(t, "minutes ago"))*60_000,
				Status: rapid.SampledFrom([]jobmon.Status{jobmon.StatusNull, jobmon.StatusRunning, jobmon.StatusOf(0),
					jobmon.StatusOf(1603)}).Draw(t, "status")})
		}
		snapshot := s.ds.Snapshot(nil)
		snapshot.Normalize()
		rows := jobmon.Diff(jobmon.NewMirror(), snapshot, jobmon.DiffOptions{Baseline: true})
		opening := slices.Clone(s.batches[0].Events)
		whole, parts, folded := New(), New(), New()
		b := whole.Projection.Extend(snapshot.Now, 1, slices.Concat(opening, rows))
		whole.Note(&b)

		clock := opening[len(opening)-1]
		opening[len(opening)-1].Flags |= jobmon.Baseline
		left := slices.Concat(opening, rows)
		for n := len(opening); len(left) > 0; n = rapid.IntRange(1, max(1, len(left))).Draw(t, "part") {
			n = min(n, len(left))
			extend(t, parts, jobmon.Batch{At: snapshot.Now, Events: left[:n:n]}, &folded)
			left = left[n:]
			if parts.Read {
				t.Fatal("the read counts as recorded before its end")
			}
			if rapid.IntRange(0, 9).Draw(t, "daemon") == 0 {
				extend(
					t,
					parts,
					jobmon.Batch{At: snapshot.Now, Events: []jobmon.Event{{Kind: jobmon.KindDaemonStarted, Text: "1"}}},
					&folded,
				)
			}
		}
		extend(t, parts, jobmon.Batch{At: snapshot.Now, Events: []jobmon.Event{clock}}, &folded)
		if !parts.Read {
			t.Fatal("the read does not count as recorded")
		}
		for range 10 {
			if got, want := unnumbered(t, parts.Projection), unnumbered(t, whole.Projection); got != want {
				t.Fatalf("in parts the pictures are\n%s\nand not\n%s", got, want)
			}
			s.ds.Advance(45 * time.Second)
			snapshot := s.ds.Snapshot(whole.Projection.Watching())
			snapshot.Normalize()
			snapshot.Gone = whole.Mirror.Missing(snapshot.Rows)
			events := slices.Concat(
				whole.Projection.Judge(snapshot.Now, snapshot.Offset),
				jobmon.Diff(whole.Mirror, snapshot, jobmon.DiffOptions{}),
			)
			if len(events) == 0 {
				continue
			}
			b := whole.Projection.Extend(snapshot.Now, whole.Seq+1, slices.Clone(events))
			whole.Note(&b)
			extend(t, parts, jobmon.Batch{At: snapshot.Now, Events: events}, &folded)
		}
	})
}

// TestWhatEndedADayBeforeTheFirstReadIsPartOfItsDeployment: no row that counts is taken for one that is long over.
func TestWhatEndedADayBeforeTheFirstReadIsPartOfItsDeployment(t *testing.T) {
	t.Parallel()
	const hour = 3_600_000
	now := jobmon.InstantOf(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	row := func(id int32, before jobmon.WallTime, status jobmon.Status) jobmon.Event {
		return jobmon.Event{
			Kind:     jobmon.KindScheduled,
			Flags:    jobmon.Baseline,
			Schedule: jobmon.ScheduleID(id),
			Computer: 7,
			Job:      jobmon.JobID(id % 10),
			Start:    now.Wall(0) - before,
			Status:   status,
		}
	}
	events := []jobmon.Event{{Kind: jobmon.KindDaemonStarted}, {Kind: jobmon.KindClock}}
	for id, name := range []string{"Build Job Monitor", "(JM) Drivers", "Chipset", "(JM) Office", "Office"} {
		events = append(
			events,
			jobmon.Event{Kind: jobmon.KindJob, Flags: jobmon.Baseline, Job: jobmon.JobID(id), Name: name},
		)
	}
	events = append(
		events,
		row(
			2,
			100*hour,
			jobmon.StatusOf(1603),
		),
		row(12, jobmon.WallTime(24.1*hour), jobmon.StatusOf(1603)), // of deployments before
		row(
			10,
			jobmon.WallTime(23.8*hour),
			jobmon.StatusOf(0),
		),
		row(11, jobmon.WallTime(23.7*hour), jobmon.StatusOf(0)),
		row(22, jobmon.WallTime(23.6*hour), jobmon.StatusOf(0)),
		row(13, jobmon.WallTime(11.9*hour), jobmon.StatusNull),
		row(14, jobmon.WallTime(11.8*hour), jobmon.StatusNull),
	)
	s := New()
	b := s.Projection.Extend(now, 1, events)
	s.Note(&b)
	p, ok := s.Projection.Progress(7)
	if !ok || p.Session == nil || p.Session.Jobs != 2 || p.Session.JobsDone != 1 || p.Session.Failed != 0 {
		t.Errorf("%+v", p)
	}
}
