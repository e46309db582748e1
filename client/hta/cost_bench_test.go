package hta_test

import (
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"

	"github.com/jobmon-db/jobmon-db/internal/browsertest"
)

// BenchmarkMonitor measures what an hour of the monitor costs of a core: the busiest screen, looked at once a minute,
// and the frames of what moves. The floor of each is the same screen with motion = off.
func BenchmarkMonitor(b *testing.B) {
	screen := window(b)
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
				}(` + browsertest.Quoted(frames) + `));
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
	m.T.Helper()
	browsertest.Call(m.Tab, performance.Enable,
		performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
	for _, metric := range browsertest.Call(m.Tab, performance.GetMetrics, cdp.Empty{}).Metrics {
		if metric.Name == "TaskDuration" {
			return metric.Value
		}
	}
	m.T.Fatal("no TaskDuration among the metrics")
	return 0
}
