//go:build go1.25

package registry_test

import (
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

func expect(t testing.TB, n *nodes, node string) {
	t.Helper()
	if err := n.Expect(node); err != nil {
		t.Error(err)
	}
}

// A node that has never reported is down once its grace is over, and stays so.
func TestExpect(t *testing.T) {
	for name, test := range map[string]struct {
		options registry.Options
		grace   time.Duration
	}{
		"default":     {registry.Options{NodeTTL: time.Minute}, time.Minute},
		"ExpectGrace": {registry.Options{NodeTTL: time.Minute, ExpectGrace: 5 * time.Minute}, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			test.options.Retention = time.Hour
			swept(t, test.options, func(n *nodes, after func(time.Duration)) {
				expect(t, n, "n")
				after(test.grace + justBefore)
				n.life("n", "pending")
				n.shows()
				if got := n.Stats(); got != (registry.Stats{Pending: 1}) {
					t.Errorf("while pending there is %+v", got)
				}
				expect(t, n, "n") // which gives no new grace
				after(-justBefore)
				n.shows(`edge_node_up{node="n"} 0`)
				if got := n.Stats(); got != (registry.Stats{Expired: 1, Series: 1}) {
					t.Errorf("when overdue there is %+v", got)
				}
				after(1000 * time.Hour)
				n.life("n", "overdue")
				n.told()
				n.Forget("n")
				n.shows()
				n.told("n: forgotten after deletion")
			})
		})
	}
}

func TestExpectedNodeReports(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute, Retention: time.Hour}, func(n *nodes, after func(time.Duration)) {
		expect(t, n, "n")
		after(2 * time.Minute)
		n.life("n", "overdue")
		n.report("n", `{"value": 1}`)
		n.life("n", "fresh")
		after(time.Minute)
		n.life("n", "expired")
		after(1000 * time.Hour)
		n.life("n", "expired")
		n.Sweep()
		n.told("n: appeared", "n: expired")
	})
}

// A node that reported first is kept from being forgotten as well; unless that
// came too late.
func TestExpectKnownNode(t *testing.T) {
	o := registry.Options{NodeTTL: time.Minute, Retention: time.Hour}
	for name, test := range map[string]struct {
		silence time.Duration
		now     string
		then    string // after the retention
	}{
		"fresh":     {0, "fresh", "expired"},
		"expired":   {time.Minute, "expired", "expired"},
		"forgotten": {time.Hour + time.Minute, "pending", "overdue"},
	} {
		t.Run(name, func(t *testing.T) {
			swept(t, o, func(n *nodes, after func(time.Duration)) {
				n.report("n", `{"value": 1}`)
				after(test.silence)
				expect(t, n, "n")
				n.life("n", test.now)
				after(100 * time.Hour)
				n.life("n", test.then)
			})
		})
	}
}

func TestForget(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute}, func(n *nodes, after func(time.Duration)) {
		n.report("fresh", `{"value": 1}`)
		n.Forget("fresh")
		n.Forget("unknown")
		n.shows()
		n.told("fresh: appeared", "fresh: forgotten after deletion")

		for _, wait := range []time.Duration{0, 2*time.Second + justBefore} { // reports still on their way
			after(wait)
			if got := reason(t, n.Admit("fresh")); got != registry.Forgotten {
				t.Errorf("a late report of a deleted node is admitted with %q", got)
			}
			if got := reason(t, n.Put("fresh", report(t, n.mapping, `{"value": 1}`))); got != registry.Forgotten {
				t.Errorf("a late report of a deleted node is refused as %q", got)
			}
			n.shows()
		}
		after(-justBefore)
		n.report("fresh", `{"value": 1}`)
		n.life("fresh", "fresh")
		n.told("fresh: appeared")
		after(time.Minute)
		n.Forget("fresh")
		n.shows()
	})
}

// A node that is expected or connected again reports at once.
func TestForgetTakenBack(t *testing.T) {
	for name, back := range map[string]func(n *nodes){
		"expected":  func(n *nodes) { expect(t, n, "n") },
		"connected": func(n *nodes) { n.Connected("n") },
	} {
		t.Run(name, func(t *testing.T) {
			swept(t, registry.Options{}, func(n *nodes, _ func(time.Duration)) {
				n.report("n", `{"value": 1}`)
				n.Forget("n")
				back(n)
				n.report("n", `{"value": 2}`)
				n.life("n", "fresh")
			})
		})
	}
}

// An expected node has at least the TTL that an override gives it.
func TestExpectOverride(t *testing.T) {
	o := registry.Options{NodeTTL: time.Minute, Overrides: []registry.Override{{Nodes: "slow", TTL: time.Hour}, {Nodes: "fast", TTL: time.Second}}}
	swept(t, o, func(n *nodes, after func(time.Duration)) {
		expect(t, n, "slow")
		expect(t, n, "fast")
		after(time.Minute + justBefore)
		n.shows()
		after(-justBefore)
		n.shows(`edge_node_up{node="fast"} 0`)
		after(time.Hour - time.Minute)
		n.shows(`edge_node_up{node="fast"} 0`, `edge_node_up{node="slow"} 0`)
	})
}
