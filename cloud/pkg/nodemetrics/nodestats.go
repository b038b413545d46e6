package nodemetrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

var (
	nodesDesc = prometheus.NewDesc("nodemetrics_nodes",
		"Known nodes: fresh ones reported within their TTL, expired ones did not, pending ones are expected.", []string{"state"}, nil)
	seriesDesc = prometheus.NewDesc("nodemetrics_series", "Series of nodes on the page.", nil, nil)
)

// nodeStats counts the nodes once per scrape, for all gauges that tell of them.
type nodeStats struct{ nodes *registry.Registry }

// Describe describes them.
func (nodeStats) Describe(ch chan<- *prometheus.Desc) {
	ch <- nodesDesc
	ch <- seriesDesc
}

// Collect counts the nodes as they are now.
func (n nodeStats) Collect(ch chan<- prometheus.Metric) {
	st := n.nodes.Stats()
	for state, count := range map[string]int{"expired": st.Expired, "fresh": st.Fresh, "pending": st.Pending} {
		ch <- prometheus.MustNewConstMetric(nodesDesc, prometheus.GaugeValue, float64(count), state)
	}
	ch <- prometheus.MustNewConstMetric(seriesDesc, prometheus.GaugeValue, float64(st.Series))
}
