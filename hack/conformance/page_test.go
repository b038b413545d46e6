package conformance

import (
	"compress/gzip"
	"io"
	"math/rand"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/exposition"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/textparse"
)

// accepts are the Accept headers that scrapers send.
var accepts = map[string]struct{ header, contentType string }{
	"Prometheus 2.42": {
		"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		"application/openmetrics-text; version=1.0.0; charset=utf-8"},
	"Prometheus 2.53": {
		"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		"application/openmetrics-text; version=1.0.0; charset=utf-8"},
	"Prometheus 2.53, native histograms": {
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
		"application/openmetrics-text; version=1.0.0; charset=utf-8"},
	"Prometheus 3": {
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3",
		"application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"},
	"Prometheus 3, names escaped": {
		"application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.7,application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=underscores;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3",
		"application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
	"Prometheus 3, native histograms": {
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,application/openmetrics-text;version=1.0.0;escaping=dots;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=dots;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		"application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots"},
	"Prometheus 3, OpenMetrics 2 first": {
		"application/openmetrics-text;version=2.0.0;q=0.7,application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.5",
		"application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"},
	"Prometheus 3, text 1.0.0 alone": {
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.7,*/*;q=0.6",
		"text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"},
	"Prometheus 3, text 0.0.4 alone": {
		"text/plain;version=0.0.4;q=0.7,*/*;q=0.6",
		"text/plain; version=0.0.4; charset=utf-8"},
	"Prometheus 3, OpenMetrics 0.0.1 alone": {
		"application/openmetrics-text;version=0.0.1;q=0.7,*/*;q=0.6",
		"text/plain; version=0.0.4; charset=utf-8"},
	"VictoriaMetrics": {
		"text/plain;version=0.0.4;q=1,*/*;q=0.1",
		"text/plain; version=0.0.4; charset=utf-8"},
	"a browser": {
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		"text/plain; version=0.0.4; charset=utf-8"},
	"curl":    {"*/*", "text/plain; version=0.0.4; charset=utf-8"},
	"nothing": {"", "text/plain; version=0.0.4; charset=utf-8"},
}

// scrape asks for the page of w and returns it with its content type.
func (w *world) scrape(accept, acceptEncoding string) ([]byte, string) {
	w.t.Helper()
	request := httptest.NewRequest("GET", "/metrics", nil)
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	request.Header.Set("Accept-Encoding", acceptEncoding)
	answer := httptest.NewRecorder()
	exposition.NewHandler(w.registry, exposition.HandlerOptions{}).ServeHTTP(answer, request)
	var body io.Reader = answer.Body
	switch coding := answer.Header().Get("Content-Encoding"); coding {
	case "gzip":
		var err error
		if body, err = gzip.NewReader(body); err != nil {
			w.t.Fatal(err)
		}
	case "":
		if acceptEncoding == "gzip" {
			w.t.Error("the page is not compressed")
		}
	default:
		w.t.Fatalf("coding %q", coding)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return text, answer.Header().Get("Content-Type")
}

// check compares one page with what was put into the registry.
func (w *world) check(accept, acceptEncoding, contentType string, options textparse.ParserOptions) {
	w.t.Helper()
	body, gotType := w.scrape(accept, acceptEncoding)
	if gotType != contentType {
		w.t.Errorf("the content type is %s, want %s", gotType, contentType)
	}
	got, families, err := readAsPrometheus(body, gotType, options)
	if err != nil {
		w.t.Fatalf("Prometheus: %v\n%q", err, body)
	}
	w.compare(got)
	counter := "conf_seconds_total"
	if open := strings.HasPrefix(gotType, "application/openmetrics-text"); open {
		counter = "conf_seconds"
	} else {
		got, err := readAsExpfmt(body)
		if err != nil {
			w.t.Fatalf("expfmt: %v\n%q", err, body)
		}
		w.compare(got)
	}
	if f, ok := families[counter]; ok && f != (metadata{"A counter.", "counter"}) {
		w.t.Errorf("%s is %v", counter, f)
	}
	if f, ok := families["conf_gauge"]; ok && f != (metadata{"A \"gauge\",\nits \\ help \x00\x01\t é # EOF", "gauge"}) {
		w.t.Errorf("conf_gauge is %q", f)
	}
}

func TestPage(t *testing.T) {
	for name, accept := range accepts {
		t.Run(name, func(t *testing.T) {
			for seed := range int64(20) {
				w := newWorld(t)
				w.random(rand.New(rand.NewSource(seed)))
				for _, coding := range []string{"identity", "gzip", "zstd,gzip", ""} {
					w.check(accept.header, coding, accept.contentType, textparse.ParserOptions{})
				}
				// With these, Prometheus' OpenMetrics parser looks ahead.
				w.check(accept.header, "identity", accept.contentType, textparse.ParserOptions{OpenMetricsSkipSTSeries: true, ConvertClassicHistogramsToNHCB: true})
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

// Every byte below a space, and what else a parser may take for an end, alone
// at each place of a label value.
func TestPageEveryControlCharacter(t *testing.T) {
	for _, piece := range pieces {
		w := newWorld(t)
		var gauges []labeled
		for _, text := range []string{piece, piece + "x", "x" + piece, "x" + piece + "x", piece + piece, `\` + piece, piece + `\`, `"` + piece, piece + `"`} {
			gauges = append(gauges, labeled{"1", map[string]string{"a": text, "b": piece}})
		}
		w.report("n"+piece, piece, gauges, nil, map[string]string{piece: "2"})
		for name, accept := range accepts {
			w.check(accept.header, "identity", accept.contentType, textparse.ParserOptions{})
			if t.Failed() {
				t.Fatalf("%q for %s", piece, name)
			}
		}
	}
}

func TestEmptyPage(t *testing.T) {
	w := newWorld(t)
	for _, accept := range accepts {
		w.check(accept.header, "gzip", accept.contentType, textparse.ParserOptions{})
	}
}

func TestCollector(t *testing.T) {
	for seed := range int64(20) {
		w := newWorld(t)
		w.random(rand.New(rand.NewSource(seed)))
		r := prometheus.NewPedanticRegistry()
		r.MustRegister(exposition.Collector(w.registry))
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ofFamilies(families)
		if err != nil {
			t.Fatal(err)
		}
		w.compare(got)
	}
}
