package nodemetrics

import (
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// metrics are the module's own, nodemetrics_*. They have no label for the node.
type metrics struct {
	*prometheus.Registry

	drops        dropMetrics
	accepted     prometheus.Counter
	rejected     map[string]prometheus.Counter
	ignored      prometheus.Counter
	mismatches   prometheus.Counter
	bytes        prometheus.Histogram
	duration     prometheus.Histogram
	routeMissing prometheus.Gauge
	hostErrors   prometheus.Counter
	reloadOK     prometheus.Gauge
	reloadTime   prometheus.Gauge
	scrapes      scrapeMetrics
	snapshot     snapshotMetrics
	conns        connMetrics
}

// reasons are all for which a report can be refused.
func reasons() []string {
	all := []string{reasonNotMessage, reasonNoNode, reasonBadNode, reasonInternal}
	for _, r := range mapping.Reasons() {
		all = append(all, string(r))
	}
	for _, r := range registry.Reasons() {
		all = append(all, string(r))
	}
	return all
}

func newMetrics(nodes *registry.Registry) *metrics {
	x := &metrics{Registry: prometheus.NewRegistry(), rejected: map[string]prometheus.Counter{}}
	x.ofNodes(nodes)
	x.ofReports()
	x.drops = newDropMetrics(x.Registry, nodes)
	x.snapshot = newSnapshotMetrics(x.Registry)
	x.scrapes = newScrapeMetrics(x.Registry)
	x.conns = newConnMetrics(x.Registry)
	x.hostErrors = x.counter("nodemetrics_host_gather_errors_total",
		"Scrapes in which not all of the process's other metrics could be shown.")
	x.reloadOK = x.gauge("nodemetrics_config_last_reload_successful",
		"Whether the config file as it is now is the one in force.")
	x.reloadTime = x.gauge("nodemetrics_config_last_reload_success_timestamp_seconds",
		"When the config in force was taken up, in seconds since the Unix epoch.")
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodemetrics_build_info",
		Help:        "Version of the module; the value is always 1.",
		ConstLabels: prometheus.Labels{"version": Version(), "goversion": runtime.Version()}})
	build.Set(1)
	x.MustRegister(build)
	x.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "nodemetrics_time_seconds",
		Help: "The time by this process's clock, in seconds since the Unix epoch."},
		func() float64 { return float64(time.Now().UnixMilli()) / 1e3 }))
	x.reloadOK.Set(1)
	x.reloadTime.SetToCurrentTime()
	return x
}

// reloadedAt is when the config in force was taken up.
func (x *metrics) reloadedAt() time.Time {
	return time.UnixMilli(int64(value(x.reloadTime) * 1e3))
}

// counter returns a registered counter without labels.
func (x *metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	x.MustRegister(c)
	return c
}

// gauge returns a registered gauge without labels.
func (x *metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	x.MustRegister(g)
	return g
}

// histogram returns a registered histogram without labels.
func (x *metrics) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	x.MustRegister(h)
	return h
}

// ofNodes adds what the registry of nodes keeps.
func (x *metrics) ofNodes(nodes *registry.Registry) {
	x.MustRegister(nodeStats{nodes})
	x.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "nodemetrics_node_ttl_seconds",
		Help: "The configured time that a report counts (nodeTTL)."},
		func() float64 { return nodes.Options().NodeTTL.Seconds() }))
	for _, c := range []struct {
		registry.Change
		change, reason string
	}{
		{registry.Appeared, "appeared", "report"},
		{registry.ExpiredByDisconnect, "expired", "disconnect"},
		{registry.ExpiredByTTL, "expired", "ttl"},
		{registry.ForgottenByDeletion, "forgotten", "deletion"},
		{registry.ForgottenForRoom, "forgotten", "room"},
		{registry.ForgottenByRetention, "forgotten", "retention"},
		{registry.Returned, "returned", "report"},
	} {
		x.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "nodemetrics_node_changes_total",
			Help:        "Nodes that appeared, returned, expired or were forgotten, by what made them.",
			ConstLabels: prometheus.Labels{"change": c.change, "reason": c.reason}},
			func() float64 { return float64(nodes.Count(c.Change)) }))
	}
}

// ofReports adds what account counts.
func (x *metrics) ofReports() {
	reports := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nodemetrics_reports_total",
		Help: "Reports by what became of them, and why they were rejected."}, []string{"reason", "result"})
	x.MustRegister(reports)
	x.accepted = reports.WithLabelValues("", "accepted")
	for _, r := range reasons() {
		x.rejected[r] = reports.WithLabelValues(r, "rejected")
	}
	x.ignored = x.counter("nodemetrics_reports_with_ignored_fields_total",
		"Reports with fields that the mapping does not know.")
	x.mismatches = x.counter("nodemetrics_identity_mismatches_total",
		"Reports that claim another node's name than that of the session which brought them.")
	x.routeMissing = x.gauge("nodemetrics_route_missing",
		"Whether nodes are known for minutes and no report at all has come, accepted or rejected: no route reaches the module.")
	x.bytes = x.histogram("nodemetrics_report_bytes",
		"Size of reports that came as bytes or text.", prometheus.ExponentialBuckets(256, 4, 7))
	x.duration = x.histogram("nodemetrics_report_duration_seconds",
		"Time from the receipt of a report to its being on the page.", prometheus.ExponentialBuckets(1e-6, 4, 9))
}

// collectors are several collectors as one. It is described only by what it collects.
type collectors []prometheus.Collector

// Describe sends nothing: the nodes' families may change.
func (collectors) Describe(chan<- *prometheus.Desc) {}

// Collect collects them in turn.
func (c collectors) Collect(ch chan<- prometheus.Metric) {
	for _, one := range c {
		one.Collect(ch)
	}
}
