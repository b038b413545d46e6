package registry

import "math/bits"

// table holds the nodes of a shard: a hash table with open addressing, at most
// half full, whose slots are the nodes themselves.
//
// In a large fleet each report finds its node out of the cache, and every load
// that needs the one before waits for main memory, and for the page tables too. A
// map of strings to pointers makes five such loads in a row, which at 100,000
// nodes took as long as decoding the report. Here there are two: the slot, and the
// block, in which the node's name stands and which the report is about to replace.
//
// A node stays where it is until the next add, remove or fit.
type table struct {
	slots []node // free where the hash is 0
	count int
}

const fewestSlots = 8

// home is where a node of that hash is looked for first. The lowest bits, which
// choose the shard, are the same in all slots.
func (t *table) home(hash uint64) int { return int(hash/shardCount) & (len(t.slots) - 1) }

func (t *table) next(i int) int { return (i + 1) & (len(t.slots) - 1) }

// get returns the node of that name, whose hash is given, nil if there is none.
// The hash alone is not enough: that two names share one is very unlikely, but a
// gauge under a wrong node would be the worst that can happen here.
func (t *table) get(hash uint64, name string) *node {
	if t.count == 0 {
		return nil
	}
	for i := t.home(hash); ; i = t.next(i) {
		switch n := &t.slots[i]; {
		case n.hash == hash && n.named(name):
			return n
		case n.hash == 0:
			return nil
		}
	}
}

// each calls visit for every node.
func (t *table) each(visit func(n *node)) {
	for i := range t.slots {
		if n := &t.slots[i]; n.hash != 0 {
			visit(n)
		}
	}
}

// gap returns a slot that is free, the number of slots if there is none.
func (t *table) gap() int {
	for i := range t.slots {
		if t.slots[i].hash == 0 {
			return i
		}
	}
	return len(t.slots)
}

// walk calls visit for the nodes in the count slots before slot end, the last one
// first, and around the end of the table.
func (t *table) walk(end, count int, visit func(n *node)) {
	for i := end - 1; count > 0; i, count = i-1, count-1 {
		if n := &t.slots[i&(len(t.slots)-1)]; n.hash != 0 {
			visit(n)
		}
	}
}

// add makes room for a node that is not there and returns it. Only its hash is set.
func (t *table) add(hash uint64) *node {
	t.count++
	t.fit()
	n := t.free(hash)
	n.hash = hash
	return n
}

// free returns the slot in which a new node of that hash belongs.
func (t *table) free(hash uint64) *node {
	i := t.home(hash)
	for t.slots[i].hash != 0 {
		i = t.next(i)
	}
	return &t.slots[i]
}

// remove takes out n.
func (t *table) remove(n *node) {
	t.count--
	gap := t.home(n.hash)
	for &t.slots[gap] != n {
		gap = t.next(gap)
	}
	// What stands behind the gap, and would stand in it or before it had there
	// been room, moves up, so that looking for it meets no gap.
	mask := len(t.slots) - 1
	for i := t.next(gap); t.slots[i].hash != 0; i = t.next(i) {
		if home := t.home(t.slots[i].hash); (i-home)&mask >= (i-gap)&mask {
			t.slots[gap] = t.slots[i]
			gap = i
		}
	}
	t.slots[gap] = node{}
}

// fit gives the table room for its count where it has too little, and gives back
// what nodes that are gone have left where that is most of it.
func (t *table) fit() {
	if 2*t.count <= len(t.slots) && (len(t.slots) <= fewestSlots || 16*t.count > len(t.slots)) {
		return
	}
	old := t.slots
	t.slots = nil
	if t.count > 0 {
		t.slots = make([]node, max(fewestSlots, 1<<bits.Len(uint(2*t.count-1))))
	}
	for i := range old {
		if old[i].hash != 0 {
			*t.free(old[i].hash) = old[i]
		}
	}
}
