package fleet

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// embedded is a server in the test's process with the keys of the hub and of its sites.
type embedded struct {
	*Server
	hub   Settings
	sites map[string]Settings
}

func embed(t testing.TB, sites ...string) *embedded {
	t.Helper()
	return embedIn(t, t.TempDir(), sites...)
}

func embedIn(t testing.TB, dir string, sites ...string) *embedded {
	t.Helper()
	o := ServerOptions{StoreDir: dir, Users: map[string]string{}, Logger: zerolog.Nop(), healAfter: time.Millisecond}
	seeds := map[string]string{}
	for _, site := range append(sites, "") {
		seed, public, err := NewKey()
		if err != nil {
			t.Fatal(err)
		}
		if seeds[site] = seed; site == "" {
			o.HubKey = public
		} else {
			o.Users[site] = public
		}
	}
	s, err := StartServer(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	e := &embedded{Server: s, hub: s.Inside(seeds[""]), sites: map[string]Settings{}}
	for _, site := range sites {
		e.sites[site] = s.Inside(seeds[site])
	}
	return e
}

// connected is a connection that is there.
func connected(t testing.TB, s Settings, inboxes string) *Conn {
	t.Helper()
	c, err := Connect(t.Context(), s, "a test", inboxes, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	await(t, "a connection", c.Connected)
	return c
}

// await waits until ok.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("there is no %s", what)
		case <-ticker.C:
		}
	}
}

// TestASiteReachesItsOwnStreamAlone: with the credential of one site, nothing of another can be written, read or asked.
func TestASiteReachesItsOwnStreamAlone(t *testing.T) {
	t.Parallel()
	e := embed(t, "A", "B")
	c := connected(t, e.sites["A"], InboxOf("A"))
	denied := func(subject string) {
		t.Helper()
		if err := c.api(t.Context(), subject, map[string]any{}, &struct{}{}); err == nil ||
			!strings.Contains(err.Error(), "may not use") {
			t.Errorf("%s: %v", subject, err)
		}
	}
	denied("STREAM.MSG.GET." + StreamOf("B"))
	denied("STREAM.INFO." + StreamOf("B"))
	denied("STREAM.PURGE." + StreamOf("B"))
	denied("STREAM.CREATE." + StreamOf("A"))
	if err := c.api(t.Context(), "STREAM.INFO."+StreamOf("A"), nil, &struct{}{}); !isAPI(err, noStream) {
		t.Errorf("its own stream: %v", err)
	}
	for _, subject := range []string{SubjectOf("B"), BeatSubjectOf("B"), HubInbox + ".x", GapInboxOf("B") + ".x"} {
		if err := c.nc.Publish(subject, nil); err != nil {
			t.Fatal(err)
		}
		await(t, "denial of "+subject, func() bool { return c.mayNot(subject) != nil })
	}
	for _, subject := range []string{SubjectOf("B"), GapSubjectOf("B"), InboxOf("B") + ".>", ">", HubInbox + ".>"} {
		if _, err := c.nc.Subscribe(subject, func(*nats.Msg) {}); err != nil {
			t.Fatal(err)
		}
		await(t, "denial of "+subject, func() bool { return c.mayNot(subject) != nil })
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, public, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*ServerOptions)
		says   string
	}{
		"the port is in use": {func(o *ServerOptions) { o.Listen = l.Addr().String() }, "address already in use"},
		"no address":         {func(o *ServerOptions) { o.Listen = "4222" }, "which is host:port"},
		"no certificate":     {func(o *ServerOptions) { o.Cert, o.Key = "none.crt", "none.key" }, "cannot be used"},
	} {
		o := ServerOptions{StoreDir: t.TempDir(), HubKey: public, Logger: zerolog.Nop()}
		c.change(&o)
		if s, err := StartServer(o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
			if s != nil {
				s.Close()
			}
		}
	}
}

// After a full disk a stream of the server takes nothing any more: it is started anew, with all who use it.
func TestAServerThatCouldNotWriteIsStartedAnew(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01")
	hub := made(t, e, "DS01")
	log := newMemoryLog(1)
	log.many(3, "before")
	p := begin(t, "DS01", e.sites["DS01"], log)
	p.reach(t)
	e.mu.Lock()
	was := e.inner
	e.mu.Unlock()
	e.log.Errorf("Filestore [%s] Critical write error: %v", StreamOf("DS01"), "no space left on device")
	await(t, "another server", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.inner != was
	})
	log.many(3, "after")
	p.Committed()
	p.reach(t)
	await(t, "the hub's connection", hub.Connected)
	got, _ := contents(t, hub, "DS01")
	same(t, log, got)
}

// A server that could not write says so until it has had the time to be started anew, and sites to publish again.
func TestAServerSaysThatItCannotWrite(t *testing.T) {
	t.Parallel()
	l := &serverLog{logger: zerolog.Nop(), hurt: make(chan struct{}, 1)}
	s := &Server{log: l, after: time.Hour, options: &server.Options{StoreDir: "/data/nats"}}
	l.Errorf("another error")
	if why := s.Trouble(); why != "" {
		t.Errorf("%q", why)
	}
	for _, text := range []string{
		"Critical write error: no space left on device", "JetStream out of space, will be DISABLED",
	} {
		l.Errorf("%s", text)
		if why := s.Trouble(); !strings.Contains(why, "the disk of /data/nats has room ("+text+")") {
			t.Errorf("%q", why)
		}
	}
	l.last.Store(&injury{"long ago", time.Now().Add(-4 * s.after)})
	if why := s.Trouble(); why != "" {
		t.Errorf("%q", why)
	}
}

// A stream without a bound of bytes gets one, and stays as it is otherwise.
func TestStreamsGetABound(t *testing.T) {
	t.Parallel()
	e := embed(t, "DS01", "DS02")
	c := made(t, e, "DS01")
	h, err := OpenHub(e.hub, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if !h.conn.await(t.Context(), answerWithin) {
		t.Fatal("no connection")
	}
	for site, keep := range map[string]time.Duration{"DS01": time.Hour, "DS02": 2 * time.Hour} {
		for _, most := range []int64{1 << 40, 1 << 30} { // a server's disk is not asked whether it has so much
			if err := h.Make(t.Context(), InitOptions{Site: site, Keep: 2 * time.Hour, Most: most}); err != nil {
				t.Fatal(err)
			}
		}
		info, err := c.info(t.Context(), site)
		if err != nil || info.Config.MaxBytes != 1<<40 || info.Config.MaxAge != keep {
			t.Errorf("%s: %+v, %v", site, info.Config, err)
		}
	}
}
