package registry

import (
	"fmt"
	"math/rand"
	"testing"
	"time"
	"unsafe"
)

// A table does what a map does, whatever is added and removed, and stays of a
// size that fits; also where many nodes have the same place, and where all have
// the same hash.
func TestTable(t *testing.T) {
	for name, hash := range map[string]func(i int) uint64{
		"spread":     func(i int) uint64 { return uint64(i)*0x9e3779b97f4a7c15 | 1 },
		"crowded":    func(i int) uint64 { return uint64(i%40*shardCount + i%3<<50 + 1) },
		"few hashes": func(i int) uint64 { return uint64(i%20)*0x9e3779b97f4a7c15 | 1 },
		"one hash":   func(int) uint64 { return 1 << 63 },
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
				n := x.get(hash(i), name)
				if (n != nil) != want[i] || n != nil && (n.name() != name || n.received != 7) {
					t.Fatalf("step %d: %s is %v, want %v", step, name, n, want[i])
				}
				switch {
				case n != nil && (random.Intn(3) == 0 || len(want) > most):
					x.remove(n)
					x.fit()
					delete(want, i)
				case n == nil && len(want) < most:
					n = x.add(hash(i))
					n.block, n.received = new(blockWriter).down(name).clone(), 7
					want[i] = true
				}
				if x.count != len(want) || 2*x.count > len(x.slots) || len(x.slots) > max(fewestSlots, 16*x.count) {
					t.Fatalf("step %d: %d nodes counted in %d slots, want %d", step, x.count, len(x.slots), len(want))
				}
			}
			seen := 0
			x.each(func(*node) { seen++ })
			if seen != len(want) {
				t.Errorf("%d nodes are visited, want %d", seen, len(want))
			}
		})
	}
}

// The size of a node is that of two cache lines.
func TestNodeSize(t *testing.T) {
	if got := unsafe.Sizeof(node{}); got > 128 {
		t.Errorf("%d bytes, want at most 128", got)
	}
}

// A sweep visits every node, also of a table whose nodes stand around its end.
func TestSweepVisitsAll(t *testing.T) {
	for slots := fewestSlots; slots <= 256; slots *= 2 {
		for shift := range slots {
			r, err := New(Options{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			s := &r.shards[0]
			for i := range slots / 2 {
				n := s.add(uint64((i/2+shift)*shardCount) | 1<<63)
				n.block = new(blockWriter).down(fmt.Sprint(i)).clone()
				n.expires = -r.options.Load().Retention
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

// What is remembered of deleted nodes goes with the next sweep, or before if they
// are many.
func TestDeletedAreForgotten(t *testing.T) {
	r, err := New(Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	count := func() (n int) {
		for i := range r.shards {
			n += len(r.shards[i].gone)
		}
		return n
	}
	for i := range 1000 {
		r.Forget(fmt.Sprint(i))
	}
	if got := count(); got != 1000 {
		t.Fatalf("%d deletions are remembered, want 1000", got)
	}
	r.start = r.start.Add(-deletedFor) // so long ago
	for i := range 64 * 8 {
		r.Forget(fmt.Sprint("later ", i))
	}
	if got := count(); got > 64*8+20 {
		t.Errorf("%d deletions are remembered after others came", got)
	}
	r.start = r.start.Add(-deletedFor)
	if r.Sweep(); count() != 0 {
		t.Errorf("%d deletions are remembered after a sweep", count())
	}
}

// What is given back of a credit is free again.
func TestGiveBack(t *testing.T) {
	r, err := New(Options{Nodes: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.nodes.Add(1)
	r.used.take(use{3, 30}, use{10, 100})
	r.giveBack(credit{place: true, use: use{3, 30}})
	if u := r.Used(); u != (Usage{}) {
		t.Errorf("%+v is taken", u)
	}
}

// No more nodes wait than there can be.
func TestWaitingIsBounded(t *testing.T) {
	r, err := New(Options{Nodes: 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		_ = r.Expect(fmt.Sprint(i))
	}
	if got := len(r.room.waiting); got != 2 {
		t.Errorf("%d nodes wait, want 2", got)
	}
}

// Strangers of one shard have places of their own, as far as they go.
func TestStrangersArePlaced(t *testing.T) {
	r, err := New(Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var s strangers
	used := map[*time.Duration]bool{}
	for i := range 100_000 {
		if in, hash := r.shard(fmt.Sprint("n", i)); in == &r.shards[0] {
			used[s.of(hash)] = true
		}
	}
	if len(used) != len(s) {
		t.Errorf("some 1,500 strangers share %d places, want %d", len(used), len(s))
	}
}

// Deleted nodes leave no memory behind, unswept too.
func TestForgetGivesBack(t *testing.T) {
	r, err := New(Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		if err := r.Expect(fmt.Sprint("n", i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5000 {
		r.Forget(fmt.Sprint("n", i))
	}
	for i := range r.shards {
		if got := len(r.shards[i].slots); got > fewestSlots {
			t.Errorf("%d slots are left in shard %d", got, i)
		}
	}
}

// Nobody needs to be told what becomes of nodes.
func TestNobodyIsTold(t *testing.T) {
	r, err := New(Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rep := decoded(t, message)
	if err := r.Put("n", rep); err != nil {
		t.Error(err)
	}
	if r.Forget("n"); r.Count(Appeared) != 1 || r.Count(ForgottenByDeletion) != 1 {
		t.Error("changes are not counted")
	}
}

// A look for nodes that can give their place finds those that expire first, in
// their order, and no more than it says.
func TestCandidates(t *testing.T) {
	r, err := New(Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		name := fmt.Sprint("n", i)
		if err := r.Expect(name); err != nil {
			t.Fatal(err)
		}
		s, hash := r.shard(name)
		n := s.get(hash, name)
		n.expected, n.expires = i%10 == 0, time.Duration((i*7919)%1000)*time.Second
	}
	r.look(0)
	for i, c := range r.room.oldest {
		if i > 0 && c.expires < r.room.oldest[i-1].expires {
			t.Errorf("candidate %d expires before the one before it", i)
		}
	}
	if got := len(r.room.oldest); got != 64 {
		t.Errorf("%d candidates, want 64", got)
	}
	// (i*7919)%1000 of the nodes that are expected is a multiple of ten.
	if first, last := r.room.oldest[0].expires, r.room.oldest[63].expires; first != time.Second || last != 71*time.Second {
		t.Errorf("they expire from %v to %v, want 1s to 1m11s", first, last)
	}
}
