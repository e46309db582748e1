package ingest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func TestRefresh(t *testing.T) {
	bubble(t, "50 at once share one read, and what it saw is durable when they return", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j, quiet)
		r.readOnce() // the next read has to wait, so that all can come before it begins
		s.put(row(1, jobmon.StatusRunning))
		began := now()
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				at, err := r.Refresh(t.Context())
				if err != nil || at < began {
					t.Errorf("Refresh: %v, %v; asked at %v", at, err, began)
				}
				j.change(func() {
					if len(j.batches) != 2 {
						t.Errorf("returned after %d batches", len(j.batches))
					}
				})
			})
		}
		all.Wait()
		if n := len(s.reads()); n != 3 {
			t.Errorf("%d reads, want two before and one for all", n)
		}
	})
	bubble(t, "reads that were asked for begin 250 ms apart", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j, quiet)
		pass(time.Second)
		began := time.Now()
		for range 20 {
			r.readOnce()
		}
		reads := s.reads()[1:]
		if !reads[0].Equal(began) {
			t.Errorf("the first one had to wait %v", reads[0].Sub(began))
		}
		for _, gap := range gaps(reads) {
			if gap != 250*time.Millisecond {
				t.Fatalf("reads %v apart", gap)
			}
		}
	})
	bubble(t, "begun during a read waits for the next one", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j, quiet)
		pass(time.Second)
		s.change(func() { s.delay = time.Second })
		first := make(chan jobmon.Instant, 1)
		go func() {
			at, _ := r.Refresh(t.Context())
			first <- at
		}()
		pass(100 * time.Millisecond) // the read goes on: whether it sees what is committed now nobody knows
		asked := time.Now()
		second := r.readOnce()
		reads := s.reads()
		if len(reads) != 3 || !reads[2].After(asked) || second.Sub(<-first) != time.Second {
			t.Errorf("asked at %v, reads at %v, answered as of %v", asked, reads, second)
		}
	})
	bubble(t, "a read that is due anyway serves as well", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j)
		for range 40 {
			pass(interval)
			r.readOnce()
		}
		for _, gap := range gaps(s.reads()) {
			if gap > interval*11/10 {
				t.Fatalf("%v without a read", gap)
			}
		}
		// Every good read, asked for or not, puts off the next one by an interval.
		if n := len(s.reads()); n < 41 || n > 81 {
			t.Errorf("%d reads", n)
		}
	})
	bubble(t, "who cannot wait does not disturb the others", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j, quiet)
		s.change(func() { s.delay = 10 * time.Second })
		patient := make(chan error, 1)
		go func() {
			_, err := r.Refresh(t.Context())
			patient <- err
		}()
		hasty, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if _, err := r.Refresh(hasty); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if err := <-patient; err != nil {
			t.Error(err)
		}
	})
	bubble(t, "tells why the read failed", func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j, quiet)
		refused := errors.New("login refused")
		s.failWith(refused)
		if _, err := r.Refresh(t.Context()); !errors.Is(err, refused) {
			t.Errorf("Refresh: %v", err)
		}
		s.heal()
		r.readOnce() // and tries at once, whatever the pause after a failure
	})
}

// TestRefreshUnderLoad has many ask at any time; each must be answered by a read that began after it asked.
func TestRefreshUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		r := start(t, s, j)
		s.change(func() { s.delay = 70 * time.Millisecond })
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				for range 25 {
					time.Sleep(time.Duration(i*13+1) * time.Millisecond)
					asked := now()
					at, err := r.Refresh(t.Context())
					// The fake looks at its clock 70 ms after the read began.
					if err != nil || at.Sub(asked) < 70*time.Millisecond ||
						at.Sub(asked) > 70*time.Millisecond+250*time.Millisecond+70*time.Millisecond {
						t.Errorf("asked at %v, answered as of %v, %v", asked, at, err)
					}
				}
			})
		}
		began := time.Now()
		all.Wait()
		if most := int(time.Since(began)/(250*time.Millisecond)) + int(time.Since(began)/interval) +
			2; len(s.reads()) > most {
			t.Errorf("%d reads in %v", len(s.reads()), time.Since(began))
		}
	})
}

// TestRefreshOfAHangingSource has ever more ask, so that reads are due and asked for at the same time.
func TestRefreshOfAHangingSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, j := newSource(), newJournal()
		s.delay = time.Hour
		r := start(t, s, j)
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 7 * time.Second)
				began := time.Now()
				_, err := r.Refresh(t.Context())
				if took := time.Since(began); err == nil || took > 2*15*time.Second+250*time.Millisecond {
					t.Errorf("Refresh: %v after %v", err, took)
				}
			})
		}
		all.Wait()
	})
}
