package nodemetrics

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// families are metric families that are all there from the start.
//
// Gathered by a prometheus.Registry, with its goroutines and its checks of what
// never changes, the module's own took a seventh of the scrape of some hundred
// nodes. So they are gathered here, and a test holds the two to be the same.
type families []family

type family struct {
	name, help string
	kind       dto.MetricType
	metrics    []prometheus.Metric // sorted by the values of their labels
}

// add adds m to the family of that name, which stands where its name belongs,
// and returns it. Metrics of one family come in the order of their labels'
// values.
func add[M prometheus.Metric](all *families, kind dto.MetricType, o prometheus.Opts, m M) M {
	i, found := slices.BinarySearchFunc(*all, o.Name, func(f family, name string) int { return strings.Compare(f.name, name) })
	if !found {
		*all = slices.Insert(*all, i, family{name: o.Name, help: o.Help, kind: kind})
	}
	f := &(*all)[i]
	f.metrics = append(f.metrics, m)
	return m
}

func (all *families) counter(o prometheus.Opts) prometheus.Counter {
	return add(all, dto.MetricType_COUNTER, o, prometheus.NewCounter(prometheus.CounterOpts(o)))
}

func (all *families) counterFunc(o prometheus.Opts, value func() float64) {
	add(all, dto.MetricType_COUNTER, o, prometheus.NewCounterFunc(prometheus.CounterOpts(o), value))
}

func (all *families) gauge(o prometheus.Opts) prometheus.Gauge {
	return add(all, dto.MetricType_GAUGE, o, prometheus.NewGauge(prometheus.GaugeOpts(o)))
}

func (all *families) gaugeFunc(o prometheus.Opts, value func() float64) {
	add(all, dto.MetricType_GAUGE, o, prometheus.NewGaugeFunc(prometheus.GaugeOpts(o), value))
}

func (all *families) histogram(o prometheus.Opts, buckets []float64) prometheus.Histogram {
	return add(all, dto.MetricType_HISTOGRAM, o, prometheus.NewHistogram(prometheus.HistogramOpts{Name: o.Name, Help: o.Help, Buckets: buckets}))
}

// gather reads all, sorted by name.
func (all families) gather() []*dto.MetricFamily {
	out := make([]*dto.MetricFamily, len(all))
	for i := range all {
		f := &all[i]
		metrics := make([]dto.Metric, len(f.metrics))
		out[i] = &dto.MetricFamily{Name: &f.name, Help: &f.help, Type: &f.kind, Metric: make([]*dto.Metric, len(metrics))}
		for j, m := range f.metrics {
			_ = m.Write(&metrics[j]) // what client_golang counts itself can always be read
			out[i].Metric[j] = &metrics[j]
		}
	}
	return out
}
