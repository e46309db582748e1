package desk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// Site is a site of a fleet.
type Site struct {
	Name   string // in the fleet; never changes
	Daemon Daemon // over the hub's copy of the site's log
	State  func() board.SiteState
}

// What is kept of each site's past: the moment that was asked for last, as long as there are few sites, and a coarser
// tally. A site with 1,000 computers takes about 15 MiB for a moment.
const (
	keptUpTo    = 16 // sites
	cellsOfSite = 1 << 14
)

// Fleet implements http.Web over the desks of many sites. A moment is one instant, for which each site's log is
// searched by its own server's clock.
type Fleet struct {
	sites  func() []Site
	places chan struct{} // of the questions about the past of all sites

	idle *time.Timer

	clock func() time.Time // this machine's
	zone  *time.Location   // in which times without a zone are typed

	looking sync.Mutex // one look at all sites at a time: an older one must not follow a newer one

	mu      sync.Mutex
	members map[string]*member
	number  uint64      // of the newest change that was seen
	last    http.Moment // what was shown last, whose pictures serve again
}

// member is a site with its desk.
type member struct {
	Site
	*Desk

	// guarded by Fleet.mu
	logID  string
	begins jobmon.Instant // of the log with this id
	begun  string
	marks  []mark        // the last changes of its log
	slow   time.Duration // how far its server's clock is behind this machine's
	from   int           // where its pictures stand among those that were shown last
	to     int
}

// mark says that a log had got to an event when a change got that number.
type mark struct{ number, seq uint64 }

// NewFleet answers for the sites that sites returns, by name.
func NewFleet(sites func() []Site) *Fleet {
	f := &Fleet{
		sites: sites, places: make(chan struct{}, mostAtOnce), clock: time.Now, zone: time.Local,
		members: map[string]*member{},
	}
	// open pages know numbers of an earlier run: these are higher
	f.number = uint64(f.clock().UnixMilli())
	f.idle = time.AfterFunc(keptFor, f.forget)
	return f
}

// forget drops what nobody has needed for a while, but the count of changes, which open pages know.
func (f *Fleet) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = http.Moment{}
	for _, m := range f.members {
		m.from, m.to = 0, 0
	}
}

// all are the sites with their desks, by name.
func (f *Fleet) all() []*member {
	sites, kept := f.sites(), 0
	if len(sites) <= keptUpTo {
		kept = 1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]*member, len(sites))
	for i, s := range sites {
		m := f.members[s.Name]
		if m == nil || m.Site.Daemon != s.Daemon {
			m = &member{Site: s, Desk: newDesk(s.Daemon, f.places, 0, cellsOfSite)}
			f.members[s.Name] = m
		}
		m.past.limit(kept)
		list[i] = m
	}
	slices.SortFunc(list, func(a, b *member) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// those are the sites that a question is about: the named ones, or all.
func (f *Fleet) those(site string) ([]*member, error) {
	all := f.all()
	if site == "" {
		return all, nil
	}
	var list []*member
	for _, name := range board.SitesOf(site) {
		i := slices.IndexFunc(all, func(m *member) bool { return m.Name == name })
		if i < 0 {
			return nil, &http.NoSite{Name: name, Sites: namesOf(all)}
		}
		list = append(list, all[i])
	}
	return list, nil
}

// one reports whether a text names one site: only then numbers of events mean something.
func one(site string) bool { return len(board.SitesOf(site)) == 1 }

func namesOf(members []*member) (list []string) {
	for _, m := range members {
		list = append(list, m.Name)
	}
	return list
}

// ManySites implements http.ManySites.
func (*Fleet) ManySites() {}

// each asks sites, some at a time, and returns the errors by site. It ends early when ctx does.
func each(ctx context.Context, members []*member, ask func(i int, m *member) error) []error {
	errs := make([]error, len(members))
	var working sync.WaitGroup
	next := make(chan int)
	for range min(mostAtOnce, len(members)) {
		working.Go(func() {
			for i := range next {
				errs[i] = ask(i, members[i])
			}
		})
	}
	for i := range members {
		if errs[i] = ctx.Err(); errs[i] == nil {
			next <- i
		}
	}
	close(next)
	working.Wait()
	return errs
}

// answered returns an error where no site has an answer: a site that has none is left out of those of all.
func answered(ctx context.Context, errs []error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var first error
	for _, err := range errs {
		switch {
		case err == nil:
			return nil
		case first == nil || graver(err, first):
			first = err
		}
	}
	return first
}

// graver says that the first error says more: what cannot be read does, then what is not covered.
func graver(a, b error) bool {
	rank := func(err error) int {
		var outside *http.Outside
		switch {
		case errors.As(err, &outside):
			return 1
		case errors.Is(err, http.ErrBusy):
			return 0
		}
		return 2
	}
	return rank(a) > rank(b)
}

// ask opens a site's log for one question about the past.
func (m *member) ask(ctx context.Context, question func(p *past.Log) error) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	p, err := m.open(ctx)
	if err != nil {
		return said(err, p)
	}
	return said(question(p), p)
}

// apart is by how much this machine's clock may differ from those of the sites' servers without being doubted.
const apart = time.Minute

// now is the present: by this machine's clock, unless most of the servers' clocks show another time.
func (f *Fleet) now() jobmon.Instant {
	now := jobmon.InstantOf(f.clock())
	var ahead []time.Duration
	for _, s := range f.sites() {
		if info := s.Daemon.Info(); info.AgeMS >= 0 && info.Covered != 0 {
			ahead = append(ahead, info.Covered.Sub(now)+time.Duration(info.AgeMS)*time.Millisecond)
		}
	}
	if len(ahead) == 0 {
		return now
	}
	slices.Sort(ahead)
	median := ahead[len(ahead)/2]
	if other := ahead[(len(ahead)-1)/2]; other.Abs() < median.Abs() {
		median = other
	}
	if median.Abs() < apart {
		return now
	}
	return now.Add(median)
}

// machine reads what is typed about all sites.
func (f *Fleet) machine(members []*member) *past.Log {
	now := f.now()
	return past.Machine(f.zone, len(members), f.first(members, now), now)
}

// first is where the first of the logs begins, now where there is none.
func (f *Fleet) first(members []*member, now jobmon.Instant) jobmon.Instant {
	first := now
	for _, m := range members {
		if at := f.begin(m); at != 0 {
			first = min(first, at)
		}
	}
	return first
}

// begin is where a site's log begins, 0 where that is not known.
func (f *Fleet) begin(m *member) jobmon.Instant {
	id := m.Site.Daemon.Info().LogID
	f.mu.Lock()
	at, known := m.begins, m.begun == id
	f.mu.Unlock()
	if known {
		return at
	}
	begins, err := history.Begins(newSource(context.Background(), m.Site.Daemon, id))
	if err != nil || begins.At == 0 {
		return 0 // the question itself says so
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m.begins, m.begun = begins.At, id
	return begins.At
}
