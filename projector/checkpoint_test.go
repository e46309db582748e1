package projector

import (
	"bytes"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// busy is a desk on which something of everything has happened.
func busy(t testing.TB) *desk {
	d := started(t).drop(1, "09:00", build, markA, driver, markB, office, visio, markZ).dropOn(pc+
		1, 20, "09:00", "Nightly", "Report", "Inventory")
	d.agents[pc] = jobmon.AgentOffline
	d.set(-1, 1, 20).read("09:00").set(0, 1, 20).set(-1, 2).read("09:01").set(1603, 3).set(0, 2).set(-1, 4).
		read("09:05")
	d.ask("09:06", markB).drop(10, "09:07", driver, "Patch").drop(12, "22:00", "Nightly").drop(13, "", "Report").
		read("09:07")
	d.set(0, 4, 5, 6, 7, 10, 11, 21, 22).read("09:40").readAfterGap("12:00")
	d.drop(30, "13:00", "Inventory").set(-1, 30).read("13:00") // no deployment: the picture is of the one before
	return d.dropOn(
		pc+2, 40, "13:01", build, markA, office,
	).set(-1, 40).read("13:01").requeue(3).read("13:02").set(-1, 3).read("13:03")
}

func TestACheckpointCutShortIsRefused(t *testing.T) {
	data := busy(t).live.Encode()
	for n := range data {
		if _, err := Decode(data[:n]); err == nil {
			t.Fatalf("%d of %d bytes are taken for a checkpoint", n, len(data))
		}
	}
	if _, err := Decode(append(bytes.Clone(data), 0)); err == nil {
		t.Error("a checkpoint may be longer than it is")
	}
}

func TestACheckpointIsSmall(t *testing.T) {
	const computers = 100
	jobs := []string{build, markA, driver, markB, office, visio, markZ}
	d := started(t)
	for i := range computers {
		d.dropOn(pc+jobmon.ComputerID(i), 1+i*len(jobs), "09:00", jobs...)
	}
	d.read("09:00")
	for step := range len(jobs) + 1 {
		for i := range computers {
			if id := 1 + i*len(jobs) + step; step < len(jobs) {
				d.set(-1, id)
			}
			if id := i*len(jobs) + step; step > 0 {
				d.set(0, id)
			}
		}
		d.read(clock("09:01").Time().Add(time.Duration(step) * 95 * time.Second).Format("15:04:05"))
	}
	rows := computers * len(jobs)
	if size := len(d.live.Encode()); size > 30*rows {
		t.Errorf("%d bytes for %d rows of %d computers: %d a row", size, rows, computers, size/rows)
	}
}

// FuzzDecode: whatever the bytes, decoding ends without panic, and what it accepts is a projection that goes on.
func FuzzDecode(f *testing.F) {
	f.Add(New().Encode())
	f.Add(busy(f).live.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Decode(data)
		if err != nil {
			return
		}
		packed := p.Encode()
		if again, err := Decode(packed); err != nil || !bytes.Equal(again.Encode(), packed) {
			t.Fatalf("what was accepted does not come back: %v", err)
		}
		for _, id := range p.Pictures() {
			p.Progress(id)
		}
		p.Judge(1<<50, 0)
		var events []jobmon.Event
		for id, c := range p.computers {
			for _, row := range c.rows {
				for _, kind := range []jobmon.Kind{
					jobmon.KindFinished, jobmon.KindRequeued, jobmon.KindStarted, jobmon.KindRemoved,
				} {
					events = append(events, jobmon.Event{Kind: kind, Schedule: row.id, Computer: id, Job: 1})
				}
			}
			events = append(events, jobmon.Event{Kind: jobmon.KindRefreshed, Computer: id, Name: "x"})
		}
		p.Extend(p.At(), p.Seq()+1, events)
		for _, id := range p.Pictures() {
			p.Progress(id)
		}
	})
}
