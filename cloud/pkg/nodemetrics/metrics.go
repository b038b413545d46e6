package nodemetrics

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

// metrics are the module's own: nodemetrics_*, without a label for the node.
// They are one collector, so that they can stand on another page too.
type metrics struct {
	nodes    *registry.Registry
	registry *prometheus.Registry

	state      *prometheus.Desc
	series     *prometheus.Desc
	changes    *prometheus.Desc
	ttl        *prometheus.Desc
	accepted   prometheus.Counter
	rejected   map[string]prometheus.Counter
	reports    *prometheus.CounterVec
	ignored    prometheus.Counter
	mismatches prometheus.Counter
	bytes      prometheus.Histogram
	duration   prometheus.Histogram
	hostErrors prometheus.Counter
	reloadOK   prometheus.Gauge
	reloadTime prometheus.Gauge
	build      prometheus.Gauge
}

// reasons are all for which a report can be refused.
func reasons() []string {
	all := []string{reasonNotMessage, reasonNoNode, reasonBadNode, reasonInternal}
	for _, r := range sysinfo.Reasons() {
		all = append(all, string(r))
	}
	for _, r := range registry.Reasons() {
		all = append(all, string(r))
	}
	return all
}

func newMetrics(m *Module) *metrics {
	x := &metrics{
		nodes:    m.registry,
		registry: prometheus.NewRegistry(),
		state: prometheus.NewDesc("nodemetrics_nodes",
			"Known nodes: fresh ones reported within their TTL, expired ones did not, pending ones are expected.", []string{"state"}, nil),
		series: prometheus.NewDesc("nodemetrics_series", "Series of nodes on the page.", nil, nil),
		changes: prometheus.NewDesc("nodemetrics_node_changes_total",
			"Nodes that appeared, returned, expired or were forgotten, by what made them.", []string{"change", "reason"}, nil),
		ttl: prometheus.NewDesc("nodemetrics_node_ttl_seconds",
			"The configured time that a report counts (nodeTTL).", nil, nil),
		reports: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nodemetrics_reports_total",
			Help: "Reports by what became of them, and why they were rejected."}, []string{"result", "reason"}),
		rejected: map[string]prometheus.Counter{},
		ignored: prometheus.NewCounter(prometheus.CounterOpts{Name: "nodemetrics_reports_with_ignored_fields_total",
			Help: "Reports with fields that the mapping does not know."}),
		mismatches: prometheus.NewCounter(prometheus.CounterOpts{Name: "nodemetrics_identity_mismatches_total",
			Help: "Reports that claim another node's name than that of the session which brought them."}),
		bytes: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "nodemetrics_report_bytes",
			Help: "Size of reports that came as bytes or text.", Buckets: prometheus.ExponentialBuckets(256, 4, 7)}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "nodemetrics_report_duration_seconds",
			Help: "Time from the receipt of a report to its being on the page.", Buckets: prometheus.ExponentialBuckets(1e-6, 4, 9)}),
		hostErrors: prometheus.NewCounter(prometheus.CounterOpts{Name: "nodemetrics_host_gather_errors_total",
			Help: "Scrapes in which not all of the process's other metrics could be shown."}),
		reloadOK: prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodemetrics_config_last_reload_successful",
			Help: "Whether the config file as it is now is the one in force."}),
		reloadTime: prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodemetrics_config_last_reload_success_timestamp_seconds",
			Help: "When the config in force was taken up, in seconds since the Unix epoch."}),
		build: prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodemetrics_build_info",
			Help:        "Version of the module; the value is always 1.",
			ConstLabels: prometheus.Labels{"version": version(), "goversion": runtime.Version()}}),
	}
	x.accepted = x.reports.WithLabelValues("accepted", "")
	for _, r := range reasons() {
		x.rejected[r] = x.reports.WithLabelValues("rejected", r)
	}
	x.build.Set(1)
	x.reloadOK.Set(1)
	x.reloadTime.SetToCurrentTime()
	x.registry.MustRegister(x) // a new registry refuses nothing
	return x
}

// version is that of this Go module, if the binary was built with one.
func version() string {
	const path = "github.com/edgegauge/edgegauge"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == path && m.Version != "" {
			return m.Version
		}
	}
	return "unknown"
}

func (x *metrics) parts() []prometheus.Collector {
	return []prometheus.Collector{x.reports, x.ignored, x.mismatches, x.bytes, x.duration, x.hostErrors, x.reloadOK, x.reloadTime, x.build}
}

// Describe describes all of them.
func (x *metrics) Describe(ch chan<- *prometheus.Desc) {
	ch <- x.state
	ch <- x.series
	ch <- x.changes
	ch <- x.ttl
	for _, p := range x.parts() {
		p.Describe(ch)
	}
}

// Collect reads those that the registry keeps, and the rest.
func (x *metrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	st := x.nodes.Stats()
	gauge(x.state, float64(st.Fresh), "fresh")
	gauge(x.state, float64(st.Expired), "expired")
	gauge(x.state, float64(st.Pending), "pending")
	gauge(x.series, float64(st.Series))
	gauge(x.ttl, x.nodes.Options().NodeTTL.Seconds())
	for _, c := range []struct {
		registry.Change
		change, reason string
	}{
		{registry.Appeared, "appeared", "report"},
		{registry.Returned, "returned", "report"},
		{registry.ExpiredByTTL, "expired", "ttl"},
		{registry.ExpiredByDisconnect, "expired", "disconnect"},
		{registry.ForgottenByRetention, "forgotten", "retention"},
		{registry.ForgottenByDeletion, "forgotten", "deletion"},
	} {
		ch <- prometheus.MustNewConstMetric(x.changes, prometheus.CounterValue, float64(x.nodes.Count(c.Change)), c.change, c.reason)
	}
	for _, p := range x.parts() {
		p.Collect(ch)
	}
}

// collectors is several as one, described when collected only.
type collectors []prometheus.Collector

// Describe sends nothing: the nodes' families may change.
func (collectors) Describe(chan<- *prometheus.Desc) {}

// Collect collects them in turn.
func (c collectors) Collect(ch chan<- prometheus.Metric) {
	for _, one := range c {
		one.Collect(ch)
	}
}

// account counts a message that was handled. It returns whether it was refused
// and is the one in this second to show for its reason.
func (m *Module) account(msg *model.Message, start time.Time, err error) (noted bool) {
	x := m.metrics
	x.duration.Observe(time.Since(start).Seconds())
	if msg != nil {
		switch c := msg.Content.(type) {
		case []byte:
			x.bytes.Observe(float64(len(c)))
		case json.RawMessage:
			x.bytes.Observe(float64(len(c)))
		case string:
			x.bytes.Observe(float64(len(c)))
		}
	}
	if err == nil {
		x.accepted.Inc()
		return false
	}
	reason := reasonOf(err)
	x.rejected[reason].Inc()
	resource := ""
	if msg != nil {
		resource = msg.Router.Resource
	}
	if klog.V(4).Enabled() {
		klog.V(4).InfoS("Report rejected", "resource", resource, "reason", reason, "err", err)
	}
	return m.refusals.note(reason, resource, err)
}
