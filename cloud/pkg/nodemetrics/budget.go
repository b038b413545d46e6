package nodemetrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/statuspage"
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

// budget returns what all nodes may take together, and what they take.
func (m *Module) budget() []statuspage.Limit {
	o, used := m.registry.Options(), m.registry.Used()
	return []statuspage.Limit{
		{Name: "nodes", Limit: float64(o.Nodes), Used: float64(used.Nodes)},
		{Name: "series", Limit: float64(o.Series), Used: float64(used.Series)},
		{Name: "bytes", Limit: float64(o.Bytes), Used: float64(used.Bytes)},
		{Name: "pendingBytes", Limit: float64(m.config.Load().Limits.pendingBytes()), Used: float64(m.pending.used())},
	}
}

// Collect reads them.
func (b budgets) Collect(ch chan<- prometheus.Metric) {
	for _, l := range b.module.budget() {
		ch <- prometheus.MustNewConstMetric(limitDesc, prometheus.GaugeValue, l.Limit, l.Name)
		ch <- prometheus.MustNewConstMetric(usedDesc, prometheus.GaugeValue, l.Used, l.Name)
	}
	ch <- prometheus.MustNewConstMetric(conflictDesc, prometheus.CounterValue, float64(b.module.registry.Conflicts()))
}
