package fleet

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// memoryLog is a log with a chain like the store's.
type memoryLog struct {
	id string

	mu    sync.Mutex
	links []jobmon.Link
}

func newMemoryLog(id byte) *memoryLog {
	return &memoryLog{id: strings.Repeat(fmt.Sprintf("%02x", id), 16)}
}

// copied is the log in a copied data folder.
func (l *memoryLog) copied() *memoryLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &memoryLog{id: l.id, links: slices.Clone(l.links)}
}

// append commits a batch of so many events with that text.
func (l *memoryLog) append(events int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	link := jobmon.Link{Batch: jobmon.Batch{At: jobmon.Instant(1_795_352_700_000 + len(l.links))}}
	if n := len(l.links); n > 0 {
		link.After, link.Previous = l.links[n-1].Last(), l.links[n-1].Sum
	}
	sum := link.Previous
	for i := range events {
		e := jobmon.Event{
			Seq: link.After + uint64(i) + 1, At: link.At, Kind: jobmon.KindSourceLost, Text: text,
		}
		link.Events = append(link.Events, e)
		sum = crc32.Update(sum, crc32.IEEETable, append(binary.LittleEndian.AppendUint64(nil, e.Seq), text...))
	}
	link.Sum = sum
	l.links = append(l.links, link)
}

func (l *memoryLog) many(batches int, text string) {
	for i := range batches {
		l.append(1+i%3, fmt.Sprint(text, " ", i))
	}
}

func (l *memoryLog) all() []jobmon.Link {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.links)
}

// ID implements Log.
func (l *memoryLog) ID() string { return l.id }

// Last implements Log.
func (l *memoryLog) Last() (uint64, jobmon.Instant, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.links) == 0 {
		return 0, 0, false
	}
	end := &l.links[len(l.links)-1]
	return end.Last(), end.At, true
}

// Links implements Log.
func (l *memoryLog) Links(from uint64) iter.Seq2[jobmon.Link, error] {
	return func(yield func(jobmon.Link, error) bool) {
		for _, link := range l.all() {
			if link.Last() >= from && !yield(link, nil) {
				return
			}
		}
	}
}

// SumAt implements Log.
func (l *memoryLog) SumAt(seq uint64) (uint32, bool, error) {
	for _, link := range l.all() {
		if link.Last() == seq {
			return link.Sum, true, nil
		}
	}
	return 0, false, nil
}

// lines are what a logger was given.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// publishing is a publisher at work.
type publishing struct {
	*Publisher
	log   *memoryLog
	said  *lines
	stop  context.CancelFunc
	ended chan struct{}
}

// begin starts a publisher that looks and tries again soon.
func begin(t testing.TB, site string, s Settings, log *memoryLog) *publishing {
	t.Helper()
	return beginChecking(t, site, s, log, 30*time.Millisecond)
}

// beginChecking starts one that looks at the stream that often.
func beginChecking(t testing.TB, site string, s Settings, log *memoryLog, check time.Duration) *publishing {
	t.Helper()
	said := &lines{}
	p := NewPublisher(PublisherOptions{
		Site: site, DSName: "DS " + site, Program: "1.2.3", Log: log, Settings: s, Logger: zerolog.New(said),
		Beat: func() Beat {
			last, _, _ := log.Last()
			return Beat{LogID: log.ID(), Last: last}
		},
	})
	p.wait = func(int) time.Duration { return 5 * time.Millisecond }
	p.check = check
	ctx, stop := context.WithCancel(t.Context())
	running := &publishing{p, log, said, stop, make(chan struct{})}
	go func() {
		defer close(running.ended)
		p.Run(ctx)
	}()
	t.Cleanup(running.end)
	return running
}

func (p *publishing) end() {
	p.stop()
	<-p.ended
}

// add commits a batch and says so.
func (p *publishing) add(events int, text string) {
	p.log.append(events, text)
	p.Committed()
}

// reach waits until all of the log is stored.
func (p *publishing) reach(t testing.TB) {
	t.Helper()
	await(t, "end of publishing", func() bool {
		s := p.State()
		return s.Lag == 0 && s.Connected && s.Published > 0 && s.Trouble == ""
	})
}

// made makes the site's stream.
func made(t testing.TB, e *embedded, site string) *Conn {
	t.Helper()
	hub := connected(t, e.hub, HubInbox)
	if _, err := hub.Init(t.Context(), InitOptions{Site: site, Keep: time.Hour}); err != nil {
		t.Fatal(err)
	}
	return hub
}

// contents reads the stream as a follower does: it takes what joins, drops what it has, and fails where something is
// missing or differs. twice is how many batches came more than once.
func contents(t testing.TB, c *Conn, site string) (links []jobmon.Link, twice int) {
	t.Helper()
	info, err := c.info(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[uint64]uint32{}
	var j joiner
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
		m, ok, err := c.get(t.Context(), site, seq)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		text, whole, err := j.add(m.header, m.data)
		if err != nil {
			t.Fatal(err)
		}
		if !whole {
			continue
		}
		_, got, err := ndjson.ReadMessage(text)
		if err != nil {
			t.Fatalf("message %d: %v", seq, err)
		}
		end := &got[len(got)-1]
		last := uint64(0)
		if len(links) > 0 {
			last = links[len(links)-1].Last()
		}
		switch {
		case got[0].After == last && (last == 0 || got[0].Previous == sums[last]):
			links = append(links, got...)
			sums[end.Last()] = end.Sum
		case got[0].After < last:
			twice += len(got)
		default:
			t.Fatalf("message %d begins behind event %d, and event %d was before it", seq, got[0].After, last)
		}
	}
	return links, twice
}

// same compares what was published with the log.
func same(t testing.TB, log *memoryLog, got []jobmon.Link) {
	t.Helper()
	want := log.all()
	if len(got) != len(want) {
		t.Fatalf("%d batches were published of %d", len(got), len(want))
	}
	for i := range want {
		g, w := &got[i], &want[i]
		if g.Last() != w.Last() || g.Events[0].Text != w.Events[0].Text || g.At != w.At {
			t.Fatalf("batch %d differs: %+v, and %+v", i, got[i], want[i])
		}
	}
}

// What was there before, and what is committed while it is published, arrives once, in order and without a hole.
func TestPublishesInOrder(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	log := newMemoryLog(1)
	log.many(3000, "before")
	p := begin(t, "DS01", e.sites["DS01"], log)
	for i := range 500 {
		p.add(1, fmt.Sprint("live ", i))
	}
	p.reach(t)
	got, twice := contents(t, hub, "DS01")
	if same(t, log, got); twice > 0 {
		t.Errorf("%d batches came twice", twice)
	}
	info, err := hub.info(t.Context(), "DS01")
	if err != nil {
		t.Fatal(err)
	}
	if info.State.Msgs > 600 {
		t.Errorf("%d messages for 3500 batches: they were not put together", info.State.Msgs)
	}
	p.add(1, "one more")
	p.reach(t)
	await(t, "delay", func() bool { return p.State().Delay >= 0 })
}

// Two daemons with copies of one data folder: as long as both have the same, they publish it once; then one of them is
// refused, says why, and works on without a change to its log.
func TestTwoPublishers(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	a := newMemoryLog(1)
	a.many(2000, "before")
	b := a.copied()
	first, second := begin(t, "DS01", e.sites["DS01"], a), begin(t, "DS01", e.sites["DS01"], b)
	first.reach(t)
	second.reach(t)
	got, _ := contents(t, hub, "DS01")
	same(t, a, got)

	first.add(2, "of the first")
	first.reach(t)
	await(t, "refusal", func() bool { return second.State().Refused != "" })
	if s := second.State().Refused; !strings.Contains(s, "ahead") || !strings.Contains(s, "--anew") {
		t.Errorf("ahead: %s", s)
	}
	second.add(2, "of the second")
	second.add(1, "of the second")
	await(t, "other refusal", func() bool { return strings.Contains(second.State().Refused, "another history") })
	first.add(1, "more")
	first.reach(t)
	got, _ = contents(t, hub, "DS01")
	same(t, a, got)
	if n := len(b.all()); n != 2002 {
		t.Errorf("the refused log has %d batches", n)
	}
	if n := strings.Count(second.said.String(), "is not published to the fleet"); n != 2 {
		t.Errorf("said %d times:\n%s", n, second.said)
	}
	if s := first.said.String(); strings.Contains(s, "error") {
		t.Errorf("the first one said:\n%s", s)
	}

	// The stream is emptied for the second one, and the first one ends.
	first.end()
	if _, err := hub.Init(t.Context(), InitOptions{Site: "DS01", Keep: time.Hour, Anew: true}); err != nil {
		t.Fatal(err)
	}
	second.reach(t)
	got, _ = contents(t, hub, "DS01")
	if same(t, b, got); second.State().Refused != "" {
		t.Error(second.State().Refused)
	}
}

// An answer of NATS can be sent into any stream: the one that asked says where it goes.
func TestWordsOfOthersInAStreamStopNobody(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01", "DS02")
	hub := made(t, e, "DS02")
	if _, err := hub.Init(t.Context(), InitOptions{Site: "DS01", Keep: time.Hour}); err != nil {
		t.Fatal(err)
	}
	other := connected(t, e.sites["DS01"], InboxOf("DS01"))
	plant := func() {
		before, err := hub.info(t.Context(), "DS02")
		if err != nil {
			t.Fatal(err)
		}
		question := other.settings.apiSubject("STREAM.INFO." + StreamOf("DS01"))
		if err := other.nc.PublishRequest(question, SubjectOf("DS02"), nil); err != nil {
			t.Fatal(err)
		}
		await(t, "planted message", func() bool {
			after, err := hub.info(t.Context(), "DS02")
			return err == nil && after.State.LastSeq > before.State.LastSeq
		})
	}
	plant()
	log := newMemoryLog(2)
	log.many(3, "mine")
	p := begin(t, "DS02", e.sites["DS02"], log)
	p.reach(t)
	plant()
	log.many(3, "more")
	p.Committed()
	p.reach(t)
	p.end()
	plant()
	log.many(3, "after the next start")
	p = begin(t, "DS02", e.sites["DS02"], log)
	p.reach(t)
	last, _, _ := log.Last()
	await(t, "the end of the log in the stream", func() bool { return p.State().Published == last })
	if !strings.Contains(p.said.String(), "passed over") {
		t.Errorf("nothing was logged of it:\n%s", p.said)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	e := embed(t, "OTHER")
	for site, c := range map[string]struct {
		before func(t *testing.T)
		said   string
	}{
		"OTHER": {func(t *testing.T) {
			log := newMemoryLog(2)
			log.many(5, "of another log")
			p := begin(t, "OTHER", e.sites["OTHER"], log)
			p.reach(t)
			p.end()
		}, "holds another log: 0202"},
	} {
		t.Run(site, func(t *testing.T) {
			t.Parallel()
			hub := made(t, e, site)
			c.before(t)
			before, err := hub.info(t.Context(), site)
			if err != nil {
				t.Fatal(err)
			}
			beats, err := hub.nc.SubscribeSync(BeatSubjectOf(site))
			if err != nil {
				t.Fatal(err)
			}
			log := newMemoryLog(1)
			log.many(3, "mine")
			p := begin(t, site, e.sites[site], log)
			await(t, "refusal", func() bool { return strings.Contains(p.State().Refused, c.said) })
			await(t, "beat that says so", func() bool {
				m, err := beats.NextMsg(time.Second)
				if err != nil {
					return false
				}
				b, err := readBeat(site, m.Data)
				return err == nil && b.Refused == p.State().Refused
			})
			after, err := hub.info(t.Context(), site)
			if err != nil || after.State.Msgs != before.State.Msgs {
				t.Errorf("%d messages, and %d were before: %v", after.State.Msgs, before.State.Msgs, err)
			}
		})
	}
}
