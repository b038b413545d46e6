package registry_test

import (
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Every method at once, on a few nodes that are always about to expire. Each
// report gives all its samples one value, and so must each block that is seen.
func TestConcurrently(t *testing.T) {
	const rounds = 1000
	n := newNodes(t, registry.Options{NodeTTL: time.Millisecond, Retention: time.Millisecond, ReportsPerSecond: 100})
	names := []string{"a", "b", "c", "d"}
	other := parse(t, "families: [{name: b_values, help: h, path: values.*, keyLabel: key}]")
	reports := make([]*mapping.Report, 10)
	for i := range reports {
		m := n.mapping
		if i%3 == 0 {
			m = other
		}
		reports[i] = report(t, m, fmt.Sprintf(`{"value": %d, "values": {"x": %[1]d, "y": %[1]d, "z": %[1]d}, "interval": %[1]d}`, i))
	}

	var all sync.WaitGroup
	run := func(f func(round int, node string)) {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range rounds {
				f(i, names[i%len(names)])
			}
		}()
	}
	for range 2 {
		run(func(i int, node string) {
			// Of two reports of a node, the one that a busy machine held up is late.
			err := n.Put(node, reports[i%len(reports)])
			if err != nil && reason(t, err) != registry.Forgotten && reason(t, err) != registry.Late {
				t.Error(err)
			}
		})
		var s registry.Snapshot
		run(func(int, string) {
			n.Snapshot(&s)
			consistent(t, &s)
			s.Release() // so that reports find no snapshot now and then
		})
	}
	run(func(_ int, node string) { _ = n.Admit(node) })
	run(func(_ int, node string) { _ = n.Expect(node) })
	run(func(_ int, node string) { n.Disconnected(node) })
	run(func(_ int, node string) { n.Connected(node) })
	run(func(int, string) { n.Sweep() })
	run(func(i int, node string) {
		if i%16 == 0 {
			n.Forget(node)
		}
	})
	run(func(i int, _ string) {
		o := n.Options()
		o.MissedReports = 1 + i%3
		if err := n.SetOptions(o); err != nil {
			t.Error(err)
		}
	})
	run(func(int, string) {
		if st := n.Stats(); st.Fresh+st.Expired+st.Pending > len(names) {
			t.Errorf("%+v of %d nodes", st, len(names))
		}
	})
	all.Wait()
}

var sampleLine = regexp.MustCompile(`^(\w+)\{node="([a-d])"[^}]*\} (\S+)$`)

// consistent wants every node at most once, with the samples of one report.
func consistent(t *testing.T, s *registry.Snapshot) {
	seen := map[string]bool{}
	for _, g := range s.Groups {
		for _, b := range g.Blocks {
			node, values := "", map[string]bool{}
			for _, line := range shown(g, b) {
				m := sampleLine.FindStringSubmatch(line)
				if m == nil || node != "" && node != m[2] {
					t.Errorf("a line %q in the block of node %q", line, node)
					return
				}
				node = m[2]
				switch m[1] {
				case "a_value", "b_values", "z_values":
					values[m[3]] = true
				}
			}
			if len(values) > 1 || g.Down && len(values) > 0 || !g.Down && len(values) == 0 || seen[node] {
				t.Errorf("node %q, seen already: %v, down: %v, shows the values %v", node, seen[node], g.Down, values)
			}
			seen[node] = true
		}
	}
}
