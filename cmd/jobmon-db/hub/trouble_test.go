package hub

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/store"
)

// Whatever is wrong with the folder of one site, the hub starts, the other sites go on, and the site's state says what
// to do. When that is done, the site is followed again.
func TestTroubleWithTheFolderOfOneSite(t *testing.T) {
	t.Parallel()
	c := newCenter(t, func(o *Options) { o.openEvery = 20 * time.Millisecond }, "DS01", "DS02")
	one, two := newServer(t, "DS01", 2), newServer(t, "DS02", 2)
	begin := func(s *server) {
		s.publish(c.Inside(c.seeds[s.name]))
		s.work(20)
	}
	for _, s := range []*server{one, two} {
		begin(s)
		c.reaches(t, s)
	}
	dir := c.site(t, "DS01").Dir()
	moved := 0
	away := func() error { // on the same disk
		moved++
		return os.Rename(dir, filepath.Join(filepath.Dir(filepath.Dir(dir)), fmt.Sprint("away", moved)))
	}
	for name, k := range map[string]struct {
		harm func() (mend func() error)
		says string
		open bool
	}{
		"a damaged log": {func() func() error {
			file, err := store.Current(dir)
			if err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(file, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte(strings.Repeat("damaged ", 1100)), 0); err != nil {
				t.Fatal(err)
			}
			return away
		}, "move the folder " + dir + " away, and the hub gets all of it anew", false},
		"a folder in use": {func() func() error {
			held, err := lockFolder(dir, "jobmon-db compact")
			if err != nil {
				t.Fatal(err)
			}
			return held.Release
		}, "another program works in the hub's folder", false},
		"no folder": {func() func() error {
			if err := away(); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return func() error { return os.Remove(dir) }
		}, "move the folder", false},
		"an unreadable record": {func() func() error {
			if err := os.WriteFile(filepath.Join(dir, recordFile), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
			return func() error { return nil }
		}, "move it away to go on without", true},
	} {
		c.end()
		mend := k.harm()
		c.start(t)
		for _, s := range []*server{one, two} {
			begin(s)
		}
		same(t, two, c.reaches(t, two))
		f := c.site(t, "DS01").Fleet()[0]
		if !strings.Contains(f.Trouble, k.says) {
			t.Errorf("%s: %+v, want %q", name, f, k.says)
		}
		if usable := c.site(t, "DS01").usable(); usable != k.open {
			t.Errorf("%s: usable %t", name, usable)
		}
		if err := mend(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, one, c.reaches(t, one))
	}
}

// A batch that stands for history which was cut off is taken as the first of a log alone.
func TestACutInTheMiddleOfALog(t *testing.T) {
	t.Parallel()
	c := newCenter(t, nil, "DS01", "DS02")
	one, two := newServer(t, "DS01", 2), newServer(t, "DS02", 2)
	for _, s := range []*server{one, two} {
		s.publish(c.Inside(c.seeds[s.name]))
		s.work(20)
		c.reaches(t, s)
	}
	had, _ := c.site(t, "DS01").End()
	cut(t, one, "AAAA")
	await(t, func() string { return "the cut is not refused" }, func() bool {
		return c.site(t, "DS01").Fleet()[0].Unbelieved > 0
	})
	if end, _ := c.site(t, "DS01").End(); end != had {
		t.Errorf("the copy ends with %d, and ended with %d", end, had)
	}
	c.end()
	c.start(t)
	two.publish(c.Inside(c.seeds["DS02"]))
	two.work(20)
	same(t, two, c.reaches(t, two))
}

func cut(t *testing.T, s *server, text string) {
	t.Helper()
	var events []jobmon.Event
	for i, name := range []string{"mirror", "facts", "projection"} {
		events = append(events, jobmon.Event{
			Seq: s.log.Next() + uint64(i), At: s.ds.Now(), Kind: jobmon.KindCut, Name: name, Text: text, Step: 1, From: 1,
			To: s.log.Next(),
		})
	}
	if _, err := s.log.Append(s.ds.Now(), events); err != nil {
		t.Fatal(err)
	}
	if s.Publisher != nil {
		s.Committed()
	}
}

// A log that begins with a state which this program cannot read is followed, and is reported once, not at each batch.
func TestALogThatCannotBeFolded(t *testing.T) {
	t.Parallel()
	c := newCenter(t, nil, "DS01")
	s := newServer(t, "DS01", 1)
	s.log.Close()
	s.dir = t.TempDir()
	s.open()
	cut(t, s, "AAAA")
	s.publish(c.Inside(c.seeds["DS01"]))
	for round := range 2 {
		for range 5 {
			if _, err := s.log.Append(s.ds.Now(), []jobmon.Event{{
				Seq: s.log.Next(), At: s.ds.Now(), Kind: jobmon.KindSourceLost, Text: "x",
			}}); err != nil {
				t.Fatal(err)
			}
			s.Committed()
		}
		last, _, _ := s.log.Last()
		site := c.site(t, "DS01")
		var f control.FleetSite
		await(t, func() string { return f.Trouble }, func() bool {
			f = site.Fleet()[0]
			return f.Has == last && strings.Contains(f.Trouble, "stop the hub, move the folder")
		})
		if _, _, err := site.Durable(); err != nil {
			t.Errorf("its last pictures: %v", err)
		}
		if !site.State().Unread {
			t.Error("its state does not say that the hub cannot read the copy")
		}
		if round == 0 {
			c.end()
			c.start(t)
			s.publish(c.Inside(c.seeds["DS01"]))
		}
	}
}

// A stream on the hub's own server has a bound of bytes.
func TestNoSiteFillsTheDisk(t *testing.T) {
	t.Parallel()
	h := &Hub{options: Options{DataDir: t.TempDir(), Embedded: true, Sites: []Member{{Name: "DS01"}, {Name: "DS02"}}}}
	if most := h.streamBytes(); most < leastStream || most > mostStream {
		t.Errorf("%d bytes", most)
	}
	h.options.DataDir = filepath.Join(h.options.DataDir, "that is not there") // nor is its free room
	if most := h.streamBytes(); most != mostStream {
		t.Errorf("%d bytes", most)
	}
	h.options.Embedded = false
	if most := h.streamBytes(); most != 0 {
		t.Errorf("%d bytes", most)
	}
}

// A hub that starts while NATS is away says so of all its sites, and its log has its end.
func TestAHubStartsWhileNATSIsAway(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	c := newCenter(t, func(o *Options) {
		o.Embedded, o.NATS.Servers = false, []string{"nats://127.0.0.1:1"}
		o.Logger = zerolog.New(zerolog.SyncWriter(&said))
	}, "DS01", "DS02")
	for _, name := range []string{"DS01", "DS02"} {
		s := c.site(t, name)
		await(t, func() string { return fmt.Sprintf("%+v", s.Fleet()) }, func() bool {
			return s.Fleet()[0].Away == "nats" && s.State().Away == "nats"
		})
	}
	if c.Unready() == "" {
		t.Error("the hub is ready")
	}
	c.end()
	if n := strings.Count(said.String(), "the hub stops"); n != 1 {
		t.Errorf("%d ends in\n%s", n, &said)
	}
}

// A stream that the hub's own server does not make is a trouble of its site, which is logged once.
func TestAStreamCannotBeMade(t *testing.T) {
	t.Parallel()
	c := newCenter(t, func(o *Options) { o.Keep = time.Millisecond }, "DS01")
	s := c.site(t, "DS01")
	await(t, func() string { return fmt.Sprintf("%+v", s.Fleet()) }, func() bool {
		return strings.Contains(s.State().Trouble, "the site's stream cannot be made; trying again") &&
			strings.Contains(s.State().Trouble, "max age")
	})
	var said bytes.Buffer
	alone := &Site{logger: zerolog.New(&said)}
	for _, why := range []string{"one", "one", "", "", "two", "two"} {
		var err error
		if why != "" {
			err = errors.New(why)
		}
		alone.cannotMake(err)
		if got := alone.inTheWay(); !strings.HasSuffix(got, why) || (got == "") != (why == "") {
			t.Errorf("%q: %q", why, got)
		}
	}
	if n := strings.Count(said.String(), "\n"); n != 2 {
		t.Errorf("%d lines:\n%s", n, &said)
	}
}
