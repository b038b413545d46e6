package nodemetrics

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/edgegauge/edgegauge/pkg/statuspage"
)

// The overview tells the settings and limits in force, each by its name in the
// config, and the reasons in their order.
func TestOverview(t *testing.T) {
	m := newModule(t, func(c *Config) {
		c.Identity, c.NodeNameField = IdentityPayload, "node"
		c.Topics = []string{"a/user/b", "c"}
		c.NodeTTL.Duration, c.MissedReports = 4*time.Minute, 5
		c.DisconnectGrace.Duration, c.Retention.Duration = 70*time.Second, 30*time.Hour
		c.NodeTTLOverrides = []TTLOverride{{"x-*", Duration{time.Hour}}, {"y", Duration{time.Minute}}}
		c.Limits = Limits{Nodes: 11, SamplesPerNode: 12, ReportBytes: 1300, LabelValueBytes: 140, ReportsPerSecond: 100_000, Series: 160, Bytes: 17000, PendingBytes: 18000}
	})
	accept(t, m, message("edge-1", memory("7")))
	for range 3 {
		_, _ = m.Handle(message("edge-2", "{"))
	}
	_, _ = m.Handle(nil)
	_, _ = m.Handle(message("edge-3", "[]"))
	o := statusHost{m}.Overview()
	settings := fmt.Sprint(o.Settings)
	const want = "[{identity payload} {topics a/user/b, c} {mappingFile sysInfo version 1} {nodeTTL 4m0s} {missedReports 5} {disconnectGrace 1m10s} {retention 30h0m0s}" +
		" {nodeTTLOverrides x-*: 1h0m0s} {nodeTTLOverrides y: 1m0s} {limits.samplesPerNode 12} {limits.reportBytes 1300} {limits.labelValueBytes 140} {limits.reportsPerSecond 100000}]"
	if settings != want {
		t.Errorf("the settings are\n%s\nwant\n%s", settings, want)
	}
	used := m.registry.Used()
	limits := []statuspage.Limit{{Name: "nodes", Used: 1, Limit: 11}, {Name: "series", Used: float64(used.Series), Limit: 160},
		{Name: "bytes", Used: float64(used.Bytes), Limit: 17000}, {Name: "pendingBytes", Used: 0, Limit: 18000}}
	if !slices.Equal(o.Limits, limits) || used.Series != 3 {
		t.Errorf("the limits are %+v, want %+v", o.Limits, limits)
	}
	var rejected []string
	for _, p := range o.Rejected {
		rejected = append(rejected, fmt.Sprintf("%s %d %s", p.Reason, p.Count, p.Newest.Resource))
	}
	if got, want := strings.Join(rejected, ", "), "truncated 3 node/edge-2/default/user/sysinfo, not_message 1 , not_object 1 node/edge-3/default/user/sysinfo"; got != want {
		t.Errorf("rejected are %s, want %s", got, want)
	}
	if o.Version != Version() || o.ConfigFile != "" || o.ConfigError != "" || len(o.Dropped) != 0 || time.Since(o.ConfigTime) > time.Minute {
		t.Errorf("%+v", o)
	}
	if orElse("a", "b") != "a" || orElse("", "b") != "b" {
		t.Error("orElse")
	}
}

// Gather has the module's families once, whatever the host's registry has, and all
// others of the host, sorted.
func TestGatherPrefersItsOwn(t *testing.T) {
	host := prometheus.NewRegistry()
	m := newModule(t, func(c *Config) { c.Host = host })
	for _, name := range []string{"a_first", "nodemetrics_series", "nodemetrics_z", "z_last"} {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: "of the host"})
		g.Set(4711)
		host.MustRegister(g)
	}
	all, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range all {
		names = append(names, f.GetName())
		if f.GetName() == "nodemetrics_series" && f.GetMetric()[0].GetGauge().GetValue() != 0 {
			t.Error("the host's family is shown in the place of the module's")
		}
	}
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("the families are %q", names)
	}
	for _, name := range []string{"a_first", "nodemetrics_series", "nodemetrics_z", "z_last", "nodemetrics_reports_total"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing", name)
		}
	}
}

// Which letters a host may have, to the last.
func TestLettersOfHosts(t *testing.T) {
	const allowed = "%-.0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	got := ""
	for r := rune(0); r < 0x300; r++ {
		if !notInHost(r) {
			got += string(r)
		}
	}
	if got != allowed {
		t.Errorf("allowed are %q, want %q", got, allowed)
	}
}

// The report that gives way is the largest of others, and larger than the new one.
func TestLarger(t *testing.T) {
	of := func(size int) held { return held{content: make([]byte, size)} }
	p := pending{waiting: map[string]held{"a": of(10), "own": of(100)}, due: map[string]held{"b": of(30), "c": of(20)}}
	for _, test := range []struct {
		node string
		size int
		want string
	}{{"own", 256 + 5, "b"}, {"own", 256 + 29, "b"}, {"own", 256 + 30, ""}, {"a", 256 + 50, "own"}, {"new", 256 + 99, "own"}, {"new", 256 + 100, ""}} {
		name, size := p.larger(test.node, test.size)
		if name != test.want || (size > 0) != (test.want != "") {
			t.Errorf("for %d bytes of %s %q of %d bytes gives way, want %q", test.size, test.node, name, size, test.want)
		}
	}
}

// The buckets of the histograms, as dashboards know them.
func TestBuckets(t *testing.T) {
	m := newModule(t, nil)
	text := page(m)
	for name, want := range map[string][]string{
		"nodemetrics_report_bytes":            {"256", "1024", "4096", "16384", "65536", "262144", "1.048576e+06", "+Inf"},
		"nodemetrics_scrape_duration_seconds": {"0.001", "0.004", "0.016", "0.064", "0.256", "1.024", "4.096", "16.384", "65.536", "+Inf"},
		"nodemetrics_report_duration_seconds": {"1e-06", "4e-06", "1.6e-05", "6.4e-05", "0.000256", "0.001024", "0.004096", "0.016384", "0.065536", "+Inf"},
	} {
		var got []string
		for _, line := range strings.Split(text, "\n") {
			if rest, ok := strings.CutPrefix(line, name+`_bucket{le="`); ok {
				le, _, _ := strings.Cut(rest, `"`)
				got = append(got, le)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has the buckets %q, want %q", name, got, want)
		}
	}
}

// A scrape is counted when it ends, by its status, however it ends, and as in flight
// until then.
func TestScrapesAreCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	x := newScrapeMetrics(registry)
	of := func(code string) float64 { return value(x.byCode.WithLabelValues(code)) }
	var during float64
	for _, test := range []struct {
		end  func(http.ResponseWriter)
		code string
	}{
		{func(http.ResponseWriter) {}, "200"},
		{func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) }, "403"},
		{func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }, "503"},
		{func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, "200"},
	} {
		before := of(test.code)
		func() {
			defer func() { _ = recover() }()
			x.count(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				during = value(x.inFlight)
				if w, ok := w.(interface{ Unwrap() http.ResponseWriter }); !ok || w.Unwrap() == nil {
					t.Error("the connection cannot be found")
				}
				test.end(w)
			})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
		}()
		if during != 1 || value(x.inFlight) != 0 || of(test.code) != before+1 {
			t.Errorf("%s: %v in flight, then %v; counted %v times", test.code, during, value(x.inFlight), of(test.code)-before)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				codes = append(codes, l.GetValue())
			}
			if h := m.GetHistogram(); h != nil && (h.GetSampleCount() != 4 || h.GetSampleSum() > 60) {
				t.Errorf("%d durations of %v s in all", h.GetSampleCount(), h.GetSampleSum())
			}
		}
	}
	if got := strings.Join(codes, " "); got != "200 401 403 405 503" {
		t.Errorf("the codes are %s", got)
	}
}
