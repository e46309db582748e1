package daemon_test

import (
	"context"
	"os"
	"reflect"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/evtdir"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// answer is what a script was answered, once it was.
type answer struct {
	control.RefreshAnswer
	of    jobmon.ComputerID
	done  chan struct{}
	err   error
	bytes []byte // on the share by then
}

// ask has the scripts of markers and build jobs ask the daemon. The world goes on beside a script that waits; its copy
// task does not.
func (s *site) ask() *site {
	s.refresh = func(_ context.Context, id jobmon.ComputerID, job string) {
		a, d := &answer{of: id, done: make(chan struct{})}, s.daemon
		s.known(id).answer = a
		s.answers = append(s.answers, a)
		go func() {
			defer close(a.done)
			if a.RefreshAnswer, a.err = d.Refresh(s.t.Context(),
				control.RefreshRequest{Computer: id, Job: job}); a.err == nil {
				a.bytes, a.err = os.ReadFile(a.Path)
			}
		}()
	}
	return s
}

// answered waits until the last script was.
func (c *client) answered() {
	if c.answer != nil {
		<-c.answer.done
	}
}

// notOlder: what a client is given is never older than what it was given before, nor than what its script was promised;
// it may be newer by what was read since.
func (c *client) notOlder() {
	c.t.Helper()
	last := c.seen[len(c.seen)-1]
	if last.seq < c.newest {
		c.t.Errorf("%s: file %d, after %d", last.where, last.seq, c.newest)
	}
	c.newest = last.seq
	if a := c.answer; a != nil && (last.seq < a.Seq || last.seq == a.Seq && last.bytes != string(a.bytes)) {
		c.t.Errorf("%s:\n  %s\npromised was\n  %s", last.where, last.bytes, a.bytes)
	}
}

// requireAnswers: the log has an event for each request, which remembers the bytes that its folding from zero gives,
// and those that lay on the share when the script was answered.
func (s *site) requireAnswers(batches []jobmon.Batch) {
	s.t.Helper()
	type picture struct {
		of  jobmon.ComputerID
		seq uint64
	}
	sums, requests := map[picture]uint64{}, 0
	state := history.New()
	for _, b := range batches {
		state.Apply(&b)
		for _, e := range b.Events {
			if e.Kind != jobmon.KindRefreshed {
				continue
			}
			requests++
			if sum := evtdir.Checksum([]byte(s.picture(state, e.Computer))); sum != e.Sum {
				s.t.Errorf("event %d remembers %x, replayed %x", e.Seq, e.Sum, sum)
			}
			p, _ := state.Projection.Progress(e.Computer)
			sums[picture{e.Computer, p.Seq}] = e.Sum
		}
	}
	for _, a := range s.answers {
		if <-a.done; a.err != nil || a.Error != "" {
			s.t.Errorf("computer %d: answered %+v, %v", a.of, a.RefreshAnswer, a.err)
			continue
		}
		if sum, told := sums[picture{a.of, a.Seq}]; !told || sum != evtdir.Checksum(a.bytes) {
			s.t.Errorf("computer %d: the log remembers %x (%v) of what was promised as %d\n  %s", a.of, sum, told,
				a.Seq, a.bytes)
		}
	}
	if requests != len(s.answers)+s.asked {
		s.t.Errorf("%d requests in the log, %d scripts asked, %d through the folder", requests, len(s.answers), s.asked)
	}
}

// requireSamePictures: a client that reads the daemon's log page by page draws the pictures that the daemon shows.
func (s *site) requireSamePictures() {
	s.t.Helper()
	log := &store.Remote{Pages: s.daemon, Name: "the daemon's log"}
	p, err := history.Project(log, s.daemon.Info().Last)
	if err != nil {
		s.t.Fatal(err)
	}
	facts, err := history.LoadFacts(log)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := facts.Names.Mark(history.Pictures(p)); !reflect.DeepEqual(got, s.daemon.Pictures()) {
		s.t.Errorf("after event %d the log's pages give %d pictures, the daemon %d, or others", facts.Seq, len(got),
			len(s.daemon.Pictures()))
	}
	for _, want := range history.Pictures(p) {
		if got, ok := history.Picture(p, want.Computer.ID); !ok || !reflect.DeepEqual(got, want) {
			s.t.Errorf("the picture of %d alone is another one", want.Computer.ID)
		}
	}
}
