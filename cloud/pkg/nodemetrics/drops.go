package nodemetrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// dropMetrics count what is left out of reports that are taken.
type dropMetrics struct {
	samples [len(mapping.Drops{})]prometheus.Counter // in the order of mapping.DropReasons
	empty   prometheus.Counter
}

// dropReasons are mapping's, read once.
var dropReasons = mapping.DropReasons()

func newDropMetrics(r prometheus.Registerer, nodes *registry.Registry) (x dropMetrics) {
	samples := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nodemetrics_samples_dropped_total",
		Help: "Samples that were left out of reports, the rest of which was taken, by what was wrong with them."}, []string{"reason"})
	for i, reason := range dropReasons {
		x.samples[i] = samples.WithLabelValues(string(reason))
	}
	x.empty = prometheus.NewCounter(prometheus.CounterOpts{Name: "nodemetrics_reports_without_samples_total",
		Help: "Reports without a sample that can be used, heartbeats among them. They keep their node up."})
	r.MustRegister(&dropped{CounterVec: samples, nodes: nodes}, x.empty)
	return x
}

// reasonOverShare is why the registry leaves out samples.
const reasonOverShare = "over_share"

// dropped adds what the registry left out to what the decoder did.
type dropped struct {
	*prometheus.CounterVec
	nodes *registry.Registry

	mu   sync.Mutex
	seen uint64 // of the registry's
}

// Collect collects all.
func (d *dropped) Collect(ch chan<- prometheus.Metric) {
	d.mu.Lock()
	shed := d.nodes.Shed()
	d.WithLabelValues(reasonOverShare).Add(float64(shed - d.seen))
	d.seen = shed
	d.mu.Unlock()
	d.CounterVec.Collect(ch)
}

// Dropped is how many samples were dropped for a reason, with an example.
type Dropped struct {
	Reason  string
	Samples int
	Example string // the message's resource, and what was wrong
}

// Dropped returns the reasons for which samples have been dropped so far.
func (m *Module) Dropped() (all []Dropped) {
	examples := m.drops.list()
	for i, reason := range dropReasons {
		var n dto.Metric
		if err := m.metrics.drops.samples[i].Write(&n); err != nil || n.GetCounter().GetValue() == 0 {
			continue
		}
		d := Dropped{Reason: string(reason), Samples: int(n.GetCounter().GetValue())}
		for _, e := range examples {
			if e.Reason == d.Reason {
				d.Example = e.Resource + ": " + e.Error
			}
		}
		all = append(all, d)
	}
	return all
}

// examplesPause is the least time between two messages that are decoded once
// more for an example, so that a flood of bad samples stays cheap.
const examplesPause = 200 * time.Millisecond

// accountDrops counts the samples that a report lacks, and keeps an example for
// each reason that has had none for a second. The first of a reason never waits:
// there might be no second one.
func (m *Module) accountDrops(d *mapping.Decoder, report *mapping.Report, resource string, content any) {
	x := &m.metrics.drops
	if len(report.Samples) == 0 {
		x.empty.Inc()
	}
	wanted, first := false, false
	for i, n := range report.Dropped {
		if n > 0 {
			x.samples[i].Add(float64(n))
			if reason := string(dropReasons[i]); m.drops.due(reason) {
				wanted, first = true, m.drops.first(reason) || first
			}
		}
	}
	if !wanted || !m.drops.pass(examplesPause) && !first {
		return
	}
	for _, one := range d.Examples(content) {
		m.drops.note(string(one.Reason), resource, &one.Error)
		klog.V(4).InfoS("Sample dropped", "resource", resource, "reason", one.Reason, "err", &one.Error)
	}
}
