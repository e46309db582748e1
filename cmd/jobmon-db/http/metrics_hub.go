package http

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/jobmon-db/jobmon-db/cmd/jobmon-db/control"
)

// HubMetrics answers Prometheus with the figures of a hub's sites and targets, as Metrics does with those of a daemon.
func HubMetrics(version string, sites func() []control.FleetSite, targets func() []control.Target) http.Handler {
	registry := prometheus.NewRegistry()
	process := collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})
	registry.MustRegister(&hubs{version, sites, targets}, collectors.NewGoCollector(), process)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// atHub are the figures of a site that a hub follows.
func atHub(s *control.FleetSite) []figure {
	return []figure{
		define("fleet_site_age_seconds", "Seconds since the time until which the hub's copy is complete.",
			prometheus.GaugeValue, float64(s.AgeMS)/1000, s.AgeMS >= 0),
		gauge("fleet_site_behind_events", "Events that the site has and the hub does not yet.", s.Lacks()),
		flag("fleet_site_away", "1 while something of the site is away; \"fleet status\" says what.", s.Away != ""),
		define("fleet_site_delay_seconds", "Seconds from the newest batch's commit at the site to that at the hub.",
			prometheus.GaugeValue, float64(s.DelayMS)/1000, s.DelayMS >= 0),
		counter("fleet_site_events_total", "Sequence number of the newest event that the hub has.", s.Has),
		gauge("fleet_site_computers", "Computers of the site with a picture.", s.Computers),
		flag("fleet_site_trouble", "1 while the site's log cannot be followed; \"fleet status\" says why.",
			s.Trouble != ""),
		gauge("fleet_site_logs_aside", "Earlier logs of the site that the hub set aside.", s.Aside),
		counter("fleet_site_refused_total", "Messages of the site that the hub refused, as they are not what its log "+
			"says.", s.Unbelieved),
	}
}

// hubs looks at the hub once for all figures.
type hubs struct {
	version string
	sites   func() []control.FleetSite
	targets func() []control.Target
}

func (h *hubs) info() *prometheus.Desc {
	return prometheus.NewDesc("jobmon_hub_info", "Always 1; the hub's version.", []string{"version"}, nil)
}

// Describe implements prometheus.Collector.
func (h *hubs) Describe(to chan<- *prometheus.Desc) {
	to <- h.info()
	for _, f := range atHub(&control.FleetSite{}) {
		to <- f.description("site")
	}
	for _, f := range targeted(&control.Target{}) {
		to <- f.description("target")
	}
}

// Collect implements prometheus.Collector.
func (h *hubs) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(h.info(), prometheus.GaugeValue, 1, h.version)
	for _, s := range h.sites() {
		for _, f := range atHub(&s) {
			if f.known {
				to <- prometheus.MustNewConstMetric(f.description("site"), f.kind, f.value, s.Site)
			}
		}
	}
	for _, t := range h.targets() {
		for _, f := range targeted(&t) {
			to <- prometheus.MustNewConstMetric(f.description("target"), f.kind, f.value, t.Name)
		}
	}
}
