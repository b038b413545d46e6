package registry_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
	"github.com/edgegauge/edgegauge/pkg/registry/registrytest"
)

// mapping has a family before those of mapping.Status, one of many samples
// behind them, and one that falls away when the nodes turn to another mapping.
const spec = `
timestamp: {path: time}
interval: {path: interval}
families:
  - {name: a_value, help: h, path: value}
  - {name: z_values, help: h, path: values.*, keyLabel: key}
  - {name: z_volatile, help: h, path: volatile}
`

var (
	parse  = registrytest.Mapping
	report = registrytest.Decode
	lines  = registrytest.Lines
	shown  = registrytest.Shown
)

// nodes is a registry with the changes that it told of.
type nodes struct {
	*registry.Registry
	tb      testing.TB
	mapping *mapping.Mapping
	mu      sync.Mutex
	changes []string // "node: change"
}

func newNodes(tb testing.TB, o registry.Options) *nodes {
	tb.Helper()
	n := &nodes{tb: tb, mapping: parse(tb, spec)}
	r, err := registry.New(o, func(node string, c registry.Change) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.changes = append(n.changes, node+": "+c.String())
	})
	if err != nil {
		tb.Fatal(err)
	}
	n.Registry = r
	return n
}

// report takes a report of node, a message, in.
func (n *nodes) report(node, message string) {
	n.tb.Helper()
	if err := n.Put(node, report(n.tb, n.mapping, message)); err != nil {
		n.tb.Errorf("report of %s: %v", node, err)
	}
}

// told wants that the registry told of exactly these changes since the last call.
func (n *nodes) told(want ...string) {
	n.tb.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Equal(n.changes, want) {
		n.tb.Errorf("the registry told of %q, want %q", n.changes, want)
	}
	n.changes = nil
}

// shows wants that a scrape shows exactly these lines, given by node in the
// order of the page.
func (n *nodes) shows(want ...string) {
	n.tb.Helper()
	got := lines(n.Registry)
	if !slices.Equal(got, want) {
		n.tb.Errorf("a scrape shows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// life wants that a scrape shows node as in one of the states "fresh",
// "expired", "pending", "overdue" and "", unknown.
func (n *nodes) life(node, want string) {
	n.tb.Helper()
	got := ""
	has := map[string]bool{}
	for _, line := range lines(n.Registry) {
		if series, value, _ := strings.Cut(line, " "); strings.Contains(series, fmt.Sprintf("{node=%q", node)) {
			name, _, _ := strings.Cut(series, "{")
			has[name] = true
			has[name+" "+value] = true
		}
	}
	const last = "edge_node_last_report_timestamp_seconds"
	switch {
	case has["edge_node_up 1"] && has["a_value"] && has[last]:
		got = "fresh"
	case has["edge_node_up 0"] && !has["a_value"] && has[last]:
		got = "expired"
	case has["edge_node_up 0"] && !has["a_value"]:
		got = "overdue"
	case len(has) > 0:
		got = fmt.Sprint(has)
	}
	if want == "pending" { // which a scrape does not show
		want = ""
	}
	if got != want {
		n.tb.Errorf("node %s is %q, want %q", node, got, want)
	}
}

// reason returns why a report was refused, "" if it was not.
func reason(tb testing.TB, err error) registry.Reason {
	tb.Helper()
	if err == nil {
		return ""
	}
	refusal, ok := err.(*registry.Refusal)
	if !ok || refusal.Error() == "" {
		tb.Fatalf("%T %v, want a *Refusal that says why", err, err)
	}
	if !slices.Contains(registry.Reasons(), refusal.Reason) {
		tb.Errorf("%q is none of the reasons", refusal.Reason)
	}
	return refusal.Reason
}

// value returns the value of the only sample of a family and node.
func value(n *nodes, family, node string) string {
	for _, line := range lines(n.Registry) {
		if strings.HasPrefix(line, fmt.Sprintf("%s{node=%q", family, node)) {
			return line[strings.LastIndexByte(line, ' ')+1:]
		}
	}
	return ""
}
