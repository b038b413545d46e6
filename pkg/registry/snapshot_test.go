package registry_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/edgegauge/edgegauge/pkg/registry"
)

// Every node is in a snapshot once, however fresh and overdue ones are mixed.
func TestSnapshotHasEveryNode(t *testing.T) {
	n := newNodes(t, registry.Options{ExpectGrace: time.Nanosecond})
	want := map[string]bool{} // name: down
	for i := range 1000 {
		name := fmt.Sprint("n", i)
		if i%3 == 0 {
			if err := n.Expect(name); err != nil {
				t.Fatal(err)
			}
		} else {
			n.report(name, `{"value": 1}`)
		}
		want[fmt.Sprintf("edge_node_up{node=%q} %d", name, min(i%3, 1))] = true
	}
	for range 2 {
		got := 0
		for _, line := range lines(n.Registry) {
			if want[line] {
				got++
			}
		}
		if got != len(want) {
			t.Errorf("%d of %d nodes are shown", got, len(want))
		}
	}
}

// While the nodes turn to a new mapping there is a group for each, that of the
// newest report first, whatever the order of the nodes.
func TestSnapshotGroups(t *testing.T) {
	n := newNodes(t, registry.Options{})
	old, turned := n.mapping, parse(t, `families: [{name: a_value, help: another, path: value}]`)
	for i := range 100 {
		n.report(fmt.Sprint("old", i), `{"value": 1}`)
	}
	n.mapping = turned
	n.report("turned", `{"value": 2}`)

	var s registry.Snapshot
	group := func(i, families, blocks int) {
		t.Helper()
		if g := s.Groups[i]; len(g.Families) != families || len(g.Blocks) != blocks || g.Down {
			t.Errorf("group %d has %d families, %d blocks, down %v; want %d, %d, false",
				i, len(g.Families), len(g.Blocks), g.Down, families, blocks)
		}
	}
	n.Snapshot(&s)
	if len(s.Groups) != 2 {
		t.Fatalf("%d groups, want 2", len(s.Groups))
	}
	group(0, len(turned.Families()), 1)
	group(1, len(old.Families()), 100)

	n.mapping = old
	n.report("back", `{"value": 3}`)
	n.Snapshot(&s)
	group(0, len(old.Families()), 101)
	group(1, len(turned.Families()), 1)

	n.report("turned", `{"value": 4}`)
	n.Snapshot(&s)
	if len(s.Groups) != 1 {
		t.Errorf("%d groups after all nodes have turned, want 1", len(s.Groups))
	}
}

// A snapshot stays as it is whatever comes later.
func TestSnapshotStays(t *testing.T) {
	n := newNodes(t, registry.Options{})
	n.report("n", `{"value": 1}`)
	var s registry.Snapshot
	n.Snapshot(&s)
	before := shown(s.Groups[0], s.Groups[0].Blocks[0])
	n.report("n", `{"value": 2}`)
	n.Forget("n")
	n.Connected("n") // so that it may report at once
	n.report("n", `{"value": 3}`)
	if after := shown(s.Groups[0], s.Groups[0].Blocks[0]); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("a snapshot of %q turned into one of %q", before, after)
	}
}

// In steady state a report takes the memory of the one before, unless a snapshot
// holds that. The node declares its interval: a measured one is a line more or less,
// however long this machine takes.
func TestPutInPlace(t *testing.T) {
	n := newNodes(t, registry.Options{})
	memory := func() *byte {
		var s registry.Snapshot
		n.Snapshot(&s)
		defer s.Release()
		return &s.Groups[0].Blocks[0][0]
	}
	n.report("n", `{"interval": 60, "value": 1}`)
	first := memory()
	n.report("n", `{"interval": 60, "value": 2}`)
	if memory() != first {
		t.Error("a report took new memory while nobody read the old")
	}
	var s registry.Snapshot
	n.Snapshot(&s)
	n.report("n", `{"interval": 60, "value": 3}`)
	if memory() == first {
		t.Error("a report took the memory that a snapshot holds")
	}
	s.Release()
	s.Release()
	second := memory()
	n.report("n", `{"interval": 60, "value": 4}`)
	if memory() != second {
		t.Error("a report took new memory after the snapshot was released")
	}
}

// A released snapshot holds no block, nor does one that was taken anew.
func TestSnapshotRelease(t *testing.T) {
	for name, release := range map[string]func(*registry.Registry, *registry.Snapshot){
		"release":    func(_ *registry.Registry, s *registry.Snapshot) { s.Release() },
		"taken anew": func(r *registry.Registry, s *registry.Snapshot) { r.Snapshot(s) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNodes(t, registry.Options{})
			n.report("n", `{"value": 1}`)
			var s registry.Snapshot
			n.Snapshot(&s)
			freed := make(chan struct{})
			runtime.SetFinalizer(&s.Groups[0].Blocks[0][0], func(*byte) { close(freed) })
			n.Forget("n")
			runtime.GC()
			select {
			case <-freed:
				t.Fatal("the block is gone while a snapshot shows it")
			default:
			}
			release(n.Registry, &s)
			collected(t, freed)
			runtime.KeepAlive(&s)
		})
	}
}

// collected waits until what closes freed has been collected.
func collected(t *testing.T, freed <-chan struct{}) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		runtime.GC()
		select {
		case <-freed:
			return
		case <-deadline:
			t.Fatal("the memory is still held")
		default:
			runtime.Gosched()
		}
	}
}
