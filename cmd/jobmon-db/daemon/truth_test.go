package daemon_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/projector/history"
	"github.com/jobmon-db/jobmon-db/store"
)

// end stops the daemon, if that was not done, and holds what it leaves behind to the laws.
func (s *site) end() {
	s.t.Helper()
	if s.daemon != nil {
		s.requireSamePictures()
		s.stop()
	}
	batches := s.batches()
	if s.byHand != nil {
		s.requireCuts(batches)
	}
	if s.foreign {
		return
	}
	s.requireAnswers(batches)
	s.requireNotices(batches)
	s.requireReplay(batches)
	s.requireTruth(batches)
}

// batches reads the whole log of a daemon that has been stopped.
func (s *site) batches() []jobmon.Batch {
	s.t.Helper()
	log, err := store.Open(s.dataDir, store.Options{ReadOnly: true})
	if err != nil {
		s.t.Fatal(err)
	}
	var list []jobmon.Batch
	next := uint64(1)
	for b, err := range log.Read(0) {
		if err != nil {
			s.t.Fatal(err)
		}
		if e := &b.Events[0]; b.First() != next && (e.Kind != jobmon.KindDamaged || e.From != next ||
			e.To != b.First()-1) {
			s.t.Fatalf("event %d follows %d", b.First(), next-1)
		}
		next = b.Last() + 1
		list = append(list, b)
	}
	s.requireCaches(log, list)
	if err := log.Close(); err != nil {
		s.t.Error(err)
	}
	return list
}

// requireCaches: the next start goes on from caches, at the very event with which the daemon stopped, and from the
// state that the whole log gives.
func (s *site) requireCaches(log *store.Log, batches []jobmon.Batch) {
	s.t.Helper()
	state := history.New()
	for _, b := range batches {
		state.Apply(&b)
	}
	started, err := history.Load(log)
	if err != nil {
		s.t.Fatal(err)
	}
	if list, err := log.Caches(); err != nil || len(list) < 3 || list[0].Seq != state.Seq {
		s.t.Errorf("after event %d the daemon left the caches %+v, %v", state.Seq, list, err)
	}
	if !bytes.Equal(started.Projection.Encode(), state.Projection.Encode()) ||
		!bytes.Equal(history.EncodeMirror(started.Mirror), history.EncodeMirror(state.Mirror)) ||
		!reflect.DeepEqual(started.Facts, state.Facts) {
		s.t.Errorf("after event %d the caches hold another state than the log", state.Seq)
	}
}

// requireReplay is Law 2: the log, folded from zero, gives the bytes of every file that the story looked at, those
// that were delivered among them, and of all that lie on the share at the end; and no others.
func (s *site) requireReplay(batches []jobmon.Batch) {
	s.t.Helper()
	slices.SortStableFunc(s.seen, func(a, b seen) int { return cmp.Compare(a.seq, b.seq) })
	state := history.New()
	for _, b := range batches {
		state.Apply(&b)
		for len(s.seen) > 0 && s.seen[0].seq <= b.Last() {
			if got := s.picture(state, s.seen[0].id); got != s.seen[0].bytes {
				s.t.Errorf("%s\n  %s\nreplayed\n  %s", s.seen[0].where, s.seen[0].bytes, got)
			}
			s.seen = s.seen[1:]
		}
	}
	if len(s.seen) > 0 {
		s.t.Errorf("%d files are newer than the log", len(s.seen))
	}
	files := map[string]bool{}
	for _, id := range state.Projection.Pictures() {
		name := strconv.Itoa(int(id)) + ".evt"
		files[name] = true
		content, err := os.ReadFile(filepath.Join(s.evtDir, name))
		if err != nil {
			s.t.Error(err)
			continue
		}
		if got := s.picture(state, id); got != string(content) {
			s.t.Errorf("at the end, on the share\n  %s\nreplayed\n  %s", content, got)
		}
	}
	found, err := filepath.Glob(filepath.Join(s.evtDir, "*.evt*"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, path := range found {
		if !files[filepath.Base(path)] {
			s.t.Errorf("on the share there is also %s", path)
		}
	}
}

func (s *site) picture(state *history.State, id jobmon.ComputerID) string {
	s.t.Helper()
	p, ok := state.Projection.Progress(id)
	if !ok {
		return "no picture"
	}
	content, err := evt.Encode(p)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content)
}

// requireTruth compares the log with what truly happened: each step of each row is recorded once, and, while somebody
// watched, soon; the tables that the log folds to are those of the server.
func (s *site) requireTruth(batches []jobmon.Batch) {
	s.t.Helper()
	type step struct {
		row  jobmon.ScheduleID
		kind jobmon.Kind
		nth  int
	}
	count := map[step]int{} // by row and kind, nth 0
	happened := map[step]jobmon.Instant{}
	for _, e := range s.ds.History() {
		if e.Row.ID == 0 || s.byHand[e.Row.ID] {
			continue // agents, and rows of which the history does not tell
		}
		all := step{row: e.Row.ID, kind: e.Kind}
		count[all]++
		all.nth = count[all]
		happened[all] = e.At
	}
	clear(count)
	told := map[step]bool{}
	found := map[jobmon.ScheduleID]bool{} // rows that were there before the log
	mirror := jobmon.NewMirror()
	for _, b := range batches {
		for _, e := range b.Events {
			mirror.Apply(&e)
			if !e.Kind.OfRow() || e.Kind == jobmon.KindDue || s.byHand[e.Schedule] {
				continue
			}
			if found[e.Schedule] = found[e.Schedule] || e.Flags.Has(jobmon.Baseline); found[e.Schedule] {
				continue
			}
			all := step{row: e.Schedule, kind: e.Kind}
			count[all]++
			all.nth = count[all]
			told[all] = true
			at, ok := happened[all]
			switch late := e.At.Sub(at); {
			case !ok:
				s.t.Errorf("event %d: row %d was %v the %d. time, which never happened", e.Seq, e.Schedule, e.Kind,
					all.nth)
			case e.Flags.Has(jobmon.Inexact), s.leapt:
			case late < 0, late > settle && (e.Kind == jobmon.KindStarted || e.Kind == jobmon.KindFinished):
				s.t.Errorf("event %d: row %d was %v at %v, told %v later", e.Seq, e.Schedule, e.Kind, at, late)
			}
		}
	}
	for all := range happened {
		if !told[all] && !found[all.row] {
			s.t.Errorf("never told: row %d was %v the %d. time at %v", all.row, all.kind, all.nth, happened[all])
		}
	}
	server := s.ds.Snapshot(nil)
	server.Normalize()
	if rows := slices.Collect(mirror.Rows.All()); !slices.Equal(rows, server.Rows) {
		s.t.Errorf("rows of the log %v\nof the server %v", rows, server.Rows)
	}
}

// timeline is what happened on a computer, for those who write a story.
func (c *client) timeline() string {
	var text strings.Builder
	for _, e := range c.ds.History() {
		if e.Row.Computer == c.id {
			job, _ := c.ds.Job(e.Row.Job)
			fmt.Fprintf(&text, "%s %v %d %s %v\n", e.At.Wall(winter).Time().Format("2 15:04:05"), e.Kind, e.Row.ID,
				job.Name, e.Row.Status)
		}
	}
	return text.String()
}
