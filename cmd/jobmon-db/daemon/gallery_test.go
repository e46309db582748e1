package daemon

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/gallery"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// crowd is a journal over many computers, and what the source says of them.
type crowd struct {
	*journal
	t    testing.TB
	read *jobmon.Snapshot
	next int // the computer whose turn it is in work
}

// jobsEach is how many jobs wait on each computer: markers and others in turns.
const jobsEach = 4

func newCrowd(t testing.TB, computers int) *crowd {
	t.Helper()
	dir := t.TempDir()
	log, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	c := &crowd{t: t, journal: &journal{
		log: log, state: history.New(), keeper: &history.Keeper{Log: log},
		files: evtdir.New(evtdir.Options{Dir: dir, Ours: evt.Ours}),
	}}
	now := jobmon.InstantOf(time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC))
	c.read = &jobmon.Snapshot{Now: now, AllJobs: true, AllComputers: true}
	for job := range jobsEach {
		c.read.Jobs = append(c.read.Jobs, jobmon.Job{ID: jobmon.JobID(job + 1),
			Name: [2]string{"(JM) Stage", "Job"}[job%2] + fmt.Sprint(job)})
	}
	for i := range computers {
		id := jobmon.ComputerID(5000001 + i)
		c.read.Computers = append(c.read.Computers, jobmon.Computer{ID: id, Name: fmt.Sprintf("PC-%05d", i+1)})
		for job := range jobsEach {
			c.read.Rows = append(c.read.Rows, jobmon.Row{
				ID: jobmon.ScheduleID(jobsEach*i + job + 1), Job: jobmon.JobID(job + 1), Computer: id,
				Start: now.Wall(0),
			})
		}
	}
	c.commit()
	return c
}

// commit records what has changed since the last one, five seconds later.
func (c *crowd) commit() {
	c.t.Helper()
	c.read.Now += 5000
	c.read.Gone = c.state.Mirror.Missing(c.read.Rows)
	if err := c.Commit(c.t.Context(), c.read.Now, jobmon.Diff(c.state.Mirror, c.read,
		jobmon.DiffOptions{})); err != nil {
		c.t.Fatal(err)
	}
}

// step has the computer's next job start or end.
func (c *crowd) step(computer int, status jobmon.Status) {
	rows := c.read.Rows[jobsEach*computer : jobsEach*(computer+1)]
	for i := range rows {
		switch rows[i].Status {
		case jobmon.StatusNull:
			rows[i].Status = jobmon.StatusRunning
			return
		case jobmon.StatusRunning:
			rows[i].Status = status
			return
		}
	}
}

// work has the next n computers do a step, all in turns.
func (c *crowd) work(n int) {
	for range n {
		c.step(c.next, jobmon.StatusOf(0))
		c.next = (c.next + 1) % (len(c.read.Rows) / jobsEach)
	}
}

// However commits, questions and a refused batch follow each other, the pictures that are kept are those that the
// projection draws, and the counts are theirs.
func TestTheGalleryIsWhatTheProjectionDraws(t *testing.T) {
	t.Parallel()
	lawtest.Check(t, func(rt *rapid.T) {
		c := newCrowd(t, 2*gallery.AtOnce+5)
		var held, was []jobmon.Progress
		rt.Repeat(map[string]func(*rapid.T){
			"commit": func(rt *rapid.T) {
				for range rapid.IntRange(1, 20).Draw(rt, "steps") {
					c.step(rapid.IntRange(0, 2*gallery.AtOnce+4).Draw(rt, "computer"),
						jobmon.StatusOf(jobmon.Code(rapid.IntRange(0, 1).Draw(rt, "code"))))
				}
				c.commit()
			},
			"a few are drawn": func(rt *rapid.T) {
				c.gallery.Ready(c.state.Projection, rapid.Bool().Draw(rt, "keep"))
			},
			"nobody asks": func(*rapid.T) { c.gallery.Asked = time.Time{} },
			"the log refuses a batch": func(rt *rapid.T) {
				if err := c.refold(); err != nil {
					rt.Fatal(err)
				}
			},
			"counts": func(rt *rapid.T) {
				if got, want := c.counts(), recount(history.Pictures(c.state.Projection)); got != want {
					rt.Errorf("%+v, want %+v", got, want)
				}
			},
			"pictures": func(rt *rapid.T) {
				got, seq, durable := c.pictures()
				if want := history.Pictures(c.state.Projection); !reflect.DeepEqual(got, want) || seq != c.state.Seq ||
					!durable {
					rt.Errorf("%d pictures at %d, want %d at %d", len(got), seq, len(want), c.state.Seq)
				}
				if again, _, _ := c.pictures(); len(got) > 0 && &again[0] != &got[0] {
					rt.Error("nothing changed, and the list is made again")
				}
				if !reflect.DeepEqual(held, was) {
					rt.Error("a list has changed after it was returned")
				}
				held, was = got, slices.Clone(got)
			},
		})
	})
}

func recount(list []jobmon.Progress) (n gallery.Counts) {
	for _, p := range list {
		if p.Seq == 0 {
			continue // it has no picture
		}
		n.Computers++
		if p.Session != nil && p.Session.State == jobmon.SessionPlanned {
			n.Planned++
		}
		if s := p.Session; s != nil && s.State == jobmon.SessionOpen {
			n.Open++
			if s.Failed > 0 {
				n.Failing++
			}
			if s.Current < 0 {
				n.Waiting++
			}
		}
	}
	return n
}

// A question for counts draws nothing, and one for pictures only what has changed, however many computers there are.
func TestScrapesDrawNothing(t *testing.T) {
	c := newCrowd(t, 200)
	for i := range 200 {
		c.step(i, jobmon.StatusOf(0))
	}
	c.commit()
	if n := c.counts(); n.Computers != 200 || n.Open != 200 {
		t.Fatalf("%+v", n)
	}
	c.pictures()
	if n := testing.AllocsPerRun(100, func() { c.counts() }); n > 0 {
		t.Errorf("%v allocations for counts", n)
	}
	if n := testing.AllocsPerRun(100, func() { c.pictures() }); n > 10 {
		t.Errorf("%v allocations for pictures that are drawn already", n)
	}
}

// BenchmarkScraped measures what a commit can come to wait for on 10,000 computers: a question for the figures, or for
// all pictures, that has the lock. Beside them are the commit itself, of 1 % of the computers, and drawing all
// pictures.
func BenchmarkScraped(b *testing.B) {
	const computers = 10_000
	c := newCrowd(b, computers)
	c.work(computers)
	c.commit()
	c.pictures()
	for _, m := range []struct {
		name string
		do   func()
	}{
		{"figures", func() { c.counts() }},
		{"pictures", func() { c.pictures() }},
		{"all-drawn", func() { history.Pictures(c.state.Projection) }},
		{"commit", func() {
			c.work(computers / 100)
			c.commit()
		}},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				m.do()
			}
		})
	}
}

// BenchmarkCommitBesideScrape measures a commit of 1 % of 10,000 computers alone and, in turn in the same run, with a
// scrape of the figures under way from its first moment on. At one scrape a second few commits meet one: this is what
// those come to wait.
func BenchmarkCommitBesideScrape(b *testing.B) {
	const computers = 10_000
	c := newCrowd(b, computers)
	c.work(computers)
	c.commit()
	c.counts()
	commit := func() time.Duration {
		c.work(computers / 100)
		began := time.Now()
		c.commit()
		return time.Since(began)
	}
	var alone, beside []time.Duration
	for b.Loop() {
		alone = append(alone, commit())
		scraped := make(chan struct{})
		go func() {
			defer close(scraped)
			c.counts()
		}()
		beside = append(beside, commit())
		<-scraped
	}
	slices.Sort(alone)
	slices.Sort(beside)
	median := func(list []time.Duration) float64 { return float64(list[len(list)/2].Nanoseconds()) }
	b.ReportMetric(median(alone), "ns/alone")
	b.ReportMetric(median(beside), "ns/scraped")
	b.ReportMetric(100*(median(beside)/median(alone)-1), "%slower")
}
