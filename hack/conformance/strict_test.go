package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/textparse"
)

// python is Debian's, for which python3-prometheus-client is installed.
const python = "/usr/bin/python3"

// pythonParses reads pages by client_python's OpenMetrics parser, the strictest
// there is, and returns for each what was wrong with it, "" if nothing.
func pythonParses(t testing.TB, pages ...string) []string {
	t.Helper()
	const program = `
import json, sys
from prometheus_client.openmetrics.parser import text_fd_to_metric_families
answers = []
for page in json.load(sys.stdin):
    try:
        families = list(text_fd_to_metric_families(line for line in page.split("\n")[:-1]))
        answers.append("" if families else "no families")
    except Exception as e:
        answers.append(type(e).__name__ + ": " + str(e))
json.dump(answers, sys.stdout)
`
	input, err := json.Marshal(pages)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", program)
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("client_python's parser (Debian's python3-prometheus-client): %v\n%s", err, exit.Stderr)
	}
	if err != nil {
		t.Fatalf("client_python's parser (Debian's python3-prometheus-client): %v", err)
	}
	var answers []string
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(pages) {
		t.Fatalf("%d answers for %d pages: %v", len(answers), len(pages), err)
	}
	return answers
}

// The parser notices what it is here for.
func TestPythonParserIsStrict(t *testing.T) {
	for i, wrong := range pythonParses(t,
		"# TYPE a gauge\na 1\n# TYPE a counter\na_total 1\n# EOF\n",
		"# TYPE a counter\na_total 1\n# TYPE a_created gauge\na_created 1\n# EOF\n",
		"# TYPE a counter\na_total -1\n# EOF\n",
		"a 1\n",
	) {
		if wrong == "" {
			t.Errorf("page %d passes", i)
		}
	}
}

type gatherer []*dto.MetricFamily

func (g gatherer) Gather() ([]*dto.MetricFamily, error) { return g, nil }

// beside returns a page with a report by a mapping and what a host has, and how
// many families were left out.
func beside(t testing.TB, spec string, host prometheus.Gatherer, accept string) (text, contentType string, missing []error) {
	t.Helper()
	r, err := registry.New(registry.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if spec != "" {
		m, err := mapping.Parse([]byte(spec))
		if err != nil {
			t.Fatal(err)
		}
		d, err := mapping.NewDecoder(m, "", mapping.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var report mapping.Report
		if err := d.Decode(`{"a": 1, "b": 2, "c": 3}`, &report); err != nil {
			t.Fatal(err)
		}
		if err := r.Put("n", &report); err != nil {
			t.Fatal(err)
		}
	}
	h := exposition.NewHandler(r, exposition.HandlerOptions{Host: host, HostError: func(err error) { missing = append(missing, err) }})
	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request)
	return w.Body.String(), w.Header().Get("Content-Type"), missing
}

const (
	open = "application/openmetrics-text;version=1.0.0"
	text = "text/plain;version=0.0.4"
)

// cloudcore's own registry: Go's and the process's metrics, all of them, and what
// KubeEdge and client-go add.
func stock() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsAll)),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	native := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "host_native_seconds", NativeHistogramBucketFactor: 1.1})
	classic := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "host_classic_seconds", Buckets: []float64{1e-7, 0.1, 1, 1e6, 1e22}}, []string{"verb"})
	summary := prometheus.NewSummary(prometheus.SummaryOpts{Name: "host_summary", Objectives: map[float64]float64{0.5: 0.05, 0.999: 0.001}})
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "host_requests_total", Help: "With \"quotes\", a \\ and\na line feed."}, []string{"path"})
	untyped := prometheus.NewUntypedFunc(prometheus.UntypedOpts{Name: "host_untyped"}, func() float64 { return math.NaN() })
	r.MustRegister(native, classic, summary, requests, untyped)
	native.Observe(0.3)
	classic.WithLabelValues("GET").(prometheus.ExemplarObserver).ObserveWithExemplar(0.3, prometheus.Labels{"trace": "a # \"b\""})
	requests.WithLabelValues("/a # b{c=\"d\"}\n").(prometheus.ExemplarAdder).AddWithExemplar(2, prometheus.Labels{"trace": "x"})
	return r
}

func TestPageWithHost(t *testing.T) {
	host := stock()
	page, contentType, missing := beside(t, `families: [{name: m, help: M., path: a}, {name: n_total, type: counter, help: N., path: b}]`, host, open)
	if len(missing) > 0 {
		t.Errorf("not on the page: %v", missing)
	}
	if wrong := pythonParses(t, page)[0]; wrong != "" {
		t.Errorf("client_python: %s\n%s", wrong, page)
	}
	// No series is lost by what makes the page strict.
	families, err := host.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := readAsPrometheus([]byte(page), contentType, textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, suffix := range map[dto.MetricType][]string{
			dto.MetricType_HISTOGRAM: {"_sum", "_count", "_bucket"}, dto.MetricType_SUMMARY: {"_sum", "_count"},
		}[f.GetType()] {
			found := false
			for s := range got {
				name, _, _ := strings.Cut(s, " ")
				found = found || name == f.GetName()+suffix
			}
			if !found {
				t.Errorf("no series %s%s", f.GetName(), suffix)
			}
		}
		if f.GetType() == dto.MetricType_GAUGE || f.GetType() == dto.MetricType_COUNTER {
			if _, ok := got[f.GetName()]; !ok && len(f.GetMetric()[0].GetLabel()) == 0 {
				t.Errorf("no series %s", f.GetName())
			}
		}
	}
	for _, line := range []string{"# TYPE go_memstats_alloc_bytes gauge", "# TYPE go_memstats_alloc_bytes_total unknown", "# TYPE process_cpu_seconds counter"} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no %s", line)
		}
	}
}

func family(name string, kind dto.MetricType, metrics ...*dto.Metric) *dto.MetricFamily {
	help := "h"
	return &dto.MetricFamily{Name: &name, Help: &help, Type: &kind, Metric: metrics}
}

func ptr[T any](v T) *T { return &v }

// metric returns a metric of a type, with a value of chance that may be odd.
func metric(kind dto.MetricType, rnd *rand.Rand) *dto.Metric {
	v := []float64{0, 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e-9, 1e21, 2.5}[rnd.Intn(9)]
	switch kind {
	case dto.MetricType_COUNTER:
		return &dto.Metric{Counter: &dto.Counter{Value: &v}}
	case dto.MetricType_GAUGE:
		return &dto.Metric{Gauge: &dto.Gauge{Value: &v}}
	case dto.MetricType_SUMMARY:
		return &dto.Metric{Summary: &dto.Summary{SampleCount: ptr(uint64(3)), SampleSum: &v,
			Quantile: []*dto.Quantile{{Quantile: ptr([]float64{0.5, 0.99, 0, 1, -1, 2, math.NaN()}[rnd.Intn(7)]), Value: &v}}}}
	case dto.MetricType_HISTOGRAM:
		h := &dto.Histogram{SampleCount: ptr(uint64(3)), SampleSum: &v}
		for _, i := range rnd.Perm(8)[:rnd.Intn(4)] {
			h.Bucket = append(h.Bucket, &dto.Bucket{CumulativeCount: ptr(uint64(rnd.Intn(4))),
				UpperBound: ptr([]float64{-1, 0, 0.1, 1, 10, 1e6, 1e22, math.Inf(1)}[i])})
		}
		return &dto.Metric{Histogram: h}
	}
	return &dto.Metric{Untyped: &dto.Untyped{Value: &v}}
}

var suffixes = []string{"", "_total", "_created", "_count", "_sum", "_bucket", "_info"}

var kinds = []dto.MetricType{dto.MetricType_COUNTER, dto.MetricType_GAUGE, dto.MetricType_SUMMARY, dto.MetricType_HISTOGRAM, dto.MetricType_UNTYPED}

// Whatever families the host has beside the mapping's, of all types, names that
// meet each other and values that no library would make, every parser reads the
// page, and every mapped sample is on it.
func TestPageWithAnyHost(t *testing.T) {
	var pages []string
	var told []string
	check := func(what, spec string, want string, host gatherer) {
		t.Helper()
		page, contentType, _ := beside(t, spec, host, open)
		pages, told = append(pages, page), append(told, what)
		if !strings.Contains(page, want) {
			t.Errorf("%s: no %s in\n%s", what, want, page)
		}
		if _, _, err := readAsPrometheus([]byte(page), contentType, textparse.ParserOptions{}); err != nil {
			t.Errorf("%s: %v\n%s", what, err, page)
		}
		page, contentType, _ = beside(t, spec, host, text)
		if _, _, err := readAsPrometheus([]byte(page), contentType, textparse.ParserOptions{}); err != nil {
			t.Errorf("%s: %v\n%s", what, err, page)
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(page))
		if err != nil {
			t.Errorf("%s: %v\n%s", what, err, page)
		}
		name, _, _ := strings.Cut(want, "{")
		if f := families[name]; f == nil || len(f.GetMetric()) != 1 {
			t.Errorf("%s: of %s there is %v in\n%s", what, name, f, page)
		}
	}
	rnd := rand.New(rand.NewSource(1))
	for _, a := range suffixes { // of the mapping
		spec := fmt.Sprintf("families: [{name: x%s, help: X., path: a}]", a)
		if a == "_total" {
			spec = "families: [{name: x_total, type: counter, help: X., path: a}]"
		}
		if _, err := mapping.Parse([]byte(spec)); err != nil {
			continue // refused in the mapping
		}
		for _, b := range suffixes { // of the host
			for _, kind := range kinds {
				check(fmt.Sprintf("x%s beside the host's %v x%s", a, kind, b), spec, "x"+a+`{node="n"} 1`, gatherer{family("x"+b, kind, metric(kind, rnd))})
			}
		}
	}
	for i := range 400 {
		var host gatherer
		seen := map[string]bool{}
		for range 1 + rnd.Intn(6) {
			kind := kinds[rnd.Intn(len(kinds))]
			name := []string{"x", "y"}[rnd.Intn(2)] + suffixes[rnd.Intn(len(suffixes))]
			if seen[name] {
				continue
			}
			seen[name] = true
			host = append(host, family(name, kind, metric(kind, rnd)))
		}
		check(fmt.Sprintf("host %d: %v", i, host), "families: [{name: x, help: X., path: a}]", `x{node="n"} 1`, host)
	}
	for i, wrong := range pythonParses(t, pages...) {
		if wrong != "" {
			t.Errorf("client_python, %s: %s\n%s", told[i], wrong, pages[i])
			if i > 5 {
				t.FailNow()
			}
		}
	}
}

// Names beyond the classic character set are what promhttp makes of them.
func TestEscaping(t *testing.T) {
	host := gatherer{family("http.server.active", dto.MetricType_GAUGE,
		&dto.Metric{Gauge: &dto.Gauge{Value: ptr(7.0)}, Label: []*dto.LabelPair{{Name: ptr("net.peer"), Value: ptr("a.b")}}})}
	for accept, want := range map[string]string{
		"":                        `http_server_active{net_peer="a.b"} 7`,
		"*/*":                     `http_server_active{net_peer="a.b"} 7`,
		text:                      `http_server_active{net_peer="a.b"} 7`,
		text + ";escaping=dots":   `http_dot_server_dot_active{net_dot_peer="a.b"} 7`,
		text + ";escaping=values": `U__http_2e_server_2e_active{U__net_2e_peer="a.b"} 7`,
		"text/plain;version=1.0.0;escaping=allow-utf-8": `{"http.server.active","net.peer"="a.b"} 7`,
		open:                           `http_server_active{net_peer="a.b"} 7.0`,
		open + ";escaping=underscores": `http_server_active{net_peer="a.b"} 7.0`,
		open + ";escaping=dots":        `http_dot_server_dot_active{net_dot_peer="a.b"} 7.0`,
		open + ";escaping=values":      `U__http_2e_server_2e_active{U__net_2e_peer="a.b"} 7.0`,
		open + ";escaping=allow-utf-8": `{"http.server.active","net.peer"="a.b"} 7.0`,
		open + ";escaping=nonsense":    `http_server_active{net_peer="a.b"} 7.0`,
	} {
		page, contentType, missing := beside(t, "", host, accept)
		if !strings.Contains(page, "\n"+want+"\n") || len(missing) > 0 {
			t.Errorf("%q: no %s in\n%s%v", accept, want, page, missing)
		}
		_, escaping, asked := strings.Cut(accept, "escaping=")
		asked = asked && escaping != "nonsense"
		if asked != strings.HasSuffix(contentType, "; escaping="+escaping) || !asked && strings.Contains(contentType, "escaping") {
			t.Errorf("%q: content type %q", accept, contentType)
		}
		if _, _, err := readAsPrometheus([]byte(page), contentType, textparse.ParserOptions{}); err != nil {
			t.Errorf("%q: %v", accept, err)
		}
	}
	// Two names that the escaping makes one: the second is left out.
	two := gatherer{family("a.b", dto.MetricType_GAUGE, &dto.Metric{Gauge: &dto.Gauge{Value: ptr(1.0)}}),
		family("a_b", dto.MetricType_GAUGE, &dto.Metric{Gauge: &dto.Gauge{Value: ptr(2.0)}})}
	page, _, missing := beside(t, "", two, open)
	if strings.Count(page, "# TYPE a_b ") != 1 || len(missing) != 1 {
		t.Errorf("%v:\n%s", missing, page)
	}
}
