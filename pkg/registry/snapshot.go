package registry

import (
	"cmp"
	"slices"
	"time"

	"github.com/edgegauge/edgegauge/pkg/mapping"
)

// Snapshot is what a scrape shows: references to the blocks of the nodes as
// they were at one moment. It stays as it is whatever comes later, and keeps
// in memory only blocks that have been replaced since.
//
// It belongs to one goroutine, which must call Release when it is done with the
// blocks: until then reports that come are kept in new memory. After that, its
// own memory can be used for the next [Registry.Snapshot].
type Snapshot struct {
	registry *Registry // whose blocks it holds

	// Groups are the blocks by what their family indexes mean. First come
	// the fresh nodes, by the mapping of their report, that of the newest
	// report first: more than one there is only while a new mapping is
	// taken up. Then come the nodes that are down.
	Groups []Group
}

// Group is blocks with the same families.
type Group struct {
	Families []mapping.Family
	Blocks   []Block
	// Down nodes are expired, or expected and overdue. Their edge_node_up
	// is 0 whatever the block says, which does not change with time. Of
	// their other families only those of mapping.Status count.
	Down bool

	mapping *mapping.Mapping
	newest  time.Duration
}

// Snapshot fills s with the nodes as they are now.
func (r *Registry) Snapshot(s *Snapshot) {
	s.Release()
	s.registry = r
	r.snapshots.Add(1) // before the first block is taken: see Registry.keep
	retention := r.options.Load().Retention
	nodes := int(r.nodes.Load())
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.Lock()
		now := r.now()
		var last *Group // most nodes belong to the same one as the node before
		for i := range sh.slots {
			e := &sh.slots[i]
			if e.hash == 0 {
				continue
			}
			st := e.state(now, retention)
			if st != stateFresh && st != stateExpired {
				continue
			}
			if down := st == stateExpired; last == nil || last.mapping != e.mapping || last.Down != down {
				last = s.group(e.mapping, down, nodes)
			}
			last.Blocks = append(last.Blocks, e.block)
			last.newest = max(last.newest, e.received)
		}
		sh.mu.Unlock()
	}
	slices.SortFunc(s.Groups, func(a, b Group) int {
		if a.Down != b.Down {
			if b.Down {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.newest, a.newest)
	})
}

// group returns the group of the blocks made with m, nil for those with only
// status lines. A new one gets room for all nodes at once: growing step by step
// would take several times the memory. The pointer is good until the next
// call, which may move the groups.
func (s *Snapshot) group(m *mapping.Mapping, down bool, nodes int) *Group {
	for i := range s.Groups {
		if g := &s.Groups[i]; g.mapping == m && g.Down == down {
			return g
		}
	}
	if n := len(s.Groups); n < cap(s.Groups) {
		s.Groups = s.Groups[:n+1] // with the memory of an earlier one
	} else {
		s.Groups = append(s.Groups, Group{})
	}
	g := &s.Groups[len(s.Groups)-1]
	g.mapping, g.Down, g.Families = m, down, mapping.Status[:]
	if m != nil {
		g.Families = m.Families()
	}
	if cap(g.Blocks) < nodes {
		g.Blocks = make([]Block, 0, nodes)
	}
	return g
}

// Release lets go of all blocks. Calling it again changes nothing.
func (s *Snapshot) Release() {
	for i := range s.Groups {
		g := &s.Groups[i]
		clear(g.Blocks)
		*g = Group{Blocks: g.Blocks[:0]}
	}
	s.Groups = s.Groups[:0]
	if s.registry != nil {
		s.registry.snapshots.Add(-1)
		s.registry = nil
	}
}
