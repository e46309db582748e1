package simulator

import (
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// role is one way in which a deployment goes. It begins now, and calls over when nobody will do anything more to it;
// jobs may still run then.
type role func(s *scenario, seat *seat, over func())

// roles lists all ways. A single computer goes through them in this order, so the first has what nobody should have
// to wait for.
func roles() []role {
	return []role{lateAndFailing, shortcutAndLate, removedAndRestart, agentAway, piecemeal, knownAnew, imagedAgain,
		afterTheEnd}
}

// lateAndFailing: five minutes in, somebody adds a department's software with its own marker; the anti-virus fails
// with 1603 and is dropped again a few minutes after that.
func lateAndFailing(s *scenario, seat *seat, over func()) {
	rows := s.drop(seat, s.build.Chain...)
	failing := s.rowOf(rows, AntiVirus)
	s.ds.SetOutcome(failing, 1603)
	s.after(5*time.Minute, func() { s.drop(seat, s.lateMarker, s.planner, s.diagrams, s.build.Ready) })
	s.whenFinished(failing, 3*time.Minute, func() {
		s.drop(seat, s.build.Named(AntiVirus))
		over()
	})
}

// shortcutAndLate: a shortcut in the middle of the chain puts a job in front of the others; eight minutes in,
// somebody adds a job without a marker.
func shortcutAndLate(s *scenario, seat *seat, over func()) {
	s.drop(seat, s.build.Behind(OfficeLanguages, s.departmental)...)
	s.after(8*time.Minute, func() {
		s.drop(seat, s.labels)
		over()
	})
}

// removedAndRestart: somebody deletes a job that waits; the security updates end with 3010 (restart required).
func removedAndRestart(s *scenario, seat *seat, over func()) {
	rows := s.drop(seat, s.build.Chain...)
	s.ds.SetOutcome(s.rowOf(rows, SecurityUpdates), 3010)
	s.after(6*time.Minute, func() {
		s.ds.DeleteRow(s.rowOf(rows, JavaRuntime))
		over()
	})
}

// agentAway: nine minutes in, a cable is pulled; seven minutes later it is back.
func agentAway(s *scenario, seat *seat, over func()) {
	s.drop(seat, s.build.Chain...)
	s.after(9*time.Minute, func() { s.ds.SetAgent(seat.computer, false) })
	s.after(16*time.Minute, func() {
		s.ds.SetAgent(seat.computer, true)
		over()
	})
}

// piecemeal: a technician drags one job after another.
func piecemeal(s *scenario, seat *seat, over func()) {
	s.drop(seat, s.build.Chain[:2]...)
	var drag func(next int)
	drag = func(next int) {
		if next == len(s.build.Chain) {
			over()
			return
		}
		pause := s.ds.between("drag", int64(seat.index), seat.round*100+next, 20*time.Second, 80*time.Second)
		s.after(pause, func() {
			s.drop(seat, s.build.Chain[next])
			drag(next + 1)
		})
	}
	drag(2)
}

// knownAnew: DS does not know the computer again and lists a second one of that name. A job that somebody drops on
// the old one sits there. It happens to a computer once.
func knownAnew(s *scenario, seat *seat, over func()) {
	if seat.round > len(roles()) {
		imagedAgain(s, seat, over)
		return
	}
	if seat.round == 1 { // nobody can know again what was never there
		s.drop(seat, s.build.Chain...)
		s.whenIdle(seat, 45*time.Minute, func() { s.anew(seat, over) })
		return
	}
	s.anew(seat, over)
}

// anew is the second computer of that name.
func (s *scenario) anew(seat *seat, over func()) {
	old := seat.computer
	seat.computer = s.ds.Redeploy(old)
	s.drop(seat, s.build.Chain...)
	if s.night > s.ds.WallNow() {
		s.ds.Schedule(seat.computer, []jobmon.JobID{s.inventory}, s.night)
	}
	s.after(4*time.Minute, func() {
		s.ds.Schedule(old, []jobmon.JobID{s.labels}, s.ds.WallNow())
		over()
	})
}

// imagedAgain: eight minutes after the end the whole folder is dropped once more.
func imagedAgain(s *scenario, seat *seat, over func()) {
	s.drop(seat, s.build.Chain...)
	s.whenIdle(seat, 8*time.Minute, func() {
		s.drop(seat, s.build.Chain...)
		over()
	})
}

// afterTheEnd: ten minutes after the end a technician adds a job.
func afterTheEnd(s *scenario, seat *seat, over func()) {
	s.drop(seat, s.build.Chain...)
	s.whenIdle(seat, 10*time.Minute, func() {
		s.drop(seat, s.labels)
		over()
	})
}

// rowOf is the first of the rows with the build's job of that name.
func (s *scenario) rowOf(rows []jobmon.ScheduleID, name string) jobmon.ScheduleID {
	job := s.build.Named(name)
	for _, id := range rows {
		if r, ok := s.ds.Row(id); ok && r.Job == job {
			return id
		}
	}
	return 0
}

// whenFinished does something d after a row finished, also when it was deleted instead.
func (s *scenario) whenFinished(id jobmon.ScheduleID, d time.Duration, do func()) {
	s.after(time.Minute, func() {
		if r, ok := s.ds.Row(id); ok && !r.Status.Finished() {
			s.whenFinished(id, d, do)
			return
		}
		s.after(d, do)
	})
}
