package daemon_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// A technician drops the folder on fifty PCs at once: every minute each file says what the daemon's last read saw of
// that computer, each marker brings its stage, and reading costs the same as for one.
func TestFiftyPCsAtOnce(t *testing.T) {
	play(t, "09:59", func(s *site) {
		build := newPlan(s, s.jobsOf(folder()))
		var pcs []*client
		for i := range 50 {
			pcs = append(pcs, s.pc(fmt.Sprintf("PC-%04d", i+1)))
		}
		s.copied = func(to *client, text string) {
			if want := build.picture(to); text != want || !build.current(to.asked, text) {
				t.Errorf("%s: %s gave\n  %s\nwant\n  %s", to.now(), to.asked, text, want)
			}
		}
		s.watch().at("10:00")
		for _, pc := range pcs {
			pc.drop(folder()...)
		}
		for range 12 {
			s.after(time.Minute)
			for _, pc := range pcs {
				if got, want := pc.screen(), build.picture(pc); got != want {
					t.Errorf("%s: the file says\n  %s\nwant\n  %s", pc.now(), got, want)
				}
			}
		}
		for _, pc := range pcs {
			if got := pc.screen(); got != "#1 complete 100% ready | Drivers succeeded 1/1 | Domain succeeded 1/1 | "+
				"Office succeeded 2/2" {
				t.Errorf("%s: at the end the file says %s", pc.now(), got)
			}
			if len(pc.fresh) != 7 {
				t.Errorf("%s: given %d files", pc.now(), len(pc.fresh))
			}
		}
		if s.polled.times > 13*60/4 {
			t.Errorf("%d reads in 13 minutes", s.polled.times)
		}

		// By now it is known how long each stage takes: one more computer gets an estimate, and keeps to it.
		last := s.pc("PC-0051")
		last.drop(folder()...)
		s.at("10:13")
		f := last.file()
		for _, st := range f.Stages {
			if st.ExpectedS == 0 || st.Runs != 20 {
				t.Errorf("stage %+v", st)
			}
		}
		s.at("10:25")
		ended := jobmon.WallTime(last.file().Session.EndedLocal)
		if off := time.Duration(ended-jobmon.WallTime(f.ETALocal)) * time.Millisecond; f.ETAAtLeast ||
			off.Abs() > 4*time.Minute {
			t.Errorf("estimated %v (at least: %v), ended %v", jobmon.WallTime(f.ETALocal), f.ETAAtLeast, ended)
		}
	})
}

// The standard build has jobs that no read sees running, and markers that run for less than the time between two
// reads: what such a marker brings may be one read old, and is never wrong by more.
func TestStandardBuildWithSwiftMarkers(t *testing.T) {
	play(t, "09:59", func(s *site) {
		standard := simulator.AddStandardBuild(s.ds)
		build := newPlan(s, standard.Chain)
		pcs := []*client{s.pc("PC-0001"), s.pc("PC-0002"), s.pc("PC-0003"), s.pc("PC-0004")}
		given, current := 0, 0
		s.copied = func(to *client, text string) {
			if want := build.picture(to); text != want {
				t.Errorf("%s: %s gave\n  %s\nwant\n  %s", to.now(), to.asked, text, want)
			}
			if given++; build.current(to.asked, text) {
				current++
			}
		}
		s.watch().at("10:00")
		for _, pc := range pcs {
			s.ds.Schedule(pc.id, standard.Chain, s.ds.WallNow())
		}
		for range 38 {
			s.after(time.Minute)
			for _, pc := range pcs {
				if got, want := pc.screen(), build.picture(pc); got != want {
					t.Errorf("%s: the file says\n  %s\nwant\n  %s", pc.now(), got, want)
				}
			}
		}
		for _, pc := range pcs {
			if got := pc.screen(); !strings.HasPrefix(got, "#1 complete 100% ready") {
				t.Errorf("%s: at the end the file says %s", pc.now(), got)
			}
		}
		if given != 13*len(pcs) || current < given/2 {
			t.Errorf("%d files given, %d of them with the marker's stage", given, current)
		}
	})
}

// Two and a half hours at a site where everything happens that the demo shows: late jobs, failures, shortcuts, agents
// that go away, computers that DS does not know again. No single picture is asserted here; every file that is seen or
// delivered is held to the log, and the log to what truly happened.
func TestASiteWhereEverythingHappens(t *testing.T) {
	play(t, "09:59", func(s *site) {
		simulator.Play(s.ds, 8)
		given := 0
		s.copied = func(*client, string) { given++ }
		s.watch()
		for range 150 {
			for range 60 {
				s.after(time.Second)
			}
			for _, c := range s.ds.Computers() {
				s.known(c.ID).screen()
			}
		}
		for range 3600 {
			if history := s.ds.History(); s.ds.Now().Sub(history[len(history)-1].At) > settle {
				break // the daemon has seen everything
			}
			s.after(time.Second)
		}
		if given < 8*13 {
			t.Errorf("only %d files were delivered", given)
		}
	})
}

// plan knows a build by heart that nobody interferes with.
type plan struct {
	site  *site
	name  map[jobmon.JobID]string
	stage map[string]string // by marker
}

func newPlan(s *site, chain []jobmon.JobID) *plan {
	p := &plan{site: s, name: map[jobmon.JobID]string{}, stage: map[string]string{}}
	for _, id := range chain {
		job, _ := s.ds.Job(id)
		p.name[id] = job.Name
		if _, name, ok := strings.Cut(job.Name, "(JM) "); ok {
			p.stage[job.Name] = name
		}
	}
	return p
}

// current says whether the file that a job brought shows what it should: a marker its stage, the closing one the end.
func (p *plan) current(job, text string) bool {
	switch stage, marker := p.stage[job]; {
	case !marker:
		return true
	case job == mReady:
		return strings.HasPrefix(text, "#1 complete 100% ready")
	default:
		return strings.Contains(text, "> "+stage+" running")
	}
}

// picture is that of a build in which nothing is late and nothing fails, made from the rows and the agent as the
// daemon's last read saw them.
func (p *plan) picture(c *client) string {
	polled := &p.site.polled
	polled.mu.Lock()
	defer polled.mu.Unlock()
	type stage struct {
		name                string
		done, jobs, unended int
		current             bool
	}
	var stages []stage
	var done, jobs, unended int
	waits, began, runs := "server", false, false
	for _, r := range polled.rows[c.id] {
		name := p.name[r.Job]
		began = began || !r.Status.Waiting()
		if !r.Status.Finished() {
			unended++
		}
		if name == monitor {
			if r.Status.Running() {
				waits = "behind " + name
			}
			continue
		}
		opens, marker := p.stage[name]
		if marker {
			stages = append(stages, stage{name: opens})
		}
		st := &stages[len(stages)-1]
		if !marker {
			st.jobs, jobs = st.jobs+1, jobs+1
			if r.Status.Finished() {
				st.done, done = st.done+1, done+1
			}
		}
		if !r.Status.Finished() {
			st.unended++
		}
		if r.Status.Running() {
			st.current, runs = true, true
		}
	}
	if !began {
		return "no file"
	}
	parts := []string{fmt.Sprintf("#1 open %d%%", 100*done/jobs)}
	if unended == 0 || unended == 1 && runs { // only the closing marker is left
		parts[0] = "#1 complete 100% ready"
	}
	for _, st := range stages[:len(stages)-1] {
		state := "succeeded"
		if st.current {
			st.name, state = "> "+st.name, "running"
		} else if st.unended > 0 {
			state = "waiting"
		}
		parts = append(parts, fmt.Sprintf("%s %s %d/%d", st.name, state, st.done, st.jobs))
	}
	if !runs && unended > 0 {
		if polled.agents[c.id] == jobmon.AgentOffline {
			waits = "agent offline"
		}
		parts = append(parts, "waits: "+waits)
	}
	return strings.Join(parts, " | ")
}
