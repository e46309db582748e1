package deployments

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jobmon-db/jobmon-db/internal/jobmon"
	"github.com/jobmon-db/jobmon-db/internal/lawtest"
)

func figures(seconds ...int) Figures {
	f := Figures{}
	for _, s := range seconds {
		f.add(false, Honest, Worst{Length: jobmon.Length{Took: time.Duration(s) * time.Second}})
	}
	return f
}

func TestMedianAndP90(t *testing.T) {
	for _, c := range []struct {
		seconds     []int
		median, p90 time.Duration
	}{
		{nil, 0, 0},
		{[]int{7}, 7 * time.Second, 7 * time.Second},
		{[]int{9, 1}, 5 * time.Second, 9 * time.Second},
		{[]int{5, 1, 3, 2, 4, 10, 9, 8, 7, 6}, 5500 * time.Millisecond, 9 * time.Second},
		{[]int{11, 5, 1, 3, 2, 4, 10, 9, 8, 7, 6}, 6 * time.Second, 10 * time.Second},
	} {
		f := figures(c.seconds...)
		if f.Median() != (jobmon.Length{Took: c.median}) || f.P90() != (jobmon.Length{Took: c.p90}) {
			t.Errorf("%v: median %s, p90 %s; want %s, %s", c.seconds, f.Median(), f.P90(), c.median, c.p90)
		}
	}
}

// TestRunsBetweenTwoReadsPullNoMedianDown: they count with the longest that they can have taken, and the median says
// so.
func TestRunsBetweenTwoReadsPullNoMedianDown(t *testing.T) {
	f := figures(60, 62)
	for range 3 {
		f.add(false, Honest, Worst{Length: counted(jobmon.Length{Most: 5 * time.Second})})
	}
	if f.Median().String() != "< 5 s" || f.P90().String() != "1 min 2 s" {
		t.Errorf("median %s, p90 %s", f.Median(), f.P90())
	}
	f = figures(60, 62, 64, 3)
	f.add(false, Honest, Worst{Length: counted(jobmon.Length{Most: 5 * time.Second})})
	if f.Median().String() != "1 min" {
		t.Errorf("median %s", f.Median())
	}
}

func TestTrend(t *testing.T) {
	for _, c := range []struct {
		before, now []int
		trend       Trend
		change      int
	}{
		{nil, []int{1, 1, 1}, NoRunsBefore, 0},
		{[]int{60, 60}, []int{60, 60, 60}, TooFewRuns, 0},
		{[]int{60, 60, 60}, []int{60}, TooFewRuns, 0},
		{[]int{0, 0, 0}, []int{5, 5, 5}, TooFewRuns, 0},
		{[]int{100, 100, 100}, []int{109, 109, 109}, AsBefore, 9},
		{[]int{100, 100, 100}, []int{110, 110, 110}, Slower, 10},
		{[]int{100, 100, 100}, []int{50, 50, 50}, Faster, -50},
		{[]int{60, 60, 60}, []int{180, 180, 180}, Slower, 200},
	} {
		l := Line{Now: figures(c.now...), Before: figures(c.before...)}
		if trend, change := l.Trend(); trend != c.trend || change != c.change {
			t.Errorf("%v after %v: %s %d, want %s %d", c.now, c.before, trend, change, c.trend, c.change)
		}
	}
}

// TestFiguresOfADay tells the figures of a deployment, compared with one of the day before.
func TestFiguresOfADay(t *testing.T) {
	s := NewStats(Period{clock("2 00:00"), clock("3 00:00")}, nil)
	d := started(t)
	for day := 1; day <= 2; day++ {
		id := 20 * day
		d.folder(id, fmt.Sprintf("%d 10:00", day)).read(fmt.Sprintf("%d 10:00", day))
		for i, minute := range []string{"10:00", "10:01", "10:02", "10:05", "10:06", "10:16", "10:21"} {
			if i > 0 {
				code := jobmon.Code(0)
				if day == 2 && i == 6 {
					code = 1603
				}
				d.set(code, id+i-1)
			}
			d.set(-1, id+i).read(fmt.Sprintf("%d %s", day, minute))
		}
		d.set(0, id+6).read(fmt.Sprintf("%d 10:22", day))
	}
	for _, one := range d.all() {
		s.Add(one)
	}
	var got strings.Builder
	for _, l := range append(append(s.ByJob(), s.ByStage()...), append(s.ByFolder(), s.ByDay()...)...) {
		trend, _ := l.Trend()
		fmt.Fprintf(
			&got,
			"%s: %d runs, %d failed, median %s of %d, worst %s at %s, left %v, before %d runs, %s, results %v\n",
			l.Name,
			l.Now.Runs,
			l.Now.Failures,
			l.Now.Median().Took,
			l.Now.Counted(),
			l.Now.Worst.Took,
			l.Now.Worst.At,
			l.Now.Left,
			l.Before.Runs,
			trend,
			l.Now.Results,
		)
	}
	golden(t, got.String())
}

// TestEveryRunIsCountedOnce: a run's duration counts or is left out for one reason, and a period's runs are those of
// its halves.
func TestEveryRunIsCountedOnce(t *testing.T) {
	lawtest.Check(t, func(t *rapid.T) {
		list := site(t, true).all()
		whole := Period{clock("08:00"), clock("23:00")}
		middle := whole.Since.Add(time.Duration(rapid.IntRange(1, 15*3600-1).Draw(t, "middle")) * time.Second)
		runs := func(p Period) map[Key]int {
			s := NewStats(p, nil)
			for _, one := range list {
				s.Add(one)
			}
			n := map[Key]int{}
			for _, lines := range [][]*Line{s.ByJob(), s.ByStage(), s.ByFolder(), s.ByDay()} {
				for _, l := range lines {
					left := 0
					for why, n := range l.Now.Left {
						if why == Honest || why == NotRun {
							t.Fatalf("%s: %d left out because of %q", l.Name, n, why)
						}
						left += n
					}
					if l.Now.Runs != l.Now.Counted()+left || l.Now.Failures > l.Now.Runs {
						t.Fatalf("%s: %d runs, %d counted, %d left out", l.Name, l.Now.Runs, l.Now.Counted(), left)
					}
					n[l.Key] += l.Now.Runs
				}
			}
			return n
		}
		all, first, second := runs(whole), runs(Period{whole.Since, middle}), runs(Period{middle, whole.Until})
		for key, n := range all {
			if n != first[key]+second[key] {
				t.Fatalf("%v ran %d times, %d and %d in the halves", key, n, first[key], second[key])
			}
		}
	})
}

func TestAPeriodEndsBeforeItsUntil(t *testing.T) {
	p := Period{Since: 1000, Until: 3000}
	if p.Holds(999) || !p.Holds(1000) || !p.Holds(2999) || p.Holds(3000) {
		t.Error("a period is [since, until)")
	}
	if before := p.Before(); before != (Period{Since: -1000, Until: 1000}) {
		t.Errorf("before it is %v", before)
	}
}
