package exposition_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// gatherer gathers these families and this error.
type gatherer struct {
	families []*dto.MetricFamily
	err      error
}

func (g gatherer) Gather() ([]*dto.MetricFamily, error) { return g.families, g.err }

func ptr[T any](v T) *T { return &v }

func gauge(name string, metrics ...*dto.Metric) *dto.MetricFamily {
	return &dto.MetricFamily{Name: &name, Help: ptr("host"), Type: dto.MetricType_GAUGE.Enum(), Metric: metrics}
}

func counter(name string) *dto.MetricFamily {
	return &dto.MetricFamily{Name: &name, Help: ptr("host"), Type: dto.MetricType_COUNTER.Enum(),
		Metric: []*dto.Metric{{Counter: &dto.Counter{Value: ptr(7.0)}}}}
}

func seven() *dto.Metric { return &dto.Metric{Gauge: &dto.Gauge{Value: ptr(7.0)}} }

// both runs test with a handler's page in the text format and OpenMetrics.
func both(t *testing.T, r *registry.Registry, o exposition.HandlerOptions, test func(t *testing.T, page string)) {
	h := exposition.NewHandler(r, o)
	t.Run("text", func(t *testing.T) { test(t, scrape(t, h, "")) })
	t.Run("OpenMetrics", func(t *testing.T) {
		page := scrape(t, h, acceptOpenMetrics)
		if strings.Count(page, "# EOF") != 1 || !strings.HasSuffix(page, "# EOF\n") {
			t.Errorf("the page ends otherwise than with # EOF:\n%s", page)
		}
		test(t, page)
	})
}

// Names that the nodes have are theirs, in whatever format two were the same.
func TestHostSkips(t *testing.T) {
	r := newRegistry(t, registry.Options{})
	put(t, r, parse(t, `families:
  - {name: a, help: "a", path: a}
  - {name: b_total, type: counter, help: "b", path: b}
  - {name: unused, help: "unused", path: unused}`), "n", `{"a": 1, "b": 1}`)
	host := gatherer{families: []*dto.MetricFamily{
		gauge("a", seven()), counter("a_total"), gauge("b", seven()), counter("b_total"),
		gauge("edge_node_up", seven()), gauge("unused", seven()), gauge("host", seven()), counter("host_other_total"),
	}}
	both(t, r, exposition.HandlerOptions{Host: host}, func(t *testing.T, page string) {
		types := map[string]int{}
		counters := map[string]bool{"b": true, "host_other": true}
		for _, line := range strings.Split(page, "\n") {
			if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
				name, _, _ = strings.Cut(name, " ")
				if counters[name] { // as OpenMetrics names their families
					name += "_total"
				}
				types[name]++
			}
		}
		if got, want := fmt.Sprint(types), "map[a:1 a_total:1 b_total:1 edge_node_last_report_timestamp_seconds:1 edge_node_up:1 host:1 host_other_total:1]"; got != want {
			t.Errorf("the page's families are %v, want %v", got, want)
		}
		if got := strings.Count(page, " 7"); got != 3 {
			t.Errorf("%d of the host's families are on the page, want 3:\n%s", got, page)
		}
	})
}

// What could be gathered and written is on the page, and the rest is told of.
func TestHostFails(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		host gatherer
		want string // of the host's families
		told string
	}{
		"all well":  {gatherer{[]*dto.MetricFamily{gauge("x", seven()), gauge("y", seven())}, nil}, "x 7 y 7", ""},
		"wholly":    {gatherer{nil, broken}, "", "broken"},
		"partly":    {gatherer{[]*dto.MetricFamily{gauge("x", seven())}, broken}, "x 7", "broken"},
		"no value":  {gatherer{[]*dto.MetricFamily{gauge("x", seven(), &dto.Metric{}), gauge("y", seven())}, nil}, "y 7", "x"},
		"both ways": {gatherer{[]*dto.MetricFamily{gauge("x", &dto.Metric{}), gauge("y", seven())}, broken}, "y 7", "broken"},
	} {
		t.Run(name, func(t *testing.T) {
			var told []error
			o := exposition.HandlerOptions{Host: test.host, HostError: func(err error) { told = append(told, err) }}
			both(t, small(t), o, func(t *testing.T, page string) {
				if !strings.HasPrefix(page, "# HELP a a\n# TYPE a gauge\na{node=\"n\"} 1\n") {
					t.Errorf("the nodes are not on the page:\n%s", page)
				}
				var got []string
				for _, line := range strings.Split(page, "\n") {
					if !strings.HasPrefix(line, "#") && !strings.Contains(line, "{") && line != "" {
						got = append(got, strings.TrimSuffix(line, ".0"))
					}
				}
				if strings.Join(got, " ") != test.want {
					t.Errorf("of the host are on the page %q, want %q", got, test.want)
				}
				if strings.Contains(page, "# TYPE x") != strings.Contains(test.want, "x") {
					t.Errorf("of a family there is a half:\n%s", page)
				}
				if (test.told == "") != (len(told) == 0) || len(told) > 1 || len(told) == 1 && !strings.Contains(told[0].Error(), test.told) {
					t.Errorf("told of %q, want %q", told, test.told)
				}
				told = nil
			})
			scrape(t, exposition.NewHandler(small(t), exposition.HandlerOptions{Host: test.host}), "") // with nobody to tell
		})
	}
}

// A host of several chunks is on the page whole.
func TestHostLarge(t *testing.T) {
	host := prometheus.NewRegistry()
	for i := range 3000 {
		host.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: fmt.Sprintf("host_%04d", i), Help: strings.Repeat("h", 50)}))
	}
	both(t, small(t), exposition.HandlerOptions{Host: host}, func(t *testing.T, page string) {
		if got := strings.Count(page, "# TYPE host_"); got != 3000 {
			t.Errorf("%d of 3000 families are on the page", got)
		}
	})
}
