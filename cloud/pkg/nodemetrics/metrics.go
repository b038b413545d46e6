package nodemetrics

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/kubeedge/beehive/pkg/core/model"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// metrics are the module's own: nodemetrics_*, without a label for the node.
// They are one collector, so that they can stand on another page too.
type metrics struct {
	nodes    *registry.Registry
	stats    atomic.Pointer[registry.Stats] // of the newest scrape
	families families

	accepted   prometheus.Counter
	rejected   map[string]prometheus.Counter
	ignored    prometheus.Counter
	mismatches prometheus.Counter
	bytes      prometheus.Histogram
	duration   prometheus.Histogram
	hostErrors prometheus.Counter
	reloadOK   prometheus.Gauge
	reloadTime prometheus.Gauge
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
	x := &metrics{nodes: nodes, rejected: map[string]prometheus.Counter{}}
	x.ofNodes()
	x.ofReports()
	x.hostErrors = x.families.counter(prometheus.Opts{Name: "nodemetrics_host_gather_errors_total",
		Help: "Scrapes in which not all of the process's other metrics could be shown."})
	x.reloadOK = x.families.gauge(prometheus.Opts{Name: "nodemetrics_config_last_reload_successful",
		Help: "Whether the config file as it is now is the one in force."})
	x.reloadTime = x.families.gauge(prometheus.Opts{Name: "nodemetrics_config_last_reload_success_timestamp_seconds",
		Help: "When the config in force was taken up, in seconds since the Unix epoch."})
	x.families.gauge(prometheus.Opts{Name: "nodemetrics_build_info",
		Help:        "Version of the module; the value is always 1.",
		ConstLabels: prometheus.Labels{"version": version(), "goversion": runtime.Version()}}).Set(1)
	x.reloadOK.Set(1)
	x.reloadTime.SetToCurrentTime()
	return x
}

// ofNodes adds what the registry keeps.
func (x *metrics) ofNodes() {
	for _, s := range []struct {
		state string
		count func(*registry.Stats) int
	}{
		{"expired", func(st *registry.Stats) int { return st.Expired }},
		{"fresh", func(st *registry.Stats) int { return st.Fresh }},
		{"pending", func(st *registry.Stats) int { return st.Pending }},
	} {
		x.families.gaugeFunc(prometheus.Opts{Name: "nodemetrics_nodes",
			Help:        "Known nodes: fresh ones reported within their TTL, expired ones did not, pending ones are expected.",
			ConstLabels: prometheus.Labels{"state": s.state}},
			func() float64 { return float64(s.count(x.stats.Load())) })
	}
	x.families.gaugeFunc(prometheus.Opts{Name: "nodemetrics_series", Help: "Series of nodes on the page."},
		func() float64 { return float64(x.stats.Load().Series) })
	x.families.gaugeFunc(prometheus.Opts{Name: "nodemetrics_node_ttl_seconds", Help: "The configured time that a report counts (nodeTTL)."},
		func() float64 { return x.nodes.Options().NodeTTL.Seconds() })
	for _, c := range []struct {
		registry.Change
		change, reason string
	}{
		{registry.Appeared, "appeared", "report"},
		{registry.ExpiredByDisconnect, "expired", "disconnect"},
		{registry.ExpiredByTTL, "expired", "ttl"},
		{registry.ForgottenByDeletion, "forgotten", "deletion"},
		{registry.ForgottenByRetention, "forgotten", "retention"},
		{registry.Returned, "returned", "report"},
	} {
		x.families.counterFunc(prometheus.Opts{Name: "nodemetrics_node_changes_total",
			Help:        "Nodes that appeared, returned, expired or were forgotten, by what made them.",
			ConstLabels: prometheus.Labels{"change": c.change, "reason": c.reason}},
			func() float64 { return float64(x.nodes.Count(c.Change)) })
	}
}

// ofReports adds what account counts.
func (x *metrics) ofReports() {
	reports := func(reason, result string) prometheus.Counter {
		return x.families.counter(prometheus.Opts{Name: "nodemetrics_reports_total",
			Help:        "Reports by what became of them, and why they were rejected.",
			ConstLabels: prometheus.Labels{"reason": reason, "result": result}})
	}
	x.accepted = reports("", "accepted")
	rejections := reasons()
	slices.Sort(rejections)
	for _, r := range rejections {
		x.rejected[r] = reports(r, "rejected")
	}
	x.ignored = x.families.counter(prometheus.Opts{Name: "nodemetrics_reports_with_ignored_fields_total",
		Help: "Reports with fields that the mapping does not know."})
	x.mismatches = x.families.counter(prometheus.Opts{Name: "nodemetrics_identity_mismatches_total",
		Help: "Reports that claim another node's name than that of the session which brought them."})
	x.bytes = x.families.histogram(prometheus.Opts{Name: "nodemetrics_report_bytes",
		Help: "Size of reports that came as bytes or text."}, prometheus.ExponentialBuckets(256, 4, 7))
	x.duration = x.families.histogram(prometheus.Opts{Name: "nodemetrics_report_duration_seconds",
		Help: "Time from the receipt of a report to its being on the page."}, prometheus.ExponentialBuckets(1e-6, 4, 9))
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

// count counts the registry's nodes, for the gauges that tell of them.
func (x *metrics) count() {
	st := x.nodes.Stats()
	x.stats.Store(&st)
}

// gather reads all of them, sorted by name.
func (x *metrics) gather() []*dto.MetricFamily {
	x.count()
	return x.families.gather()
}

// Describe describes all of them.
func (x *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range x.families {
		for _, m := range f.metrics {
			ch <- m.Desc()
		}
	}
}

// Collect sends all of them.
func (x *metrics) Collect(ch chan<- prometheus.Metric) {
	x.count()
	for _, f := range x.families {
		for _, m := range f.metrics {
			ch <- m
		}
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
