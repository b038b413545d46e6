//go:build go1.25

package registry_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Names that never repeat fill the registry. The node that expired first makes
// room for a new one, one that is not expected for one that is.
func TestMakesPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 200
		n := newNodes(t, registry.Options{Nodes: most, NodeTTL: time.Minute})
		expect(t, n, "expected0")
		for i := range most - 1 {
			n.report(fmt.Sprint("flood", i), `{"value": 1}`)
			time.Sleep(10 * time.Millisecond)
		}
		// All are fresh: there is no place for another report,
		if got := reason(t, n.Put("new", report(t, n.mapping, `{"value": 1}`))); got != registry.TooManyNodes {
			t.Errorf("a new node is refused as %q while all are fresh", got)
		}
		if got := reason(t, n.Admit("new")); got != registry.TooManyNodes {
			t.Errorf("a new node is admitted with %q while all are fresh", got)
		}
		// but for an expected node.
		n.told(appeared("flood", most-1)...)
		for i := 1; i < 100; i++ {
			expect(t, n, fmt.Sprint("expected", i))
			n.told(fmt.Sprintf("flood%d: forgotten to make room", i-1))
		}
		time.Sleep(2 * time.Minute)
		n.life("flood150", "expired")
		for i := range 50 {
			if err := n.Admit(fmt.Sprint("new", i)); err != nil {
				t.Error(err)
			}
			n.report(fmt.Sprint("new", i), `{"value": 1}`)
			n.life(fmt.Sprint("flood", 99+i), "")
			n.life(fmt.Sprint("flood", 100+i), "expired")
		}
		if got := n.Used().Nodes; got != most {
			t.Errorf("%d nodes are known, want %d", got, most)
		}
		if got := n.Count(registry.ForgottenForRoom); got != 149 {
			t.Errorf("%d nodes are counted as forgotten to make room, want 149", got)
		}
		if got := n.Count(registry.ExpiredByTTL); got != 50 {
			t.Errorf("%d nodes are counted as expired, want the 50 that made room since", got)
		}
		for i := range 100 {
			n.life(fmt.Sprint("expected", i), "overdue")
		}
		n.counted()
	})
}

func appeared(prefix string, count int) (told []string) {
	for i := range count {
		told = append(told, fmt.Sprintf("%s%d: appeared", prefix, i))
	}
	return told
}

// A node that has returned since it was found to have expired keeps its place.
func TestReturnedKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 3, NodeTTL: time.Minute})
		for _, node := range []string{"a", "b", "c"} {
			n.report(node, `{"value": 1}`)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Hour)
		n.report("d", `{"value": 1}`)
		n.life("a", "")
		n.report("b", `{"value": 1}`)
		n.report("e", `{"value": 1}`)
		n.life("b", "fresh")
		n.life("c", "")
	})
}

// A place that becomes free earlier than it seemed is found soon, after a change of
// the options at once.
func TestPlaceFreeEarlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := registry.Options{Nodes: 2, NodeTTL: time.Hour, DisconnectGrace: time.Second}
		n := newNodes(t, o)
		n.report("a", `{"value": 1}`)
		n.report("b", `{"value": 1}`)
		if got := reason(t, n.Admit("c")); got != registry.TooManyNodes {
			t.Fatalf("a third is admitted with %q", got)
		}
		n.Disconnected("a")
		time.Sleep(10 * time.Second)
		if err := n.Admit("c"); err != nil {
			t.Error(err)
		}
		n.report("c", `{"value": 1}`)
		if got := reason(t, n.Admit("d")); got != registry.TooManyNodes {
			t.Fatalf("a fourth is admitted with %q", got)
		}
		o.NodeTTL = time.Nanosecond
		if err := n.SetOptions(o); err != nil {
			t.Fatal(err)
		}
		if err := n.Admit("d"); err != nil {
			t.Error(err)
		}
		n.report("d", `{"value": 1}`)
	})
}

// An expected node for which there is no place gets the next one.
func TestExpectWaits(t *testing.T) {
	for name, free := range map[string]func(n *nodes){
		"forgotten":    func(n *nodes) { n.Forget("a") },
		"higher limit": func(n *nodes) { _ = n.SetOptions(registry.Options{Nodes: 3, ExpectGrace: time.Nanosecond}) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNodes(t, registry.Options{Nodes: 2, ExpectGrace: time.Nanosecond})
				expect(t, n, "a")
				expect(t, n, "b")
				for range 2 {
					if got := reason(t, n.Expect("c")); got != registry.TooManyNodes {
						t.Fatalf("a third is refused as %q", got)
					}
				}
				n.life("c", "")
				free(n)
				time.Sleep(time.Second)
				n.life("c", "overdue")
				n.Forget("c")
				n.Sweep()
				n.life("c", "")
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 1, ExpectGrace: time.Nanosecond})
		expect(t, n, "a")
		_ = n.Expect("b")
		n.Forget("b") // its Node object is gone too
		n.Forget("a")
		n.Sweep()
		time.Sleep(time.Second)
		n.shows()
	})
}

// Nodes that only their own reports name are limited per minute.
func TestNewNodesPerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{NewNodesPerMinute: 60})
		claim := func(prefix string, count int) (taken int) {
			for i := range count {
				name := fmt.Sprint(prefix, i)
				switch got := reason(t, n.Claimed(name)); got {
				case "":
					taken++
					n.report(name, `{"value": 1}`)
				case registry.TooManyNewNodes:
				default:
					t.Errorf("refused as %q", got)
				}
			}
			return taken
		}
		if got := claim("a", 100); got != 60 {
			t.Errorf("%d become known at once, want 60", got)
		}
		if got := claim("a", 60); got != 60 {
			t.Errorf("%d of 60 known ones are taken", got)
		}
		time.Sleep(10 * time.Second)
		if got := claim("b", 100); got != 10 {
			t.Errorf("%d become known after ten seconds, want 10", got)
		}
		time.Sleep(time.Hour)
		if got := claim("c", 100); got != 60 {
			t.Errorf("%d become known after an hour, want 60", got)
		}
	})
}

// A stranger's reports that could not be used count, those that could do not.
func TestStrangers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{ReportsPerSecond: 2})
		for range 10 {
			if err := n.Admit("n"); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			n.Refused("n")
		}
		if got := reason(t, n.Admit("n")); got != registry.RateLimited {
			t.Errorf("after two refused reports another is admitted with %q", got)
		}
		if err := n.Admit("other"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		if err := n.Admit("n"); err != nil {
			t.Error(err)
		}
		n.report("n", `{"value": 1}`)
		if err := n.Admit("n"); err != nil {
			t.Error(err)
		}
	})
}

// A node that was found to make room, and is expected since, keeps its place.
func TestExpectedMeanwhileKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 2, NodeTTL: time.Minute})
		n.report("first", `{"value": 1}`)
		time.Sleep(time.Second)
		n.report("second", `{"value": 1}`)
		time.Sleep(2 * time.Minute)
		n.report("third", `{"value": 1}`) // finds both, and takes the first one's place
		n.life("first", "")
		expect(t, n, "second")
		if got := reason(t, n.Put("fourth", report(t, n.mapping, `{"value": 1}`))); got != registry.TooManyNodes {
			t.Errorf("a fourth node is refused as %q", got)
		}
		n.life("second", "expired")
		n.life("third", "fresh")
	})
}

// Where no place is free, the next look for one is after five seconds.
func TestLooksForAPlaceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 1, NodeTTL: time.Hour, DisconnectGrace: time.Second})
		n.report("a", `{"value": 1}`)
		if got := reason(t, n.Admit("b")); got != registry.TooManyNodes {
			t.Fatalf("a second is admitted with %q", got)
		}
		n.Disconnected("a")
		time.Sleep(5*time.Second + justBefore)
		if got := reason(t, n.Admit("b")); got != registry.TooManyNodes {
			t.Errorf("before the next look a second is admitted with %q", got)
		}
		time.Sleep(-justBefore)
		if err := n.Admit("b"); err != nil {
			t.Error(err)
		}
	})
}

// The only node that can give its place does.
func TestOnlyOneMakesPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNodes(t, registry.Options{Nodes: 2, NodeTTL: time.Minute})
		expect(t, n, "expected")
		n.report("a", `{"value": 1}`)
		time.Sleep(time.Minute)
		if err := n.Admit("b"); err != nil {
			t.Error(err)
		}
		n.report("b", `{"value": 1}`)
		n.life("a", "")
		n.life("b", "fresh")
		expect(t, n, "another") // which comes before a fresh one
		n.life("b", "")
		if got := n.Used().Nodes; got != 2 {
			t.Errorf("%d nodes are known, want 2", got)
		}
	})
}
