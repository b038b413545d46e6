package nodemetrics

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// One bad value costs its sample: the node is up, the others are shown, what is
// missing is counted by reason, and the newest example is on the overview.
func TestDroppedSamples(t *testing.T) {
	limited := func(c *Config) {
		c.Limits = Limits{Nodes: 1, SamplesPerNode: 3, ReportBytes: 4000, LabelValueBytes: 16, ReportsPerSecond: 100_000}
	}
	custom := func(labels string) string {
		return `{"custom":[{"name":"a","value":1,"labels":` + labels + `}],"cpu":{"load1":0.5}}`
	}
	many := `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1}`
	for reason, test := range map[string]struct{ message, example string }{
		"wrong_type":         {`{"memory":{"totalBytes":"N/A"},"cpu":{"load1":0.5}}`, `memory.totalBytes: the string "N/A" where a number is expected`},
		"number_range":       {`{"memory":{"totalBytes":1e999},"cpu":{"load1":0.5}}`, `memory.totalBytes: "1e999" is out of range of float64`},
		"invalid_counter":    {`{"cpu":{"secondsTotal":{"user":-1},"load1":0.5}}`, `cpu.secondsTotal.user: a counter of "-1"`},
		"invalid_utf8":       {"{\"temperatures\":[{\"sensor\":\"\xff\",\"celsius\":1}],\"cpu\":{\"load1\":0.5}}", `temperatures[0].sensor: the label value`},
		"label_too_long":     {`{"temperatures":[{"sensor":"` + strings.Repeat("s", 17) + `","celsius":1}],"cpu":{"load1":0.5}}`, "temperatures[0].sensor: a label value of 17 bytes, the limit is 16"},
		"invalid_label_name": {custom(`{"` + strings.Repeat("a", 200) + `":"v"}`), "is longer than 128 bytes"},
		"too_many_labels":    {custom(many), "custom[0].labels.q: more than 16 labels"},
		"duplicate_series":   {`{"temperatures":[{"sensor":"a","celsius":1},{"sensor":"a","celsius":2}],"cpu":{"load1":0.5}}`, "temperatures[1].celsius: a second series"},
		"too_many_samples":   {`{"cpu":{"load1":0.5,"load5":1,"load15":1,"count":1}}`, "cpu.count: more than 3 samples"},
	} {
		t.Run(reason, func(t *testing.T) {
			m := newModule(t, limited)
			line := "nodemetrics_samples_dropped_total{reason=%q} %d"
			wantLine(t, m, fmt.Sprintf(line, reason, 0))
			accept(t, m, message("edge", test.message))
			wantLine(t, m, `edge_node_up{node="edge"} 1`)
			wantLine(t, m, `edge_node_load1{node="edge"} 0.5`)
			for _, other := range mapping.DropReasons() {
				n := 0
				if string(other) == reason {
					n = 1
				}
				wantLine(t, m, fmt.Sprintf(line, other, n))
			}
			shown := m.drops.list()
			if len(shown) != 1 || shown[0].Reason != reason || shown[0].Resource != "node/edge/default/user/sysinfo" || !strings.Contains(shown[0].Error, test.example) {
				t.Fatalf("the examples are %+v, want %s", shown, test.example)
			}
			w := httptest.NewRecorder()
			m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
			if !strings.Contains(w.Body.String(), "Dropped samples") || !strings.Contains(w.Body.String(), reason) {
				t.Errorf("the overview is\n%s", w.Body)
			}
		})
	}
}

// Every reason has an example from its first sample on, however soon it comes
// after one of another reason.
func TestFirstExampleDoesNotWait(t *testing.T) {
	m := newModule(t, nil)
	accept(t, m, message("one", `{"memory":{"totalBytes":"N/A"}}`))
	accept(t, m, message("two", `{"memory":{"totalBytes":1e999}}`))
	accept(t, m, message("three", `{"cpu":{"secondsTotal":{"user":-1}}}`))
	if all := m.Dropped(); len(all) != 3 {
		t.Fatalf("got %+v, want three reasons", all)
	}
	for _, d := range m.Dropped() {
		if d.Example == "" {
			t.Errorf("%s has no example", d.Reason)
		}
	}
}

// In two samples of one series the first counts.
func TestDuplicateKeepsTheFirst(t *testing.T) {
	m := newModule(t, nil)
	accept(t, m, message("edge", `{"temperatures":[{"sensor":"a","celsius":1},{"sensor":"a","celsius":2}]}`))
	wantLine(t, m, `edge_node_temperature_celsius{node="edge",sensor="a"} 1`)
}

// A heartbeat, and a report without anything that can be used, keep their node
// up. They replace the report before.
func TestReportsWithoutSamples(t *testing.T) {
	for name, content := range map[string]string{
		"heartbeat": `{"timestamp": 1732362000}`,
		"empty":     `{}`,
		"unknown":   `{"foo": 1}`,
		"all bad":   `{"cpu": "x", "memory": [1]}`,
		"null":      `{"cpu": null}`,
	} {
		t.Run(name, func(t *testing.T) {
			m := newModule(t, nil)
			accept(t, m, message("edge", memory("7")))
			wantLine(t, m, "nodemetrics_reports_without_samples_total 0")
			accept(t, m, message("edge", content))
			wantLine(t, m, "nodemetrics_reports_without_samples_total 1")
			wantLine(t, m, `edge_node_up{node="edge"} 1`)
			wantNoLine(t, m, `edge_node_memory_total_bytes{node="edge"}`)
			wantLine(t, m, `nodemetrics_reports_total{reason="",result="accepted"} 2`)
		})
	}
}

// With identity session a name in the payload only serves to count mismatches:
// one that cannot be used is not in the way of the report.
func TestBadClaimIsNotInTheWay(t *testing.T) {
	m := newModule(t, func(c *Config) { c.NodeNameField = "node" })
	accept(t, m, message("edge", `{"node":5,`+memory("7")[1:]))
	wantLine(t, m, `edge_node_memory_total_bytes{node="edge"} 7`)
	wantLine(t, m, "nodemetrics_identity_mismatches_total 0")
	wantLine(t, m, `nodemetrics_samples_dropped_total{reason="wrong_type"} 1`)
}

// A flood of bad samples is counted whole, and decoded once more for its
// examples at most a few times a second.
func TestExamplesAreBounded(t *testing.T) {
	m := newModule(t, func(c *Config) { c.Limits.ReportsPerSecond = 100_000 })
	for range 50 {
		accept(t, m, message("edge", `{"memory":{"totalBytes":"N/A"},"cpu":{"load1":1e999}}`))
	}
	wantLine(t, m, `nodemetrics_samples_dropped_total{reason="wrong_type"} 50`)
	wantLine(t, m, `nodemetrics_samples_dropped_total{reason="number_range"} 50`)
	shown := m.drops.list()
	if len(shown) != 2 {
		t.Fatalf("%d examples, want 2", len(shown))
	}
	if !shown[0].Time.Equal(shown[1].Time) && shown[0].Time.Sub(shown[1].Time) > exampleAge {
		t.Errorf("the examples are of %v and %v", shown[0].Time, shown[1].Time)
	}
	if m.drops.pass(examplesPause) {
		t.Error("another message would be decoded once more at once")
	}
}

// The overview names what the registry left out, too.
func TestOverShareIsOnTheOverview(t *testing.T) {
	m := newModule(t, func(c *Config) { c.Limits.Series = 20 })
	accept(t, m, message("edge", manyLines(50)))
	shed := m.registry.Shed()
	if shed == 0 {
		t.Fatal("nothing is left out")
	}
	dropped := statusHost{m}.Overview().Dropped
	if len(dropped) != 1 || dropped[0].Reason != reasonOverShare || dropped[0].Count != shed {
		t.Errorf("of %d samples left out the overview says %+v", shed, dropped)
	}
}
