//go:build go1.25

package registry_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

func TestNodesLimit(t *testing.T) {
	for name, add := range map[string]func(n *nodes, node string) error{
		"Put":    func(n *nodes, node string) error { return n.Put(node, report(n.tb, n.mapping, `{"value": 1}`)) },
		"Expect": func(n *nodes, node string) error { return n.Expect(node) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, registry.Options{Nodes: 2})
				for _, node := range []string{"a", "b", "a"} {
					if err := add(n, node); err != nil {
						t.Errorf("%s: %v", node, err)
					}
				}
				for range 3 {
					if got := reason(t, n.Admit("c")); got != registry.TooManyNodes {
						t.Errorf("a third node is admitted with %q, want %q", got, registry.TooManyNodes)
					}
					if got := reason(t, add(n, "c")); got != registry.TooManyNodes {
						t.Errorf("a third node is refused as %q, want %q", got, registry.TooManyNodes)
					}
				}
				n.life("c", "")
				n.Forget("b")
				n.Connected("b") // so that it may report at once
				if err := add(n, "c"); err != nil {
					t.Errorf("in the place of a forgotten node: %v", err)
				}
				if got := reason(t, add(n, "b")); got != registry.TooManyNodes {
					t.Errorf("the forgotten node is refused as %q", got)
				}
				if err := n.SetOptions(registry.Options{Nodes: 3}); err != nil {
					t.Fatal(err)
				}
				if err := add(n, "b"); err != nil {
					t.Errorf("by a higher limit: %v", err)
				}
			})
		})
	}
}

// Nodes that are gone for good make room, swept or not for themselves.
func TestNodesLimitAfterRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 2, NodeTTL: time.Minute, Retention: time.Hour})
		n.report("a", `{"value": 1}`)
		n.report("b", `{"value": 1}`)
		time.Sleep(time.Hour + time.Minute)
		n.report("a", `{"value": 1}`)
		n.Sweep()
		n.report("c", `{"value": 1}`)
	})
}

// admitted returns how many of ten reports sent at once are let in.
func admitted(t *testing.T, n *nodes, node string) int {
	t.Helper()
	count := 0
	for range 10 {
		switch got := reason(t, n.Admit(node)); got {
		case "":
			count++
		case registry.RateLimited:
		default:
			t.Errorf("a report too many is refused as %q", got)
		}
	}
	return count
}

func TestReportsPerSecond(t *testing.T) {
	for _, test := range []struct {
		rate                   float64
		burst                  int
		afterASecond, afterTen int
	}{
		{0, 5, 5, 5}, // the default
		{2, 2, 2, 2},
		{1, 1, 1, 1},
		{0.5, 1, 0, 1},
		{1e-12, 1, 0, 0}, // one in a lifetime
		{1e12, 10, 10, 10},
	} {
		t.Run(fmt.Sprint(test.rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, registry.Options{ReportsPerSecond: test.rate})
				if got := admitted(t, n, "n"); got != 10 {
					t.Errorf("%d reports of an unknown node are let in, want all", got)
				}
				n.report("n", `{"value": 1}`)
				n.report("other", `{"value": 1}`)
				for _, node := range []string{"n", "other"} {
					if got := admitted(t, n, node); got != test.burst {
						t.Errorf("a burst of %d, want %d", got, test.burst)
					}
				}
				time.Sleep(time.Second)
				if got := admitted(t, n, "n"); got != test.afterASecond {
					t.Errorf("%d after a second, want %d", got, test.afterASecond)
				}
				time.Sleep(9 * time.Second)
				if got := admitted(t, n, "n"); got != test.afterTen {
					t.Errorf("%d after ten seconds, want %d", got, test.afterTen)
				}
			})
		})
	}
}

// Steady reports at the limit are all let in, and none of those between.
func TestReportsPerSecondSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{ReportsPerSecond: 4})
		n.report("n", `{"value": 1}`)
		admitted(t, n, "n")
		for i := range 100 {
			time.Sleep(125 * time.Millisecond)
			if got := n.Admit("n") == nil; got != (i%2 == 1) {
				t.Fatalf("report %d of those at twice the rate is let in: %v", i, got)
			}
		}
	})
}

// A changed rate counts at once, for strangers too.
func TestReportsPerSecondChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{ReportsPerSecond: 0.001})
		n.report("n", `{"value": 1}`)
		admitted(t, n, "n")
		n.Refused("stranger")
		if got := reason(t, n.Admit("stranger")); got != registry.RateLimited {
			t.Errorf("a stranger over the rate is admitted with %q", got)
		}
		if err := n.SetOptions(registry.Options{ReportsPerSecond: 4}); err != nil {
			t.Fatal(err)
		}
		if got := admitted(t, n, "n"); got != 4 {
			t.Errorf("%d reports are let in by the new rate, want 4", got)
		}
		if err := n.Admit("stranger"); err != nil {
			t.Error(err)
		}
		if err := n.SetOptions(registry.Options{ReportsPerSecond: 4, NodeTTL: time.Hour}); err != nil {
			t.Fatal(err)
		}
		if got := admitted(t, n, "n"); got != 0 {
			t.Errorf("%d reports are let in by a rate that did not change, want none", got)
		}
	})
}
