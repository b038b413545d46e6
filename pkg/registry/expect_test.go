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

		n.report("fresh", `{"value": 1}`) // its last one was still on its way
		n.life("fresh", "fresh")
		n.told("fresh: appeared")
		after(time.Minute)
		n.Forget("fresh")
		n.shows()
	})
}
