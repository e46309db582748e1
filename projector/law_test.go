package projector

import (
	"fmt"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"pgregory.net/rapid"
)

// TestLaw2 folds random histories three times, live, from the log, and from the checkpoint of the batch before, and
// compares all pictures, what is due, watched and changed, and the whole state at every batch end. The moves are those
// of a busy console: folders dropped, jobs started, failed, re-run, moved, deleted, computers that become ghosts,
// agents that come and go, outages, requests, other settings, other names.
func TestLaw2(t *testing.T) {
	names := []string{build, markA, markB, markZ, driver, office, visio, "", "Nightly"}
	codes := []jobmon.Code{-1, -1, 0, 0, 0, 1603, 3010, -7}
	computers := []jobmon.ComputerID{pc, pc + 1}
	lawtest.Check(t, func(rt *rapid.T) {
		d := newDesk(rt)
		now := clock("08:00")
		next := 1
		for range rapid.IntRange(1, 40).Draw(rt, "reads") {
			now += 1000 * jobmon.WallTime(rapid.SampledFrom([]int64{1, 5, 61, 1900, 45000}).Draw(rt, "seconds"))
			at := now.Time().Format("15:04:05")
			day := string('1'+rune(now.Time().Day()-10)) + " "
			if now.Time().Day() > 18 {
				return
			}
			for range rapid.IntRange(0, 4).Draw(rt, "moves") {
				id := rapid.IntRange(1, next).Draw(rt, "row")
				_, known := d.rows[jobmon.ScheduleID(id)]
				switch move := rapid.IntRange(0, 9).Draw(rt, "move"); {
				case move == 0:
					start := rapid.SampledFrom([]string{"", day + at, "1 22:00", "2 06:00"}).Draw(rt, "start")
					list := rapid.SliceOfN(rapid.SampledFrom(names), 1, 6).Draw(rt, "names")
					d.dropOn(rapid.SampledFrom(computers).Draw(rt, "computer"), next, start, list...)
					next += len(list)
				case move <= 5 && known:
					d.set(rapid.SampledFrom(codes).Draw(rt, "code"), id)
				case move == 6 && known:
					d.requeue(id)
				case move == 7 && known:
					d.move(rapid.SampledFrom([]string{day + at, "1 23:00"}).Draw(rt, "to"), id)
				case move == 8:
					d.remove(id)
				case move == 9:
					d.agents[pc] = jobmon.AgentState(rapid.IntRange(0, 2).Draw(rt, "agent"))
					d.computer[pc] = jobmon.Computer{
						ID: pc, Name: rapid.SampledFrom([]string{"PC-0001", "New"}).Draw(rt, "name"),
						Ghost: rapid.Bool().Draw(rt, "ghost"),
					}
				}
			}
			switch rapid.IntRange(0, 11).Draw(rt, "kind of read") {
			case 10: // other settings
				d.settings.HideNames = rapid.Bool().Draw(rt, "hide names")
				d.settings.Markers = rapid.SampledFrom([]string{"auto", "tagged", "all"}).Draw(rt, "markers")
				d.settings.Marker = rapid.SampledFrom([]string{`(?i)\(JM\)`, `Office`}).Draw(rt, "marker")
				d.settings.Gap = rapid.SampledFrom([]time.Duration{time.Minute, 30 * time.Minute}).Draw(rt, "gap")
				d.readAs(day+at, jobmon.DiffOptions{}, jobmon.Event{
					Kind: jobmon.KindConfigured, Text: d.settings.Encode(),
				})
			case 11: // another name for a job
				name := rapid.SampledFrom(names).Draw(rt, "old name")
				if id, known := d.jobs[name]; known {
					delete(d.jobs, name)
					d.jobs[fmt.Sprintf("%s, job %d", name, id)] = id
				}
				d.read(day + at)
			case 0:
				d.readAfterGap(day + at)
			case 1:
				if d.seq > 0 {
					d.ask(day+at, rapid.SampledFrom(names).Draw(rt, "asks"))
				}
			default:
				d.read(day + at)
			}
		}
	})
}
