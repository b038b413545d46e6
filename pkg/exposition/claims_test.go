package exposition

import (
	"fmt"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Which names a family of the host takes up, in each format.
func TestClaims(t *testing.T) {
	for _, test := range []struct {
		name       string
		kind       dto.MetricType
		text, open string
	}{
		{"a", dto.MetricType_GAUGE, "a", "a"},
		{"a_total", dto.MetricType_GAUGE, "a_total", "a_total"},
		{"a", dto.MetricType_UNTYPED, "a", "a"},
		{"a", dto.MetricType_COUNTER, "a", "a"},
		{"a_total", dto.MetricType_COUNTER, "a_total", "a_total a a_created"},
		{"_total", dto.MetricType_COUNTER, "_total", "_total"},
		{"a", dto.MetricType_SUMMARY, "a a_count a_sum", "a a_count a_sum a_created"},
		{"a", dto.MetricType_HISTOGRAM, "a a_count a_sum a_bucket", "a a_count a_sum a_bucket a_created"},
	} {
		for format, want := range map[format]string{text004: test.text, text100: test.text, openMetrics: test.open} {
			if got := strings.Join(claims(test.name, test.kind, format), " "); got != want {
				t.Errorf("%v %s in format %d takes up %q, want %q", test.kind, test.name, format, got, want)
			}
		}
	}
}

// A page of so many nodes that their lines are fetched ahead is right where some
// have no line of a family, be it the last.
func TestManyNodesOfOtherFamilies(t *testing.T) {
	m, err := mapping.Parse([]byte("families: [{name: a, help: h, path: a}, {name: z, help: h, path: z}, {name: zz, help: h, path: zz}]"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := mapping.NewDecoder(m, "", mapping.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.New(registry.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const nodes = 3000
	messages := []string{`{}`, `{"a": 1}`, `{"z": 1}`, `{"a": 1, "z": 1}`, `{"zz": 1}`}
	want := map[string]int{}
	var one mapping.Report
	for i := range nodes {
		message := messages[i%len(messages)]
		if err := d.Decode(message, &one); err != nil {
			t.Fatal(err)
		}
		if err := r.Put(fmt.Sprint("n", i), &one); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"a", "z", "zz"} {
			want[name] += strings.Count(message, `"`+name+`"`)
		}
		want["edge_node_up"]++
	}
	var s registry.Snapshot
	r.Snapshot(&s)
	defer s.Release()
	var text strings.Builder
	if err := WriteNodes(&text, &s, text004); err != nil {
		t.Fatal(err)
	}
	for name, n := range want {
		if got := strings.Count("\n"+text.String(), "\n"+name+"{"); got != n {
			t.Errorf("%d lines of %s, want %d", got, name, n)
		}
	}
}
