package http

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/daemon"
)

// Metrics answers Prometheus with the figures of that moment. docs/monitoring.md lists their names, which are kept. It may be called by any goroutine.
func Metrics(condition func() daemon.Condition) http.Handler {
	registry := prometheus.NewRegistry() // of its own: nothing else in the process may add to it
	registry.MustRegister(collector(condition), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// figure is one of ours. ok is false as long as there is nothing to tell.
type figure struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	value       func(*daemon.Condition) (value float64, ok bool)
}

func define(name, help string, kind prometheus.ValueType, value func(*daemon.Condition) (float64, bool)) figure {
	return figure{prometheus.NewDesc("jobmon_"+name, help, nil, nil), kind, value}
}

func counter[N uint64 | int](name, help string, value func(*daemon.Condition) N) figure {
	return define(name, help, prometheus.CounterValue, func(c *daemon.Condition) (float64, bool) { return float64(value(c)), true })
}

func gauge[N int | int64 | uint64](name, help string, value func(*daemon.Condition) N) figure {
	return define(name, help, prometheus.GaugeValue, func(c *daemon.Condition) (float64, bool) { return float64(value(c)), true })
}

// flag is 1 or 0.
func flag(name, help string, value func(*daemon.Condition) bool) figure {
	return gauge(name, help, func(c *daemon.Condition) int {
		if value(c) {
			return 1
		}
		return 0
	})
}

// total adds up durations.
func total(name, help string, value func(*daemon.Condition) time.Duration) figure {
	return define(name, help, prometheus.CounterValue, func(c *daemon.Condition) (float64, bool) { return value(c).Seconds(), true })
}

func figures() []figure {
	return []figure{
		counter("source_reads_total", "Reads of the source that succeeded.", func(c *daemon.Condition) uint64 { return c.Source.Reads }),
		counter("source_reads_failed_total", "Reads of the source that gave nothing.", func(c *daemon.Condition) uint64 { return c.Source.Failed }),
		counter("source_batches_total", "T-SQL batches sent to the source.", func(c *daemon.Condition) uint64 { return c.Source.Batches }),
		counter("source_batches_retried_total", "Batches sent again because the server asked for it (deadlock, lock timeout).", func(c *daemon.Condition) uint64 { return c.Source.Retried }),
		counter("source_rows_total", "Rows of the source's answers.", func(c *daemon.Condition) uint64 { return c.Source.Rows }),
		counter("source_received_bytes_total", "Bytes read from the source.", func(c *daemon.Condition) uint64 { return c.Source.Bytes }),
		total("source_read_seconds_total", "Seconds that all good reads took together.", func(c *daemon.Condition) time.Duration { return c.Source.Total }),
		define("source_last_read_seconds", "Seconds that the last good read took.", prometheus.GaugeValue, func(c *daemon.Condition) (float64, bool) {
			return c.Source.Latest.Seconds(), !c.Source.Good.IsZero()
		}),
		define("source_last_read_age_seconds", "Seconds since the last good read; missing before the first one of this run.", prometheus.GaugeValue, func(c *daemon.Condition) (float64, bool) {
			return time.Since(c.Source.Good).Seconds(), !c.Source.Good.IsZero()
		}),
		flag("source_lost", "1 while the source cannot be read.", func(c *daemon.Condition) bool { return c.Lost != "" }),
		counter("cycles_total", "Cycles of polling that are on record.", func(c *daemon.Condition) uint64 { return c.Cycles }),

		counter("log_events_total", "Sequence number of the newest event in the log.", func(c *daemon.Condition) uint64 { return c.Events }),
		gauge("log_size_bytes", "Bytes of the log's file.", func(c *daemon.Condition) int64 { return c.LogBytes }),
		flag("log_broken", "1 while the log cannot be written or read, so that nothing new is shown.", func(c *daemon.Condition) bool { return c.Ahead }),

		counter("evt_files_written_total", "Files written into the evt folder.", func(c *daemon.Condition) uint64 { return c.Files.Written }),
		counter("evt_files_failed_total", "Attempts to write such a file that failed.", func(c *daemon.Condition) uint64 { return c.Files.Failed }),
		gauge("evt_files_pending", "Files that do not hold their newest state yet.", func(c *daemon.Condition) int { return c.Files.Pending }),
		gauge("evt_files_foreign", "Files left alone because another program wrote them.", func(c *daemon.Condition) int { return c.Files.Foreign }),
		flag("evt_folder_away", "1 while the evt folder cannot be reached.", func(c *daemon.Condition) bool { return c.Files.Away != nil }),

		counter("refreshes_total", "Requests of DS scripts that were served.", func(c *daemon.Condition) uint64 { return c.Refreshes.Served }),
		counter("refreshes_stale_total", "Of these, requests that got no fresh read.", func(c *daemon.Condition) uint64 { return c.Refreshes.Stale }),
		counter("refreshes_failed_total", "Requests that ended with an error.", func(c *daemon.Condition) uint64 { return c.Refreshes.Failed }),
		total("refresh_seconds_total", "Seconds that all served requests waited together.", func(c *daemon.Condition) time.Duration { return c.Refreshes.Took }),

		gauge("computers", "Computers with a picture.", func(c *daemon.Condition) int { return c.Computers }),
		gauge("deployments_planned", "Deployments that wait and of which no job has started.", func(c *daemon.Condition) int { return c.Planned }),
		gauge("deployments_open", "Deployments that go on.", func(c *daemon.Condition) int { return c.Open }),
		gauge("deployments_open_failing", "Of these, deployments with a job that failed and was not repaired.", func(c *daemon.Condition) int { return c.Failing }),
		gauge("deployments_open_waiting", "Of these, deployments in which nothing runs.", func(c *daemon.Condition) int { return c.Waiting }),
	}
}

// collector makes all figures of one look at the daemon.
func collector(condition func() daemon.Condition) prometheus.Collector {
	return &ours{condition: condition, figures: figures(), info: prometheus.NewDesc("jobmon_info", "Always 1; the program's version and the DS server watched.", []string{"version", "site"}, nil)}
}

type ours struct {
	condition func() daemon.Condition
	figures   []figure
	info      *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (o *ours) Describe(to chan<- *prometheus.Desc) {
	to <- o.info
	for _, f := range o.figures {
		to <- f.description
	}
}

// Collect implements prometheus.Collector.
func (o *ours) Collect(to chan<- prometheus.Metric) {
	c := o.condition()
	to <- prometheus.MustNewConstMetric(o.info, prometheus.GaugeValue, 1, c.Version, c.Site)
	for _, f := range o.figures {
		if v, ok := f.value(&c); ok {
			to <- prometheus.MustNewConstMetric(f.description, f.kind, v)
		}
	}
}
