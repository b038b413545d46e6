package registry

import (
	"fmt"
	"math/rand"
	"testing"
	"unsafe"
)

// A table does what a map does, whatever is added and removed, and stays of a
// size that fits; also where many nodes have the same place, and some the same
// first hash.
func TestTable(t *testing.T) {
	for name, hash := range map[string]func(i int) uint64{
		"spread":    func(i int) uint64 { return uint64(i)*0x9e3779b97f4a7c15 | 1 },
		"crowded":   func(i int) uint64 { return uint64(i%40*shardCount + i%3<<50 + 1) },
		"same hash": func(i int) uint64 { return uint64(i%20)*0x9e3779b97f4a7c15 | 1 },
	} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewSource(1))
			var x table
			want := map[int]bool{}
			most := 300 // nodes at once; in the second half few
			for step := range 20_000 {
				if step == 10_000 {
					most = 20
				}
				i := random.Intn(300)
				name := fmt.Sprint("n", i)
				e := x.get(key{hash(i), uint64(i)})
				if (e != nil) != want[i] || e != nil && (e.name != name || e.received != 7) {
					t.Fatalf("step %d: %s is %v, want %v", step, name, e, want[i])
				}
				switch {
				case e != nil && (random.Intn(3) == 0 || len(want) > most):
					x.remove(e)
					x.fit()
					delete(want, i)
				case e == nil && len(want) < most:
					x.add(key{hash(i), uint64(i)}, name).received = 7
					want[i] = true
				}
				if x.count != len(want) || 2*x.count > len(x.slots) || len(x.slots) > max(fewestSlots, 16*x.count) {
					t.Fatalf("step %d: %d nodes counted in %d slots, want %d", step, x.count, len(x.slots), len(want))
				}
			}
			seen := 0
			for i := range x.slots {
				if x.slots[i].hash != 0 {
					seen++
				}
			}
			if seen != len(want) {
				t.Errorf("%d slots are taken, want %d", seen, len(want))
			}
		})
	}
}

// The size of an entry is that of two cache lines.
func TestEntrySize(t *testing.T) {
	if got := unsafe.Sizeof(entry{}); got != 128 {
		t.Errorf("%d bytes, want 128", got)
	}
}

// A sweep visits every node, also of a table whose nodes stand around its end.
func TestSweepVisitsAll(t *testing.T) {
	for slots := fewestSlots; slots <= 64; slots *= 2 {
		for shift := range slots {
			r, err := New(Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			s := &r.shards[0]
			for i := range slots / 2 {
				e := s.add(key{uint64((i/2+shift)*shardCount) | 1<<63, uint64(i)}, fmt.Sprint(i))
				e.expires = -r.options.Load().Retention
				r.nodes.Add(1)
			}
			if len(s.slots) != slots {
				t.Fatalf("%d slots, want %d", len(s.slots), slots)
			}
			if r.Sweep(); s.count != 0 || len(s.slots) > fewestSlots {
				t.Fatalf("%d nodes left in %d slots after a sweep of %d, shifted by %d", s.count, len(s.slots), slots, shift)
			}
		}
	}
}
