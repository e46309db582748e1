package fleet

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/internal/ndjson"
)

// As many sites ask as the hub has turns, and the next group of each has a turn already: all go on.
func TestAsManySitesAskAsThereAreTurns(t *testing.T) {
	t.Parallel()
	names := []string{"A", "B"}
	e := embed(t, names...)
	h, err := OpenHub(e.hub, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	h.turns = make(chan struct{}, len(names))
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer h.Close()
	defer running.Wait()
	defer stop()
	var sites []*silent
	for _, name := range names {
		s := lacking(t, e, name)
		sites = append(sites, s)
		s.Follower = h.Follow(FollowerOptions{Site: name, Copy: s.copy, Logger: zerolog.Nop()})
		running.Go(func() { s.Run(ctx) })
	}
	var questions []*nats.Msg
	for _, s := range sites {
		questions = append(questions, <-s.asked)
	}
	await(t, "group that waits at each site", func() bool { return len(h.turns) == cap(h.turns) })
	for i, s := range sites {
		if err := s.answer(t.Context(), questions[i]); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range sites {
		(&following{Follower: s.Follower, copy: s.copy, said: &lines{}}).reaches(t, s.log)
	}
	await(t, "turn that was given back", func() bool { return len(h.turns) == 0 })
}

// silent is a site that answers when the test says so.
type silent struct {
	*Follower
	*responder
	log  *memoryLog
	copy *memoryCopy
}

// lacking is a site with two groups in its stream, behind a batch that is not there any more.
func lacking(t *testing.T, e *embedded, name string) *silent {
	t.Helper()
	hub := made(t, e, name)
	log := newMemoryLog(1)
	log.append(1, "the copy has it")
	copied := &memoryCopy{memoryLog: memoryLog{id: log.id, links: log.all()}}
	p := begin(t, name, e.sites[name], log)
	p.add(1, "missing")
	p.reach(t)
	info, err := hub.info(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p.add(groupEvents, "x")
	}
	p.reach(t)
	p.end()
	shorten(t, hub, name, info.State.LastSeq+1)
	r := newResponder(name, p.header(), log, connected(t, e.sites[name], InboxOf(name)), zerolog.Nop())
	r.resume()
	return &silent{responder: r, log: log, copy: copied}
}

// bound is a context that counts what waits for its end.
type bound struct {
	context.Context
	ended   chan struct{}
	waiting int
}

// Done implements context.Context.
func (b *bound) Done() <-chan struct{} { return b.ended }

// AfterFunc is what context.AfterFunc calls.
func (b *bound) AfterFunc(func()) (stop func() bool) {
	b.waiting++
	return func() bool {
		b.waiting--
		return true
	}
}

// A context that lasts for days keeps no connection that was closed.
func TestAClosedConnectionIsNotKept(t *testing.T) {
	t.Parallel()
	ctx := &bound{Context: context.Background(), ended: make(chan struct{})}
	for range 3 {
		c, err := Connect(ctx, Settings{Servers: []string{"nats://127.0.0.1:1"}}, "a test", HubInbox, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if c.Close(); ctx.waiting != 0 {
			t.Fatalf("%d connections are kept", ctx.waiting)
		}
	}
}

// A hub that asks over a server whose messages are too short gets a sentence for an answer.
func TestTheServersMessagesAreTooShort(t *testing.T) {
	t.Parallel()
	s, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true, MaxPayload: 1500})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	c := connected(t, Settings{within: s}, InboxOf("DS01"))
	answers, err := c.nc.SubscribeSync("answer")
	if err != nil {
		t.Fatal(err)
	}
	log := newMemoryLog(1)
	log.many(3, "text")
	r := newResponder("DS01", ndjson.Header{}, log, c, zerolog.Nop())
	if err := r.answer(t.Context(), &nats.Msg{Reply: "answer", Data: []byte(gapText(log.id, 0, 0, ""))}); err != nil {
		t.Fatal(err)
	}
	m, err := answers.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Header.Get(headerError), fmt.Sprintf("max_payload is 1500 bytes: it must be at least %d",
		2*headerRoom); !strings.HasSuffix(got, want) {
		t.Errorf("%q", got)
	}
}
