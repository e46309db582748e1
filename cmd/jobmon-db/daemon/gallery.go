package daemon

import (
	"cmp"
	"slices"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

const (
	drawAtOnce = 32          // pictures that are drawn before a commit may come between
	keepFor    = time.Minute // pictures stay drawn for so long after the last question for all of them
)

// Counts sums the pictures up.
type Counts struct {
	Computers int // with a picture
	Planned   int // deployments that wait and have not begun
	Open      int // deployments that go on
	Failing   int // of these, with a job that failed and was not repaired
	Waiting   int // of these, in which nothing runs
}

// gallery keeps what readers ask of all pictures, so that their questions draw none while a commit waits for the lock
// of the journal, which guards it. Commits hand over the pictures that they change, and draw them for the files in any
// case. What nobody has drawn since the state was loaded is drawn for the first reader, a few at a time.
type gallery struct {
	counts  Counts
	counted map[jobmon.ComputerID]Counts // what each picture adds to counts
	all     bool                         // counted holds every picture

	kept  []*jobmon.Progress // by id, while somebody asks for all pictures; never changed
	keeps bool
	asked time.Time           // when somebody did last
	todo  []jobmon.ComputerID // pictures to draw, for counted or kept
}

// show takes a picture that a commit has changed.
func (g *gallery) show(p *jobmon.Progress) {
	g.count(p)
	if !g.keeps {
		return
	}
	if time.Since(g.asked) > keepFor {
		g.kept, g.keeps = nil, false
		return
	}
	g.keep(p)
}

func (g *gallery) count(p *jobmon.Progress) {
	now := Counts{Computers: 1}
	switch s := p.Session; {
	case s != nil && s.State == jobmon.SessionPlanned:
		now.Planned = 1
	case s != nil && s.State == jobmon.SessionOpen:
		now.Open = 1
		if s.Failed > 0 {
			now.Failing = 1
		}
		if s.Current < 0 {
			now.Waiting = 1
		}
	}
	if g.counted == nil {
		g.counted = map[jobmon.ComputerID]Counts{}
	}
	was := g.counted[p.Computer.ID]
	g.counted[p.Computer.ID] = now
	g.counts.Computers += now.Computers - was.Computers
	g.counts.Planned += now.Planned - was.Planned
	g.counts.Open += now.Open - was.Open
	g.counts.Failing += now.Failing - was.Failing
	g.counts.Waiting += now.Waiting - was.Waiting
}

func (g *gallery) keep(p *jobmon.Progress) {
	i, found := g.place(p.Computer.ID)
	if found {
		g.kept[i] = p
		return
	}
	g.kept = slices.Insert(g.kept, i, p)
}

func (g *gallery) place(id jobmon.ComputerID) (i int, found bool) {
	return slices.BinarySearchFunc(g.kept, id, func(p *jobmon.Progress, id jobmon.ComputerID) int {
		return cmp.Compare(p.Computer.ID, id)
	})
}

// ready draws some of what is missing, and reports whether nothing is: all pictures are counted, and kept if that is
// asked.
func (g *gallery) ready(p *projector.Projection, keep bool) bool {
	if keep {
		g.asked = time.Now()
	}
	if len(g.todo) == 0 {
		if g.all && (g.keeps || !keep) {
			return true
		}
		g.todo, g.all, g.keeps = p.Pictures(), true, g.keeps || keep
	}
	for range min(drawAtOnce, len(g.todo)) {
		id := g.todo[0]
		g.todo = g.todo[1:]
		if _, kept := g.place(id); kept {
			continue
		}
		if _, counted := g.counted[id]; counted && !g.keeps {
			continue
		}
		if picture, ok := p.Progress(id); ok {
			g.count(picture)
			if g.keeps {
				g.keep(picture)
			}
		}
	}
	return len(g.todo) == 0 && (g.keeps || !keep)
}

// counts sums up all pictures after the last batch.
func (j *journal) counts() Counts {
	j.mu.Lock()
	defer j.mu.Unlock()
	for !j.gallery.ready(j.state.Projection, false) {
		j.mu.Unlock() // a commit goes first
		j.mu.Lock()
	}
	return j.gallery.counts
}

// pictures are all pictures after the last batch, by computer, and the number of the last event that they show; durable
// is false while they may show what the log refused.
func (j *journal) pictures() (list []jobmon.Progress, seq uint64, durable bool) {
	j.mu.Lock()
	for !j.gallery.ready(j.state.Projection, true) {
		j.mu.Unlock() // a commit goes first
		j.mu.Lock()
	}
	defer j.mu.Unlock()
	list = slices.Grow(list, len(j.gallery.kept)) // nil for none
	for _, p := range j.gallery.kept {
		list = append(list, *p)
	}
	return j.state.Names.Mark(history.AddAside(list, j.state.Projection)), j.state.Seq, !j.ahead
}
