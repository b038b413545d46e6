//go:build go1.25

package registry_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// ttl wants that a report of node, given now, counts for just so long.
func ttl(t *testing.T, n *nodes, node, message string, want time.Duration) {
	t.Helper()
	n.report(node, message)
	time.Sleep(want + justBefore)
	n.life(node, "fresh")
	time.Sleep(-justBefore)
	n.life(node, "expired")
}

func TestTTL(t *testing.T) {
	const declares = `{"value": 1, "interval": 60}`
	overrides := []registry.Override{
		{Nodes: "factory-[0-9]", TTL: 10 * time.Minute},
		{Nodes: "factory-*", TTL: 20 * time.Minute},
		{Nodes: "short", TTL: time.Second},
	}
	for name, test := range map[string]struct {
		options       registry.Options
		node, message string
		want          time.Duration
	}{
		"default":                              {registry.Options{}, "n", `{"value": 1}`, 3 * time.Minute},
		"NodeTTL":                              {registry.Options{NodeTTL: time.Hour}, "n", `{"value": 1}`, time.Hour},
		"an interval of 0 is none":             {registry.Options{}, "n", `{"value": 1, "interval": 0}`, 3 * time.Minute},
		"a short interval":                     {registry.Options{}, "n", `{"value": 1, "interval": 1}`, 3 * time.Minute},
		"a long interval":                      {registry.Options{}, "n", `{"value": 1, "interval": 61}`, 183 * time.Second},
		"a fraction of seconds":                {registry.Options{}, "n", `{"value": 1, "interval": 100.5}`, 301500 * time.Millisecond},
		"MissedReports":                        {registry.Options{MissedReports: 5}, "n", declares, 5 * time.Minute},
		"Retention bounds what is declared":    {registry.Options{Retention: 4 * time.Minute}, "n", `{"value": 1, "interval": 2000000}`, 4 * time.Minute},
		"Retention does not bound NodeTTL":     {registry.Options{Retention: time.Minute}, "n", declares, 3 * time.Minute},
		"MissedReports beyond all measure":     {registry.Options{MissedReports: 1 << 40}, "n", declares, 24 * time.Hour},
		"the first override that matches":      {registry.Options{Overrides: overrides}, "factory-7", `{"value": 1}`, 10 * time.Minute},
		"another override":                     {registry.Options{Overrides: overrides}, "factory-77", `{"value": 1}`, 20 * time.Minute},
		"no override matches":                  {registry.Options{Overrides: overrides}, "n", `{"value": 1}`, 3 * time.Minute},
		"an override shorter than NodeTTL":     {registry.Options{Overrides: overrides}, "short", `{"value": 1}`, time.Second},
		"a longer override":                    {registry.Options{Overrides: overrides}, "factory-7", declares, 10 * time.Minute},
		"an override ignores MissedReports":    {registry.Options{Overrides: overrides, MissedReports: 100}, "factory-7", declares, 10 * time.Minute},
		"an override too short for a reporter": {registry.Options{Overrides: overrides}, "short", declares, 90 * time.Second},
		"Retention bounds that too":            {registry.Options{Overrides: overrides, Retention: time.Minute}, "short", declares, time.Minute},
		"an override with a set":               {registry.Options{Overrides: []registry.Override{{Nodes: "[ab]c", TTL: time.Minute}}}, "bc", `{"value": 1}`, time.Minute},
		"an override with an escape":           {registry.Options{Overrides: []registry.Override{{Nodes: `\bc`, TTL: time.Minute}}}, "bc", `{"value": 1}`, time.Minute},
		"an override without a wildcard":       {registry.Options{Overrides: []registry.Override{{Nodes: "b", TTL: time.Minute}}}, "bc", `{"value": 1}`, 3 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ttl(t, newNodes(t, test.options), test.node, test.message, test.want)
			})
		})
	}
}

// A node that reports as it says is up all the time, however short its override.
func TestOverrideDoesNotFlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Overrides: []registry.Override{{Nodes: "*", TTL: time.Second}}})
		for range 10 {
			n.report("n", `{"value": 1, "interval": 60}`)
			time.Sleep(60*time.Second + justBefore)
			n.life("n", "fresh")
			time.Sleep(-justBefore)
		}
	})
}

// The interval that counts is the newest report's.
func TestTTLFollowsReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{})
		n.report("n", `{"value": 1, "interval": 600}`)
		ttl(t, n, "n", `{"value": 1}`, 3*time.Minute)
		ttl(t, n, "n", `{"value": 1, "interval": 600}`, 30*time.Minute)
	})
}
