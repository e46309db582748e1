package fleet

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// groupEvents is about how many events are appended in one transaction, where so many wait.
const groupEvents = 20_000

// arrival is a message, read.
type arrival struct {
	header    ndjson.Header
	links     []jobmon.Link
	streamed  bool      // it came from the stream
	committed time.Time // by the site; zero where that is not known
}

func (a *arrival) last() uint64 { return a.links[len(a.links)-1].Last() }

// sum is the checksum that the message must end with.
func (a *arrival) sum() uint32 { return a.links[len(a.links)-1].Sum }

// group are messages that arrived one after the other.
type group struct {
	list     []*arrival
	newest   *nats.Msg // to be acknowledged with all before it
	position uint64    // of the newest, in the stream
}

// decode reads messages, as many at once as wait, and hands them on. Each group comes with a turn of the hub, which the
// receiver gives back.
func (f *Follower) decode(ctx context.Context, raw <-chan *nats.Msg, groups chan<- *group) {
	pieces := joiner{budget: &f.hub.joined}
	defer pieces.drop()
	for {
		m, open := f.nextRaw(raw, &pieces)
		if !open {
			return
		}
		select {
		case f.hub.turns <- struct{}{}:
		case <-ctx.Done():
			return
		}
		g, events := &group{}, 0
		for open := true; open; {
			g.newest = m
			if info, err := m.Metadata(); err == nil {
				g.position = info.Sequence.Stream
			}
			if a := f.read(&pieces, m); a != nil {
				g.list = append(g.list, a)
				events += int(a.last() - a.links[0].After)
			}
			if events >= groupEvents {
				break
			}
			select {
			case m, open = <-raw:
			default:
				open = false
			}
		}
		select {
		case groups <- g:
		case <-ctx.Done():
			<-f.hub.turns
			return
		}
	}
}

// nextRaw waits for the next message. Pieces that nothing follows are forgotten: others need the room.
func (f *Follower) nextRaw(raw <-chan *nats.Msg, pieces *joiner) (m *nats.Msg, open bool) {
	if pieces.have == 0 {
		m, open = <-raw
		return m, open
	}
	late := time.NewTimer(stuckAfter)
	defer late.Stop()
	select {
	case m, open = <-raw:
	case <-late.C:
		f.refuse(errors.New("the rest of a text in pieces does not come"))
		pieces.drop()
		m, open = <-raw
	}
	return m, open
}

// read reads a message; nil for one that is refused, or a piece of one that is not whole yet.
func (f *Follower) read(pieces *joiner, m *nats.Msg) *arrival {
	if m.Subject != SubjectOf(f.Site) {
		f.refuse(fmt.Errorf("it has the subject %q", m.Subject))
		return nil
	}
	text, whole, err := pieces.add(m.Header, m.Data)
	if err != nil {
		f.refuse(err)
		return nil
	}
	if !whole {
		return nil
	}
	a, err := readArrival(text)
	if err != nil {
		f.refuse(err)
		return nil
	}
	a.streamed, a.committed = true, committedAt(m.Header)
	return a
}

var logID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// readArrival reads a text, of which nothing is believed.
func readArrival(text []byte) (*arrival, error) {
	h, links, err := ndjson.ReadMessage(text)
	switch {
	case err != nil:
	case len(links) == 0:
		err = errors.New("it holds no batch")
	case !logID.MatchString(h.LogID):
		err = errors.New("it names no log")
	}
	if err != nil {
		return nil, err
	}
	return &arrival{header: h, links: links}, nil
}

// tip is the end that a copy has, or will have.
type tip struct {
	seq uint64
	sum uint32
}

// verdict says how a message stands to the copy.
type verdict int

const (
	joins   verdict = iota
	present         // all of it is there already
	missing         // something is missing before it
	foreign         // it is of another log
	differs         // it is not what follows, or not what is there
)

// judge says how the message stands to a copy that ends there, and which of its links are new.
func (f *Follower) judge(a *arrival, end tip) (verdict, []jobmon.Link, error) {
	first := &a.links[0]
	switch {
	case a.header.LogID != f.Copy.ID():
		return foreign, nil, nil
	case a.last() <= end.seq:
		sum, ok, err := f.Copy.SumAt(a.last())
		if err != nil {
			return differs, nil, err
		}
		if !ok || sum != a.sum() {
			return differs, nil, nil
		}
		return present, nil, nil
	case first.After > end.seq:
		return missing, nil, nil
	case first.After == end.seq:
		if end.seq > 0 && !first.Seam && first.Previous != 0 && first.Previous != end.sum {
			return differs, nil, nil
		}
		return joins, a.links, nil
	}
	for i := range a.links { // a part of it is there
		if a.links[i].After == end.seq {
			return joins, a.links[i:], nil
		}
	}
	return differs, nil, nil
}

// take appends the group's batches. Messages that were appended or are of no use are acknowledged.
func (f *Follower) take(ctx context.Context, g *group) error {
	var waiting []*arrival
	end := f.end()
	for _, a := range g.list {
		if a.last() <= end.seq && len(waiting) > 0 {
			if err := f.append(ctx, &waiting); err != nil {
				return err
			}
			end = f.end()
		}
		v, links, err := f.judge(a, end)
		if err != nil {
			return err
		}
		if v == joins {
			a.links, waiting = links, append(waiting, a)
			end = tip{a.last(), a.sum()}
			continue
		}
		if err := f.append(ctx, &waiting); err != nil {
			return err
		}
		if err := f.settle(ctx, a); err != nil {
			return err
		}
		end = f.end()
	}
	if err := f.append(ctx, &waiting); err != nil {
		return err
	}
	f.position, f.moved = max(f.position, g.position), time.Now()
	if err := f.hub.conn.nc.Publish(g.newest.Reply, []byte("+ACK")); err != nil && !cut(err) {
		return fmt.Errorf("acknowledge messages of the stream: %w", err)
	}
	return nil
}

func (f *Follower) end() tip {
	seq, sum := f.Copy.End()
	return tip{seq, sum}
}

// append appends messages that join, in one transaction. Where one of them is not what its checksum says, those before
// it are appended.
func (f *Follower) append(ctx context.Context, waiting *[]*arrival) error {
	list := *waiting
	*waiting = nil
	if len(list) == 0 {
		return nil
	}
	var links []jobmon.Link
	for _, a := range list {
		links = append(links, a.links...)
	}
	err := f.follows(ctx, links)
	if err == nil {
		f.lacking = time.Time{}
		if newest := list[len(list)-1]; newest.streamed {
			f.published(newest)
		}
		return nil
	}
	if !errors.Is(err, ErrUnjoined) {
		return err
	}
	if len(list) > 1 {
		for i := range list {
			one := list[i : i+1]
			if err := f.append(ctx, &one); err != nil {
				return err
			}
			if f.end().seq != list[i].last() {
				// What is behind the message that was refused does not join: the site has what is missing.
				return f.settleAll(ctx, list[i+1:])
			}
		}
		return nil
	}
	f.refuse(err)
	return nil
}

// settleAll deals with messages behind one that was refused.
func (f *Follower) settleAll(ctx context.Context, list []*arrival) error {
	for _, a := range list {
		if err := f.settle(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// follows appends to the copy. A disk that refuses is tried again for as long as it takes.
func (f *Follower) follows(ctx context.Context, links []jobmon.Link) error {
	for wait := againLeast; ; wait = min(2*wait, againMost) {
		err := f.Copy.Follow(links)
		if err == nil || errors.Is(err, ErrUnjoined) {
			return err
		}
		f.trouble(fmt.Errorf("the hub's copy of the log cannot be written: %w", err))
		if !sleep(ctx, wait, nil) {
			return ctx.Err()
		}
	}
}
