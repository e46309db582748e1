package desk

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// mostChanges is how many changes of each site's log are known. A page that lags behind more of them gets rows that it
// has.
const mostChanges = 64

// steady is by how much the difference of two clocks may waver without being shown: rows would change with it.
const steady = 15 * time.Second

// Now implements http.Web. It shows the pictures of the sites' daemons and asks no log: a site whose log cannot be
// asked is shown as it was seen last.
func (f *Fleet) Now(ctx context.Context) (http.Moment, error) {
	f.looking.Lock()
	defer f.looking.Unlock()
	members := f.all()
	f.idle.Reset(keptFor)
	seen := make([]sight, len(members))
	for i, m := range members {
		if err := ctx.Err(); err != nil {
			return http.Moment{}, err
		}
		seen[i] = look(m)
	}
	now := f.now()
	frame := board.Frame{
		Now: now, Until: now, From: f.first(members, now), Offset: f.offset(now), Sites: []board.SiteState{},
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.gather(members, seen)
	for i, member := range members {
		frame.Sites = append(frame.Sites, f.present(member, &seen[i], now))
	}
	frame.Seq, frame.ReadAge = f.number, youngest(frame.Sites)
	m.Frame = frame
	return m, nil
}

// sight is what a site's daemon shows.
type sight struct {
	info     control.Info
	pictures []jobmon.Progress
	seq      uint64
	err      error
	old      bool // nothing changed since it was looked at last
}

func look(m *member) sight {
	s := sight{info: m.Site.Daemon.Info()}
	s.pictures, s.seq, s.err = m.Site.Daemon.Durable()
	return s
}

// offset is that of this machine's zone.
func (f *Fleet) offset(at jobmon.Instant) jobmon.Offset {
	_, seconds := at.Time().In(f.zone).Zone()
	return jobmon.Offset(seconds)
}

// youngest is the age of the newest data, -1 where no site's is known.
func youngest(sites []board.SiteState) time.Duration {
	age := time.Duration(-1)
	for i := range sites {
		if a := sites[i].Age; a >= 0 && (age < 0 || a < age) {
			age = a
		}
	}
	return age
}

// gather brings the sites' pictures together, and numbers what changed. f.mu is held.
func (f *Fleet) gather(members []*member, seen []sight) http.Moment {
	changed := false
	for i, m := range members {
		s := &seen[i]
		if s.err != nil {
			continue
		}
		s.old = true
		if anew := m.logID != s.info.LogID; anew || len(m.marks) == 0 || m.marks[len(m.marks)-1].seq != s.seq {
			if anew {
				m.logID, m.marks = s.info.LogID, nil
			}
			changed, s.old = true, false
			m.marks = append(m.marks, mark{f.number + 1, s.seq})
			m.marks = slices.Clone(m.marks[max(0, len(m.marks)-mostChanges):]) // numbers that were given out stay
		}
	}
	if same := f.shown(members); changed || !same {
		f.number++
		f.join(members, seen)
	}
	marks := map[string][]mark{}
	for _, m := range members {
		marks[m.Name] = m.marks
	}
	f.last.Number = func(p *jobmon.Progress) uint64 { return numberOf(marks[p.Computer.Site], p.Seq) }
	return f.last
}

// shown says that the pictures shown last are of these sites. f.mu is held.
func (f *Fleet) shown(members []*member) bool {
	at := 0
	for _, m := range members {
		if m.from != at || m.to < m.from {
			return false
		}
		at = m.to
	}
	return at == len(f.last.Pictures) && f.last.Pictures != nil
}

// join makes one list of the sites' pictures, in the order of their keys. Of a site that cannot be asked those that
// were shown last stay.
func (f *Fleet) join(members []*member, seen []sight) {
	list := make([]jobmon.Progress, 0, len(f.last.Pictures)+16)
	for i, m := range members {
		from := len(list)
		if old := f.last.Pictures; (seen[i].err != nil || seen[i].old) && m.from < m.to && m.to <= len(old) {
			list = append(list, old[m.from:m.to]...)
		} else if seen[i].err == nil {
			list = append(list, ofSite(m.Name, seen[i].pictures)...)
		}
		m.from, m.to = from, len(list)
	}
	f.last.Pictures = list
}

// ofSite are the pictures that a list of all computers shows, as those of a site.
func ofSite(site string, pictures []jobmon.Progress) []jobmon.Progress {
	list := past.Listed(pictures)
	for i := range list {
		list[i].Computer.Site = site
	}
	return list
}

// numberOf is the number of the change that brought a log to that event, at most.
func numberOf(marks []mark, seq uint64) uint64 {
	i := sort.Search(len(marks), func(i int) bool { return marks[i].seq >= seq })
	if i == len(marks) {
		i--
	}
	if i < 0 {
		return 0
	}
	return marks[i].number
}

// present is how it stands with a site now. f.mu is held.
func (f *Fleet) present(m *member, s *sight, now jobmon.Instant) board.SiteState {
	state := m.State()
	state.Name, state.Known, state.From = m.Name, s.info.Covered, m.begins
	state.Unread = state.Unread || s.err != nil
	if s.info.AgeMS >= 0 {
		behind := now.Sub(s.info.Covered) - time.Duration(s.info.AgeMS)*time.Millisecond
		if off := behind - m.slow; off > steady || off < -steady {
			if m.slow = behind.Round(time.Second); m.slow < steady && m.slow > -steady {
				m.slow = 0
			}
		}
	}
	state.Now = now.Add(-m.slow)
	if state.Computers = 0; m.to <= len(f.last.Pictures) {
		state.Computers = m.to - m.from
	}
	return state
}
