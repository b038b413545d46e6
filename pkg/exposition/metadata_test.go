package exposition

import (
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// A counter is what it is in the text format. OpenMetrics names its family
// without _total, and has no counter whose samples are called otherwise.
func TestMetadata(t *testing.T) {
	for name, test := range map[string]struct {
		family     mapping.Family
		text, open string
	}{
		"gauge":                    {mapping.Family{Name: "a", Help: "h", Type: mapping.Gauge}, "# HELP a h\n# TYPE a gauge\n", "# HELP a h\n# TYPE a gauge\n"},
		"gauge with a colon":       {mapping.Family{Name: "a:b", Help: "h", Type: mapping.Gauge}, "# HELP a:b h\n# TYPE a:b gauge\n", "# HELP a:b h\n# TYPE a:b gauge\n"},
		"counter":                  {mapping.Family{Name: "a_total", Help: "h", Type: mapping.Counter}, "# HELP a_total h\n# TYPE a_total counter\n", "# HELP a h\n# TYPE a counter\n"},
		"counter without _total":   {mapping.Family{Name: "a", Help: "h", Type: mapping.Counter}, "# HELP a h\n# TYPE a counter\n", "# HELP a h\n# TYPE a unknown\n"},
		"counter that is _total":   {mapping.Family{Name: "_total", Help: "h", Type: mapping.Counter}, "# HELP _total h\n# TYPE _total counter\n", "# HELP _total h\n# TYPE _total unknown\n"},
		"help with odd characters": {mapping.Family{Name: "a", Help: "\"h\" \\ \n", Type: mapping.Gauge}, "# HELP a \"h\" \\\\ \\n\n# TYPE a gauge\n", "# HELP a \\\"h\\\" \\\\ \\n\n# TYPE a gauge\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := string(appendMetadata(nil, &test.family, Text004)); got != test.text {
				t.Errorf("as text %q, want %q", got, test.text)
			}
			if got := string(appendMetadata(nil, &test.family, OpenMetrics)); got != test.open {
				t.Errorf("as OpenMetrics %q, want %q", got, test.open)
			}
		})
	}
}
