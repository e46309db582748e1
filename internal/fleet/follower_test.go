package fleet

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// memoryCopy is a copy that proves each checksum, as the store's does.
type memoryCopy struct {
	memoryLog
	aside []string // why a log was set aside
	fails int      // so many times the disk is full
	group int      // most links of one call
}

func (c *memoryCopy) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id
}

// End implements Copy.
func (c *memoryCopy) End() (uint64, uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.links) == 0 {
		return 0, 0
	}
	end := &c.links[len(c.links)-1]
	return end.Last(), end.Sum
}

// Follow implements Copy.
func (c *memoryCopy) Follow(links []jobmon.Link) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fails > 0 {
		c.fails--
		return fmt.Errorf("the disk is full")
	}
	c.group = max(c.group, len(links))
	all := c.links
	for _, l := range links {
		last, previous := uint64(0), uint32(0)
		if n := len(all); n > 0 {
			last, previous = all[n-1].Last(), all[n-1].Sum
		}
		if l.Seam || len(all) == 0 {
			previous = l.Previous
		}
		if len(all) > 0 && l.After != last {
			return fmt.Errorf("%w: behind %d comes %d", ErrUnjoined, last, l.After)
		}
		sum := previous
		for i := range l.Events {
			e := &l.Events[i]
			sum = crc32.Update(sum, crc32.IEEETable, append(binary.LittleEndian.AppendUint64(nil, e.Seq), e.Text...))
		}
		if l.Sum != 0 && l.Sum != sum {
			return fmt.Errorf("%w: event %d has another checksum", ErrUnjoined, l.Last())
		}
		l.Previous, l.Sum = previous, sum
		all = append(all, l)
	}
	c.links = all
	return nil
}

// BeginAnew implements Copy.
func (c *memoryCopy) BeginAnew(id, _, why string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.id != "" {
		c.aside = append(c.aside, why)
	}
	c.id, c.links = id, nil
	return nil
}

// following is a follower at work.
type following struct {
	*Follower
	copy *memoryCopy
	said *lines
	end  func()
}

// follow starts a hub of one site that looks again soon.
func follow(t testing.TB, s Settings, site string, c *memoryCopy, wait time.Duration) *following {
	t.Helper()
	said := &lines{}
	ctx, stop := context.WithCancel(t.Context())
	h, err := OpenHub(s, zerolog.New(said))
	if err != nil {
		t.Fatal(err)
	}
	f := h.Follow(FollowerOptions{Site: site, Copy: c, GapWait: wait, Logger: zerolog.New(said)})
	f.check = 50 * time.Millisecond
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	end := sync.OnceFunc(func() {
		stop()
		running.Wait()
		h.Close()
	})
	t.Cleanup(end)
	return &following{f, c, said, end}
}

// reaches waits until the copy is the log.
func (f *following) reaches(t testing.TB, log *memoryLog) {
	t.Helper()
	want := log.all()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if end, _ := f.copy.End(); f.copy.ID() == log.id && end == want[len(want)-1].Last() {
			break
		}
		sleep(ctx, time.Millisecond, nil)
	}
	if ctx.Err() != nil {
		end, _ := f.copy.End()
		t.Fatalf("the copy ends with %d of %d, %+v\n%s", end, want[len(want)-1].Last(), f.State(), f.said)
	}
	same(t, log, f.copy.all())
}

func TestFollows(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	log := newMemoryLog(1)
	log.many(3000, "before")
	log.append(3, strings.Repeat("a batch that is larger than a message ", 50_000)) // pieces
	p := begin(t, "DS01", e.sites["DS01"], log)
	p.reach(t)

	one := follow(t, e.hub, "DS01", &memoryCopy{fails: 2}, 0)
	one.reaches(t, log)
	if one.copy.group < 100 {
		t.Errorf("at most %d batches were appended at once", one.copy.group)
	}
	two := follow(t, e.hub, "DS01", &memoryCopy{}, 0) // side by side
	for i := range 300 {
		p.add(2, fmt.Sprint("live ", i))
	}
	one.reaches(t, log)
	two.reaches(t, log)
	await(t, "beat", func() bool { s := two.State(); return s.Heard && s.Beat.LogID == log.id && s.Away == "" })
	// What a slow machine has asked the site for has no delay.
	if s := one.State(); s.Delay < 0 && s.Asked == 0 || s.Published == 0 || s.Refused > 0 || s.Trouble != "" {
		t.Errorf("%+v", s)
	}

	// One hub is gone for a while, and goes on where its copy ends.
	one.end()
	log.many(500, "meanwhile")
	p.Committed()
	p.reach(t)
	again := follow(t, e.hub, "DS01", one.copy, 0)
	again.reaches(t, log)
	if s := again.State(); s.Twice > 20 || s.Asked > 0 {
		t.Errorf("%d messages came again and %d events were asked for: the place was not found", s.Twice, s.Asked)
	}
	again.end()
	// A hub that has all of it says what the stream holds before anything new comes.
	idle := follow(t, e.hub, "DS01", again.copy, 0)
	last, _ := again.copy.End()
	await(t, "end of the stream", func() bool { return idle.State().Published == last })
	consumers := func(n int) {
		t.Helper()
		await(t, fmt.Sprintf("stream with %d consumers", n), func() bool {
			info, err := hub.info(t.Context(), "DS01")
			return err == nil && info.State.Consumers == n
		})
	}
	consumers(2)
	// What is left of a hub that has ended is nothing.
	idle.end()
	two.end()
	consumers(0)
}

// shorten drops what is in the stream before that message; 0 for all.
func shorten(t testing.TB, c *Conn, site string, before uint64) {
	t.Helper()
	var question any
	if before > 0 {
		question = map[string]any{"seq": before}
	}
	if err := c.api(t.Context(), "STREAM.PURGE."+StreamOf(site), question, &struct{}{}); err != nil {
		t.Fatal(err)
	}
}

// remake begins the stream anew.
func remake(t testing.TB, c *Conn, site string) {
	t.Helper()
	if err := c.api(t.Context(), "STREAM.DELETE."+StreamOf(site), nil, &struct{}{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Init(t.Context(), InitOptions{Site: site, Keep: time.Hour}); err != nil {
		t.Fatal(err)
	}
}

// Whatever happens to the stream, the site and the hub, and whatever else stands in the stream, the copy is the log.
func TestWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			whatever(t, rand.New(rand.NewPCG(seed, 18)))
		})
	}
}

func whatever(t *testing.T, r *rand.Rand) {
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	log := newMemoryLog(1)
	log.many(200, "before")
	site, keep := begin(t, "DS01", e.sites["DS01"], log), &memoryCopy{}
	f := follow(t, e.hub, "DS01", keep, 0)
	as := connected(t, e.sites["DS01"], InboxOf("DS01"))
	put := func(data []byte, h nats.Header) {
		if err := as.nc.PublishMsg(&nats.Msg{Subject: SubjectOf("DS01"), Data: data, Header: h}); err != nil {
			t.Fatal(err)
		}
		_ = as.nc.Flush()
	}
	for range 25 {
		switch what := r.IntN(9); what {
		case 0:
			f.end()
			f = follow(t, e.hub, "DS01", keep, 0)
		case 1:
			f.end()
			keep = &memoryCopy{} // the hub lost its disk
			f = follow(t, e.hub, "DS01", keep, 0)
		case 2:
			shorten(t, hub, "DS01", 0)
		case 3:
			if info, err := hub.info(t.Context(), "DS01"); err == nil && info.State.LastSeq > 0 {
				shorten(t, hub, "DS01", 1+r.Uint64N(info.State.LastSeq+1))
			}
		case 4:
			remake(t, hub, "DS01")
		case 5:
			site.end()
			log.many(r.IntN(50), "away")
			site = begin(t, "DS01", e.sites["DS01"], log)
		case 6: // an old message once more
			if info, err := hub.info(t.Context(), "DS01"); err == nil && info.State.LastSeq > 0 {
				if m, ok, err := hub.get(t.Context(), "DS01", 1+r.Uint64N(info.State.LastSeq)); err == nil && ok {
					put(m.data, m.header)
				}
			}
		case 7: // what is no message, and what is not what it says
			all := log.all()
			l := all[r.IntN(len(all))]
			for p, err := range parcels(site.header(), func(yield func(jobmon.Link, error) bool) { yield(l, nil) }, 1<<20) {
				if err == nil {
					wrong := append([]byte(nil), p.pieces[0]...)
					wrong[r.IntN(len(wrong))]++
					put(wrong, nil)
				}
			}
			put([]byte("hello"), nats.Header{headerPart: {"2/3"}})
			shorten(t, hub, "DS01", 0) // or else the publisher is refused for ever
		default:
			log.many(r.IntN(100), "live")
			site.Committed()
		}
		if r.IntN(3) == 0 {
			sleep(t.Context(), time.Duration(r.IntN(100))*time.Millisecond, nil)
		}
	}
	log.append(1, "the end")
	site.Committed()
	f.reaches(t, log)
	if len(keep.aside) > 0 {
		t.Errorf("a log was set aside: %v", keep.aside)
	}
}

// A site's history that does not go on where the copy ends is followed anew, and the old copy kept.
func TestAnotherHistory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		becomes func(*memoryLog) *memoryLog
		says    string
	}{
		"NEW":  {func(*memoryLog) *memoryLog { return newMemoryLog(9) }, "another log now (0909"},
		"FORK": {func(l *memoryLog) *memoryLog { l.links = l.links[:20]; return l }, "older backup"},
		"CUT": {func(l *memoryLog) *memoryLog {
			l.many(50, "that no hub gets")
			cut := jobmon.Link{Batch: jobmon.Batch{At: 5}}
			last, _, _ := l.Last()
			cut.Events = []jobmon.Event{{Seq: last, At: 5, Kind: jobmon.KindCut}}
			cut.Sum = crc32.Update(0, crc32.IEEETable, binary.LittleEndian.AppendUint64(nil, last))
			l.links = []jobmon.Link{cut}
			return l
		}, "begins with event"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := embed(t, name)
			hub := made(t, e, name)
			log := newMemoryLog(1)
			log.many(40, "before")
			p, keep := begin(t, name, e.sites[name], log), &memoryCopy{}
			f := follow(t, e.hub, name, keep, 0)
			f.reaches(t, log)
			p.end()
			f.end()
			log = c.becomes(log.copied())
			log.many(30, "after")
			// An administrator empties the stream, and the site publishes its log from the beginning.
			if _, err := hub.Init(t.Context(), InitOptions{Site: name, Keep: time.Hour, Anew: true}); err != nil {
				t.Fatal(err)
			}
			p = begin(t, name, e.sites[name], log)
			p.reach(t)
			shorten(t, hub, name, 2)

			// As long as the site is away, nothing is given up.
			p.end()
			log.many(3, "in the stream") // published by nobody
			p = begin(t, name, e.sites[name], log)
			p.reach(t)
			f = follow(t, e.hub, name, keep, 0)
			f.reaches(t, log)
			if len(keep.aside) != 1 || !strings.Contains(keep.aside[0], c.says) {
				t.Errorf("set aside: %q", keep.aside)
			}
		})
	}
}

// While the site is away the hub waits and says so. What nobody has for long enough is left out, and recorded.
func TestWaitsForTheSite(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	log := newMemoryLog(1)
	log.many(40, "before")
	p, keep := begin(t, "DS01", e.sites["DS01"], log), &memoryCopy{}
	f := follow(t, e.hub, "DS01", keep, 0)
	f.reaches(t, log)
	f.end()
	ended, _ := keep.End()
	p.add(3, "missing")
	p.reach(t)
	info, err := hub.info(t.Context(), "DS01")
	if err != nil {
		t.Fatal(err)
	}
	p.add(2, "there")
	p.reach(t)
	p.end()
	shorten(t, hub, "DS01", info.State.LastSeq+1)

	f = follow(t, e.hub, "DS01", keep, 0)
	says := fmt.Sprintf("the events %d to %d are not in the stream (the site's daemon does not answer)", ended+1, ended+3)
	await(t, "word of what is missing", func() bool { return strings.Contains(f.State().Trouble, says) })
	if end, _ := keep.End(); end != ended {
		t.Errorf("the copy ends with event %d", end)
	}
	other := follow(t, e.hub, "DS01", &memoryCopy{memoryLog: memoryLog{id: log.id, links: keep.all()}}, time.Nanosecond)
	await(t, "seam", func() bool { end, _ := other.copy.End(); return end == ended+5 })
	all := other.copy.all()
	if l := all[len(all)-1]; !l.Seam || l.Lost != 3 || l.After != ended {
		t.Errorf("%+v", l)
	}

	p = begin(t, "DS01", e.sites["DS01"], log) // the site returns
	f.reaches(t, log)
	if s := f.State(); s.Trouble != "" || s.Asked != 3 {
		t.Errorf("%+v", s)
	}
	p.end()
}

// Without a stream, or behind the end of one that brings nothing, the hub asks the site for what it says it has.
func TestAsksTheSiteWhereTheStreamBringsNothing(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	log := newMemoryLog(1)
	log.many(40, "before")
	p, keep := begin(t, "DS01", e.sites["DS01"], log), &memoryCopy{}
	f := follow(t, e.hub, "DS01", keep, 0)
	f.reaches(t, log)
	f.end()
	p.add(3, "more")
	p.reach(t)
	// The publisher believes that all is stored: it does not look again soon.
	info, err := hub.info(t.Context(), "DS01")
	if err != nil {
		t.Fatal(err)
	}
	var deleted struct{}
	if err := hub.api(t.Context(), "STREAM.MSG.DELETE."+StreamOf("DS01"), map[string]any{"seq": info.State.LastSeq},
		&deleted); err != nil {
		t.Fatal(err)
	}
	f = follow(t, e.hub, "DS01", keep, 0)
	f.reaches(t, log)
}

func FuzzArrival(f *testing.F) {
	log := newMemoryLog(1)
	log.many(3, "text")
	for p := range parcels((&Publisher{o: PublisherOptions{Log: log}}).header(), log.Links(1), 1<<20) {
		f.Add(p.pieces[0], uint64(0))
		f.Add(p.pieces[0], uint64(2))
	}
	f.Add([]byte(`{"export":{"last_seq":18446744073709551615}}`), uint64(1))
	f.Fuzz(func(t *testing.T, text []byte, end uint64) {
		head(text)
		a, err := readArrival(text)
		if err != nil {
			return
		}
		c := &memoryCopy{memoryLog: memoryLog{id: log.id, links: log.all()}}
		to := &Follower{FollowerOptions: FollowerOptions{Copy: c, Logger: zerolog.Nop()}}
		if v, links, err := to.judge(a, tip{end, 1}); err == nil && v == joins && len(links) == 0 {
			t.Error("nothing joins")
		}
		if err := c.Follow(a.links); err != nil {
			same(t, log, c.all())
		}
	})
}
