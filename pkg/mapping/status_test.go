package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// The families that the registry adds, as dashboards and rules know them.
func TestStatusFamilies(t *testing.T) {
	want := []string{
		"edge_node_clock_skew_seconds", "edge_node_last_report_timestamp_seconds", "edge_node_name_conflict",
		"edge_node_report_interval_seconds", "edge_node_samples_dropped", "edge_node_up",
	}
	var got []string
	for _, f := range mapping.Status {
		got = append(got, f.Name)
		if f.Type != mapping.Gauge || f.Help == "" || !strings.HasSuffix(f.Help, ".") {
			t.Errorf("%s is a %s, %q", f.Name, f.Type, f.Help)
		}
		if _, err := mapping.Parse([]byte("families: [{name: " + f.Name + ", help: h, path: v}]")); err == nil || !strings.Contains(err.Error(), "the name is taken by "+f.Name) {
			t.Errorf("a mapping may define %s: %v", f.Name, err)
		}
	}
	if !slices.Equal(got, want) || !slices.IsSorted(got) {
		t.Errorf("the families are %q, want %q", got, want)
	}
}

func TestOpenMetricsNames(t *testing.T) {
	for _, test := range []struct {
		name      string
		typ       mapping.Type
		want, as  string
		pageNames string
	}{
		{"a", mapping.Gauge, "a", "gauge", "a"},
		{"a_total", mapping.Counter, "a", "counter", "a a_total a_created"},
		{"a", mapping.Counter, "a", "unknown", "a"},
		{"_total", mapping.Counter, "_total", "unknown", "_total"},
		{"x_total_total", mapping.Counter, "x_total", "counter", "x_total x_total_total x_total_created"},
	} {
		f := mapping.Family{Name: test.name, Type: test.typ}
		if name, typ := f.OpenMetrics(); name != test.want || typ != test.as {
			t.Errorf("%s %s: %s %s, want %s %s", test.typ, test.name, typ, name, test.as, test.want)
		}
		if got := strings.Join(f.PageNames(), " "); got != test.pageNames {
			t.Errorf("%s %s takes up %q, want %q", test.typ, test.name, got, test.pageNames)
		}
	}
}

// JSON returns the text of what is JSON, and an error for the rest.
func TestJSON(t *testing.T) {
	d := newDecoder(t, parse(t, `families: [{name: a, help: h, path: v}]`), "", mapping.Limits{Bytes: 20})
	for _, content := range []any{`{"v": 1}`, []byte(`{"v": 1}`), map[string]int{"v": 1}} {
		text, err := d.JSON(content)
		if err != nil || strings.ReplaceAll(string(text), " ", "") != `{"v":1}` {
			t.Errorf("%T: %s, %v", content, text, err)
		}
	}
	for _, content := range []any{make(chan int), strings.Repeat(" ", 21), []string{strings.Repeat("x", 20)}} {
		if text, err := d.JSON(content); text != nil || err == nil {
			t.Errorf("%T: %q, %v", content, text, err)
		}
	}
}
