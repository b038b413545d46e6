package nodemetrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// scrapeMetrics tell how the page is read.
type scrapeMetrics struct {
	byCode   *prometheus.CounterVec
	inFlight prometheus.Gauge
	duration prometheus.Histogram
	pageSize prometheus.Gauge
}

// scrapeCodes are the statuses that a request for the page can end with.
var scrapeCodes = []int{http.StatusOK, http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusServiceUnavailable}

func newScrapeMetrics(r prometheus.Registerer) scrapeMetrics {
	x := scrapeMetrics{
		byCode: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nodemetrics_scrapes_total",
			Help: "Requests for the page by the status of the answer."}, []string{"code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodemetrics_scrapes_in_flight",
			Help: "Requests for the page that are being answered."}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "nodemetrics_scrape_duration_seconds",
			Help:    "Time from a request for the page to the last byte of the answer, or to its end without one.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 9)}),
		pageSize: prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodemetrics_page_bytes",
			Help: "Size of the newest page, uncompressed."}),
	}
	r.MustRegister(x.byCode, x.inFlight, x.duration, x.pageSize)
	for _, code := range scrapeCodes {
		x.byCode.WithLabelValues(strconv.Itoa(code))
	}
	return x
}

// count returns h with its requests counted and timed.
func (x *scrapeMetrics) count(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		x.inFlight.Inc()
		status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			x.inFlight.Dec()
			x.duration.Observe(time.Since(start).Seconds())
			x.byCode.WithLabelValues(strconv.Itoa(status.status)).Inc()
		}()
		h.ServeHTTP(status, r)
	})
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status, which is 200 where nobody calls this.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets an http.ResponseController find the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
