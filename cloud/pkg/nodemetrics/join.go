package nodemetrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/edgegauge/edgegauge/pkg/exposition"
)

// joinHost puts the nodes on the page of the process's default registry, which
// is what cloudcore's monitorServer serves, until ctx is done.
func (m *Module) joinHost(ctx context.Context) error {
	// What describes nothing beforehand cannot be unregistered: it stays, and
	// is silent while the module does not run.
	m.join.Do(func() {
		host := hostNames{host: prometheus.DefaultRegisterer}
		nodes := exposition.CollectorExcept(m.registry, host.refused)
		m.joinErr = prometheus.Register(whileRunning{collectors{nodes, m.metrics.Registry}, m})
	})
	if m.joinErr != nil {
		return fmt.Errorf("joining the page of the default registry: %w", m.joinErr)
	}
	klog.InfoS("Node metrics are on cloudcore's monitorServer page, without a listener of their own")
	<-ctx.Done()
	return nil
}

type whileRunning struct {
	prometheus.Collector
	module *Module
}

// Collect collects nothing once the module has stopped.
func (c whileRunning) Collect(ch chan<- prometheus.Metric) {
	if c.module.running.Load() {
		c.Collector.Collect(ch)
	}
}

// hostNames tells which families of a mapping would meet one of the host's on the
// host's own page. Such a page is an error as a whole, whoever is to blame, so the
// mapping's family is left out.
type hostNames struct {
	host prometheus.Registerer

	mu    sync.Mutex
	names []string           // that were asked for last
	descs []*prometheus.Desc // of them
	told  []string           // the refused ones that the log has
}

// suffixes are what formats append to the name of a family.
var suffixes = []string{"_total", "_created", "_count", "_sum", "_bucket", "_info"}

// refused returns those of the families that have a name in common with one of the
// host's, as far as the host's collectors describe their metrics: with or without one
// of the suffixes, so that it holds for every format.
func (h *hostNames) refused(families []string) map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Equal(h.names, families) {
		h.names, h.descs = slices.Clone(families), nil
		for _, name := range families {
			h.descs = append(h.descs, related(name)...)
		}
	}
	if !h.meets(h.descs) { // the rule
		h.told = nil
		return nil
	}
	refused := map[string]bool{}
	var names []string
	for _, name := range families {
		if h.meets(related(name)) {
			refused[name] = true
			names = append(names, name)
		}
	}
	if !slices.Equal(h.told, names) {
		klog.ErrorS(nil, "Families of the mapping are not shown: cloudcore has metrics of these names", "families", names)
		h.told = names
	}
	return refused
}

// related returns descriptions for all names that a family must not meet. No metric
// has their label, so that a registry finds each at odds with one that it has.
func related(name string) (all []*prometheus.Desc) {
	add := func(name string) {
		all = append(all, prometheus.NewDesc(name, "", []string{"edgegauge_asks_for_the_name"}, nil))
	}
	add(name)
	for _, suffix := range suffixes {
		add(name + suffix)
		if base, ok := strings.CutSuffix(name, suffix); ok && base != "" {
			add(base)
			for _, other := range suffixes {
				if other != suffix {
					add(base + other)
				}
			}
		}
	}
	return all
}

// meets reports whether the host has a metric of one of these names. A registry does
// not tell its names without collecting all metrics, but it refuses what is at odds
// with them. It refuses the question in any case, so nothing is ever registered.
func (h *hostNames) meets(all []*prometheus.Desc) bool {
	err := h.host.Register(question(all))
	return err != nil && !errors.Is(err, errQuestion)
}

// question is a collector that is never registered.
type question []*prometheus.Desc

var errQuestion = errors.New("none of the names is taken")

// Describe sends the names asked for, and behind them what cannot be registered.
func (q question) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range q {
		ch <- d
	}
	ch <- prometheus.NewInvalidDesc(errQuestion)
}

// Collect sends nothing.
func (question) Collect(chan<- prometheus.Metric) {}
