package desk

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/gallery"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// copied is a site as a hub has it, which draws no picture twice. All of them show the same state.
type copied struct {
	*site
	name string

	mu      sync.Mutex
	gallery gallery.Gallery
	seq     uint64
}

func (c *copied) Info() control.Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	info := c.asked.Info()
	info.Last, info.LogID = c.seq, c.name
	return info
}

func (c *copied) Durable() ([]jobmon.Progress, uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gallery.Pictures(&c.mu, func() *history.State { return c.state }), c.seq, nil
}

// change shows a computer anew.
func (c *copied) change(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ids := c.state.Projection.Pictures()
	p, _ := c.state.Projection.Progress(ids[i%len(ids)])
	changed := *p
	c.seq++
	changed.Seq = c.seq
	c.gallery.Show(&changed)
}

// BenchmarkPresentOfAFleet looks at 50 sites with 1,000 computers each, of which three have a commit between two looks.
func BenchmarkPresentOfAFleet(b *testing.B) {
	one := watch(b, 1000, 1<<30)
	one.pass(b, 10*time.Minute, time.Minute)
	var sites []*copied
	for i := range 50 {
		name := fmt.Sprintf("S%02d", i)
		sites = append(sites, &copied{site: one, name: name, seq: one.state.Seq,
			gallery: gallery.Gallery{Site: name}})
	}
	f := NewFleet(func() (list []Site) {
		for _, s := range sites {
			list = append(list, Site{Name: s.name, Daemon: s, State: func() board.SiteState {
				return board.SiteState{Offset: s.offset, Age: 2 * time.Second}
			}})
		}
		return list
	})
	n := 0
	for b.Loop() {
		for range 3 {
			sites[n%len(sites)].change(7 * n)
			n++
		}
		if m, err := f.Now(b.Context()); err != nil || len(m.Pictures) < 50*1000 {
			b.Fatal(len(m.Pictures), err)
		}
	}
}
