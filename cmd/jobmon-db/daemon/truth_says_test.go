package daemon_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/term"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector"
	"github.com/jobmon-db/jobmon-db/projector/history"
)

// What the share, the command status and the log say of a computer.

// course is what the computer's picture said after each batch, in short and without repetition.
func (c *client) course() []string {
	c.t.Helper()
	state := history.New()
	var list []string
	for _, b := range c.log() {
		if err := state.Apply(&b); err != nil {
			c.t.Fatal(err)
		}
		if p, ok := state.Projection.Progress(c.id); ok {
			if now := stands(p); len(list) == 0 || list[len(list)-1] != now {
				list = append(list, now)
			}
		}
	}
	return list
}

// went compares the computer's course.
func (c *client) went(want ...string) {
	c.t.Helper()
	if got := c.course(); !slices.Equal(got, want) {
		c.t.Errorf("%s: the picture went\n  %s\nwant\n  %s", c.now(), strings.Join(got, "\n  "),
			strings.Join(want, "\n  "))
	}
}

// stands is where a picture's deployment stands: "planned", "#1 open", "#1 open silent", "#1 complete ready".
func stands(p *jobmon.Progress) string {
	if p.Session == nil {
		return "idle"
	}
	text := p.Session.State.String()
	if p.Session.Number != 0 {
		text = fmt.Sprintf("#%d %s", p.Session.Number, text)
	}
	if p.Session.Result != "" {
		text += " " + string(p.Session.Result)
	}
	if p.Session.SilentSince != 0 {
		text += " silent"
	}
	return text
}

// accounts are all deployments of the computer in this log, the last one among them: "#1 ended early".
func (c *client) accounts() []string {
	state := projector.New()
	var list []string
	add := func(a *projector.Account) {
		if a.Computer.ID == c.id && a.Deployment && a.Session.Number > 0 {
			list = append(list, fmt.Sprintf("#%d %s %s", a.Session.Number, a.Session.State, a.Session.Result))
		}
	}
	for _, b := range c.log() {
		state.ApplyTelling(&b, add)
	}
	state.Accounts(add)
	return list
}

// session is the deployment that status shows.
func (c *client) session() *jobmon.SessionProgress {
	c.t.Helper()
	p, ok, err := c.daemon.Picture(c.id)
	if err != nil || !ok || p.Session == nil {
		c.t.Fatalf("%s: no deployment is shown: %v", c.now(), err)
	}
	return p.Session
}

// status is what the command of that name says of the computer now.
func (c *client) status() string {
	c.t.Helper()
	p := c.picture()
	if p == nil {
		return "no picture"
	}
	var text strings.Builder
	if err := term.Screen(&text, p, term.Options{Now: jobmon.InstantOf(c.present())}); err != nil {
		c.t.Fatal(err)
	}
	return text.String()
}

// picture is the computer's among those that the command shows, nil for none.
func (c *client) picture() *jobmon.Progress {
	for _, p := range c.daemon.Pictures() {
		if p.Computer.ID == c.id {
			return &p
		}
	}
	return nil
}

// says looks for words in the status of the computer, and for the absence of those that begin with "!".
func (c *client) says(words ...string) {
	c.t.Helper()
	text := c.status()
	for _, word := range words {
		without, not := strings.CutPrefix(word, "!")
		if strings.Contains(strings.ToLower(text), strings.ToLower(without)) == not {
			c.t.Errorf("%s: want %q in the status\n%s", c.now(), word, text)
		}
	}
}

// beside compares what waits beside the deployment shown, with its reasons: "Install Visio server".
func (c *client) beside(want ...string) {
	c.t.Helper()
	var got []string
	p := c.picture()
	if p == nil {
		c.t.Fatalf("%s: no picture", c.now())
	}
	for _, l := range p.Aside {
		if l.State == jobmon.StateWaiting && l.Why != nil {
			got = append(got, l.Name+" "+string(l.Why.Kind))
		}
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: beside the deployment wait %q, want %q", c.now(), got, want)
	}
}

// begins compares the beginning of what the file says.
func (c *client) begins(when, want string) {
	c.t.Helper()
	c.at(when)
	if got := c.screen(); !strings.HasPrefix(got, want) {
		c.t.Errorf("%s: the file says\n  %s\nwant\n  %s ...", c.now(), got, want)
	}
}

// blank makes sure that the computer shows no deployment.
func (c *client) blank(when string) {
	c.t.Helper()
	c.at(when)
	if got := c.screen(); got != "no file" && !strings.HasPrefix(got, string(evt.KindIdle)) {
		c.t.Errorf("%s: the file says\n  %s\nwant none, or no deployment", c.now(), got)
	}
}

// essence is what the file says but its number and its time, which a restart of the daemon changes as well.
func (c *client) essence() string {
	c.t.Helper()
	f := c.file()
	f.Seq, f.At, f.AtLocal = 0, 0, 0
	text, err := json.Marshal(f)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// same makes sure that the file says what it said then.
func (c *client) same(when, before string) {
	c.t.Helper()
	c.at(when)
	if now := c.essence(); now != before {
		c.t.Errorf("%s: the file says\n  %s\nbefore\n  %s", c.now(), now, before)
	}
}
