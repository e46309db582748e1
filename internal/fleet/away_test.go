package fleet

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// minority is a server of a cluster that says what such a one says while the others are down.
func minority(t *testing.T) (s Settings, down *atomic.Bool) {
	t.Helper()
	inner, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	inner.Start()
	t.Cleanup(func() {
		inner.Shutdown()
		inner.WaitForShutdown()
	})
	if !inner.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	s, down = Settings{within: inner}, &atomic.Bool{}
	down.Store(true)
	c := connected(t, s, "_INBOX_cluster")
	if _, err := c.nc.Subscribe("$JS.API.>", func(m *nats.Msg) {
		answer := `{"total":0,"streams":[]}`
		if down.Load() {
			answer = `{"error":{"code":503,"err_code":10008,"description":"JetStream system temporarily unavailable"}}`
		}
		_ = m.Respond([]byte(answer))
	}); err != nil {
		t.Fatal(err)
	}
	if err := c.nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return s, down
}

// Servers without a majority are away, in words, at the site and at the hub: also where nothing is published or comes.
func TestServersWithoutAMajority(t *testing.T) {
	t.Parallel()
	s, down := minority(t)
	h, err := OpenHub(s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	if where := s.where(); where != "inside this process" {
		t.Errorf("the server is %q", where)
	}
	h.every = 5 * time.Millisecond
	idle := h.Follow(FollowerOptions{Site: "DS01", Copy: &memoryCopy{}, Logger: zerolog.Nop()})
	go h.Watch(t.Context())
	away := func() bool { return idle.State().Away == "nats" }
	await(t, "site without NATS", away)
	if why := idle.State().Trouble; !strings.Contains(why, "no majority") || h.Unled() != why {
		t.Errorf("%q", why)
	}
	log := newMemoryLog(1)
	log.many(3, "text")
	p := begin(t, "DS01", s, log)
	await(t, "publisher without NATS", func() bool { return p.State().Unled })
	if why := p.State().Trouble; !strings.Contains(why, "no majority") {
		t.Errorf("%q", why)
	}
	down.Store(false)
	await(t, "majority", func() bool { return !away() && h.Lost() == "" && !p.State().Unled })
}

// While NATS is away the reason is that of the connection, not what was under way when it went.
func TestTheConnectionSaysWhyNATSIsAway(t *testing.T) {
	t.Parallel()
	s, seeds, _ := serving(t)
	log := newMemoryLog(1)
	log.many(3, "text")
	p := beginChecking(t, "DS01", s.settings(seeds["DS01"]), log, time.Hour) // it asks nothing meanwhile
	f := follow(t, s.settings(seeds[""]), "DS01", &memoryCopy{}, time.Hour)
	f.reaches(t, log)
	s.Close()
	refused := func(why string) bool { return strings.Contains(why, "connection refused") }
	await(t, "reason", func() bool {
		s := f.State()
		return s.Away == "nats" && refused(s.Trouble) && refused(p.State().Trouble)
	})
	f.trouble(nats.ErrReconnectBufExceeded) // as a reader that is under way finds
	s.again(t)
	await(t, "connection", func() bool { return f.State().Away != "nats" && p.State().Connected })
	if s := f.State(); strings.Contains(s.Trouble, "buffer limit") {
		t.Errorf("%q", s.Trouble)
	}
}
