package conformance

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/prometheus/prometheus/model/textparse"
)

// After a mapping was replaced, and when nodes are silent, there are nodes of
// several kinds on one page; its families must still stand together.
func TestPageOfTwoMappingsAndSilentNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		gauge := []labeled{{"1", map[string]string{"a": "x"}}}
		w.report("silent", "s", gauge, nil, map[string]string{"user": "1"})
		time.Sleep(registry.Options{}.WithDefaults().NodeTTL) // in a bubble: no time passes
		for s := range w.want {
			delete(w.want, s)
		}
		w.want[series("edge_node_up", map[string]string{"node": "silent"})] = 0

		w.report("old", "o", gauge, nil, map[string]string{"user": "2"})
		m, err := mapping.Parse([]byte(`
families:
- {name: conf_gauge, help: Another one., path: g, labels: {other: o}}
- {name: conf_added, help: Added., path: h}
- {name: a_first_total, type: counter, help: Before all others., path: h}
`))
		if err != nil {
			t.Fatal(err)
		}
		d, err := mapping.NewDecoder(m, "", mapping.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var r mapping.Report
		if err := d.Decode(`{"g": 5, "o": "p", "h": 6}`, &r); err != nil {
			t.Fatal(err)
		}
		if err := w.registry.Put("new", &r); err != nil {
			t.Fatal(err)
		}
		node := map[string]string{"node": "new"}
		w.want[series("conf_gauge", map[string]string{"node": "new", "other": "p"})] = 5
		w.want[series("conf_added", node)] = 6
		w.want[series("a_first_total", node)] = 6
		w.want[series("edge_node_up", node)] = 1
		for name, accept := range accepts {
			body, contentType := w.scrape(accept.header, "identity")
			got, families, err := readAsPrometheus(body, contentType, textparse.ParserOptions{})
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, body)
			}
			w.compare(got)
			if len(families) != 10 {
				t.Errorf("%s: metadata of %d families, want 10", name, len(families))
			}
			if t.Failed() {
				t.Fatalf("%s:\n%s", name, body)
			}
		}
	})
}
