package http

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
)

// Metrics answers Prometheus with the figures of that moment. docs/monitoring.md lists their names, which are kept. It
// may be called by any goroutine.
func Metrics(condition func() daemon.Condition) http.Handler {
	registry := prometheus.NewRegistry() // of its own: nothing else in the process may add to it
	process := collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})
	registry.MustRegister(collector(condition), collectors.NewGoCollector(), process)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// figure is one of ours. known is false as long as there is nothing to report.
type figure struct {
	name, help string
	kind       prometheus.ValueType
	value      float64
	known      bool
}

func define(name, help string, kind prometheus.ValueType, value float64, known bool) figure {
	return figure{"jobmon_" + name, help, kind, value, known}
}

// description is that of the figure, with a label for its target where it is one of several.
func (f *figure) description(labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(f.name, f.help, labels, nil)
}

func counter[N uint64 | int](name, help string, n N) figure {
	return define(name, help, prometheus.CounterValue, float64(n), true)
}

func gauge[N int | int64 | uint64](name, help string, n N) figure {
	return define(name, help, prometheus.GaugeValue, float64(n), true)
}

// flag is 1 or 0.
func flag(name, help string, set bool) figure {
	if set {
		return gauge(name, help, 1)
	}
	return gauge(name, help, 0)
}

// total is a sum of durations.
func total(name, help string, d time.Duration) figure {
	return define(name, help, prometheus.CounterValue, d.Seconds(), true)
}

func figures(c *daemon.Condition) []figure {
	return []figure{
		counter("source_reads_total", "Reads of the source that succeeded.", c.Source.Reads),
		counter("source_reads_failed_total", "Reads of the source that gave nothing.", c.Source.Failed),
		counter("source_batches_total", "T-SQL batches sent to the source.", c.Source.Batches),
		counter("source_batches_retried_total",
			"Batches sent again because the server asked for it (deadlock, lock timeout).", c.Source.Retried),
		counter("source_rows_total", "Rows of the source's answers.", c.Source.Rows),
		counter("source_received_bytes_total", "Bytes read from the source.", c.Source.Bytes),
		total("source_read_seconds_total", "Seconds that all good reads took together.", c.Source.Total),
		define("source_last_read_seconds", "Seconds that the last good read took.",
			prometheus.GaugeValue, c.Source.Latest.Seconds(), !c.Source.Good.IsZero()),
		define("source_last_read_age_seconds",
			"Seconds since the last good read; missing before the first one of this run.",
			prometheus.GaugeValue, time.Since(c.Source.Good).Seconds(), !c.Source.Good.IsZero()),
		flag("source_lost", "1 while the source cannot be read.", c.Lost != ""),
		counter("cycles_total", "Cycles of polling that are on record.", c.Cycles),

		counter("log_events_total", "Sequence number of the newest event in the log.", c.Events),
		gauge("log_size_bytes", "Bytes of the log's file.", c.LogBytes),
		flag("log_broken", "1 while the log cannot be written or read, so that nothing new is shown.", c.Ahead),

		counter("evt_files_written_total", "Files written into the evt folder.", c.Files.Written),
		counter("evt_files_failed_total", "Attempts to write such a file that failed.", c.Files.Failed),
		gauge("evt_files_pending", "Files that do not hold their newest state yet.", c.Files.Pending),
		gauge("evt_files_foreign", "Files left alone because another program wrote them.", c.Files.Foreign),
		flag("evt_folder_away", "1 while the evt folder cannot be reached.", c.Files.Away != nil),

		counter("refreshes_total", "Requests of DS scripts that were served.", c.Refreshes.Served),
		counter("refreshes_stale_total", "Of these, requests that got no fresh read.", c.Refreshes.Stale),
		counter("refreshes_failed_total", "Requests that ended with an error.", c.Refreshes.Failed),
		total("refresh_seconds_total", "Seconds that all served requests waited together.", c.Refreshes.Took),

		gauge("computers", "Computers with a picture.", c.Computers),
		gauge("deployments_planned", "Deployments that wait and of which no job has started.", c.Planned),
		gauge("deployments_open", "Deployments that go on.", c.Open),
		gauge("deployments_open_failing", "Of these, deployments with a job that failed and was not repaired.",
			c.Failing),
		gauge("deployments_open_waiting", "Of these, deployments in which nothing runs.", c.Waiting),
	}
}

// targeted are the figures of each target of messages. Their labels are names from the configuration.
func targeted(t *control.Target) []figure {
	return []figure{
		gauge("notify_waiting", "Messages that the target has yet to get.", t.Waiting),
		counter("notify_sent_total", "Messages that arrived.", t.Sent),
		counter("notify_failed_total", "Tries that failed.", t.Failed),
		counter("notify_given_up_total", "Messages that were given up.", t.GivenUp),
		define("notify_oldest_age_seconds", "Seconds since what the oldest message that waits is about; 0 for none.",
			prometheus.GaugeValue, float64(t.AgeMS)/1000, true),
	}
}

// inFleet are the figures of a site of a fleet.
func inFleet(s *control.FleetSite) []figure {
	return []figure{
		flag("fleet_connected", "1 while there is a connection to NATS, and its servers have a majority.",
			s.Away != "nats"),
		gauge("fleet_published_seq", "Newest event in the site's stream.", s.Published),
		gauge("fleet_lag_events", "Events of the log that the stream does not hold yet.",
			s.Last-min(s.Last, s.Published)),
		define("fleet_delay_seconds", "Seconds from the newest commit to its acknowledgement.",
			prometheus.GaugeValue, float64(s.DelayMS)/1000, s.DelayMS >= 0),
		flag("fleet_refused", "1 while this log must not be published: the stream holds another one.", s.Refused),
		counter("fleet_lost_events_total", "Events that NATS had acknowledged and lost; they were published anew.",
			s.Lost),
	}
}

// collector looks at the daemon once for all figures.
func collector(condition func() daemon.Condition) prometheus.Collector {
	const help = "Always 1; the program's version and the DS server watched."
	return &ours{condition, prometheus.NewDesc("jobmon_info", help, []string{"version", "site"}, nil)}
}

type ours struct {
	condition func() daemon.Condition
	info      *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (o *ours) Describe(to chan<- *prometheus.Desc) {
	to <- o.info
	for _, f := range figures(&daemon.Condition{}) {
		to <- f.description()
	}
	for _, f := range targeted(&control.Target{}) {
		to <- f.description("target")
	}
	for _, f := range inFleet(&control.FleetSite{}) {
		to <- f.description("site")
	}
}

// Collect implements prometheus.Collector.
func (o *ours) Collect(to chan<- prometheus.Metric) {
	c := o.condition()
	to <- prometheus.MustNewConstMetric(o.info, prometheus.GaugeValue, 1, c.Version, c.Site)
	for _, f := range figures(&c) {
		if f.known {
			to <- prometheus.MustNewConstMetric(f.description(), f.kind, f.value)
		}
	}
	for i := range c.Targets {
		t := &c.Targets[i]
		for _, f := range targeted(t) {
			to <- prometheus.MustNewConstMetric(f.description("target"), f.kind, f.value, t.Name)
		}
	}
	for i := range c.Fleet {
		for _, f := range inFleet(&c.Fleet[i]) {
			if f.known {
				to <- prometheus.MustNewConstMetric(f.description("site"), f.kind, f.value, c.Fleet[i].Site)
			}
		}
	}
}
