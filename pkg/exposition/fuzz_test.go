package exposition_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// What a node says comes out of the page's parser as it went in.
func FuzzPage(f *testing.F) {
	if seeds, err := os.ReadDir("testdata/fuzz/FuzzPage"); err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	m, err := mapping.Parse([]byte(`families:
  - {name: a_total, type: counter, help: "a", path: v, labels: {x: x, z: z}}
  - {name: keyed, help: "k", path: k.*, keyLabel: key}`))
	if err != nil {
		f.Fatal(err)
	}
	d, err := mapping.NewDecoder(m, "", mapping.Limits{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, node, x, z, key string, value float64) {
		for _, s := range []*string{&node, &x, &z, &key} {
			*s = strings.ToValidUTF8(*s, "?") // nothing else comes in
		}
		v := any(value)
		if math.IsNaN(value) || math.IsInf(value, 0) {
			v = fmt.Sprint(value)
		}
		message, err := json.Marshal(map[string]any{"x": x, "z": z, "v": v, "k": map[string]any{key: v}})
		if err != nil {
			t.Fatal(err)
		}
		var report mapping.Report
		if err := d.Decode(message, &report); err != nil {
			t.Skip(err)
		}
		counted := value >= 0 // else the counter is dropped, and the gauge stays
		if n := report.Dropped.Total(); n > 1 || n == 1 && counted {
			t.Skip("a label is too long")
		}
		r := newRegistry(t, registry.Options{})
		if err := r.Put(node, &report); err != nil {
			t.Fatal(err)
		}

		labels := func(pairs ...string) string {
			var labels []string
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i+1] != "" || pairs[i] == "node" { // an empty label is none
					labels = append(labels, fmt.Sprintf("%s=%q", pairs[i], pairs[i+1]))
				}
			}
			slices.Sort(labels)
			return strings.Join(labels, ",")
		}
		shown := number(value)
		want := []string{
			"edge_node_up{" + labels("node", node) + "} 1",
			"keyed: GAUGE, \"k\"",
			"keyed{" + labels("node", node, "key", key) + "} " + shown,
		}
		if counted {
			want = append(want, "a_total: COUNTER, \"a\"", "a_total{"+labels("node", node, "x", x, "z", z)+"} "+shown)
		}
		text := page(t, r, "")
		got := samples(families(t, strings.NewReader(text)))
		got = slices.DeleteFunc(got, func(line string) bool {
			return strings.HasPrefix(line, "edge_node_up:") || strings.HasPrefix(line, "edge_node_last_report_") ||
				strings.HasPrefix(line, "edge_node_samples_dropped")
		})
		slices.Sort(want)
		differ(t, "the page", got, want)

		// OpenMetrics differs in the metadata of counters and at its end.
		open := page(t, r, acceptOpenMetrics)
		open = strings.Replace(strings.TrimSuffix(open, "# EOF\n"), "# HELP a a\n# TYPE a counter\n", "# HELP a_total a\n# TYPE a_total counter\n", 1)
		if open != text {
			t.Errorf("but for metadata OpenMetrics differs:\n%s\n%s", open, text)
		}
		agree(t, r)
	})
}
