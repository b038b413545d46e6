package nodemetrics

import "github.com/prometheus/client_golang/prometheus"

// connMetrics tell of the listener's connections.
type connMetrics struct {
	open                       prometheus.Gauge
	refused, replaced, stalled prometheus.Counter
}

func newConnMetrics(r prometheus.Registerer) connMetrics {
	closed := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nodemetrics_connections_closed_total",
		Help: "Connections that the listener closed: refused for want of room, replaced by a newer one, stalled in reading an answer."},
		[]string{"reason"})
	open := prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodemetrics_connections", Help: "Open connections of the listener."})
	r.MustRegister(open, closed)
	return connMetrics{open, closed.WithLabelValues("refused"), closed.WithLabelValues("replaced"), closed.WithLabelValues("stalled")}
}
