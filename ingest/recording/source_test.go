package recording_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/recording"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestTheClockGoesOnAndTheTablesStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := site()
		time.Sleep(24 * time.Hour)
		s := recording.NewSource(r)
		for _, passed := range []time.Duration{0, 5 * time.Second, 9*time.Hour + 7*time.Millisecond} {
			time.Sleep(passed)
			all, err := ingest.ReadAll(t.Context(), s, 0)
			if err != nil {
				t.Fatal(err)
			}
			want := *site().Tables
			want.Now, want.Agents = r.Tables.Now.Add(5*time.Second), nil
			switch passed {
			case 0:
				want.Now = r.Tables.Now
			case 5 * time.Second:
			default:
				want.Now = want.Now.Add(passed)
			}
			want.AllJobs, want.AllComputers = true, true
			if !reflect.DeepEqual(*all, want) {
				t.Errorf("after %v\n%+v\nwant\n%+v", passed, *all, want)
			}
		}
	})
}

func TestReading(t *testing.T) {
	s := recording.NewSource(site())
	ctx := t.Context()
	got, err := s.Read(ctx, ingest.Query{Above: 700004, Watch: []jobmon.ComputerID{5000002, 77, 5000001}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []jobmon.ScheduleID
	for _, row := range got.Rows {
		ids = append(ids, row.ID)
	}
	agents := []jobmon.Agent{{Computer: 77}, {Computer: 5000001, State: jobmon.AgentOnline},
		{Computer: 5000002, State: jobmon.AgentOffline}}
	if want := []jobmon.ScheduleID{-1, 700002, 700003, 700004, 700005}; !reflect.DeepEqual(ids, want) ||
		!reflect.DeepEqual(got.Agents, agents) || got.Jobs != nil || got.Offset != 3600 {
		t.Errorf("%+v", got)
	}
	found, err := s.Lookup(ctx, ingest.IDs{Rows: []jobmon.ScheduleID{700005, 4, -1, 700005}, Jobs: []jobmon.JobID{9, 2},
		Computers: []jobmon.ComputerID{-7}})
	if err != nil || len(found.Rows) != 2 || found.Rows[0].ID != -1 || len(found.Jobs) != 1 ||
		len(found.Computers) != 1 || found.Now != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if c := s.Cost(); c != (ingest.Cost{Rows: 5 + 3 + 2 + 1 + 1}) {
		t.Errorf("%+v", c)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Names(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Page(ctx, 0); err == nil {
		t.Error("a closed source answers")
	}
}

func TestPages(t *testing.T) {
	r := site()
	r.Tables.Rows = nil
	const n = 12_345
	for id := range jobmon.ScheduleID(n) {
		r.Tables.Rows = append(r.Tables.Rows, jobmon.Row{ID: id - 100, Status: jobmon.StatusOf(0)})
	}
	s := recording.NewSource(r)
	from, pages, rows := jobmon.ScheduleID(math.MinInt32), 0, 0
	for {
		page, through, err := s.Page(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, row := range page {
			if row.ID != jobmon.ScheduleID(rows)-100 || row.ID > through {
				t.Fatalf("row %d on a page through %d, after %d rows", row.ID, through, rows)
			}
			rows++
		}
		if through == math.MaxInt32 {
			break
		}
		from = through + 1
	}
	if pages != 3 || rows != n {
		t.Errorf("%d rows on %d pages", rows, pages)
	}
}

// A daemon that is started again goes on with the picture's age.
func TestPlaybackGoesOn(t *testing.T) {
	dir := t.TempDir()
	write := func(name, program string) *recording.Recording {
		r := site()
		r.Program = program
		path := filepath.Join(dir, name)
		if _, err := r.Write(path, false); err != nil {
			t.Fatal(err)
		}
		r, err := recording.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	one, other := write("one", "v1"), write("other", "v2")
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		for range 3 {
			s := recording.NewSource(one)
			time.Sleep(time.Second)
			if err := s.Continue(dir); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			got, err := s.Read(t.Context(), ingest.Query{})
			if want := one.Tables.Now.Add(time.Since(began)); err != nil || got.Now != want {
				t.Errorf("it is %v, not %v (%v)", got.Now, want, err)
			}
			time.Sleep(time.Hour) // nothing plays
		}
		if err := recording.NewSource(other).Continue(dir); !errors.Is(err, recording.ErrOther) {
			t.Errorf("%v", err)
		}
		if err := os.WriteFile(filepath.Join(dir, recording.PlaybackFile), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := recording.NewSource(one).Continue(dir); err == nil || errors.Is(err, recording.ErrOther) {
			t.Errorf("%v", err)
		}
		if err := recording.NewSource(one).Continue(filepath.Join(dir, "nowhere")); err == nil {
			t.Error("noted nowhere")
		}
	})
}
