package check

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/configs"
)

func found(lines []Line, name string) Line {
	i := slices.IndexFunc(lines, func(l Line) bool { return l.Check == name })
	if i < 0 {
		return Line{}
	}
	return lines[i]
}

// TestASiteOfAFleet: the line is there where there is a fleet, and says what NATS said.
func TestASiteOfAFleet(t *testing.T) {
	t.Parallel()
	c := checker{patience: time.Minute, Options: Options{Config: &configs.Config{}}}
	if lines := c.fleet(t.Context()); lines != nil {
		t.Errorf("without a fleet: %+v", lines)
	}
	c.Fleet = func(context.Context) Line { return Line{State: OK, Found: "nats-1 takes what DS01 publishes"} }
	if l := found(c.fleet(t.Context()), checkFleet); l.State != OK || l.Next != "" {
		t.Errorf("%+v", l)
	}
	c.Fleet = func(context.Context) Line { return Line{State: Fail, Found: "refused", Next: "name a user"} }
	if l := found(c.fleet(t.Context()), checkFleet); l.State != Fail || l.Found != "refused" ||
		!strings.HasPrefix(l.Next, "name a user. Until then the daemon records") {
		t.Errorf("%+v", l)
	}
}

// TestNATSThatNeverAnswers: the advice is about the way to the servers, and not about a disk.
func TestNATSThatNeverAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := checker{patience: time.Minute, Options: Options{Config: &configs.Config{}}}
		c.Config.Fleet.NATS = []string{"tls://nats-1:4222"}
		done := make(chan struct{})
		c.Fleet = func(context.Context) Line { <-done; return Line{} }
		l := found(c.fleet(t.Context()), checkFleet)
		if l.State != Fail || l.Found != "tls://nats-1:4222: no answer within 1m0s" ||
			!strings.Contains(l.Next, "firewall") || strings.Contains(l.Next, "disk") {
			t.Errorf("%+v", l)
		}
		close(done)
	})
}

// TestAHubIsCheckedAsOne: a hub watches no database, and what it needs is its own server or that of others.
func TestAHubIsCheckedAsOne(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	config := &configs.Config{DataDir: t.TempDir(), Hub: configs.Hub{Embedded: true, Listen: taken.Addr().String()}}
	config.Source.Timeout = time.Minute
	runs := false
	o := Options{Config: config, Running: func(context.Context) (string, bool, error) { return "version 1", runs, nil }}
	for _, c := range []struct {
		runs, empty bool
		listen      string
		state       State
		says        string
	}{
		{false, false, config.Hub.Listen, Fail, "in use"},
		{true, false, config.Hub.Listen, OK, "2 sites may publish: DS01, DS02"},
		{false, false, "127.0.0.1:0", OK, "is free"},
		{true, false, "127.0.0.1:0", Warn, "does not listen"},
		{false, true, "127.0.0.1:0", Warn, "no site may publish"},
	} {
		runs, config.Hub.Listen = c.runs, c.listen
		if config.Hub.Sites = nil; !c.empty {
			config.Hub.Sites = []configs.HubSite{{Name: "DS01"}, {Name: "DS02"}}
		}
		lines := Run(t.Context(), o)
		if l := found(lines, checkHub); l.State != c.state || !strings.Contains(l.Found, c.says) ||
			(l.Next == "") != (c.state == OK) {
			t.Errorf("%+v: %+v", c, l)
		}
		if l := found(lines, checkDatabase); l != (Line{}) {
			t.Errorf("a hub has no database: %+v", l)
		}
		if l := found(lines, "configuration"); l.State == Fail {
			t.Errorf("%+v", l)
		}
	}
	config.Hub = configs.Hub{NATS: []string{"tls://nats-1:4222"}}
	o.Hub = func(context.Context) Line { return Line{State: Fail, Next: "start it"} }
	if l := found(Run(t.Context(), o), checkHub); l.State != Fail || l.Next == "" {
		t.Errorf("%+v", l)
	}
}
