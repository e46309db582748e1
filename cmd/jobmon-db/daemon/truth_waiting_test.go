package daemon_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// What waits is shown.

// A PC is ready. Ten minutes later a technician drops a marker and a job on it, but it is switched off.
func TestTruth01AFolderOnAReadyPCThatIsOff(t *testing.T) {
	tell(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		pc.build("10:00")
		pc.shows("10:10:10", built)
		s.ds.SetAgent(pc.id, false)
		s.at("10:20")
		rows := pc.put("10:20", tools, editor)
		pc.begins("10:20:08", "#1 open 50% | Office succeeded 1/1 | Tools waiting 0/1 late")
		const waits = "#1 open 50% | Office succeeded 1/1 | Tools waiting 0/1 late | waits: agent offline"
		pc.shows("10:20:25", waits)
		if f := pc.file(); f.Next == nil || f.Stages[*f.Next].Name != "Tools" || f.NoMoreUpdates {
			t.Errorf("next is %v, no more updates %t", f.Next, f.NoMoreUpdates)
		}
		pc.says("agent offline", "!result: ready")
		seq := pc.file().Seq
		for _, when := range []string{"11:20", "13:20", "16:20", "22:50", "2 11:20"} {
			pc.shows(when, waits)
		}
		if now := pc.file().Seq; now != seq && !s.restarts {
			t.Errorf("the file was written again: %d, before %d", now, seq)
		}
		s.told()

		s.ds.SetAgent(pc.id, true)
		s.turn("2 11:21", time.Minute, rows...)
		pc.shows("2 11:24", "#1 complete 100% ready | Office succeeded 1/1 | Tools succeeded 1/1 late")
		pc.went("planned", "#1 open", "#1 complete ready", "#1 open", "#1 complete ready")
	})
}

// One job within the gap re-opens the deployment as soon as it arrives. After the gap it changes no screen, and is
// listed.
func TestTruth02OneJobAfterTheEnd(t *testing.T) {
	tell(t, "09:59", func(s *site) {
		soon, late := s.watch().pc("PC-0001"), s.pc("PC-0002")
		s.at("10:00")
		rows := [2][]jobmon.ScheduleID{soon.put("10:00", small()...), late.put("10:00", small()...)}
		s.at("10:01")
		for i := range rows[0] {
			s.runs(rows[0][i], rows[1][i])
			s.after(2 * time.Minute)
			s.ends(rows[0][i], rows[1][i])
			s.after(10 * time.Second)
		}
		soon.shows("10:10:10", built)
		late.shows("10:10:10", built)
		before := late.content()

		s.at("10:20")
		added := soon.put("10:20", visio)
		soon.begins("10:20:08", "#1 open 50% | Office succeeded 1/1 | Install Visio waiting 0/1 late")
		soon.shows("10:20:30", "#1 open 50% | Office succeeded 1/1 | Install Visio waiting 0/1 late | waits: server")
		s.turn("10:21", time.Minute, added...)
		soon.shows("10:22:10", "#1 complete 100% ready | Office succeeded 1/1 | Install Visio succeeded 1/1 late")

		s.at("10:45")
		single := late.put("10:45", visio)
		late.begins("10:45:10", built)
		late.beside("Install Visio server")
		late.says("ready", "not part of this", visio)
		late.begins("10:50", built)
		s.turn("10:51", time.Minute, single...)
		late.begins("10:52:10", built)
		late.begins("11:00", built)
		if f := late.file(); f.Session.Number != 1 || len(f.Later) > 0 || string(late.content()) != string(before) &&
			!s.restarts {
			t.Errorf("the file is now %s\nbefore %s", late.content(), before)
		}
		late.went("planned", "#1 open", "#1 complete ready")
		soon.went("planned", "#1 open", "#1 complete ready", "#1 open", "#1 complete ready")
	})
}

// The folder with the build job is dropped by mistake, and taken back before anything starts.
func TestTruth03AFolderThatIsTakenBack(t *testing.T) {
	tell(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		pc.build("10:00")
		pc.shows("10:10:10", built)
		before := pc.essence()
		s.at("10:20")
		rows := pc.put("10:20", small()...)
		pc.shows("10:20:25", "planned | "+awaited+" | waits: server")
		if f := pc.file(); f.Session.Number != 0 || f.ETA != 0 || f.NoMoreUpdates || f.Session.Began != 0 {
			t.Errorf("%+v", f.Session)
		}
		pc.says("!#2", "!%")
		s.at("10:25")
		s.deleted(rows...)
		pc.same("10:25:10", before)
		pc.shows("10:25:10", built)
		pc.same("10:40", before)
		s.at("10:45")
		rows = pc.put("10:45", small()...)
		pc.shows("10:45:25", "planned | "+awaited+" | waits: server")
		s.turn("10:46", time.Minute, rows...)
		pc.shows("10:51", strings.Replace(built, "#1", "#2", 1))
		pc.went("planned", "#1 open", "#1 complete ready", "planned", "#1 complete ready", "planned", "#2 open",
			"#2 complete ready")
		if got := pc.accounts(); !slices.Equal(got, []string{"#1 complete ready", "#2 complete ready"}) {
			t.Errorf("the deployments are %q", got)
		}
	})
}

// A technician drags one job after the other, five minutes long, before DS begins the first.
func TestTruth04JobsDraggedOneByOne(t *testing.T) {
	tell(t, "20:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		var rows []jobmon.ScheduleID
		drag := func(when, job string) {
			s.at(when)
			rows = append(rows, pc.put(when, job)...)
		}
		drag("21:00", monitor)
		pc.blank("21:00:30")
		drag("21:01", mDrivers)
		pc.begins("21:01:08", "planned | Drivers waiting 0/0")
		drag("21:02", drivers)
		drag("21:03", mOffice)
		drag("21:04", office)
		drag("21:05", mReady)
		pc.shows("21:05:30", "planned | Drivers waiting 0/1 | Office waiting 0/1 | waits: server")
		if n := pc.file().Counts.Late; n != 0 {
			t.Errorf("%d jobs are late", n)
		}
		s.at("21:06").runs(rows[0])
		pc.shows("21:06:20", "#1 open 0% | Drivers waiting 0/1 | Office waiting 0/1 | waits: behind "+monitor)
		s.at("21:07").ends(rows[0])
		s.turn("21:07:10", time.Minute, rows[1:]...)
		pc.shows("21:15", "#1 complete 100% ready | Drivers succeeded 1/1 | Office succeeded 1/1")
		if n := pc.file().Counts.Late; n != 0 {
			t.Errorf("%d jobs are late", n)
		}
		pc.went("planned", "#1 open", "#1 complete ready")
	})
}

// The build job alone on a ready PC shows what is known: its script asks for the file and gets the one that says ready.
func TestTruth05TheBuildJobAloneOnAReadyPC(t *testing.T) {
	tell(t, "09:59", func(s *site) {
		pc := s.watch().pc("PC-0001")
		pc.build("10:00")
		pc.shows("10:10:10", built)
		asks := func() {
			t.Helper()
			s.asked++
			a, err := s.daemon.Refresh(s.t.Context(), control.RefreshRequest{Computer: pc.id, Job: monitor})
			if err != nil || !a.Fresh {
				t.Errorf("%+v, %v", a, err)
			}
			s.after(settle)
			pc.begins(s.time(), built)
			pc.says("ready")
		}
		for _, from := range []string{"10:20", "11:00"} {
			s.at(from)
			row := pc.put(from, monitor)
			pc.begins(from+":10", built)
			asks()
			s.runs(row...)
			asks()
			s.after(20 * time.Second)
			s.ends(row...)
			s.after(10 * time.Second)
			pc.begins(s.time(), built)
		}
		pc.went("planned", "#1 open", "#1 complete ready")
	})
}

// The build job starts at once; all else of the drop is planned for 65 minutes later.
func TestTruth06TheRestIsDueInAnHour(t *testing.T) {
	tell(t, "07:50", func(s *site) {
		pc := s.watch().knows().pc("PC-0001")
		s.at("10:00")
		rows := append(pc.put("10:00", monitor), pc.put("11:05", mOffice, office, mReady)...)
		pc.begins("10:00:10", "planned")
		s.at("10:00:30").runs(rows[0])
		pc.begins("10:00:40", "#1 open")
		s.at("10:01").ends(rows[0])
		for _, when := range []string{"10:01:10", "10:20", "10:34"} {
			pc.begins(when, "#1 open")
			f := pc.file()
			if f.Why == nil || f.Why.Kind != string(jobmon.WaitDue) ||
				jobmon.WallTime(f.Why.StartLocal) != clock("11:05") || f.NoMoreUpdates {
				t.Errorf("%s: waits for %+v, no more updates %t", pc.now(), f.Why, f.NoMoreUpdates)
			}
			pc.says("11:05", "!result: ready", "!no picture")
		}
		pc.shows("10:35:20", "#1 open 0% | "+awaited+" | waits: due")
		s.turn("11:05:10", time.Minute, rows[1:]...)
		pc.shows("11:09", built)
		pc.went("planned", "#1 open", "#1 complete ready")
		s.told("start-clock 3600")
	})
}

// One drop holds a stage for now and one for an hour and a half later. Both are one deployment.
func TestTruth07AStageThatContinuesLater(t *testing.T) {
	tell(t, "07:50", func(s *site) {
		pc := s.watch().knows().pc("PC-0001")
		s.at("10:00")
		rows := append(pc.put("10:00", monitor, mDrivers, drivers), pc.put("11:30", mOffice, office, mReady)...)
		s.turn("10:01", 2*time.Minute, rows[:3]...)
		for _, when := range []string{"10:10", "10:45", "10:59"} {
			pc.begins(when, "#1 open")
			f := pc.file()
			if f.Why == nil || f.Why.Kind != string(jobmon.WaitDue) ||
				jobmon.WallTime(f.Why.StartLocal) != clock("11:30") || f.NoMoreUpdates {
				t.Errorf("%s: waits for %+v, no more updates %t", pc.now(), f.Why, f.NoMoreUpdates)
			}
			pc.says("continues at 11:30", "!result: ready")
		}
		pc.shows("11:00:20", "#1 open 50% | Drivers succeeded 1/1 | "+awaited+" | waits: due")
		s.turn("11:31:30", time.Minute, rows[3:]...)
		pc.shows("11:36", "#1 complete 100% ready | Drivers succeeded 1/1 | Office succeeded 1/1")
		if n := pc.file().Counts.Late; n != 0 {
			t.Errorf("%d jobs are late", n)
		}
		pc.went("planned", "#1 open", "#1 complete ready")
		s.told("start-clock 3600")
	})
}

// A real job of the drop is planned for the evening. It holds nothing open, and is listed.
func TestTruth08DefragForTheEvening(t *testing.T) {
	tell(t, "07:50", func(s *site) {
		pc := s.watch().knows().pc("PC-0001")
		s.at("14:20")
		rows := pc.put("14:20", small()...)
		evening := pc.put("22:00", defrag)
		s.turn("14:21", 4*time.Minute, rows...)
		const ready = built + " | later: Defrag 22:00"
		pc.shows("14:40:10", ready)
		pc.says("ready", "22:00", defrag)
		before := pc.essence()
		pc.same("21:29", before)
		pc.same("21:31", before)
		pc.same("21:59", before)
		s.turn("22:00:10", 5*time.Minute, evening...)
		pc.begins("22:06", built)
		pc.begins("23:00", built)
		pc.went("planned", "#1 open", "#1 complete ready")
		s.told("start-clock 3600")
	})
}
