package nodemetrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"
)

// routePatience is how long nodes may be known without any report of any node
// before that is called a missing route.
const routePatience = 5 * time.Minute

// routeWatch notices that nobody hands reports to the module: it knows nodes, and
// in all the time since it has heard nothing, not even what it had to refuse. The
// cause is never a node then, but what lies before the module.
type routeWatch struct {
	known   func() int  // how many nodes there are
	heard   func() bool // whether any message has come
	missing prometheus.Gauge
	since   time.Time // when nodes were first seen without a report
	warned  bool
}

// newRouteWatch returns the watch of a module.
func (m *Module) newRouteWatch() *routeWatch {
	return &routeWatch{
		known: func() int {
			st := m.registry.Stats()
			return st.Fresh + st.Expired + st.Pending
		},
		heard:   m.heard.Load,
		missing: m.metrics.routeMissing,
	}
}

// run looks until ctx is done, or until the first message.
func (w *routeWatch) run(ctx context.Context) {
	ticker := time.NewTicker(routePatience / 10)
	defer ticker.Stop()
	for !w.heard() {
		w.look(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
	w.missing.Set(0)
	if w.warned {
		klog.InfoS("Reports reach the module now")
	}
}

// look compares what is known with what was heard.
func (w *routeWatch) look(now time.Time) {
	nodes := w.known()
	switch {
	case nodes == 0:
		w.since = time.Time{}
	case w.since.IsZero():
		w.since = now
	case !w.warned && now.Sub(w.since) >= routePatience:
		w.warned = true
		w.missing.Set(1)
		klog.ErrorS(nil, "No route reaches the module: nodes are known, and no report has come. "+
			"Is the router on, is a handler added for the topics of every node (the stock router knows no wildcard), do the edges run a reporter?",
			"nodes", nodes, "for", routePatience.String())
	}
}
