package http

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jobmon-db/jobmon-db/client/board"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/past"
)

// composer makes the stream's messages, each once for all readers. It belongs to one goroutine.
type composer struct {
	stream  *Stream
	run     string        // distinguishes the rows of this composer from those of others
	version uint64        // counts the updates that changed a row
	moment  Moment        // shown last
	said    []byte        // of it, in JSON: what every message says
	took    time.Duration // the last question for it
	failed  bool          // the last look failed, which was logged
	views   map[sight]*view
	seed    maphash.Seed
	atOnce  int // rows that are drawn again in one update
	follows map[sight]*follower

	followed sync.WaitGroup
}

func newComposer(s *Stream) *composer {
	return &composer{stream: s, run: rand.Text()[:8], views: map[sight]*view{}, follows: map[sight]*follower{},
		seed: maphash.MakeSeed(), atOnce: redrawnAtOnce}
}

// pause is how long the composer rests after an update: a fleet so large that looking at it counts gets its changes in
// fewer messages.
func (c *composer) pause() time.Duration { return min(max(updatesApart, 5*c.took), 3*updatesApart) }

// update looks at the present and sends what changed; all begins to draw every row again, for what time alone changes.
func (c *composer) update(ctx context.Context, all bool) {
	began := time.Now()
	m, err := c.stream.web.Now(ctx)
	c.took = time.Since(began)
	if err != nil {
		if !c.failed && ctx.Err() == nil {
			c.stream.log.Warn().Err(err).Msg("open pages do not get what is new")
		}
		c.failed = true
		return
	}
	was := c.moment
	c.moment, c.failed = m, false
	c.said = asJSON(conditionOf(&m))
	c.version++
	sights, come := c.stream.audience()
	for s := range sights {
		switch {
		case s.page == pageComputer:
			c.follow(ctx, s, all)
		case c.views[s] == nil:
			v := &view{}
			c.draw(v, s, false)
			for i := range v.rows {
				v.rows[i].changed = time.Time{}
			}
			c.views[s] = v
		default:
			if lines := c.draw(c.views[s], s, all); len(lines) > 0 {
				c.stream.give(c.rows(lines), func(r *reader) bool { return r.sight == s })
			}
		}
	}
	maps.DeleteFunc(c.views, func(s sight, _ *view) bool { return !sights[s] && c.stream.count() > 0 })
	c.unfollow(sights)
	if was.SourceLost != m.SourceLost || was.Standing() != m.Standing() {
		c.stream.give(c.state(), everyone)
	}
	for _, r := range come {
		c.stream.welcome(r, c.missed(r))
	}
}

// condition is what every message says.
type condition struct {
	Counts    map[string]int `json:"counts"`
	Now       int64          `json:"now"`      // ms since 1970 UTC, by the DS server's clock
	ReadAge   float64        `json:"read_age"` // seconds, -1 for unknown
	Sites     []standing     `json:"sites,omitempty"`
	Lost      bool           `json:"lost"`
	LostSince int64          `json:"lost_since,omitempty"`
}

// standing is how it stands with a site.
type standing struct {
	Name   string         `json:"name"`
	Counts map[string]int `json:"counts"`
	Now    int64          `json:"now"`             // by its server's clock
	Known  int64          `json:"known,omitempty"` // until when its data is known, by the clock of Now
	Away   string         `json:"away,omitempty"`  // what is away, and a mark of why
}

func conditionOf(m *Moment) condition {
	all, sites := board.Counts(m.Pictures, &m.Frame)
	is := condition{
		Counts: all, Now: int64(m.Now), ReadAge: max(m.ReadAge.Seconds(), -1),
		Lost: m.SourceLost, LostSince: int64(m.LostSince),
	}
	for i := range m.Sites {
		s := &m.Sites[i]
		one := standing{Name: s.Name, Counts: sites[s.Name], Now: int64(s.Now), Away: s.Standing()}
		if s.Known != 0 {
			one.Known = int64(min(s.Known.Add(m.Now.Sub(s.Now)), m.Now))
		}
		is.Sites = append(is.Sites, one)
	}
	return is
}

func (c *composer) here() position {
	return position{seq: c.moment.Seq, run: c.run, version: c.version}
}

// state is the message that says how things are; it also shows that the daemon lives.
func (c *composer) state() []byte { return message("state", c.here(), c.said) }

// beat sends the state as it is now.
func (c *composer) beat(ctx context.Context) {
	c.update(ctx, false)
	c.stream.give(c.state(), everyone)
}

// rows is the message that brings changed rows.
func (c *composer) rows(lines [][]byte) []byte {
	text := slices.Concat([]byte(`{"rows":[`), bytes.Join(lines, []byte(",")), []byte("],"), c.said[1:])
	return message("rows", c.here(), text)
}

// message is one message of Server-Sent Events; its data is one line.
func message(event string, at position, data []byte) []byte {
	return fmt.Appendf(nil, "id: %s\nevent: %s\ndata: %s\n\n", at, event, data)
}

// asJSON is one line.
func asJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // plain values
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// settled is for how long a page that was just loaded may lack what time alone changed.
const settled = time.Minute

// missed are the messages for a page that was not there until now.
func (c *composer) missed(r *reader) (messages [][]byte) {
	last := r.last
	messages = append(messages, []byte("retry: 1000\n\n"))
	if last.run != "" && last.run != c.run || last.known && last.seq > c.moment.Seq {
		return append(messages, message("reload", c.here(), []byte("{}")))
	}
	if r.sight.page == pageComputer {
		if f := c.follows[r.sight]; f != nil {
			if text := f.newest(); text != nil {
				messages = append(messages, text)
			}
		}
	} else if last.known {
		if lines := c.since(r.sight, last); len(lines) > 0 {
			messages = append(messages, c.rows(lines))
		}
	}
	return append(messages, c.state())
}

// since are the lines of the rows that have changed behind what a page shows.
func (c *composer) since(s sight, last position) (lines [][]byte) {
	v, made := c.views[s], c.maker(s)
	if v == nil {
		return nil // the page has gone already
	}
	for _, one := range v.rows {
		if last.run != "" && one.version <= last.version ||
			last.run == "" && one.number <= last.seq && time.Since(one.changed) >= settled {
			continue
		}
		var html []byte
		if p := past.PictureOf(c.moment.Pictures, one.key); p != nil && !one.gone {
			html = made(p)
		}
		lines = append(lines, lineOf(one.key, html))
	}
	return lines
}

// follower keeps one computer's pages up to date, on a goroutine of its own: a question about one computer may take
// longer than rows do.
type follower struct {
	signal chan struct{}
	stop   context.CancelFunc

	mu   sync.Mutex
	html []byte // sent last
	text []byte // the last message; nil before it

	seq uint64 // of the picture that was asked for last; the composer's
}

func (c *composer) follow(ctx context.Context, s sight, all bool) {
	seq := uint64(0)
	if p := past.PictureOf(c.moment.Pictures, s.computer); p != nil {
		seq = p.Seq
	}
	f := c.follows[s]
	if f == nil {
		following, stop := context.WithCancel(ctx)
		f = &follower{signal: make(chan struct{}, 1), stop: stop}
		c.follows[s] = f
		at := c.here()
		c.followed.Go(func() { f.work(following, c.stream, s, at) })
	} else if f.seq == seq && !all {
		return
	}
	f.seq = seq
	select {
	case f.signal <- struct{}{}:
	default:
	}
}

func (c *composer) unfollow(sights map[sight]bool) {
	for s, f := range c.follows {
		if !sights[s] {
			f.stop()
			delete(c.follows, s)
		}
	}
}

// work makes the page's main part whenever that is asked, and sends it when it is another one.
func (f *follower) work(ctx context.Context, stream *Stream, s sight, at position) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.signal:
		}
		began := time.Now()
		shown, err := stream.web.Computer(ctx, s.computer.Site, strconv.Itoa(int(s.computer.ID)), "", 0)
		if err == nil {
			shown.Frame = s.frame(shown.Frame, stream.public)
			var b bytes.Buffer
			if err = shown.WriteFragment(&b, board.FragmentMain); err == nil {
				at.seq = shown.Seq
				f.say(stream, s, at, b.Bytes())
			}
		}
		if err != nil && ctx.Err() == nil {
			stream.log.Debug().Err(err).Stringer("computer", s.computer).
				Msg("an open page does not get what is new")
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(updatesApart, 10*time.Since(began))):
		}
	}
}

func (f *follower) say(stream *Stream, s sight, at position, html []byte) {
	f.mu.Lock()
	same := bytes.Equal(f.html, html)
	if !same {
		f.html = html
		f.text = message("picture", at, asJSON(map[string]string{"html": string(html)}))
	}
	text := f.text
	f.mu.Unlock()
	if !same {
		stream.give(text, func(r *reader) bool { return r.sight == s })
	}
}

// newest is the last message, for a page that may lack it.
func (f *follower) newest() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.text
}
