package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// seen is a file that somebody looked at.
type seen struct {
	id    jobmon.ComputerID
	seq   uint64
	bytes string
	where string
}

// hook is what build jobs and markers do: their Copy File task gives the client what lies on the share by then.
type hook struct{ site *site }

func (h hook) deliverer() simulator.Deliverer {
	return simulator.Deliverer{EvtDir: h.site.evtDir, ClientsDir: h.site.clientsDir, Refresh: h.site.refresh}
}

func (h hook) Ask(ctx context.Context, c jobmon.Computer, job string) {
	h.site.known(c.ID).asked = job
	h.deliverer().Ask(ctx, c, job)
}

func (h hook) Deliver(ctx context.Context, c jobmon.Computer) error {
	to, text := h.site.known(c.ID), "nothing"
	to.answered()
	err := h.deliverer().Deliver(ctx, c)
	if err == nil {
		content, failed := os.ReadFile(filepath.Join(h.site.clientsDir, c.Name, simulator.ClientFile))
		if failed != nil {
			return failed
		}
		text = to.read(content, "given by "+to.asked)
		to.notOlder()
	}
	to.fresh = append(to.fresh, to.asked+": "+text)
	if h.site.copied != nil {
		h.site.copied(to, text)
	}
	return err
}

// given compares what the client was given since the last time, a line for each copy: "the marker's job: the picture".
func (c *client) given(want ...string) {
	c.t.Helper()
	got := c.fresh
	c.fresh = nil
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: the client was given\n  %s\nwant\n  %s", c.now(), strings.Join(got, "\n  "),
			strings.Join(want, "\n  "))
	}
}

// shows compares what the computer's file on the share says at that time, or at every full minute "from to".
func (c *client) shows(when, want string) {
	c.t.Helper()
	first, last, _ := strings.Cut(when, " to ")
	for c.at(first); ; c.after(time.Minute) {
		c.looks(want)
		if last == "" || jobmon.InstantOf(c.present()) >= clock(last).Instant(winter) {
			return
		}
	}
}

// looks compares what the computer's file says now.
func (c *client) looks(want string) {
	c.t.Helper()
	c.quiet()
	if got := c.screen(); got != want {
		c.t.Errorf("%s: the file says\n  %s\nwant\n  %s", c.now(), got, want)
	}
}

// during is shows, as soon as the daemon must have seen the row run; behind, to have seen it at its end.
func (c *client) during(row jobmon.ScheduleID, want string) {
	c.t.Helper()
	c.once(row, jobmon.Status.Running, want)
}

func (c *client) behind(row jobmon.ScheduleID, want string) {
	c.t.Helper()
	c.once(row, jobmon.Status.Finished, want)
}

// gone is behind, when the daemon must have noticed as well that the agent is away.
func (c *client) gone(row jobmon.ScheduleID, want string) {
	c.t.Helper()
	c.reach(row, jobmon.Status.Finished)
	c.after(settle + settling + poll) // from read to read
	c.looks(want)
}

func (c *client) once(row jobmon.ScheduleID, is func(jobmon.Status) bool, want string) {
	c.t.Helper()
	c.reach(row, is)
	c.after(settle)
	c.looks(want)
}

// reach goes on until the row has that status.
func (c *client) reach(row jobmon.ScheduleID, is func(jobmon.Status) bool) {
	c.t.Helper()
	for range 3600 {
		if r, ok := c.ds.Row(row); !ok {
			break
		} else if is(r.Status) {
			return
		}
		c.after(time.Second)
	}
	c.t.Fatalf("%s: what row %d is waited for never comes", c.now(), row)
}

// quiet makes sure that the daemon can have seen all that happened on the computer: a story does not look at a moment
// at which the file depends on when exactly the daemon read last.
func (c *client) quiet() {
	c.t.Helper()
	history := c.ds.History()
	for _, e := range slices.Backward(history) {
		if c.ds.Now().Sub(e.At) >= settle {
			return
		}
		if e.Row.Computer == c.id && c.daemon != nil && !c.lost {
			c.t.Fatalf("%s: a bad moment to look, too much has just happened:\n%s", c.now(), c.timeline())
		}
	}
}

func (c *client) now() string {
	return fmt.Sprintf("computer %d, %s", c.id, jobmon.InstantOf(c.present()).Wall(winter).Time().Format("2 15:04:05"))
}

func (c *client) path() string { return filepath.Join(c.evtDir, strconv.Itoa(int(c.id))+".evt") }

// screen is what the computer's file on the share says.
func (c *client) screen() string {
	c.t.Helper()
	content, err := os.ReadFile(c.path())
	if errors.Is(err, fs.ErrNotExist) {
		return "no file"
	} else if err != nil {
		c.t.Fatal(err)
	}
	return c.read(content, "on the share")
}

// file is the computer's file on the share, which is there.
func (c *client) file() *evt.File {
	c.t.Helper()
	return c.decode(c.content())
}

func (c *client) content() []byte {
	c.t.Helper()
	content, err := os.ReadFile(c.path())
	if err != nil {
		c.t.Fatal(err)
	}
	return content
}

// onScreen is what the client of that name was given last.
func (s *site) onScreen(name string) *evt.File {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.clientsDir, name, simulator.ClientFile))
	if err != nil {
		s.t.Fatal(err)
	}
	return s.decode(content)
}

func (s *site) decode(content []byte) *evt.File {
	s.t.Helper()
	f, err := evt.Decode(content)
	if err != nil {
		s.t.Fatalf("%v: %s", err, content)
	}
	return f
}

// read decodes a file, keeps it to be found again in the log, and tells it in short.
func (c *client) read(content []byte, where string) string {
	c.t.Helper()
	f := c.decode(content)
	if f.Computer.ID != int32(c.id) {
		c.t.Errorf("%s: %s: the file of computer %d", c.now(), where, f.Computer.ID)
	}
	c.seen = append(c.seen, seen{c.id, f.Seq, string(content), c.now() + " " + where})
	return brief(f)
}

// brief is the short form of a file: "#1 open 50% | Drivers succeeded 1/1 | > Office running 0/2": the session, its
// stages (> is the current one), then why nothing runs, what is listed only, and whether the source is lost or did not
// answer the request.
func brief(f *evt.File) string {
	if f.Session == nil {
		return string(f.Kind)
	}
	parts := []string{f.Session.State}
	if f.Session.Number != 0 {
		parts[0] = fmt.Sprintf("#%d %s", f.Session.Number, f.Session.State)
	}
	if f.Percent != nil {
		parts[0] += fmt.Sprintf(" %d%%", *f.Percent)
	}
	if f.Session.Result != "" {
		parts[0] += " " + f.Session.Result
	}
	for i, st := range f.Stages {
		text := fmt.Sprintf("%s %s %d/%d", st.Name, st.State, st.JobsDone, st.Jobs)
		if f.Current != nil && *f.Current == i {
			text = "> " + text
		}
		if st.Late {
			text += " late"
		}
		if st.Attempt > 1 {
			text += fmt.Sprintf(" attempt %d", st.Attempt)
		}
		for _, failure := range st.Failures {
			text += fmt.Sprintf(" [%s %d", failure.Job, failure.Code)
			if failure.Repaired {
				text += " repaired"
			}
			text += "]"
		}
		parts = append(parts, text)
	}
	if f.Why != nil {
		why := f.Why.Kind
		if f.Why.Job != "" {
			why += " " + f.Why.Job
		}
		parts = append(parts, "waits: "+why)
	}
	for _, p := range f.Later {
		text := p.State + ": " + p.Name
		if p.Stuck {
			text = "stuck: " + p.Name
		}
		if p.StartLocal != 0 {
			text += " " + jobmon.WallTime(p.StartLocal).Time().Format("15:04")
		}
		parts = append(parts, text)
	}
	if f.Source != evt.SourceOK {
		parts = append(parts, "source lost")
	}
	if f.Stale {
		parts = append(parts, "stale")
	}
	return strings.Join(parts, " | ")
}
