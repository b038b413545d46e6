package registry

import "math/bits"

// table holds the nodes of a shard: a hash table with open addressing, at most
// half full, whose slots are the entries themselves.
//
// In a large fleet each report finds what is known of its node out of the cache,
// and every load that needs the one before waits for main memory, and for the
// page tables too. A map of strings to pointers makes five such loads in a row,
// which at 100,000 nodes took as long as decoding the report. Here it is one, and
// one more for the name.
//
// An entry stays where it is until the next add, remove or fit.
type table struct {
	slots []entry // free where the hash is 0
	count int
}

const fewestSlots = 8

// home is where a node of that hash is looked for first. The lowest bits, which
// choose the shard, are the same in all slots.
func (t *table) home(hash uint64) int { return int(hash/shardCount) & (len(t.slots) - 1) }

func (t *table) next(i int) int { return (i + 1) & (len(t.slots) - 1) }

// get returns the node of that name, nil if there is none.
func (t *table) get(hash uint64, name string) *entry {
	if t.count == 0 {
		return nil
	}
	for i := t.home(hash); ; i = t.next(i) {
		switch e := &t.slots[i]; {
		case e.hash == 0:
			return nil
		case e.hash == hash && e.name == name:
			return e
		}
	}
}

// likely is get without a look at the name, for what does no harm should it, of
// two nodes with the same hash of 64 bits, return the other.
func (t *table) likely(hash uint64) *entry {
	if t.count == 0 {
		return nil
	}
	for i := t.home(hash); ; i = t.next(i) {
		switch e := &t.slots[i]; e.hash {
		case 0:
			return nil
		case hash:
			return e
		}
	}
}

// add makes room for a node that is not there and returns its entry, in which
// hash and name are set.
func (t *table) add(hash uint64, name string) *entry {
	t.count++
	t.fit()
	e := t.free(hash)
	e.hash, e.name = hash, name
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
