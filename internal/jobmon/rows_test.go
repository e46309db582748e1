package jobmon

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

// TestRowsAgainstAMap does to a table and to a map what comes to mind, and holds the one to the other.
func TestRowsAgainstAMap(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		var table Rows
		model := map[ScheduleID]Row{}
		remove := func(id ScheduleID) {
			table.Delete(id)
			delete(model, id)
		}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { checkChunks(t, &table, len(model)) },
			"put": func(t *rapid.T) {
				r := drawAnyRow(t, drawID(t, model))
				table.Put(r)
				model[r.ID] = r
			},
			"delete": func(t *rapid.T) {
				remove(drawID(t, model))
			},
			"put many": func(t *rapid.T) {
				var rows []Row
				like := drawAnyRow(t, drawID(t, model))
				for id := range drawRun(t, like.ID) {
					like.ID = id
					like.Job++ // wraps around
					like.Start += 60_000
					rows = append(rows, like)
					model[id] = like
				}
				if rapid.Bool().Draw(t, "at once") {
					table.PutAll(rows)
					return
				}
				for _, r := range rows {
					table.Put(r)
				}
			},
			"delete many": func(t *rapid.T) {
				for id := range drawRun(t, drawID(t, model)) {
					remove(id)
				}
			},
			"delete all": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
					for _, id := range rapid.SampledFrom([][]ScheduleID{
						ids(model), reversed(ids(model)),
					}).Draw(t, "order") {
						remove(id)
					}
				}
			},
		})
		checkRows(t, &table, model)
	})
}

func ids(model map[ScheduleID]Row) []ScheduleID { return slices.Sorted(maps.Keys(model)) }

func reversed(list []ScheduleID) []ScheduleID {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// drawID draws an id that is often there, or beside one that is, or at an end of the numbers.
func drawID(t *rapid.T, model map[ScheduleID]Row) ScheduleID {
	some := []*rapid.Generator[ScheduleID]{
		rapid.Custom(func(t *rapid.T) ScheduleID { return ScheduleID(rapid.Int32().Draw(t, "any id")) }),
		rapid.SampledFrom([]ScheduleID{math.MinInt32, math.MinInt32 + 1, -1, 0, 1, math.MaxInt32 - 1, math.MaxInt32}),
	}
	if len(model) > 0 {
		known := rapid.SampledFrom(ids(model))
		some = append(some, known, rapid.Map(known, func(id ScheduleID) ScheduleID {
			return id + 1
		}), rapid.Map(known, func(id ScheduleID) ScheduleID { return id - 1 }))
	}
	return rapid.OneOf(some...).Draw(t, "id")
}

// drawRun draws ids from that one on, up or down, wrapping around.
func drawRun(t *rapid.T, id ScheduleID) func(func(ScheduleID) bool) {
	step := ScheduleID(rapid.SampledFrom([]int32{1, -1, 2, -3, 1000, 70_000, 0x7ffffff1}).Draw(t, "step"))
	n := rapid.IntRange(1, 3*chunkRows).Draw(t, "count")
	return func(yield func(ScheduleID) bool) {
		for ; n > 0 && yield(id); n-- {
			id += step
		}
	}
}

// drawAnyRow draws what DS would write, and what it never would.
func drawAnyRow(t *rapid.T, id ScheduleID) Row {
	whole := rapid.OneOf(rapid.Int32Range(1, 300), rapid.Int32(), rapid.SampledFrom([]int32{
		math.MinInt32, math.MaxInt32,
	}))
	start := rapid.OneOf(
		rapid.SampledFrom([]int64{int64(NoStart), math.MinInt64 + 1, math.MinInt64 + 2, math.MaxInt64, -1, 0}),
		rapid.Map(rapid.Int64Range(29_500_000, 29_600_000), func(minutes int64) int64 { return minutes * 60_000 }),
		rapid.Map(rapid.Int64Range(1_770_000_000, 1_780_000_000), func(seconds int64) int64 { return seconds * 1000 }),
		rapid.Int64Range(1_770_000_000_000, 1_780_000_000_000), rapid.Int64(),
	)
	r := Row{
		ID: id, Job: JobID(whole.Draw(t, "job")), Computer: ComputerID(whole.Draw(t, "computer")),
		Start: WallTime(start.Draw(t, "start")),
	}
	if rapid.Bool().Draw(t, "set") {
		r.Status = StatusOf(Code(rapid.OneOf(rapid.SampledFrom([]int64{
			-1, 0, 1603, math.MinInt64, math.MaxInt64,
		}), rapid.Int64()).Draw(t, "code")))
	}
	return r
}

// checkChunks looks whether the chunks are what the table takes them for.
func checkChunks(t *rapid.T, table *Rows, want int) {
	rows := 0
	for n := range table.chunks {
		c := &table.chunks[n]
		if c.rows == 0 || c.rows > chunkRows || len(c.data) != c.rows*c.stride+slack || c.first != c.idAt(0) {
			t.Fatalf(
				"chunk %d of %d has %d rows of %d bytes in %d bytes, from %d on", n, len(table.chunks), c.rows,
				c.stride, len(c.data), c.first,
			)
		}
		rows += c.rows
	}
	if table.Len() != want || rows != want {
		t.Fatalf("%d rows, of which %d in chunks, want %d", table.Len(), rows, want)
	}
}

// checkRows compares all rows and the ways to them, and looks for rows beside them.
func checkRows(t *rapid.T, table *Rows, model map[ScheduleID]Row) {
	var want []Row
	for _, id := range ids(model) {
		want = append(want, model[id])
	}
	all := table.All()
	for range 2 {
		if got := slices.Collect(all); !slices.Equal(got, want) {
			t.Fatalf("rows\n%v\nwant\n%v", got, want)
		}
	}
	f := table.Finder()
	for i, r := range want {
		for _, id := range []ScheduleID{r.ID - 1, r.ID, r.ID + 1, want[len(want)-1-i].ID} {
			wanted, there := model[id]
			if got, ok := f.Get(id); got != wanted || ok != there {
				t.Fatalf("found %v (%t) for id %d, want %v (%t)", got, ok, id, wanted, there)
			}
			if got, ok := table.Get(id); got != wanted || ok != there {
				t.Fatalf("got %v (%t) for id %d, want %v (%t)", got, ok, id, wanted, there)
			}
		}
	}
	for range min(20, len(want)) {
		from := drawID(t, model)
		behind := want[len(want):]
		if i := slices.IndexFunc(want, func(r Row) bool { return r.ID >= from }); i >= 0 {
			behind = want[i:]
		}
		if got := slices.Collect(table.From(from)); !slices.Equal(got, behind) {
			t.Fatalf("from %d on %d rows, want %d", from, len(got), len(behind))
		}
	}
}

// siteRow is a row of a site's table: deployments of 100 jobs each, one after the other.
func siteRow(n int) Row {
	return Row{
		ID: ScheduleID(1_200_000 + n), Job: JobID(200 + n%100), Computer: ComputerID(5_000_001 + n/100*37%1000),
		Start: 1_770_000_000_000 + WallTime(n/100*3*60_000), Status: StatusOf(Code(n % 3)),
	}
}

// However the rows of a site came in, they take few bytes, and what is left takes fewer.
func TestRowsTakeFewBytes(t *testing.T) {
	const count = 50_000
	rising := make([]Row, count)
	for n := range rising {
		rising[n] = siteRow(n)
	}
	anyhow := slices.Clone(rising)
	rand.New(rand.NewPCG(1, 1)).Shuffle(count, func(i, j int) { anyhow[i], anyhow[j] = anyhow[j], anyhow[i] })
	falling := slices.Clone(rising)
	slices.Reverse(falling)
	for name, rows := range map[string][]Row{"rising": rising, "falling": falling, "anyhow": anyhow} {
		var table, atOnce Rows
		for _, r := range rows {
			table.Put(r)
		}
		atOnce.PutAll(rows)
		for _, rows := range []*Rows{&table, &atOnce} {
			if per := float64(rows.bytes()) / count; per > 13 {
				t.Errorf("%s: %.1f bytes a row", name, per)
			}
		}
		full := table.bytes()
		for n, r := range rows {
			if n%10 != 0 {
				table.Delete(r.ID)
			}
		}
		if table.Len() != count/10 || table.bytes() > full/2 {
			t.Errorf("%s: %d rows have %d bytes where all had %d", name, table.Len(), table.bytes(), full)
		}
	}
}

// bytes is what the table takes.
func (t *Rows) bytes() int {
	sum := cap(t.chunks) * int(unsafe.Sizeof(chunk{}))
	for n := range t.chunks {
		sum += cap(t.chunks[n].data)
	}
	return sum
}

// BenchmarkRows is what the table of a site takes: half a million rows that have ended, in the order of their
// deployments.
func BenchmarkRows(b *testing.B) {
	const count = 500_000
	var t Rows
	for n := range count {
		t.Put(siteRow(n))
	}
	b.Run("put", func(b *testing.B) {
		var rising Rows
		for n := 0; b.Loop(); n++ {
			rising.Put(siteRow(n % count))
		}
	})
	b.Run("replace", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			t.Put(siteRow(n * 7919 % count))
		}
	})
	b.Run("get", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			t.Get(ScheduleID(1_200_000 + n*7919%count))
		}
	})
	b.Run("find", func(b *testing.B) {
		f := t.Finder()
		for n := 0; b.Loop(); n++ {
			f.Get(ScheduleID(1_200_000 + n%count))
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			for range t.All() {
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/count, "ns/row")
	})
}
