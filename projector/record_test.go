package projector

import (
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// TestTheRecordIsDeleted: also a picture that is over says that nothing more will run under that id, until the record
// is back.
func TestTheRecordIsDeleted(t *testing.T) {
	t.Parallel()
	d := open(t)
	record := d.computer[pc]
	d.agents[pc] = jobmon.AgentOnline
	d.set(0, 1, 2, 3, 4, 5, 6, 7).read("10:05")
	if p := d.progress(); p.Session.State != jobmon.SessionComplete || p.Computer.Gone {
		t.Fatalf("%+v", p)
	}
	delete(d.computer, pc)
	d.read("10:06")
	if p := d.progress(); !p.Computer.Gone || p.Computer.Name != "PC-0001" || p.Agent != jobmon.AgentUnknown ||
		p.At != d.last {
		t.Errorf("deleted: %+v", p)
	}
	record.Ghost = true
	d.computer[pc] = record
	d.read("10:07")
	if p := d.progress(); p.Computer.Gone || !p.Computer.Ghost || p.Session.Result != jobmon.ResultReady {
		t.Errorf("back as a ghost: %+v", p)
	}
	d.drop(30, "10:08", "02. (JM) Office", "Office").read("10:08")
	delete(d.computer, pc)
	d.read("10:09")
	if p := d.progress(); p.Session.Why == nil || p.Session.Why.Kind != jobmon.WaitGhost {
		t.Errorf("jobs on a record that is gone: %+v", p.Session)
	}
}
