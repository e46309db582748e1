package simulator_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/simulator"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

// hooks is a Hook made of functions.
type hooks struct {
	ask     func(ctx context.Context, c jobmon.Computer, job string)
	deliver func(ctx context.Context, c jobmon.Computer) error
}

func (h hooks) Ask(ctx context.Context, c jobmon.Computer, job string) { h.ask(ctx, c, job) }
func (h hooks) Deliver(ctx context.Context, c jobmon.Computer) error   { return h.deliver(ctx, c) }
func marker() simulator.Behaviour {
	return simulator.Behaviour{Script: 3 * time.Second, Min: 5 * time.Second, Max: 5 * time.Second, Monitor: true}
}

func TestMarkerAsksThenDeliversThenEnds(t *testing.T) {
	early := map[string]int{}
	for i := range 20 { // whether a marker asks before or after its row turns -1 is left to chance
		s := newServer()
		for range i {
			s.Schedule(0, []jobmon.JobID{s.a}, jobmon.NoStart) // another row id, another chance
		}
		id := s.drop(s.AddJob("(JM) Office", "", marker()))[0]
		var calls []string
		var asked jobmon.Instant
		s.SetHook(hooks{
			ask: func(ctx context.Context, c jobmon.Computer, job string) {
				asked = s.Now()
				snap, err := s.Source().Read(ctx, ingest.Query{}) // as the daemon does when it is asked
				if err != nil {
					t.Fatal(err)
				}
				early[snap.Rows[len(snap.Rows)-1].Status.String()]++
				calls = append(calls, fmt.Sprint("ask ", c.ID, " ", job))
				s.AdvanceTo(s.Now().Add(time.Hour)) // the clock stands still meanwhile
			},
			deliver: func(_ context.Context, c jobmon.Computer) error {
				calls = append(calls, fmt.Sprint("deliver ", c.Name, " ", s.status(id)))
				if after := s.Now().Sub(asked); after < 3*time.Second || after > 10*time.Second {
					t.Errorf("delivered %v after it was asked for", after)
				}
				return nil
			},
		})
		s.Advance(time.Minute)
		if want := []string{"ask 5000001 (JM) Office", "deliver PC-0001 -1"}; !slices.Equal(calls, want) {
			t.Errorf("calls %q, want %q", calls, want)
		}
		s.wantStatus(t, id, "0")
	}
	if early["NULL"] == 0 || early["-1"] == 0 || len(early) != 2 {
		t.Errorf("status when markers asked: %v, want both NULL and -1", early)
	}
}

func TestFailedCopyTaskFailsTheMarkerAlone(t *testing.T) {
	s := newServer()
	m := s.AddJob("(JM) Office", "", marker())
	ids := s.drop(m, s.a)
	s.SetHook(hooks{
		ask:     func(context.Context, jobmon.Computer, string) {},
		deliver: func(context.Context, jobmon.Computer) error { return errors.New("no file") },
	})
	s.Advance(2 * time.Minute)
	s.wantStatus(t, ids[0], "2")
	s.wantStatus(t, ids[1], "0")
	s.SetHook(nil)
	s.Requeue(ids[0])
	s.Advance(2 * time.Minute)
	s.wantStatus(t, ids[0], "0")
}

// What a hook does to the row that called it is survived.
func TestHookDeletesItsRow(t *testing.T) {
	s := newServer()
	ids := s.drop(s.AddJob("(JM) Office", "", marker()), s.a)
	s.SetHook(hooks{ask: func(context.Context, jobmon.Computer, string) { s.DeleteRow(ids[0]) }})
	s.Advance(2 * time.Minute)
	s.wantStatus(t, ids[0], "gone")
	s.wantStatus(t, ids[1], "0")
}

func TestDelivererCopiesTheFileToTheClient(t *testing.T) {
	dir := t.TempDir()
	var asked []string
	d := simulator.Deliverer{
		EvtDir: filepath.Join(dir, "evt"), ClientsDir: filepath.Join(dir, "clients"),
		Refresh: func(_ context.Context, id jobmon.ComputerID, job string) {
			asked = append(
				asked, fmt.Sprint(id, job))
		},
	}
	if err := os.Mkdir(d.EvtDir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := newServer()
	m := s.AddJob("(JM)", "", marker())
	s.SetHook(d)
	missing := s.drop(m)[0]
	s.Advance(time.Minute)
	s.wantStatus(t, missing, "2")

	for _, content := range []string{"a longer picture", "picture"} {
		if err := os.WriteFile(filepath.Join(d.EvtDir, "5000001.evt"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		id := s.drop(m)[0]
		s.Advance(time.Minute)
		s.wantStatus(t, id, "0")
		got, err := os.ReadFile(filepath.Join(d.ClientsDir, "PC-0001", simulator.ClientFile))
		if err != nil || string(got) != content {
			t.Errorf("the client has %q (%v), want %q", got, err, content)
		}
	}
	if want := []string{"5000001(JM)", "5000001(JM)", "5000001(JM)"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q", asked)
	}

	for _, name := range []string{"", ".", "..", "../evt", "a/b", "/"} {
		if err := d.Deliver(t.Context(), jobmon.Computer{ID: 5_000_001, Name: name}); err == nil {
			t.Errorf("delivered to a computer named %q", name)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 2 {
		t.Errorf("files outside: %v, %v", list, err)
	}
}
