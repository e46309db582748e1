package history

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/projector/packed"
)

func anyMirror(t *rapid.T) *jobmon.Mirror {
	m := jobmon.NewMirror()
	for range rapid.IntRange(0, 20).Draw(t, "rows") {
		row := jobmon.Row{
			ID:       jobmon.ScheduleID(rapid.Int32().Draw(t, "id")),
			Computer: jobmon.ComputerID(rapid.Int32().Draw(t, "computer")),
			Job:      jobmon.JobID(rapid.Int32().Draw(t, "job")),
			Start:    jobmon.WallTime(rapid.Int64().Draw(t, "start")),
		}
		if rapid.Bool().Draw(t, "unscheduled") {
			row.Start = jobmon.NoStart
		}
		if rapid.Bool().Draw(t, "status") {
			row.Status = jobmon.StatusOf(jobmon.Code(rapid.Int64().Draw(t, "code")))
		}
		m.Rows.Put(row)
		name := rapid.SampledFrom([]string{"", "a", "Ü", "PC-0123"})
		m.Jobs[row.Job] = jobmon.Job{ID: row.Job, Name: name.Draw(t, "name"), Folder: name.Draw(t, "folder")}
		m.Computers[row.Computer] = jobmon.Computer{
			ID: row.Computer, Name: name.Draw(t, "name"), OSName: name.Draw(t, "os"), Group: name.Draw(t, "group"),
			Ghost: rapid.Bool().Draw(t, "ghost"),
		}
		m.Agents[row.Computer] = jobmon.AgentState(rapid.Uint8Range(0, 2).Draw(t, "agent"))
	}
	return m
}

func equalMirrors(a, b *jobmon.Mirror) bool {
	return slices.Equal(slices.Collect(a.Rows.All()), slices.Collect(b.Rows.All())) && maps.Equal(a.Jobs, b.Jobs) &&
		maps.Equal(a.Computers, b.Computers) && maps.Equal(a.Agents, b.Agents)
}

func TestMirrorsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(t *rapid.T) {
		m := anyMirror(t)
		data := EncodeMirror(m)
		got, err := DecodeMirror(data)
		if err != nil || !equalMirrors(got, m) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, got, m)
		}
		if !bytes.Equal(EncodeMirror(got), data) {
			t.Fatal("the same mirror is packed in two ways")
		}
		for n := range data {
			if _, err := DecodeMirror(data[:n]); !errors.Is(err, packed.ErrMalformed) {
				t.Fatalf("cut at %d of %d bytes: %v", n, len(data), err)
			}
		}
	})
}

// siteMirror is the mirror of 1,000 computers with 100 rows each, which came in the order of their deployments.
func siteMirror() *jobmon.Mirror {
	m := jobmon.NewMirror()
	for id := range jobmon.JobID(100) {
		m.Jobs[200+id] = jobmon.Job{ID: 200 + id, Name: fmt.Sprintf("Job %d", id), Folder: `Build\Windows 11`}
	}
	for n := range 100_000 {
		row := jobmon.Row{
			ID: jobmon.ScheduleID(1_200_000 + n), Job: jobmon.JobID(200 + n%100),
			Computer: jobmon.ComputerID(5_000_001 + n/100*37%1000),
			Start:    1_795_348_800_000 + jobmon.WallTime(n/100*3*60_000), Status: jobmon.StatusOf(jobmon.Code(n % 3)),
		}
		m.Rows.Put(row)
		name := fmt.Sprintf("PC-%04d", n/100)
		m.Computers[row.Computer] = jobmon.Computer{ID: row.Computer, Name: name, OSName: name, Group: "Office"}
	}
	return m
}

func TestAMirrorTakesFewBytesARow(t *testing.T) {
	t.Parallel()
	m := siteMirror()
	per := float64(len(EncodeMirror(m))) / float64(m.Rows.Len())
	t.Logf("%.1f bytes a row", per)
	if per > 24 {
		t.Errorf("%.1f bytes a row, at most 24 are meant", per)
	}
}

func FuzzMirror(f *testing.F) {
	f.Add(EncodeMirror(jobmon.NewMirror()))
	m := jobmon.NewMirror()
	for i := range jobmon.ScheduleID(60) {
		row := jobmon.Row{
			ID:       7 * i,
			Job:      jobmon.JobID(i),
			Computer: jobmon.ComputerID(i % 7),
			Start:    jobmon.WallTime(i * 60_000),
		}
		m.Rows.Put(row)
		m.Jobs[row.Job] = jobmon.Job{ID: row.Job, Name: fmt.Sprint("Job ", row.Job)}
		m.Computers[row.Computer] = jobmon.Computer{ID: row.Computer, Name: "PC", Ghost: i%2 == 0}
		m.Agents[row.Computer] = jobmon.AgentOnline
	}
	f.Add(EncodeMirror(m))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := DecodeMirror(data)
		if err != nil {
			if !errors.Is(err, packed.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		again, err := DecodeMirror(EncodeMirror(m))
		if err != nil || !equalMirrors(again, m) {
			t.Fatalf("%v\ngot  %+v\nwant %+v", err, again, m)
		}
	})
}

func BenchmarkMirror(b *testing.B) {
	m := siteMirror()
	data := EncodeMirror(m)
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			EncodeMirror(m)
		}
		b.ReportMetric(float64(len(data))/float64(m.Rows.Len()), "bytes/row")
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := DecodeMirror(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
