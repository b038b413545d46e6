package nodemetrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

var (
	limitDesc = prometheus.NewDesc("nodemetrics_limit",
		"What all nodes may take together, by the name of the limit in the config.", []string{"limit"}, nil)
	usedDesc = prometheus.NewDesc("nodemetrics_used",
		"What all nodes take together of each limit. bytes are those of the nodes' part of the page, which take less memory.", []string{"limit"}, nil)
	conflictDesc = prometheus.NewDesc("nodemetrics_name_conflict_reports_total",
		"Reports of nodes under whose name two machines report, told by their clocks. They are counted as accepted or late too.", nil, nil)
)

// budgets tells what the nodes take together, and what they may.
type budgets struct{ module *Module }

// Describe describes them.
func (budgets) Describe(ch chan<- *prometheus.Desc) {
	ch <- limitDesc
	ch <- usedDesc
	ch <- conflictDesc
}

// Collect reads them.
func (b budgets) Collect(ch chan<- prometheus.Metric) {
	o, used := b.module.registry.Options(), b.module.registry.Used()
	for _, l := range []struct {
		name        string
		limit, used float64
	}{
		{"nodes", float64(o.Nodes), float64(used.Nodes)},
		{"series", float64(o.Series), float64(used.Series)},
		{"bytes", float64(o.Bytes), float64(used.Bytes)},
		{"pendingBytes", float64(b.module.config.Load().Limits.pendingBytes()), float64(b.module.pending.used())},
	} {
		ch <- prometheus.MustNewConstMetric(limitDesc, prometheus.GaugeValue, l.limit, l.name)
		ch <- prometheus.MustNewConstMetric(usedDesc, prometheus.GaugeValue, l.used, l.name)
	}
	ch <- prometheus.MustNewConstMetric(conflictDesc, prometheus.CounterValue, float64(b.module.registry.Conflicts()))
}
