package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
	"github.com/jobmon-db/jobmon-db/store"
)

// TestKilledWhileMovingALogAside kills the process that moves a damaged log aside, as soon as a step of it can be
// seen in the folder or some moment later. Whatever was reached, the next start has every batch, and the damaged file
// is there.
func TestKilledWhileMovingALogAside(t *testing.T) {
	t.Parallel()
	template := t.TempDir()
	log := open(t, template, store.Options{})
	appendKnown(t, log, 4000)
	log.Close()
	content, err := os.ReadFile(log.Path())
	if err != nil {
		t.Fatal(err)
	}
	copy(content[16:], "nonsense") // both meta pages
	copy(content[4096+16:], "nonsense")
	random := lawtest.Random(t)
	reached := map[string]int{}
	for round := 0; round < 40 || len(reached) < 2; round++ {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "CURRENT"), "log-000001.db\n")
		write(t, filepath.Join(dir, "log-000001.db"), string(content))
		steps := []func() bool{
			func() bool { return there(filepath.Join(dir, "log-000002.db.new")) },
			func() bool { return there(filepath.Join(dir, "log-000002.db")) },
			func() bool { return there(filepath.Join(dir, "log-000001.db.damaged-20270115T080000Z")) },
			func() bool {
				text, err := os.ReadFile(filepath.Join(dir, "CURRENT"))
				return err == nil && string(text) != "log-000001.db\n"
			},
		}
		cmd, lines := startChild(t, "quarantine", dir)
		if !lines.Scan() {
			t.Fatal("the child said nothing")
		}
		ended := make(chan struct{})
		go func() { cmd.Wait(); close(ended) }()
		seen := steps[round%len(steps)]
		for waiting := true; waiting && !seen(); {
			select {
			case <-ended:
				waiting = false
			default:
			}
		}
		if random.IntN(2) == 0 {
			timer := time.NewTimer(time.Duration(random.IntN(2000)) * time.Microsecond)
			select {
			case <-ended:
				timer.Stop()
			case <-timer.C:
			}
		}
		cmd.Process.Kill()
		<-ended
		state := strings.Join(names(t, dir), " ")
		reached[state]++

		log, _ := takeUp(t, dir, store.Options{})
		appendKnown(t, log, 2)
		log.Close()
		log = open(t, dir, store.Options{ReadOnly: true})
		events := uint64(0)
		for b, err := range log.Read(0) {
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range b.Events {
				want := known(e.Seq)
				want.Seq, want.At = e.Seq, e.At
				if e == want {
					events++
				} else if e.Kind != jobmon.KindDamaged {
					t.Errorf("%s: event %d is %+v", state, e.Seq, e)
				}
			}
		}
		if err := log.Prove(t.Context(), 0); err != nil || events != 4002 {
			t.Errorf("%s: %d events are left, %v", state, events, err)
		}
		log.Close()
		kept := 0
		for _, name := range names(t, dir) {
			if found, err := os.ReadFile(filepath.Join(dir, name)); err == nil && string(found) == string(content) {
				kept++
			}
		}
		if kept == 0 {
			t.Errorf("%s: the damaged file is gone", state)
		}
	}
	t.Logf("reached: %v", reached)
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
