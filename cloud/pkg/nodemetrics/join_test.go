package nodemetrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	stock "github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Whatever the mapping says, the page of cloudcore's monitorServer stays whole: a
// family that meets one of cloudcore's is left out and named, the others are shown.
func TestJoinedPageStaysWhole(t *testing.T) {
	for family, refused := range map[string]bool{
		"process_resident_memory_bytes": true, "go_goroutines": true, "go_gc_duration_seconds": true,
		"go_gc_duration_seconds_count": true, "go_gc_duration_seconds_sum": true, "go_gc_duration_seconds_bucket": true,
		"go_gc_duration_seconds_created": true, "host_seconds_bucket": true, "host_seconds": true, "host_seconds_info": true,
		"process_cpu_seconds": true, "process_cpu_seconds_total": true, "process_cpu_seconds_created": true,
		"go_goroutines_total": true, "go_info": true, "host_seconds_extra": false, "edge_gauge": false, "goroutines": false,
	} {
		for _, open := range []bool{false, true} {
			t.Run(fmt.Sprint(family, open), func(t *testing.T) {
				host := prometheus.NewRegistry()
				registerer, gatherer := prometheus.DefaultRegisterer, prometheus.DefaultGatherer
				prometheus.DefaultRegisterer, prometheus.DefaultGatherer = host, host
				defer func() { prometheus.DefaultRegisterer, prometheus.DefaultGatherer = registerer, gatherer }()
				seconds := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "host_seconds", Help: "H."})
				host.MustRegister(stock.NewGoCollector(), stock.NewProcessCollector(stock.ProcessCollectorOpts{}), seconds)

				kind := "gauge"
				if strings.HasSuffix(family, "_total") {
					kind = "counter"
				}
				file := write(t, filepath.Join(t.TempDir(), "mapping.yaml"), fmt.Sprintf(
					"families: [{name: %s, type: %s, help: X., path: x}, {name: beside, help: B., path: x}]", family, kind))
				m := newModule(t, func(c *Config) { c.BindAddress, c.Host, c.MappingFile = "", nil, file })
				log := captureLog(t)
				run(t, m)
				for i := range 3 {
					accept(t, m, message(fmt.Sprint("edge-", i), `{"x": 7}`))
					// As cloudcore's monitorServer serves it.
					h := promhttp.HandlerFor(host, promhttp.HandlerOpts{EnableOpenMetrics: open})
					w := httptest.NewRecorder()
					r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
					if open {
						r.Header.Set("Accept", "application/openmetrics-text;version=1.0.0")
					}
					h.ServeHTTP(w, r)
					text := w.Body.String()
					if w.Code != http.StatusOK {
						t.Fatalf("status %d: %s", w.Code, text)
					}
					if got := strings.Contains(text, family+"{node="); got == refused {
						t.Errorf("the family is shown: %v", got)
					}
					if !strings.Contains(text, "\nbeside{node=") || !strings.Contains(text, "\ngo_goroutines ") || !strings.Contains(text, "\nnodemetrics_series ") {
						t.Errorf("not all of the rest is shown:\n%s", text)
					}
				}
				if n := strings.Count(log(), `families=["`+family+`"]`); (n == 1) != refused {
					t.Errorf("the log names the family %d times:\n%s", n, log())
				}
				// Cloudcore may still register all that it likes.
				for _, name := range []string{"beside", "late", family + "_late"} {
					if err := host.Register(prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: "of the host"})); err != nil {
						t.Errorf("registering %s later: %v", name, err)
					}
				}
				w := httptest.NewRecorder()
				promhttp.HandlerFor(host, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "\nbeside 0\n") {
					t.Errorf("with a family that cloudcore registered later: %d\n%s", w.Code, w.Body)
				}
			})
		}
	}
}
