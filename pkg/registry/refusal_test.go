package registry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// TestRefusalsSay: who reads why a report was not taken learns of which node it was,
// and what the bound is.
func TestRefusalsSay(t *testing.T) {
	for name, test := range map[string]struct {
		options registry.Options
		refused func(n *nodes) error
		want    string
	}{
		"the rate": {registry.Options{ReportsPerSecond: 0.001}, func(n *nodes) error {
			n.report("n", `{"value": 1}`)
			return first(func() error { return n.Admit("n") })
		}, `node "n" sends more than 0.001 reports per second, which is the limit`},
		"the rate of a stranger": {registry.Options{ReportsPerSecond: 0.001}, func(n *nodes) error {
			return first(func() error {
				n.Refused("n")
				return n.Admit("n")
			})
		}, `node "n" sends more than 0.001 reports per second, which is the limit`},
		"nodes": {registry.Options{Nodes: 1}, func(n *nodes) error {
			n.report("other", `{"value": 1}`)
			return n.Put("n", report(n.tb, n.mapping, `{"value": 1}`))
		}, `node "n" is one more than 1, which is the limit`},
		"new nodes": {registry.Options{NewNodesPerMinute: 1}, func(n *nodes) error {
			return first(func() error { return n.Claimed("n") })
		}, `node "n" is one more than the 1 that may become known in a minute`},
		"room": {registry.Options{Nodes: 10, Series: 20}, func(n *nodes) error {
			for _, node := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"} {
				if err := n.Put(node, report(n.tb, n.mapping, `{"value": 1}`)); err != nil {
					return err
				}
			}
			return nil
		}, `, which are the limits`},
		"overtaken": {registry.Options{}, func(n *nodes) error {
			n.report("n", `{"time": 1000, "value": 1}`)
			return n.Put("n", report(n.tb, n.mapping, `{"time": 998.5, "value": 1}`))
		}, `a report of node "n" is 1.500 s older than the one held: it was overtaken`},
		"has waited": {registry.Options{}, func(n *nodes) error {
			n.report("n", `{"value": 1}`)
			return n.PutReceived("n", report(n.tb, n.mapping, `{"value": 1}`), time.Now().Add(-time.Minute))
		}, `a report of node "n" has waited while a newer one came`},
		"deleted": {registry.Options{}, func(n *nodes) error {
			n.report("n", `{"value": 1}`)
			n.Forget("n")
			return n.Put("n", report(n.tb, n.mapping, `{"value": 1}`))
		}, `node "n" was deleted a moment ago`},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.refused(newNodes(t, test.options))
			if reason(t, err) == "" || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// first returns the first error of some calls.
func first(call func() error) error {
	for range 10 {
		if err := call(); err != nil {
			return err
		}
	}
	return nil
}
