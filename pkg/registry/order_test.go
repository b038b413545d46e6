//go:build go1.25

package registry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// A report that was overtaken on its way is refused; one of a clock that was
// set back is not.
func TestLateReports(t *testing.T) {
	o := registry.Options{NodeTTL: time.Minute, Overrides: []registry.Override{{Nodes: "slow", TTL: time.Hour}}}
	for name, test := range map[string]struct {
		node          string
		first, second string
		after         time.Duration
		want          registry.Reason
	}{
		"newer":                      {"n", `"time": 1000`, `"time": 1000.001`, 0, ""},
		"equal":                      {"n", `"time": 1000`, `"time": 1000`, 0, ""},
		"older":                      {"n", `"time": 1000`, `"time": 999.999`, 0, registry.Late},
		"older by the TTL":           {"n", `"time": 1000`, `"time": 940`, 0, registry.Late},
		"older by more than the TTL": {"n", `"time": 1000`, `"time": 939.999`, 0, ""},
		"older by more than the default, less than its override":    {"slow", `"time": 10000`, `"time": 6400`, 0, registry.Late},
		"older by more than its override":                           {"slow", `"time": 10000`, `"time": 6399`, 0, ""},
		"older by less than what its declared interval stretches":   {"n", `"time": 1000, "interval": 60`, `"time": 820`, 0, registry.Late},
		"older by more than what its declared interval stretches":   {"n", `"time": 1000, "interval": 60`, `"time": 819`, 0, ""},
		"older, just before the first one expires":                  {"n", `"time": 1000`, `"time": 999`, time.Minute - 1, registry.Late},
		"older, after the first one expired":                        {"n", `"time": 1000`, `"time": 999`, time.Minute, ""},
		"without time, after one with":                              {"n", `"time": 1000`, `"value": 3`, 0, ""},
		"with time, after one without":                              {"n", `"value": 3`, `"time": 1000`, 0, ""},
		"of a wrong clock that is right again, from the far future": {"n", `"time": 4000000000`, `"time": 1000`, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			swept(t, o, func(n *nodes, after func(time.Duration)) {
				n.report(test.node, `{"values": {"x": 1}, `+test.first+`}`)
				after(test.after)
				err := n.Put(test.node, report(t, n.mapping, `{"values": {"x": 2}, `+test.second+`}`))
				if got := reason(t, err); got != test.want {
					t.Errorf("refused as %q (%v), want %q", got, err, test.want)
				}
				want := map[bool]string{true: "2", false: "1"}[err == nil]
				if got := value(n, "z_values", test.node); got != want {
					t.Errorf("the value is %q, want %q", got, want)
				}
			})
		})
	}
}

// A late report does not keep its node alive.
func TestLateReportLeavesExpiry(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute}, func(n *nodes, after func(time.Duration)) {
		n.report("n", `{"time": 1000, "value": 1}`)
		after(30 * time.Second)
		if got := reason(t, n.Put("n", report(t, n.mapping, `{"time": 990, "value": 2}`))); got != registry.Late {
			t.Fatalf("a late report is refused as %q", got)
		}
		after(30 * time.Second)
		n.life("n", "expired")
	})
}

// A report without a time does not let older ones in that come by after it,
// except the first.
func TestLateAfterUnknownTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{})
		n.report("n", `{"time": 1000, "value": 1}`)
		n.report("n", `{"value": 2}`)
		n.report("n", `{"time": 990, "value": 3}`)
		if got := reason(t, n.Put("n", report(t, n.mapping, `{"time": 989, "value": 4}`))); got != registry.Late {
			t.Errorf("an older report is refused as %q", got)
		}
	})
}
