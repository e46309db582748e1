package projector

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// noticesOf is what the projection, which has just folded the batch, finds worth a message.
func (d *desk) noticesOf(p *Projection, b *jobmon.Batch) []*notices.Notice {
	return p.Notices(b, func(id jobmon.ComputerID) *jobmon.Progress {
		picture, _ := p.Progress(id)
		return picture
	}, func(id jobmon.JobID) string { return fmt.Sprintf("Folder %d", id%2) })
}

// requireNotices: what a batch is worth is the same live, replayed and resumed from the checkpoint before it, each
// message has an ID of its own, and each says which computer and which deployment it is about.
func (d *desk) requireNotices(b *jobmon.Batch) {
	d.t.Helper()
	live := d.noticesOf(d.live, b)
	for how, p := range map[string]*Projection{"replayed": d.replayed, "resumed": d.resumed} {
		if other := d.noticesOf(p, b); !reflect.DeepEqual(live, other) {
			d.t.Fatalf("after event %d: live\n%s\n%s\n%s", d.seq, tellNotices(live), how, tellNotices(other))
		}
	}
	ids := map[string]bool{}
	for i, n := range live {
		if id := n.ID("0123456789abcdef0123"); ids[id] {
			d.t.Fatalf("two messages with the id %s:\n%s", id, tellNotices(live))
		} else {
			ids[id] = true
		}
		if i > 0 && n.Event.Seq < live[i-1].Event.Seq || n.Event.Seq < b.First() || n.Event.Seq > b.Last() {
			d.t.Fatalf("out of order:\n%s", tellNotices(live))
		}
		if n.Since > n.Event.At || n.Problem == "" || n.Topic.OfDaemon() != (n.Picture == nil) {
			d.t.Fatalf("%+v", n)
		}
		if n.Picture != nil && !strings.HasPrefix(n.Problem,
			fmt.Sprintf("%d/%d", n.Picture.Computer.ID, n.Picture.Session.Number)) {
			d.t.Fatalf("a notice about %s has the picture of deployment %d", n.Problem, n.Picture.Session.Number)
		}
		d.heard = append(d.heard, tellNotice(n))
	}
}

// tellNotice is the short form of a notice: "10:07 failed Install Visio 1603 in Office".
func tellNotice(n *notices.Notice) string {
	text := fmt.Sprintf("%s %s", n.Event.At.Wall(n.Offset).Time().Format("15:04"), n.Topic)
	if n.Healed {
		text += ", healed"
	}
	if what := cmp.Or(n.Job, n.Stage); what != "" {
		text += " " + what
	}
	if n.Topic == notices.Failed {
		text += fmt.Sprintf(" %d in %s", n.Code, n.Stage)
	}
	if n.Again > 0 {
		text += fmt.Sprintf(" again %d", n.Again)
	}
	if n.Since != n.Event.At {
		text += " since " + n.Since.Wall(n.Offset).Time().Format("15:04")
	}
	return text
}

func tellNotices(list []*notices.Notice) string {
	var lines []string
	for _, n := range list {
		lines = append(lines, fmt.Sprintf("%d %s (%s)", n.Event.Seq, tellNotice(n), n.Problem))
	}
	return strings.Join(lines, "\n")
}

// hears compares what was worth a message since it was last called.
func (d *desk) hears(lines ...string) *desk {
	d.t.Helper()
	if !slices.Equal(d.heard, lines) {
		d.t.Fatalf("heard\n%s\nwant\n%s", strings.Join(d.heard, "\n"), strings.Join(lines, "\n"))
	}
	d.heard = nil
	return d
}

func TestNoticesOfADeployment(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2, 3, 4, 5).read("10:06").hears()
	d.set(1603, 6).read("10:07").hears("10:07 failed Install Visio 1603 in Office")
	d.set(-1, 7).read("10:08").hears() // the screen shows the end
	d.set(0, 7).read("10:09").hears("10:09 ready")
	d.drop(20, "10:20", visio).read("10:20").set(-1, 20).read("10:21").hears()
	d.set(1603, 20).read("10:22").hears(
		"10:22 failed Install Visio 1603 in Office again 1", "10:22 ready")
	d.drop(30, "10:30", visio).read("10:30").set(-1, 30).read("10:31").set(0, 30).read("10:32").hears(
		"10:32 repaired, healed Install Visio again 2 since 10:07", "10:32 ready")
}

func TestNoticesOfARowQueuedAgain(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2).set(-1, 3).read("10:01")
	d.set(5, 3).read("10:02").hears("10:02 failed Drivers 5 in Configuring")
	d.requeue(3).read("10:03").hears()
	d.set(-1, 3).read("10:04").set(0, 3).read("10:05").hears("10:05 repaired, healed Drivers again 1 since 10:02")
}

func TestAJobThatEndsTheDeploymentAsItFailsIsTwoNotices(t *testing.T) {
	d := started(t)
	d.drop(1, "10:00", "A", "B", "C").read("10:00").set(-1, 1).read("10:00:05")
	d.set(0, 1, 2).set(7, 3).read("10:05").hears("10:05 failed C 7 in C", "10:05 ready")
}

func TestWhatIsCancelledEndsEarly(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2, 3).read("10:05").hears()
	d.remove(4, 5, 6, 7).read("10:10").hears("10:10 ended-early")
}

func TestADeploymentThatTheNextOneOvertakes(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2).set(-1, 3).read("10:05")
	d.drop(20, "10:10", build, markA, driver).read("10:10").hears()
	d.set(-1, 20).read("10:11").hears("10:11 ended-early")
	// also where all that was left goes on in the next one
	d = folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2, 3).read("10:05")
	d.drop(20, "10:10", build, markA, driver).read("10:10").set(-1, 20).read("10:11").hears("10:11 ended-early")
}

func TestStandingStillIsHeardOnce(t *testing.T) {
	d := folder(started(t), "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2, 3).read("10:05")
	d.read("10:30").hears().read("10:36").hears("10:36 standing-still " + markB + " since 10:05")
	d.read("10:50").read("11:30").hears()
	d.set(-1, 4).read("11:40").hears("11:40 standing-still, healed " + markB + " since 10:05")
	d.set(0, 4, 5, 6, 7).read("11:45").hears("11:45 ready")
}

func TestAPCThatIsSwitchedOffIsNoAlarm(t *testing.T) {
	d := folder(started(t), "16:30")
	d.agents[pc] = jobmon.AgentOnline
	d.set(-1, 1).read("16:30:05").set(0, 1, 2, 3).read("16:55")
	d.agents[pc] = jobmon.AgentOffline
	d.read("17:00").read("20:00").read("2 06:55")
	d.agents[pc] = jobmon.AgentOnline
	d.read("2 07:00").set(-1, 4).read("2 07:01").set(0, 4, 5, 6, 7).read("2 07:10").hears("07:10 ready")
}

func TestErrandsSendNothing(t *testing.T) {
	d := finished(t).hears("10:10 ready")
	d.drop(20, "2 02:00", "Nightly").read("2 02:00").set(-1, 20).read("2 02:01").set(1603, 20).read("2 02:05")
	d.requeue(20).move("3 02:00", 20).read("2 02:06").set(-1, 20).read("3 02:00").set(2, 20).read("3 02:01").hears()
}

func TestTheFirstReadSendsNothing(t *testing.T) {
	d := newDesk(t)
	folder(d, "07:50").set(0, 1, 2).set(1603, 3).set(-1, 4)
	d.dropOn(pc+1, 50, "07:00", "A", "B", "C").set(5, 50, 51, 52)
	d.read("08:00").hears()
	d.set(0, 4, 5).read("08:05").set(9, 6).read("08:06").hears("08:06 failed " + visio + " 9 in Office")
	// a failure that nobody saw is no news when it is repaired
	d.drop(60, "08:07", driver).read("08:07").set(-1, 60).read("08:08").set(0, 60).read("08:09").hears()
}

func TestNoticesHideNames(t *testing.T) {
	d := newDesk(t)
	d.settings.HideNames = true
	d.read("08:00")
	folder(d, "10:00").set(-1, 1).read("10:00:05").set(0, 1, 2, 3, 4, 5).set(1603, 6).read("10:06")
	d.hears("10:06 failed Office 1603 in Office")
	d.requeue(6).read("10:07").read("10:38").hears("10:38 standing-still since 10:07")
}

func TestNoticesOfTheSource(t *testing.T) {
	d := started(t)
	d.commit(clock("09:00").Instant(3600), []jobmon.Event{{Kind: jobmon.KindSourceLost, Text: "unreachable"}})
	d.hears("09:00 source-lost")
	d.commit(clock("09:05").Instant(3600), []jobmon.Event{{Kind: jobmon.KindSourceRestored}})
	d.hears("09:05 source-restored, healed since 09:00")
	d.commit(clock("09:10").Instant(3600), []jobmon.Event{{Kind: jobmon.KindSourceLost, Text: "unreachable"}})
	d.commit(clock("09:20").Instant(3600),
		[]jobmon.Event{{Kind: jobmon.KindDaemonStarted, Text: "test", Count: Version}})
	d.hears("09:10 source-lost", "09:20 source-restored, healed since 09:10") // a start that reads the source
	d.commit(clock("09:30").Instant(3600), []jobmon.Event{{Kind: jobmon.KindDamaged, From: 900, To: 1000}})
	d.hears("09:30 damaged")
}
