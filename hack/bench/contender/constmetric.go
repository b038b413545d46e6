package contender

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// constMetric is the usual custom collector: the values in a map, a constant
// metric made of each at every scrape.
type constMetric struct {
	registry *prometheus.Registry
	descs    []*prometheus.Desc

	mu    sync.Mutex
	nodes map[string]*Values
}

func newConstMetric(Options) (Contender, error) {
	c := &constMetric{registry: prometheus.NewRegistry(), nodes: map[string]*Values{}}
	for _, f := range Families {
		c.descs = append(c.descs, prometheus.NewDesc(f.Name, help, append(f.Labels[:len(f.Labels):len(f.Labels)], "node"), nil))
	}
	c.registry.MustRegister(c)
	return c, nil
}

func (c *constMetric) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

func (c *constMetric) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for node, values := range c.nodes {
		for k := range Layout {
			ch <- prometheus.MustNewConstMetric(c.descs[Layout[k].Family], prometheus.GaugeValue, values[k], labelValues(node, k)...)
		}
	}
}

func (c *constMetric) Prepare(r Report) func() error {
	return func() error {
		c.mu.Lock()
		defer c.mu.Unlock()
		values, ok := c.nodes[r.Node]
		if !ok {
			values = new(Values)
			c.nodes[r.Node] = values
		}
		*values = r.Values
		return nil
	}
}

func (c *constMetric) Handler() http.Handler {
	return promhttp.HandlerFor(c.registry, promhttp.HandlerOpts{})
}
