package hta_test

import (
	"context"
	"errors"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// BenchmarkMonitor measures what an hour of the monitor costs of a core: of the busiest screen, looked at once a minute,
// and of the frames of what moves. The floor of each is the same screen with motion = off.
func BenchmarkMonitor(b *testing.B) {
	screen := browser(b)
	const frames = 60
	for _, c := range []struct {
		name   string
		s      setup
		script string  // one round
		hours  float64 // that a round stands for
	}{
		{"screen", setup{width: 3840, height: 2160, files: map[string]string{delivered: sixty(b)}},
			"advance(60), document.body.offsetWidth, true", 1. / 60},
		{"frames", setup{files: map[string]string{delivered: read(b, golden+"running.evt")}},
			`new Promise(function (resolve) {
				(function step(left) {
					advance(JobMon.every / 1000);
					if (left > 0) requestAnimationFrame(function () { step(left - 1); }); else resolve(true);
				}(` + quoted(frames) + `));
			})`, frames / 4. / 3600},
	} {
		for _, motion := range []string{"on", "off"} {
			b.Run(c.name+"/motion="+motion, func(b *testing.B) {
				c.s.files[ownFolder+"JobMon.ini"] = "motion = " + motion + "\n"
				m := start(screen, b, c.s)
				m.pass(10)
				do[bool](m, c.script) // the first round compiles
				before, rounds := m.busy(), 0.
				for b.Loop() {
					do[bool](m, c.script)
					rounds++
				}
				b.ReportMetric((m.busy()-before)/rounds/c.hours, "s/hour")
			})
		}
	}
}

// busy is how many seconds of a core the page has taken so far.
func (m *monitor) busy() float64 {
	m.t.Helper()
	found, err := chromedp.Run(m.ctx, func(ctx context.Context, tab *chromedp.Target) (float64, error) {
		if _, err := cdp.Call(ctx, tab, performance.Enable,
			performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks}); err != nil {
			return 0, err
		}
		got, err := cdp.Call(ctx, tab, performance.GetMetrics, cdp.Empty{})
		if err != nil {
			return 0, err
		}
		for _, metric := range got.Metrics {
			if metric.Name == "TaskDuration" {
				return metric.Value, nil
			}
		}
		return 0, errors.New("no TaskDuration among the metrics")
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return found
}
