package nodemetrics

import (
	"encoding/json"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// histogram reads what a histogram has seen.
func histogram(t *testing.T, h prometheus.Histogram) (sum float64, count uint64) {
	t.Helper()
	var m dto.Metric
	if err := h.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetHistogram().GetSampleSum(), m.GetHistogram().GetSampleCount()
}

// TestDurationInSeconds handles reports one after the other: what they took cannot
// be more than the time that passed, nor nothing.
func TestDurationInSeconds(t *testing.T) {
	m := newModule(t, nil)
	start := time.Now()
	const n = 50
	for range n {
		accept(t, m, message("edge", memory("7")))
	}
	_, _ = m.Handle(nil) // one that is refused counts as well
	passed := time.Since(start).Seconds()
	if sum, count := histogram(t, m.metrics.duration); sum <= 0 || sum > passed || count != n+1 {
		t.Errorf("%d durations, %v s in all; want %d in at most %v s", count, sum, n+1, passed)
	}
}

// TestReportBytes looks at the sizes that are counted, by the form of the content.
func TestReportBytes(t *testing.T) {
	text := memory("7")
	for name, x := range map[string]struct {
		content any
		sum     float64
	}{
		"bytes":   {[]byte(text), float64(len(text))},
		"raw":     {json.RawMessage(text), float64(len(text))},
		"text":    {text, float64(len(text))},
		"refused": {"{", 1},
		"a map":   {map[string]any{"memory": map[string]any{"totalBytes": 7}}, 0}, // has no size of its own
	} {
		m := newModule(t, nil)
		_, _ = m.Handle(message("edge", x.content))
		want := uint64(1)
		if x.sum == 0 {
			want = 0
		}
		if sum, count := histogram(t, m.metrics.bytes); sum != x.sum || count != want {
			t.Errorf("%s: %d sizes, %v in all; want %d and %v", name, count, sum, want, x.sum)
		}
	}
}

// TestOneIgnoredField is about the least that counts.
func TestOneIgnoredField(t *testing.T) {
	m := newModule(t, nil)
	accept(t, m, message("edge", `{"a":1,`+memory("1")[1:]))
	wantLine(t, m, "nodemetrics_reports_with_ignored_fields_total 1")
}

// TestReportIsNotSharedWhileInUse takes a report from the pool while a message is
// being decoded: it must be another one than the message's.
func TestReportIsNotSharedWhileInUse(t *testing.T) {
	m := newModule(t, nil)
	made := 0
	m.reports.New = func() any { made++; return new(mapping.Report) }
	accept(t, m, message("edge", marshaler(func() ([]byte, error) {
		before := made
		m.reports.Get()
		if made == before {
			t.Error("the report that is being decoded into is in the pool")
		}
		return []byte(memory("7")), nil
	})))
	wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 7`)
}

// TestConcurrentReportsStayApart has many goroutines report for nodes of their own.
func TestConcurrentReportsStayApart(t *testing.T) {
	m := newModule(t, nil)
	const nodes, turns = 8, 200
	var all sync.WaitGroup
	for node := range nodes {
		all.Add(1)
		go func() {
			defer all.Done()
			for turn := range turns {
				content := fmt.Sprintf(`{"temperatures":[{"sensor":"s%d","celsius":%d}],"cpu":{"load1":%d}}`, node, turn, node*1000+turn)
				if _, err := m.Handle(message(fmt.Sprint("edge-", node), []byte(content))); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
	text := page(m)
	if n := strings.Count(text, "\nedge_node_temperature_celsius{"); n != nodes {
		t.Errorf("%d sensors, want %d", n, nodes)
	}
	for node := range nodes {
		for _, want := range []string{
			fmt.Sprintf(`edge_node_temperature_celsius{node="edge-%d",sensor="s%d"} %d`, node, node, turns-1),
			fmt.Sprintf(`edge_node_load1{node="edge-%d"} %d`, node, node*1000+turns-1),
		} {
			if !strings.Contains(text, "\n"+want+"\n") {
				t.Errorf("the page lacks %s", want)
			}
		}
	}
	wantLine(t, m, fmt.Sprintf(`nodemetrics_reports_total{reason="",result="accepted"} %d`, nodes*turns))
}

// TestHostByDefault wants the process's own metrics where nobody names others.
func TestHostByDefault(t *testing.T) {
	m, err := New(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	wantLine(t, m, fmt.Sprintf("go_info{version=%q} 1", goVersion(t)))
}

func goVersion(t *testing.T) string {
	t.Helper()
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "go_info" {
			return f.GetMetric()[0].GetLabel()[0].GetValue()
		}
	}
	t.Fatal("the default registry has no go_info")
	return ""
}

// TestRegistryOptions follows every value to where it acts.
func TestRegistryOptions(t *testing.T) {
	c := DefaultConfig()
	c.NodeTTL.Duration, c.MissedReports = 7*time.Minute, 11
	c.DisconnectGrace.Duration, c.Retention.Duration = 13*time.Second, 17*time.Hour
	c.Limits.Nodes, c.Limits.ReportsPerSecond = 19, 23
	c.NodeTTLOverrides = []TTLOverride{{"first", Duration{time.Minute}}, {"second", Duration{2 * time.Minute}}, {"*", Duration{3 * time.Minute}}}
	o := c.registryOptions()
	if o.NodeTTL != 7*time.Minute || o.MissedReports != 11 || o.DisconnectGrace != 13*time.Second || o.Retention != 17*time.Hour ||
		o.Nodes != 19 || o.ReportsPerSecond != 23 {
		t.Errorf("the registry gets %+v", o)
	}
	// The first that matches counts, so their order does.
	if len(o.Overrides) != 3 {
		t.Fatalf("overrides %v", o.Overrides)
	}
	for i, v := range c.NodeTTLOverrides {
		if got := o.Overrides[i]; got.Nodes != v.Nodes || got.TTL != v.TTL.Duration {
			t.Errorf("override %d is %v, want %v", i, got, v)
		}
	}
}

// TestNewReadsTheClock wants the start to count as the first time that a config was
// taken up.
func TestNewReadsTheClock(t *testing.T) {
	before := time.Now()
	m := newModule(t, nil)
	var g dto.Metric
	if err := m.metrics.reloadTime.Write(&g); err != nil {
		t.Fatal(err)
	}
	if got, now := g.GetGauge().GetValue(), float64(time.Now().UnixMilli())/1e3; got < math.Floor(float64(before.UnixMilli())/1e3) || got > now+1 {
		t.Errorf("the config is from %v, want from now, %v", got, now)
	}
	wantLine(t, m, reloadSuccessful+"1")
}

// TestBuildInfo wants the versions of the module and of Go under their names.
func TestBuildInfo(t *testing.T) {
	m := newModule(t, nil)
	wantLine(t, m, fmt.Sprintf("nodemetrics_build_info{goversion=%q,version=%q} 1", runtime.Version(), Version()))
}
