package registry

import "math/bits"

// table holds the nodes of a shard: a hash table with open addressing, at most
// half full, whose slots are the entries themselves.
//
// In a large fleet each report finds what is known of its node out of the cache,
// and every load that needs the one before waits for main memory, and for the
// page tables too. A map of strings to pointers makes five such loads in a row,
// which at 100,000 nodes took as long as decoding the report. Here it is one,
// because a node's name is not looked at: see key.
//
// An entry stays where it is until the next add, remove or fit.
type table struct {
	slots []entry // free where the hash is 0
	count int
}

const fewestSlots = 8

// key stands for a node's name: two hashes of it by seeds of their own, 127 bits
// together. That two of 100,000 names have the same key is less likely than a bit
// of memory turning by itself, nor can anyone choose such names, for the seeds are
// the process's secret. So the key alone tells nodes apart; comparing names too
// would be one more wait for memory in each report.
type key struct {
	hash  uint64 // never 0; its lowest bits choose the shard, those above them the slot
	check uint64
}

// home is where a node of that hash is looked for first. The lowest bits, which
// choose the shard, are the same in all slots.
func (t *table) home(hash uint64) int { return int(hash/shardCount) & (len(t.slots) - 1) }

func (t *table) next(i int) int { return (i + 1) & (len(t.slots) - 1) }

// get returns the node with that key, nil if there is none.
func (t *table) get(k key) *entry {
	if t.count == 0 {
		return nil
	}
	for i := t.home(k.hash); ; i = t.next(i) {
		switch e := &t.slots[i]; {
		case e.key == k:
			return e
		case e.hash == 0:
			return nil
		}
	}
}

// add makes room for a node that is not there and returns its entry, in which
// key and name are set.
func (t *table) add(k key, name string) *entry {
	t.count++
	t.fit()
	e := t.free(k.hash)
	e.key, e.name = k, name
	return e
}

// free returns the slot in which a new node of that hash belongs.
func (t *table) free(hash uint64) *entry {
	i := t.home(hash)
	for t.slots[i].hash != 0 {
		i = t.next(i)
	}
	return &t.slots[i]
}

// remove takes out e.
func (t *table) remove(e *entry) {
	t.count--
	gap := t.home(e.hash)
	for &t.slots[gap] != e {
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
	t.slots[gap] = entry{}
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
		t.slots = make([]entry, max(fewestSlots, 1<<bits.Len(uint(2*t.count-1))))
	}
	for i := range old {
		if old[i].hash != 0 {
			*t.free(old[i].hash) = old[i]
		}
	}
}
