package nodemetrics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	stock "github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

func TestPages(t *testing.T) {
	m := newModule(t, func(c *Config) {
		host := prometheus.NewRegistry()
		host.MustRegister(stock.NewGoCollector(), stock.NewProcessCollector(stock.ProcessCollectorOpts{}))
		c.Host = host
	})
	accept(t, m, message("edge", memory("7")))
	w := get(m, "/metrics")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("/metrics: %d %s", w.Code, w.Header())
	}
	families, err := new(expfmt.TextParser).TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"edge_node_up", "edge_node_memory_total_bytes", "nodemetrics_reports_total", "go_goroutines", "process_cpu_seconds_total"} {
		if families[name] == nil {
			t.Errorf("/metrics has no %s", name)
		}
	}
	first := float64(len(page(m)))
	families, err = new(expfmt.TextParser).TextToMetricFamilies(strings.NewReader(page(m)))
	if err != nil {
		t.Fatal(err)
	}
	if got := families["nodemetrics_page_bytes"].GetMetric()[0].GetGauge().GetValue(); got != first {
		t.Errorf("nodemetrics_page_bytes is %v, the page before had %v bytes", got, first)
	}
	if got := families["nodemetrics_scrapes_total"].GetMetric()[0].GetCounter().GetValue(); got != 2 {
		t.Errorf("after two scrapes %v are counted", got)
	}
	if w := get(m, "/healthz"); w.Code != http.StatusOK || w.Body.String() != "ok\n" {
		t.Errorf("/healthz: %d %q", w.Code, w.Body)
	}
	if w := get(m, "/readyz"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("/readyz without Run: %d", w.Code)
	}
	for _, path := range []string{"/metric", "/metrics/x", "/favicon.ico", "/index.html", "/debug/pprof/"} {
		if w := get(m, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, w.Code)
		}
	}
}

func TestOverviewPage(t *testing.T) {
	m := newModule(t, func(c *Config) { c.NodeTTL.Duration = 4 * time.Minute })
	if text := get(m, "/").Body.String(); strings.Count(text, "None since the start.") != 2 {
		t.Error("rejected reports or dropped samples before any")
	}
	accept(t, m, message("one", memory("7")))
	accept(t, m, message("two", memory("7")))
	if err := m.Expect("three"); err != nil {
		t.Fatal(err)
	}
	bad := message("edge", `{"temperatures":[{"sensor":"<script>alert(1)</script>","celsius":"<b>"}]}`)
	bad.Router.Resource = "node/two/<i>" + strings.Repeat("ß", 200)
	accept(t, m, bad)
	broken := message("edge", `{"<b>": <script>`)
	broken.Router.Resource = "node/edge/<b>"
	if _, err := m.Handle(broken); err == nil {
		t.Fatal("accepted")
	}
	w := get(m, "/")
	text := w.Body.String()
	for _, want := range []string{
		`<b>2</b> <a href="/nodes?state=fresh">`, `<b>1</b> <a href="/nodes?state=pending">`, "<code>nodeTTL</code></th><td>4m0s", "sysInfo version 1",
		`<a href="/metrics">`, "<code>wrong_type</code>", "node/two/&lt;i&gt;ß", "…", "temperatures[0].celsius",
		"<code>not_json</code>", "node/edge/&lt;b&gt;", "Rejected reports", "Dropped samples",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, not := range []string{"<script>", "<i>", "<b>:", strings.Repeat("ß", 100)} {
		if strings.Contains(text, not) {
			t.Errorf("%q stands in\n%s", not, text)
		}
	}
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("%d %s", w.Code, w.Header())
	}
}

// run runs m until the returned function is called, which returns Run's error.
func run(t *testing.T, m *Module) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(cancel)
	stop = func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			return errors.New("Run does not end")
		}
	}
	switch c := m.config.Load(); {
	case c.BindAddress == "":
		eventually(t, patience, "the module is on the host's page", func() bool {
			return gathered(t, prometheus.DefaultGatherer)["nodemetrics_series"] == 1
		})
	case c.WebConfigFile != "":
		eventually(t, patience, "the listener accepts", m.served.Load)
	default:
		eventually(t, patience, "the listener answers", m.answers)
	}
	return stop
}

func TestRunAgain(t *testing.T) {
	m := newModule(t, func(c *Config) { c.BindAddress = freeAddress(t) })
	for range 3 {
		stop := run(t, m)
		if err := m.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "runs already") {
			t.Errorf("Run while it runs: %v", err)
		}
		if !m.answers() {
			t.Error("a second Run ends the first")
		}
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if conn, err := net.Dial("tcp", m.config.Load().BindAddress); err == nil {
			conn.Close()
			t.Error("the listener is still there")
		}
		if w := get(m, "/readyz"); w.Code != http.StatusServiceUnavailable {
			t.Errorf("/readyz after the end: %d", w.Code)
		}
	}
}

func TestRunWithoutAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m := newModule(t, func(c *Config) { c.BindAddress = l.Addr().String() })
	if err := m.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "modules.nodeMetrics.bindAddress") {
		t.Errorf("Run on an address in use: %v", err)
	}
	m = newModule(t, func(c *Config) { c.WebConfigFile = "/nowhere/web.yaml" })
	if err := m.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "modules.nodeMetrics.webConfigFile") {
		t.Errorf("Run without its web configuration: %v", err)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	m = newModule(t, func(c *Config) { c.BindAddress = freeAddress(t) })
	if err := m.Run(ended); err != nil {
		t.Errorf("Run with a context that is done: %v", err)
	}
}

// Scrapers that stopped reading, or never finish asking, hold up nothing.
func TestRunStopsWithHungScrapers(t *testing.T) {
	m := newModule(t, func(c *Config) { c.BindAddress = freeAddress(t) })
	for i := range 10_000 { // more than the sockets' buffers take
		accept(t, m, message(fmt.Sprintf("edge-%d", i), `{"host":{"kernel":"`+strings.Repeat("k", 200)+`","osImage":"`+strings.Repeat("i", 200)+`"},`+memory("1")[1:]))
	}
	stop := run(t, m)
	for _, request := range []string{"", "GET /metrics HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"} {
		conn, err := net.Dial("tcp", m.config.Load().BindAddress)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.(*net.TCPConn).SetReadBuffer(1024); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, request)
		if strings.HasSuffix(request, "\r\n\r\n") {
			if _, err := bufio.NewReaderSize(conn, 16).ReadByte(); err != nil {
				t.Fatal(err)
			}
		}
	}
	serving := func() bool { return strings.Contains(stacks(), "exposition.(*scrape).serve") }
	if !serving() {
		t.Fatal("no scrape is hung: the page is too small")
	}
	start := time.Now()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if d := time.Since(start); d > patience/2 { // a scrape may take 30 s
		t.Errorf("took %v to stop", d)
	}
	eventually(t, patience, "no goroutine serves any more", func() bool {
		return !serving() && !strings.Contains(stacks(), "net/http.(*conn).serve")
	})
}

func TestJoinHost(t *testing.T) {
	host := prometheus.NewRegistry()
	registerer, gatherer := prometheus.DefaultRegisterer, prometheus.DefaultGatherer
	prometheus.DefaultRegisterer, prometheus.DefaultGatherer = host, host
	defer func() { prometheus.DefaultRegisterer, prometheus.DefaultGatherer = registerer, gatherer }()

	m := newModule(t, func(c *Config) { c.BindAddress, c.Host = "", nil })
	accept(t, m, message("edge", memory("7")))
	for range 2 {
		if n := gathered(t, host); n["edge_node_up"] != 0 || n["nodemetrics_series"] != 0 {
			t.Errorf("on the page without Run: %v", n)
		}
		stop := run(t, m)
		eventually(t, patience, "the node is on the host's page", func() bool {
			n := gathered(t, host)
			return n["edge_node_up"] == 1 && n["edge_node_memory_total_bytes"] == 1 && n["nodemetrics_series"] == 1
		})
		wantOnce(t, m)
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
	if n := gathered(t, host); len(n) != 0 {
		t.Errorf("on the page after the end: %v", n)
	}
}

// A host that shows the module on its own page, and is shown on the module's.
func TestCollectorInHost(t *testing.T) {
	host := prometheus.NewRegistry()
	m := newModule(t, func(c *Config) { c.Host = host })
	host.MustRegister(m.Collector(), stock.NewGoCollector())
	accept(t, m, message("edge", memory("7")))
	if err := m.Expect("pending"); err != nil {
		t.Fatal(err)
	}
	if n := gathered(t, host); n["edge_node_memory_total_bytes"] != 1 || n["nodemetrics_nodes"] != 3 || n["go_goroutines"] != 1 {
		t.Errorf("the host's page has %v", n)
	}
	wantOnce(t, m)
	wantLine(t, m, "nodemetrics_host_gather_errors_total 0")
	if _, err := m.Gather(); err != nil {
		t.Error(err)
	}
}

// A host with a metric that is broken costs no more than a counter.
func TestHostErrors(t *testing.T) {
	host := prometheus.NewRegistry()
	host.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "host_good"}, func() float64 { return 1 }), broken{})
	m := newModule(t, func(c *Config) { c.Host = host })
	accept(t, m, message("edge", memory("7")))
	for _, line := range []string{"host_good 1", `edge_node_memory_total_bytes{node="edge"} 7`} {
		wantLine(t, m, line)
	}
	wantLine(t, m, "nodemetrics_host_gather_errors_total 2")
}

type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}
func (broken) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(errors.New("broken")), errors.New("broken"))
}

// gathered counts the series of each family.
func gathered(t *testing.T, g prometheus.Gatherer) map[string]int {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Error(err)
	}
	n := map[string]int{}
	for _, f := range families {
		n[f.GetName()] = len(f.GetMetric())
	}
	return n
}

// wantOnce wants no family and no series to stand on the page twice, in any format.
func wantOnce(t *testing.T, m *Module) {
	t.Helper()
	for _, accept := range []string{"", "application/openmetrics-text;version=1.0.0"} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Header.Set("Accept", accept)
		seen := map[string]bool{}
		for _, line := range strings.Split(ask(m, r).Body.String(), "\n") {
			name := line
			switch {
			case line == "" || line == "# EOF" || strings.HasPrefix(line, "# HELP"):
				continue
			case !strings.HasPrefix(line, "#"):
				name = line[:strings.LastIndex(line, " ")]
			}
			if seen[name] {
				t.Errorf("twice: %s", line)
			}
			seen[name] = true
		}
		if len(seen) == 0 {
			t.Error("the page is empty")
		}
	}
}

// The end does not wait for a report that is being decoded, and the report is not lost
// to those who still read: it is on the page when it is decoded.
func TestEndInMidReport(t *testing.T) {
	m := newModule(t, func(c *Config) { c.BindAddress = freeAddress(t) })
	accept(t, m, message("edge", memory("6")))
	stop := run(t, m)
	begun, rest := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := m.Handle(message("edge", marshaler(func() ([]byte, error) {
			close(begun)
			<-rest
			return []byte(memory("7")), nil
		})))
		done <- err
	}()
	<-begun
	if err := stop(); err != nil {
		t.Error(err)
	}
	wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 6`)
	close(rest)
	if err := <-done; err != nil {
		t.Errorf("the report is refused: %v", err)
	}
	wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 7`)
	wantLine(t, m, `nodemetrics_reports_total{reason="",result="accepted"} 2`)
	eventually(t, patience, "nothing of Run is left", func() bool { return !strings.Contains(stacks(), "nodemetrics.(*Module).run") })
}
