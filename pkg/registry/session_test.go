//go:build go1.25

package registry_test

import (
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// The end of a node's session pulls its expiry in; the session's return or the
// next report takes that back.
func TestDisconnected(t *testing.T) {
	o := registry.Options{NodeTTL: time.Minute, DisconnectGrace: 20 * time.Second}
	for name, test := range map[string]struct {
		then   func(n *nodes, after func(time.Duration))
		fresh  time.Duration // how long after what happens then
		reason string
	}{
		"for good": {
			func(n *nodes, _ func(time.Duration)) { n.Disconnected("n") },
			20 * time.Second, "n: expired after disconnect"},
		"close to the end of the TTL": {
			func(n *nodes, after func(time.Duration)) { after(50 * time.Second); n.Disconnected("n") },
			10 * time.Second, "n: expired"},
		"twice": {
			func(n *nodes, after func(time.Duration)) {
				n.Disconnected("n")
				after(15 * time.Second)
				n.Disconnected("n")
			},
			5 * time.Second, "n: expired after disconnect"},
		"and connected again": {
			func(n *nodes, after func(time.Duration)) {
				n.Disconnected("n")
				after(15 * time.Second)
				n.Connected("n")
			},
			45 * time.Second, "n: expired"},
		"connected, and disconnected again": {
			func(n *nodes, after func(time.Duration)) {
				n.Disconnected("n")
				after(15 * time.Second)
				n.Connected("n")
				n.Disconnected("n")
			},
			20 * time.Second, "n: expired after disconnect"},
		"and a report after all": {
			func(n *nodes, after func(time.Duration)) {
				n.Disconnected("n")
				after(15 * time.Second)
				n.report("n", `{"value": 2}`)
			},
			time.Minute, "n: expired"},
		"connected without having been away": {
			func(n *nodes, after func(time.Duration)) { after(10 * time.Second); n.Connected("n") },
			50 * time.Second, "n: expired"},
	} {
		t.Run(name, func(t *testing.T) {
			swept(t, o, func(n *nodes, after func(time.Duration)) {
				n.report("n", `{"value": 1}`)
				test.then(n, after)
				after(test.fresh + justBefore)
				n.life("n", "fresh")
				after(-justBefore)
				n.life("n", "expired")
				n.Sweep()
				n.told("n: appeared", test.reason)
			})
		})
	}
}

// Sessions of nodes that are down or unknown change nothing.
func TestSessionsOfOthers(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute, ExpectGrace: time.Hour}, func(n *nodes, after func(time.Duration)) {
		if err := n.Expect("silent"); err != nil {
			t.Fatal(err)
		}
		n.report("n", `{"value": 1}`)
		after(time.Minute)
		for _, node := range []string{"n", "silent", "unknown"} {
			n.Disconnected(node)
			n.Connected(node)
		}
		n.life("n", "expired")
		n.life("silent", "pending")
		n.life("unknown", "")
		after(time.Hour - time.Minute)
		n.life("silent", "overdue")
		n.Sweep()
		n.told("n: appeared", "n: expired")
	})
}

// The grace can end unnoticed, and the node return.
func TestDisconnectedCount(t *testing.T) {
	swept(t, registry.Options{}, func(n *nodes, after func(time.Duration)) {
		n.report("n", `{"value": 1}`)
		n.Disconnected("n")
		after(90 * time.Second)
		n.Connected("n") // too late
		n.life("n", "expired")
		n.report("n", `{"value": 1}`)
		n.life("n", "fresh")
		if got := n.Count(registry.ExpiredByDisconnect); got != 1 {
			t.Errorf("%d expiries after a disconnect, want 1", got)
		}
	})
}
