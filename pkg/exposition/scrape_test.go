package exposition_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/registry/registrytest"
)

const (
	acceptText100     = "text/plain;version=1.0.0"
	acceptOpenMetrics = "application/openmetrics-text;version=1.0.0"
)

var (
	parse       = registrytest.Mapping
	newRegistry = registrytest.New
	put         = registrytest.Put
)

// scrape returns the page for an Accept header.
func scrape(tb testing.TB, h http.Handler, accept string) string {
	tb.Helper()
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request)
	if w.Code != http.StatusOK {
		tb.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// page returns the page of the nodes alone.
func page(tb testing.TB, r *registry.Registry, accept string) string {
	tb.Helper()
	return scrape(tb, exposition.NewHandler(r, exposition.HandlerOptions{}), accept)
}

// families reads a page in the text format.
func families(tb testing.TB, page io.Reader) map[string]*dto.MetricFamily {
	tb.Helper()
	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(page)
	if err != nil {
		tb.Fatal(err)
	}
	return families
}

// samples returns one line for each sample, and one for the type and help of
// each family, sorted.
func samples(families map[string]*dto.MetricFamily) []string {
	var lines []string
	for _, f := range families {
		lines = append(lines, fmt.Sprintf("%s: %v, %q", f.GetName(), f.GetType(), f.GetHelp()))
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			slices.Sort(labels)
			v := m.GetGauge().GetValue()
			if m.Counter != nil {
				v = m.GetCounter().GetValue()
			}
			lines = append(lines, f.GetName()+"{"+strings.Join(labels, ",")+"} "+number(v))
		}
	}
	slices.Sort(lines)
	return lines
}

// number writes v, and -0 as client_golang does: 0.
func number(v float64) string {
	if v == 0 {
		return "0"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// differ reports the first line in which two sorted lists differ.
func differ(tb testing.TB, what string, got, want []string) {
	tb.Helper()
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			tb.Errorf("%s: %d lines, want %d; line %d is\n%s\nwant\n%s", what, len(got), len(want), i, g, w)
			return
		}
	}
}
