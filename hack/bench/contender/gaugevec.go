package contender

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// gaugeVec is what most people would write: a GaugeVec for each family.
type gaugeVec struct {
	registry *prometheus.Registry
	vecs     []*prometheus.GaugeVec
}

func newGaugeVec(Options) (Contender, error) {
	g := &gaugeVec{registry: prometheus.NewRegistry()}
	for _, f := range Families {
		vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: f.Name, Help: help}, append(f.Labels[:len(f.Labels):len(f.Labels)], "node"))
		g.registry.MustRegister(vec)
		g.vecs = append(g.vecs, vec)
	}
	return g, nil
}

// help is every peer's help text.
const help = "A quantity of an edge node."

func (g *gaugeVec) Prepare(r Report) func() error {
	return func() error {
		for k := range Layout {
			g.vecs[Layout[k].Family].WithLabelValues(labelValues(r.Node, k)...).Set(r.Values[k])
		}
		return nil
	}
}

// labelValues returns the label values of series k, the node's last.
func labelValues(node string, k int) []string {
	labels := Layout[k].Labels
	values := make([]string, 0, len(labels)+1)
	for _, l := range labels {
		values = append(values, l.Value)
	}
	return append(values, node)
}

func (g *gaugeVec) Handler() http.Handler {
	return promhttp.HandlerFor(g.registry, promhttp.HandlerOpts{})
}
