package exposition_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/exposition"
)

// What else a host may do costs its own part and no more.
func TestHostMisbehaves(t *testing.T) {
	var nothing *prometheus.Registry
	for name, host := range map[string]prometheus.Gatherer{
		"panics":             gathererFunc(func() ([]*dto.MetricFamily, error) { panic("boom") }),
		"is a nil pointer":   nothing,
		"returns nothing":    gathererFunc(func() ([]*dto.MetricFamily, error) { return nil, nil }),
		"has a nil metric":   gatherer{families: []*dto.MetricFamily{gauge("x", nil)}},
		"has no type":        gatherer{families: []*dto.MetricFamily{{Name: ptr("x"), Metric: []*dto.Metric{seven()}}}},
		"has no name":        gatherer{families: []*dto.MetricFamily{{Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{seven()}}}},
		"has another type":   gatherer{families: []*dto.MetricFamily{{Name: ptr("x"), Type: dto.MetricType(99).Enum(), Metric: []*dto.Metric{seven()}}}},
		"has wrong contents": gatherer{families: []*dto.MetricFamily{{Name: ptr("x"), Type: dto.MetricType_HISTOGRAM.Enum(), Metric: []*dto.Metric{seven()}}}},
		"has a metric twice": gatherer{families: []*dto.MetricFamily{gauge("y", seven()), gauge("y", seven())}},
		"fails":              gatherer{err: errors.New("broken")},
	} {
		t.Run(name, func(t *testing.T) {
			told := 0
			own := gatherer{families: []*dto.MetricFamily{gauge("mine", seven())}}
			h := exposition.NewHandler(small(t), exposition.HandlerOptions{Own: own, Host: host, HostError: func(error) { told++ }})
			for i, accept := range []string{"", acceptOpenMetrics} {
				text := scrape(t, h, accept)
				if !strings.Contains(text, "a{node=\"n\"} 1\n") || !strings.Contains(text, "\nmine 7") {
					t.Errorf("the page is\n%s", text)
				}
				if told != i+1 {
					t.Errorf("told %d times, want %d", told, i+1)
				}
				if strings.Contains(text, "# TYPE x") || strings.Count(text, "# TYPE y") > 1 {
					t.Errorf("half of the host is on the page:\n%s", text)
				}
			}
		})
	}
	// A list with a nil family has just nothing there.
	h := exposition.NewHandler(small(t), exposition.HandlerOptions{Host: gatherer{families: []*dto.MetricFamily{nil, gauge("x", seven())}}})
	if text := scrape(t, h, ""); !strings.Contains(text, "\nx 7") {
		t.Errorf("beside a nil family:\n%s", text)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
}

// Own's families are the module's: the host's of those names are left out, and a
// host that hangs does not take them along.
func TestOwn(t *testing.T) {
	own := gatherer{families: []*dto.MetricFamily{gauge("x", seven())}}
	host := gatherer{families: []*dto.MetricFamily{gauge("x", &dto.Metric{Gauge: &dto.Gauge{Value: ptr(8.0)}}), gauge("y", seven())}}
	var told []error
	h := exposition.NewHandler(small(t), exposition.HandlerOptions{Own: own, Host: host, HostError: func(err error) { told = append(told, err) }})
	if text := scrape(t, h, ""); !strings.Contains(text, "\nx 7") || strings.Contains(text, "x 8") || !strings.Contains(text, "\ny 7") || len(told) > 0 {
		t.Errorf("told of %v; the page is\n%s", told, text)
	}
	own.err = errors.New("broken")
	h = exposition.NewHandler(small(t), exposition.HandlerOptions{Own: own, HostError: func(err error) { told = append(told, err) }})
	if text := scrape(t, h, ""); !strings.Contains(text, "\nx 7") || len(told) != 1 {
		t.Errorf("told of %v; the page is\n%s", told, text)
	}
}
