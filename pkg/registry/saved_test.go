//go:build go1.25

package registry_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// restored is a registry with what n would save, after a pause.
func restored(t *testing.T, n *nodes, o registry.Options, pause time.Duration) *nodes {
	t.Helper()
	return restoredInto(t, n, newNodes(t, o), pause)
}

// restoredInto restores what n would save in next, after a pause.
func restoredInto(t *testing.T, n, next *nodes, pause time.Duration) *nodes {
	t.Helper()
	var all []registry.Saved
	if err := n.Save(func(v registry.Saved) error {
		v.Block = slices.Clone(v.Block)
		all = append(all, v)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(pause)
	for _, v := range all {
		if err := v.Check(next.mapping); err != nil {
			t.Error(err)
		}
		if _, err := next.Restore(next.mapping, v); err != nil {
			t.Error(err)
		}
	}
	return next
}

// What a start has restored is saved again, though it has not reported since, and so is
// an expected node that is down without ever having reported. One that may still report
// for the first time is not: the next start expects it anyway.
func TestSavedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := registry.Options{NodeTTL: time.Minute, ExpectGrace: time.Minute}
		n := newNodes(t, o)
		for _, node := range []string{"silent", "new"} {
			if err := n.Expect(node); err != nil {
				t.Fatal(err)
			}
			if node == "silent" {
				time.Sleep(2 * time.Minute)
			}
		}
		n.report("n", `{"value": 1}`)
		for start := range 3 {
			var saved []string
			if err := n.Save(func(v registry.Saved) error {
				saved = append(saved, v.Name)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(saved)
			if !slices.Equal(saved, []string{"n", "silent"}) {
				t.Errorf("after %d starts %q are saved, want n and silent", start, saved)
			}
			n = restored(t, n, o, time.Second)
		}
	})
}

// A node whose TTL passed before the start is neither up nor down, and the first
// report after it is taken whatever its time.
func TestRestoredReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := registry.Options{NodeTTL: time.Minute, Retention: time.Hour}
		n := newNodes(t, o)
		n.report("n", `{"time": 1000, "value": 1}`)
		n.report("gone", `{"value": 1}`)
		n = restored(t, n, o, 10*time.Minute)
		n.shows()
		n.counted2(2)
		n.report("n", `{"time": 999, "value": 2}`)
		n.shows(`a_value{node="n"} 2`,
			`edge_node_clock_skew_seconds{node="n"} -946684401.000`,
			`edge_node_last_report_timestamp_seconds{node="n"} 946685400.000`,
			`edge_node_up{node="n"} 1`) // no interval: nobody was there to hear it
		time.Sleep(time.Minute + justBefore)
		n.life("n", "fresh")
		time.Sleep(-justBefore)
		n.life("n", "expired")
		n.life("gone", "expired")
		n.told()
		n.Sweep()
		slices.Sort(n.changes)
		n.told("gone: expired", "n: expired")
		n.counted()
		time.Sleep(time.Hour)
		n.Sweep()
		if u := n.Used(); u != (registry.Usage{}) {
			t.Errorf("after the retention %+v is taken", u)
		}
	})
}

// counted2 wants that so many nodes are known.
func (n *nodes) counted2(known int) {
	n.tb.Helper()
	if got := n.Used().Nodes; got != known {
		n.tb.Errorf("%d nodes are known, want %d", got, known)
	}
}

// What is restored is within the limits, and a node that was to be forgotten is.
func TestRestoreWithinLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := registry.Options{NodeTTL: time.Hour, Retention: time.Hour}
		n := newNodes(t, o)
		for _, node := range []string{"a", "b", "c"} {
			n.report(node, values(9, "1"))
		}
		o.Nodes = 2
		two := restored(t, n, o, 0)
		two.counted2(2)
		two.counted()
		o.Series = 13
		one := restored(t, n, o, 0)
		one.counted2(1)
		one.counted()

		o = registry.Options{NodeTTL: time.Minute, Retention: time.Hour}
		n = newNodes(t, o)
		n.report("down", `{"value": 1}`)
		time.Sleep(2 * time.Minute)
		next := restored(t, n, o, 30*time.Minute)
		next.shows(`edge_node_last_report_timestamp_seconds{node="down"} 946684800.000`, `edge_node_up{node="down"} 0`)
		next = restored(t, n, o, 31*time.Minute)
		next.counted2(0)
	})
}

// A node is restored though it was announced before the file was read, and stays
// expected; one that has reported by then is not.
func TestRestoreOfExpected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := registry.Options{NodeTTL: time.Minute, Retention: time.Hour, Nodes: 3}
		n := newNodes(t, o)
		for _, node := range []string{"expected", "reports", "silent"} {
			n.report(node, `{"value": 1}`)
		}
		next := newNodes(t, o)
		for _, node := range []string{"expected", "reports", "new"} {
			if err := next.Expect(node); err != nil {
				t.Fatal(err)
			}
		}
		next.report("reports", `{"value": 2}`)
		restoredInto(t, n, next, time.Second)
		next.counted2(3) // no room for a fourth
		next.shows(`a_value{node="expected"} 1`,
			`a_value{node="reports"} 2`,
			`edge_node_last_report_timestamp_seconds{node="expected"} 946684800.000`,
			`edge_node_last_report_timestamp_seconds{node="reports"} 946684800.000`,
			`edge_node_up{node="expected"} 1`,
			`edge_node_up{node="reports"} 1`)
		time.Sleep(2 * time.Hour)
		next.Sweep()
		next.life("expected", "expired") // and not forgotten
		next.counted()
	})
}

// A wall clock that was set back in between does not make a report count for
// longer than its TTL.
func TestRestoreFromTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{NodeTTL: time.Minute})
		n.report("n", `{"value": 1}`)
		_ = n.Save(func(v registry.Saved) error {
			v.Received = v.Received.Add(1000 * time.Hour)
			next := newNodes(t, registry.Options{NodeTTL: time.Minute})
			if ok, err := next.Restore(next.mapping, v); !ok || err != nil {
				t.Error(ok, err)
			}
			time.Sleep(time.Minute + justBefore)
			next.life("n", "fresh")
			time.Sleep(-justBefore)
			next.life("n", "expired")
			return nil
		})
	})
}
