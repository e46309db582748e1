package simulator

import (
	"fmt"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

const day = 24 * 60 * minute

// scenario is the people around a DS. What they do and when depends on the DS's seed and tables alone.
type scenario struct {
	ds    *DS
	build *Build
	seats []*seat

	oldGhost jobmon.ComputerID
	night    jobmon.WallTime // of the next inventory

	lateMarker                       jobmon.JobID
	planner, diagrams, labels, fonts jobmon.JobID
	departmental                     jobmon.JobID // a shortcut
	inventory, diskCheck, firmware   jobmon.JobID
}

// seat is a desk: the computer that stands there changes its id when DS does not know it again.
type seat struct {
	computer jobmon.ComputerID
	index    int
	round    int // deployments so far
}

// Play sets up a DS with that many computers (PC-0001, from id 5,000,001) and with people who keep it busy without
// end. Every computer is deployed within the first minutes, each in a way of its own (see roles), and now and then
// again, in the next way. Around that there are last year's leftovers, an inventory every night, a job for 22:00 and
// an administrator who clears up every morning.
//
// A deployment takes 20 to 60 minutes. Within 40 minutes, whatever the number of computers, a job was dropped late
// and one failed.
func Play(ds *DS, computers int) *Build {
	s := &scenario{ds: ds, build: AddStandardBuild(ds)}
	s.addJobs()
	for i := range computers {
		name := fmt.Sprintf("PC-%04d", i+1)
		s.seats = append(s.seats, &seat{computer: ds.AddComputer(name), index: i})
	}
	s.addLeftovers()
	apart := min(35*time.Second, 5*time.Minute/time.Duration(max(computers, 1)))
	for _, seat := range s.seats {
		at := apart*time.Duration(seat.index) + ds.between("stagger", int64(seat.index), 0, 0, apart/2)
		s.after(10*time.Second+at, func() { s.deploy(seat) })
	}
	s.routine()
	return s.build
}

func (s *scenario) addJobs() {
	install := func(name, folder string, low, high time.Duration) jobmon.JobID {
		return s.ds.AddJob(name, folder, Behaviour{Min: low, Max: high})
	}
	const engineering, office, maintenance = `Departments\Engineering`, `Departments\Office`, `Maintenance`
	s.lateMarker = s.ds.AddJob("(JM) Project tools", engineering, marker())
	s.planner = install("Install project planner", engineering, time.Minute, 2*time.Minute)
	s.diagrams = install("Install diagram viewer", engineering, 40*time.Second, 80*time.Second)
	s.labels = install("Install label printer", office, 30*time.Second, time.Minute)
	s.fonts = install("Install house fonts", office, 10*time.Second, 20*time.Second)
	s.departmental = s.ds.AddJob("Department software", office, Behaviour{Targets: []jobmon.JobID{s.fonts}})
	s.inventory = install("Nightly inventory", maintenance, 20*time.Second, time.Minute)
	s.diskCheck = install("Weekly disk check", maintenance, time.Minute, 2*time.Minute)
	s.firmware = install("Update firmware", maintenance, 3*time.Minute, 6*time.Minute)
}

// addLeftovers puts into the tables what years leave behind: the ghost of a computer, rows that never ran, a
// recurring job.
func (s *scenario) addLeftovers() {
	s.oldGhost = s.ds.AddComputer("OLD-PC-17")
	s.ds.MakeGhost(s.oldGhost)
	on := []jobmon.ComputerID{s.oldGhost, s.oldGhost}
	if len(s.seats) > 0 {
		first, last := s.seats[0].computer, s.seats[len(s.seats)-1].computer
		on = append(on, first, last)
		defer s.ds.Schedule(last, []jobmon.JobID{s.diskCheck}, jobmon.NoStart) // behind the older ids
	}
	lastYear := cut(s.ds.WallNow() - 365*day)
	for i, c := range on {
		job := s.build.Chain[len(s.build.Chain)-1-i]
		s.ds.PutRow(jobmon.Row{ID: jobmon.ScheduleID(i + 1), Job: job, Computer: c, Start: lastYear})
	}
}

// routine is what happens every day.
func (s *scenario) routine() {
	s.daily(3, func(at jobmon.WallTime) {
		s.night = at
		for _, seat := range s.seats {
			s.ds.Schedule(seat.computer, []jobmon.JobID{s.inventory}, at)
		}
	})
	turn := 0
	s.daily(22, func(at jobmon.WallTime) {
		if len(s.seats) > 0 {
			s.ds.Schedule(s.seats[turn%len(s.seats)].computer, []jobmon.JobID{s.firmware}, at)
			turn++
		}
	})
	s.daily(6, func(jobmon.WallTime) { s.clearUp() })
}

// clearUp is the administrator's morning: rows that finished a day ago go, and the ghosts of computers that were
// installed anew, with all that sits on them. The ghost of last year stays; nobody knows any more whose it is.
func (s *scenario) clearUp() {
	s.ds.Purge(s.ds.Now().Add(-24 * time.Hour))
	for _, c := range s.ds.Computers() {
		if c.Ghost && c.ID != s.oldGhost {
			s.ds.DeleteRemaining(c.ID)
			s.ds.DeleteComputer(c.ID)
		}
	}
}

// daily plans something for the next time that the server's wall clock shows that full hour, and an hour after that
// for the next day.
func (s *scenario) daily(hour int, plan func(at jobmon.WallTime)) {
	at := s.nextWall(hour)
	plan(at)
	s.after(time.Duration(at+60*minute-s.ds.WallNow())*time.Millisecond, func() { s.daily(hour, plan) })
}

// nextWall is the next time that the wall clock shows that full hour, at least an hour from now: what is planned for
// then is planned for later, not for soon.
func (s *scenario) nextWall(hour int) jobmon.WallTime {
	now := s.ds.WallNow()
	at := now - now%day + jobmon.WallTime(hour)*60*minute
	for at < now+60*minute {
		at += day
	}
	return at
}

func (s *scenario) after(d time.Duration, do func()) { s.ds.At(s.ds.Now().Add(d), do) }

// whenIdle does something d after nothing is left to run on the seat's computer.
func (s *scenario) whenIdle(seat *seat, d time.Duration, do func()) {
	s.after(time.Minute, func() {
		if s.ds.Busy(seat.computer) {
			s.whenIdle(seat, d, do)
			return
		}
		s.after(d, do)
	})
}

// deploy plays the seat's next role and plans the deployment after it.
func (s *scenario) deploy(seat *seat) {
	all := roles()
	role := all[(seat.index+seat.round)%len(all)]
	seat.round++
	role(s, seat, func() {
		pause := s.ds.between("pause", int64(seat.index), seat.round, 20*time.Minute, 150*time.Minute)
		s.whenIdle(seat, pause, func() { s.deploy(seat) })
	})
}

// drop schedules jobs on the seat's computer now.
func (s *scenario) drop(seat *seat, jobs ...jobmon.JobID) []jobmon.ScheduleID {
	return s.ds.Schedule(seat.computer, jobs, s.ds.WallNow())
}
