// Package gallery keeps what readers ask of all pictures of one log: how many there are of each kind, and the pictures
// themselves.
package gallery

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

const (
	AtOnce  = 32          // pictures that are drawn before a commit may come between
	keepFor = time.Minute // pictures stay drawn for so long after the last question for all of them
)

// Counts sums the pictures up.
type Counts struct {
	Computers int // with a picture
	Planned   int // deployments that wait and have not begun
	Open      int // deployments that go on
	Failing   int // of these, with a job that failed and was not repaired
	Waiting   int // of these, in which nothing runs
}

// Gallery draws nothing twice: while readers ask, no commit waits. The lock of the state that the pictures are drawn
// from guards it. Commits hand over the pictures that they change, and draw them in any case. What nobody has drawn
// since the state was loaded is drawn for the first reader, a few at a time. The zero value is ready for use.
type Gallery struct {
	Site string // of a fleet, named in the pictures; "" at a site itself

	counts  Counts
	counted map[jobmon.ComputerID]Counts // what each picture adds to counts
	all     bool                         // counted holds every picture

	kept  []*jobmon.Progress // by id, while somebody asks for all pictures; never changed
	keeps bool
	Asked time.Time           // when somebody did last
	todo  []jobmon.ComputerID // pictures to draw, for counted or kept

	list []jobmon.Progress // what Pictures returned last; never changed
	of   *history.State    // from which that was made, after event at
	at   uint64
}

// Show takes a picture that a commit has changed.
func (g *Gallery) Show(p *jobmon.Progress) {
	g.count(p)
	if !g.keeps {
		return
	}
	if time.Since(g.Asked) > keepFor {
		g.kept, g.keeps, g.list, g.of = nil, false, nil, nil
		return
	}
	g.keep(p)
}

func (g *Gallery) count(p *jobmon.Progress) {
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

func (g *Gallery) keep(p *jobmon.Progress) {
	g.of = nil
	i, found := g.place(p.Computer.ID)
	if found {
		g.kept[i] = p
		return
	}
	g.kept = slices.Insert(g.kept, i, p)
}

func (g *Gallery) place(id jobmon.ComputerID) (i int, found bool) {
	return slices.BinarySearchFunc(g.kept, id, func(p *jobmon.Progress, id jobmon.ComputerID) int {
		return cmp.Compare(p.Computer.ID, id)
	})
}

// Ready draws some of what is missing, and reports whether nothing is: all pictures are counted, and kept if that is
// asked.
func (g *Gallery) Ready(p *projector.Projection, keep bool) bool {
	if keep {
		g.Asked = time.Now()
	}
	if len(g.todo) == 0 {
		if g.all && (g.keeps || !keep) {
			return true
		}
		g.todo, g.all, g.keeps = p.Pictures(), true, g.keeps || keep
	}
	for range min(AtOnce, len(g.todo)) {
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

// Counts sums up all pictures after the last batch. The caller holds the lock, and a commit may come between; state
// returns what the pictures are drawn from by then.
func (g *Gallery) Counts(lock sync.Locker, state func() *history.State) Counts {
	g.await(lock, state, false)
	return g.counts
}

// Pictures are all pictures after the last batch, by computer. Nobody changes them: until the next batch, each question
// gets the same list. The rest is as with Counts.
func (g *Gallery) Pictures(lock sync.Locker, state func() *history.State) []jobmon.Progress {
	g.await(lock, state, true)
	s := state()
	if g.of == s && g.at == s.Seq {
		return g.list
	}
	var list []jobmon.Progress
	list = slices.Grow(list, len(g.kept)) // nil for none
	for _, p := range g.kept {
		list = append(list, *p)
	}
	list = s.Names.Mark(history.AddAside(list, s.Projection))
	for i := range list {
		list[i].Computer.Site = g.Site
	}
	g.list, g.of, g.at = list, s, s.Seq
	return list
}

func (g *Gallery) await(lock sync.Locker, state func() *history.State, keep bool) {
	for !g.Ready(state().Projection, keep) {
		lock.Unlock() // a commit goes first
		lock.Lock()
	}
}
