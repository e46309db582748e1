package evt_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/client/evt"
	"github.com/jobmon-db/jobmon-db/client/internal/samples"
	"github.com/jobmon-db/jobmon-db/internal/jobmon"
)

func roundTrip(t *testing.T, p *jobmon.Progress) *evt.File {
	t.Helper()
	data, err := evt.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > evt.MaxBytes {
		t.Fatalf("%d bytes", len(data))
	}
	f, err := evt.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// A long deployment loses stages that ended well, from the oldest on, no more than needed, and nothing else.
func TestFinishedStagesCollapseFirst(t *testing.T) {
	t.Parallel()
	f := roundTrip(t, samples.ManyStages(1000))
	if f.LeftOut == nil || *f.LeftOut != (evt.LeftOut{Finished: f.LeftOut.Finished}) {
		t.Fatalf("left out: %+v", f.LeftOut)
	}
	if f.Counts.Stages != 1000 || f.Counts.StagesDone != 900 || f.Counts.Failed != 9 {
		t.Errorf("counts: %+v", f.Counts)
	}
	failed, waiting := 0, 0
	var kept []string
	for _, s := range f.Stages {
		switch s.State {
		case "failed":
			failed++
		case "waiting":
			waiting++
		default:
			kept = append(kept, s.Name)
		}
	}
	if failed != 9 || waiting != 100 {
		t.Errorf("%d failed and %d waiting stages are listed, want 9 and 100", failed, waiting)
	}
	// 891 ended well; the newest of them are kept, without a gap but for the failed ones.
	if len(kept) == 0 || len(kept)+f.LeftOut.Finished != 891 || kept[len(kept)-1] != "Stage 900" {
		t.Errorf("%d kept, up to %q", len(kept), kept[len(kept)-1])
	}
	if f.Next == nil || f.Stages[*f.Next].Name != "Stage 901" {
		t.Errorf("next is %v", f.Next)
	}
	// One more stage would not have fitted.
	data, err := evt.Encode(samples.ManyStages(1000))
	if err != nil || len(data) < evt.MaxBytes-300 {
		t.Errorf("%d bytes: more is left out than must be (%v)", len(data), err)
	}
}

// What cannot be helped by that goes in the documented order.
func TestOrderOfCuts(t *testing.T) {
	t.Parallel()
	failing := func(n, failures, later int, name string) *jobmon.Progress {
		p := samples.ManyStages(10)
		stage := p.Session.Stages[0]
		stage.Name, stage.State, stage.Failed = name, jobmon.StateFailed, failures
		for i := range failures {
			stage.Failures = append(stage.Failures, jobmon.Failure{Job: name, Code: jobmon.Code(i + 1)})
		}
		p.Session.Stages = p.Session.Stages[:0]
		for range n {
			p.Session.Stages = append(p.Session.Stages, stage)
		}
		for range later {
			p.Later = append(p.Later, jobmon.Pending{Name: name, State: jobmon.StateUnscheduled, Start: jobmon.NoStart})
		}
		p.Session.Current, p.Session.Next = n-1, -1
		return p
	}
	word, long := "Office", strings.Repeat("ü", 150)
	for _, c := range []struct {
		name    string
		p       *jobmon.Progress
		left    func(l evt.LeftOut) bool
		letters int // length of the first listed stage's name
	}{
		{"everything fits", failing(10, 2, 5, word), func(l evt.LeftOut) bool { return l == evt.LeftOut{} }, 6},
		{"failures", failing(10, 300, 5, word), func(l evt.LeftOut) bool {
			return l == evt.LeftOut{Failures: l.Failures} && l.Failures < 3000
		}, 6},
		{"then later", failing(10, 2, 3000, word), func(l evt.LeftOut) bool {
			return l == evt.LeftOut{Failures: 20, Later: l.Later} && l.Later < 3000
		}, 6},
		{"then names", failing(100, 1, 10, long),
			func(l evt.LeftOut) bool { return l == evt.LeftOut{Failures: 100, Later: 10} }, -1},
		{"then stages", failing(2000, 1, 10, long), func(l evt.LeftOut) bool {
			return l.Failures == 2000 && l.Later == 10 && l.Finished > 1000 && l.Unfinished == 0
		}, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := roundTrip(t, c.p)
			var left evt.LeftOut
			if f.LeftOut != nil {
				left = *f.LeftOut
			}
			if !c.left(left) {
				t.Errorf("left out: %+v", left)
			}
			n := utf8.RuneCountInString(f.Stages[0].Name)
			if c.letters >= 0 && n != c.letters || c.letters < 0 && (n <= 16 || n >= 150) {
				t.Errorf("a name of %d characters", n)
			}
			if f.Current == nil || *f.Current != len(f.Stages)-1 {
				t.Errorf("current is %v of %d", f.Current, len(f.Stages))
			}
		})
	}
}

// When only the future is too long, its far end goes.
func TestWaitingStagesGoFromTheFarEnd(t *testing.T) {
	t.Parallel()
	p := samples.ManyStages(10)
	p.Session.Stages = nil
	for i := range 2000 {
		p.Session.Stages = append(p.Session.Stages, jobmon.Stage{Name: fmt.Sprint(i), State: jobmon.StateWaiting})
	}
	p.Session.Current, p.Session.Next = -1, 0
	f := roundTrip(t, p)
	if f.LeftOut == nil || f.LeftOut.Unfinished != 2000-len(f.Stages) || f.LeftOut.Finished != 0 {
		t.Fatalf("%d listed, left out: %+v", len(f.Stages), f.LeftOut)
	}
	for i, s := range f.Stages {
		if s.Name != fmt.Sprint(i) {
			t.Fatalf("stage %d is %q", i, s.Name)
		}
	}
}

func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	p := samples.ManyStages(10)
	for name, want := range map[string]string{
		strings.Repeat("x", 200):    strings.Repeat("x", 200),
		strings.Repeat("x", 201):    strings.Repeat("x", 199) + "…",
		strings.Repeat("🚀", 10_000): strings.Repeat("🚀", 199) + "…",
		"":                          "",
		"a\x00b\n":                  "a\x00b\n",
		"broken \xff":               "broken \ufffd",
	} {
		p.Computer.Name = name
		if got := roundTrip(t, p).Computer.Name; got != want {
			t.Errorf("%.20q... became %.20q... of %d characters", name, got, utf8.RuneCountInString(got))
		}
	}
}
