package contender

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/statsd_exporter/pkg/event"
	"github.com/prometheus/statsd_exporter/pkg/exporter"
	"github.com/prometheus/statsd_exporter/pkg/mapper"
	"github.com/prometheus/statsd_exporter/pkg/mappercache/lru"
)

// statsd is statsd_exporter's exporter and mapper, with its default cache and
// a TTL, given events as its parser would make them: no UDP, no parsing.
type statsd struct {
	registry *prometheus.Registry
	events   chan event.Events
}

func newStatsd(Options) (Contender, error) {
	own := prometheus.NewRegistry() // statsd_exporter's metrics about itself
	m := &mapper.MetricMapper{
		Registerer:    own,
		MappingsCount: prometheus.NewGauge(prometheus.GaugeOpts{Name: "mappings"}),
		Logger:        slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	cache, err := lru.NewMetricMapperLRUCache(own, 1000)
	if err != nil {
		return nil, err
	}
	m.UseCache(cache)
	if err := m.InitFromYAMLString("defaults:\n  ttl: 1h\nmappings: []\n"); err != nil {
		return nil, err
	}
	vec := func(name string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name}, labels)
	}
	s := &statsd{registry: prometheus.NewRegistry(), events: make(chan event.Events)}
	e := exporter.NewExporter(s.registry, m, m.Logger,
		vec("actions", "action"), prometheus.NewCounter(prometheus.CounterOpts{Name: "unmapped"}),
		vec("errors", "reason"), vec("events", "type"), vec("conflicts", "type", "metric_name"),
		prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "metrics"}, []string{"type"}))
	go e.Listen(s.events)
	return s, nil
}

func (s *statsd) Prepare(r Report) func() error {
	return func() error {
		events := make(event.Events, 0, len(Layout))
		for k := range Layout {
			labels := map[string]string{"node": r.Node}
			for _, l := range Layout[k].Labels {
				labels[l.Name] = l.Value
			}
			events = append(events, &event.GaugeEvent{GMetricName: Families[Layout[k].Family].Name, GValue: r.Values[k], GLabels: labels})
		}
		s.events <- events
		// The channel has no buffer: that the next send succeeds says that
		// the events before it were handled.
		s.events <- nil
		return nil
	}
}

func (s *statsd) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}
