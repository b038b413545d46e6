package mapping_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/sysinfo"
)

type loud struct{}

func (loud) MarshalJSON() ([]byte, error) { panic("loud") }

func TestDecodeContent(t *testing.T) {
	const message = `{"cpu": {"count": 4}}`
	d := newDecoder(t, mapping.Version1(), "", mapping.Limits{})
	for name, content := range map[string]any{
		"bytes":       []byte(message),
		"a string":    message,
		"raw JSON":    json.RawMessage(message),
		"a map":       map[string]any{"cpu": map[string]int{"count": 4}},
		"a struct":    sysinfo.Document{CPU: &sysinfo.CPU{Count: sysinfo.Ptr[uint64](4)}},
		"a pointer":   &sysinfo.Document{CPU: &sysinfo.CPU{Count: sysinfo.Ptr[uint64](4)}},
		"json.Number": map[string]any{"cpu": map[string]any{"count": json.Number("4")}},
	} {
		t.Run(name, func(t *testing.T) {
			var r mapping.Report
			if err := d.Decode(content, &r); err != nil {
				t.Fatal(err)
			}
			if got := series(&r); len(got) != 1 || got[0] != "edge_node_cpus 4" {
				t.Errorf("got %q, want edge_node_cpus 4", got)
			}
		})
	}
	for name, test := range map[string]struct {
		content any
		reason  mapping.Reason
		detail  string
	}{
		"nil":                       {nil, mapping.NotObject, "null"},
		"no bytes":                  {[]byte(nil), mapping.Truncated, "a value is expected"},
		"a nil pointer":             {(*sysinfo.Document)(nil), mapping.NotObject, "null"},
		"a number":                  {5, mapping.NotObject, `"5"`},
		"a channel":                 {make(chan int), mapping.NotJSON, "a chan int that has no JSON form"},
		"a function":                {func() {}, mapping.NotJSON, "a func() that has no JSON form"},
		"a NaN":                     {map[string]any{"cpu": math.NaN()}, mapping.NotJSON, "NaN"},
		"a MarshalJSON that panics": {loud{}, mapping.NotJSON, "panic: loud"},
		"a large map":               {map[string]string{"x": strings.Repeat("x", mapping.DefaultLimits.Bytes)}, mapping.TooLarge, "the limit is 262144"},
	} {
		t.Run(name, func(t *testing.T) {
			var e *mapping.Error
			if err := d.Decode(test.content, &mapping.Report{}); !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Reason != test.reason || !strings.Contains(e.Detail, test.detail) {
				t.Errorf("got %s: %s, want %s: %s", e.Reason, e.Detail, test.reason, test.detail)
			}
		})
	}
}
