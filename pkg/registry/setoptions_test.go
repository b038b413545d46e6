//go:build go1.25

package registry_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Half a minute after a report, its node gets another TTL.
func TestSetOptions(t *testing.T) {
	minute := registry.Options{NodeTTL: time.Minute}
	for name, test := range map[string]struct {
		before, after registry.Options
		want          time.Duration // from the report on
	}{
		"shorter":           {minute, registry.Options{NodeTTL: 40 * time.Second}, 40 * time.Second},
		"longer":            {minute, registry.Options{NodeTTL: time.Hour}, time.Hour},
		"an override added": {minute, registry.Options{Overrides: []registry.Override{{Nodes: "n*", TTL: time.Hour}}}, time.Hour},
		"an override taken away": {registry.Options{NodeTTL: time.Minute, Overrides: []registry.Override{{Nodes: "n*", TTL: time.Hour}}},
			minute, time.Minute},
		"more missed reports": {minute, registry.Options{NodeTTL: time.Minute, MissedReports: 20}, 200 * time.Second},
		"nothing":             {minute, minute, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			swept(t, test.before, func(n *nodes, after func(time.Duration)) {
				n.report("n", `{"value": 1, "interval": 10}`)
				after(30 * time.Second)
				if err := n.SetOptions(test.after); err != nil {
					t.Fatal(err)
				}
				after(test.want - 30*time.Second + justBefore)
				n.life("n", "fresh")
				after(-justBefore)
				n.life("n", "expired")
				ttl(t, n, "n", `{"value": 1, "interval": 10}`, test.want) // the next report's as well
			})
		})
	}
}

// A TTL that ended by the new options is over at once.
func TestSetOptionsExpires(t *testing.T) {
	swept(t, registry.Options{}, func(n *nodes, after func(time.Duration)) {
		n.report("n", `{"value": 1}`)
		after(time.Minute)
		if err := n.SetOptions(registry.Options{NodeTTL: 30 * time.Second}); err != nil {
			t.Fatal(err)
		}
		n.life("n", "expired")
	})
}

// What has expired or is forgotten does not come back by a longer TTL.
func TestSetOptionsRevivesNothing(t *testing.T) {
	long := registry.Options{NodeTTL: 10 * time.Hour, Retention: 100 * time.Hour}
	for want, silence := range map[string]time.Duration{"expired": time.Minute, "": time.Hour + time.Minute} {
		t.Run(want, func(t *testing.T) {
			swept(t, registry.Options{NodeTTL: time.Minute, Retention: time.Hour}, func(n *nodes, after func(time.Duration)) {
				n.report("n", `{"value": 1}`)
				after(silence)
				if err := n.SetOptions(long); err != nil {
					t.Fatal(err)
				}
				n.life("n", want)
			})
		})
	}
}

// A node whose session ended gets no more than its grace from a longer TTL.
func TestSetOptionsKeepsGrace(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute, DisconnectGrace: 10 * time.Second}, func(n *nodes, after func(time.Duration)) {
		n.report("n", `{"value": 1}`)
		n.Disconnected("n")
		if err := n.SetOptions(registry.Options{NodeTTL: time.Hour, DisconnectGrace: time.Hour}); err != nil {
			t.Fatal(err)
		}
		after(10*time.Second + justBefore)
		n.life("n", "fresh")
		after(-justBefore)
		n.life("n", "expired")
		n.Sweep()
		n.told("n: appeared", "n: expired after disconnect")
	})
}

func TestSetOptionsRetention(t *testing.T) {
	swept(t, registry.Options{NodeTTL: time.Minute}, func(n *nodes, after func(time.Duration)) {
		n.report("n", `{"value": 1}`)
		after(time.Minute)
		if err := n.SetOptions(registry.Options{NodeTTL: time.Minute, Retention: time.Hour}); err != nil {
			t.Fatal(err)
		}
		after(time.Hour + justBefore)
		n.life("n", "expired")
		after(-justBefore)
		n.life("n", "")
	})
}

// Bad options are named, all of them, and change nothing.
func TestSetOptionsRefusesBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{NodeTTL: time.Minute})
		before := n.Options()
		for i := range badOptions {
			if err := n.SetOptions(badOptions[i].options); err == nil {
				t.Errorf("%+v is taken", badOptions[i].options)
			}
		}
		if after := n.Options(); !reflect.DeepEqual(after, before) {
			t.Errorf("bad options turned %+v into %+v", before, after)
		}
		ttl(t, n, "n", `{"value": 1}`, time.Minute)
	})
}
