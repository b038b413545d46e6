//go:build go1.25

package registry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// A node is known from its first report, or from being expected, until it is forgotten.
func TestKnows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{NodeTTL: time.Minute, Retention: time.Hour})
		known := func(when string, want map[string]bool) {
			t.Helper()
			for node, want := range want {
				for range 2 { // it holds no lock
					if got := n.Knows(node); got != want {
						t.Errorf("%s: %s is known: %v", when, node, got)
					}
				}
			}
		}
		n.report("reports", `{"value": 1}`)
		n.report("silent", `{"value": 1}`)
		if err := n.Expect("expected"); err != nil {
			t.Fatal(err)
		}
		known("at first", map[string]bool{"reports": true, "silent": true, "expected": true, "stranger": false})
		time.Sleep(time.Hour)
		n.report("reports", `{"value": 1}`)
		known("expired", map[string]bool{"reports": true, "silent": true, "expected": true, "stranger": false})
		time.Sleep(time.Minute)
		known("after the retention", map[string]bool{"reports": true, "silent": false, "expected": true, "stranger": false})
		n.Forget("expected")
		known("deleted", map[string]bool{"reports": true, "silent": false, "expected": false})
		n.report("reports", `{"value": 2}`)
	})
}

// The interval of a node that declares none is the time since its report before,
// however long the registry has been there.
func TestIntervalHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{})
		time.Sleep(5 * time.Second)
		n.report("n", `{"value": 1}`)
		time.Sleep(7 * time.Second)
		n.report("n", `{"value": 1}`)
		n.shows(`a_value{node="n"} 1`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946684812.000`,
			`edge_node_report_interval_seconds{node="n"} 7`,
			`edge_node_up{node="n"} 1`)
	})
}
